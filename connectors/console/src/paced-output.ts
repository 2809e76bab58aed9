import type { Writable } from 'node:stream'
import { RetriableError, type Clock } from '@sluice/sdk'

/** How many lines are on their way at once. A cell's output is taken at some 500 a second. */
const LINES_MAX = 200
const WRITE_MS = 15_000

/**
 * Writes lines no faster than they are taken: a stream that nobody reads keeps everything in memory. What was not taken in time is still
 * on its way, and nothing more is written before it has arrived.
 */
export class PacedOutput {
  readonly #stream: Writable
  readonly #clock: Clock
  #underWay: Promise<void> | null = null
  readonly #ignore = (): void => undefined

  constructor(stream: Writable, clock: Clock) {
    this.#stream = stream
    this.#clock = clock
    // A stream whose reader has gone says so to whoever writes, and to everybody, which would end the process.
    stream.on('error', this.#ignore)
  }

  /** @throws RetriableError when the lines are not taken in time, or the signal is aborted, or the reader has gone */
  async write(lines: readonly string[], signal: AbortSignal): Promise<void> {
    for (let from = 0; from < lines.length; from += LINES_MAX) {
      await this.#arrived(signal)
      const text = lines.slice(from, from + LINES_MAX).join('\n')
      this.#underWay = this.#send(`${text}\n`)
      await this.#arrived(signal)
    }
  }

  stop(): void {
    this.#stream.off('error', this.#ignore)
  }

  async #arrived(signal: AbortSignal): Promise<void> {
    const underWay = this.#underWay
    if (underWay === null) return
    const done = new AbortController()
    const late = this.#clock.sleep(WRITE_MS, AbortSignal.any([signal, done.signal])).then(() => 'late' as const)
    try {
      if ((await Promise.race([underWay, late])) !== 'late') {
        this.#underWay = null
        return
      }
    } catch (cause) {
      this.#underWay = null
      throw new RetriableError('STORE_UNAVAILABLE', 'Standard output cannot be written', {
        cause,
        remedy: 'See that whoever reads what the worker prints is still there.',
      })
    } finally {
      done.abort()
    }
    throw new RetriableError('STORE_UNAVAILABLE', 'Standard output takes no more lines just now', {
      remedy: 'Print fewer records by records.per.second, or see what keeps the reader of the worker’s output.',
    })
  }

  #send(text: string): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      this.#stream.write(text, (error) => (error === null || error === undefined ? resolve() : reject(error)))
    })
    // Whoever waits for it hears of the failure; it may be that nobody does any more.
    sent.catch(() => undefined)
    return sent
  }
}
