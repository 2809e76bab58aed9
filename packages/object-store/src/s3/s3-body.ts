import { Readable, addAbortSignal } from 'node:stream'

/**
 * The body of an answer, whole.
 * @throws Error with code BodyIncomplete when it ends early; what the stream ends with, or the signal's abort
 */
export async function bodyOf(
  answer: { readonly Body?: unknown; readonly ContentLength?: number | undefined },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { Body: body, ContentLength: length } = answer
  if (!(body instanceof Readable)) return new Uint8Array(0)
  addAbortSignal(signal, body)
  if (length === undefined) return new Uint8Array(Buffer.concat(await body.toArray()))
  const bytes = new Uint8Array(length)
  let filled = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (filled + chunk.length > length) throw incomplete(filled + chunk.length, length)
    bytes.set(chunk, filled)
    filled += chunk.length
  }
  if (filled < length) throw incomplete(filled, length)
  return bytes
}

function incomplete(came: number, length: number): Error {
  return Object.assign(new Error(`a body of ${length} bytes was announced, ${came} came`), { code: 'BodyIncomplete' })
}
