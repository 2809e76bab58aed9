import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'

export interface LineLimits {
  /** What of a line is longer is left out. */
  readonly charsMax: number
  /** Whoever writes more lines in a second waits for the next one. */
  readonly linesPerSecondMax: number
}

const SECOND_MS = 1000

/**
 * Reads lines that somebody writes who is not trusted: neither one without an end nor too many of them cost more than a bounded amount
 * of memory and time here. The writer is held up instead, because its pipe is full.
 */
export function readLines(from: Readable, limits: LineLimits, take: (line: string) => void): void {
  const decoder = new StringDecoder('utf8')
  let line = ''
  let lines = 0
  let since = performance.now()
  from.on('data', (chunk: Buffer) => {
    const pieces = decoder.write(chunk).split('\n')
    for (const [n, piece] of pieces.entries()) {
      if (line.length < limits.charsMax) line += piece.slice(0, limits.charsMax - line.length)
      if (n === pieces.length - 1) break
      take(line.replace(/\r$/, ''))
      line = ''
      lines++
    }
    if (performance.now() - since >= SECOND_MS) {
      lines = 0
      since = performance.now()
    } else if (lines > limits.linesPerSecondMax) {
      from.pause()
      setTimeout(() => from.resume(), SECOND_MS).unref()
    }
  })
  from.on('end', () => {
    if (line !== '') take(line)
  })
}
