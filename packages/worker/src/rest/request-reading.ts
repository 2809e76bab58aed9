/** Bodies and headers of requests as they come over the wire: bounded in bytes and in time. */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '@sluice/sdk'
import { HerderError } from '../herder/herder.ts'

export interface BodyLimits {
  readonly bytesMax: number
  readonly timeoutMs: number
}

/** The body is too large, too slow, or broke off: after its answer the connection is of no use. */
export class BodyRefused extends HerderError {
  override readonly name = 'BodyRefused'
}

/** How much more than what is allowed is read and thrown away, so that whoever sends it can hear why. */
const EXCESS = 4

/** @throws BodyRefused 413, 408, or 400 for one that broke off */
export async function readBody(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  const { bytesMax, timeoutMs } = limits
  const over = new AbortController()
  return new Promise<Buffer>((resolve, reject) => {
    let chunks: Buffer[] = []
    let bytes = 0
    const refuse = (status: number, why: string): void => {
      // Every request closes when it has been read.
      if (!over.signal.aborted) reject(new BodyRefused(status, `The request body ${why}`))
    }
    const tooLarge = (): void => refuse(413, `is larger than ${bytesMax} bytes (rest.body.bytes.max)`)
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= bytesMax) chunks.push(chunk)
      else chunks = []
      if (bytes > EXCESS * bytesMax) tooLarge()
    })
    const brokenOff = (): void => refuse(400, 'broke off')
    request.on('end', () => (bytes > bytesMax ? tooLarge() : resolve(Buffer.concat(chunks))))
    request.on('error', brokenOff).on('close', brokenOff)
    const late = (): void => refuse(408, `did not arrive within ${timeoutMs} ms (rest.body.timeout.ms)`)
    void clock.sleep(timeoutMs, over.signal).then(() => (bytes > bytesMax ? tooLarge() : late()))
  }).finally(() => over.abort(null))
}

/** Whether a body is JSON by what it says of itself; one that says nothing is no body when it is empty. */
export function isJsonOrNothing({ headers }: IncomingMessage, isBodyAskedFor: boolean): boolean {
  const type = headers['content-type']
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
  if (type === undefined || (isEmpty && !isBodyAskedFor)) return isEmpty
  return type.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'
}

/** Whether whoever asks takes JSON. */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return true
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const isNever = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    return !isNever && (type === '*/*' || type === 'application/*' || type === 'application/json' || type === '')
  })
}
