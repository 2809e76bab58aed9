/** One request over HTTP and its answer, whatever that is. */
import type https from 'node:https'
import { wholeAnswer } from '../rest/whole-answer.ts'

export interface Exchange {
  readonly url: URL
  readonly method: string
  /** JSON; null: none. */
  readonly body: string | null
  readonly authorization: string | null
  /** PEM of the authorities that are trusted instead of Node's; null: Node's. */
  readonly ca: string | null
}

export interface RawAnswer {
  readonly status: number
  /** Lower case, without parameters; '' when it is not said. */
  readonly contentType: string
  readonly text: string
}

/** No redirects are followed. Rejects with Node's error, or with the signal's reason. */
export async function exchange(
  { url, method, body, authorization, ca }: Exchange,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const isSecure = url.protocol === 'https:'
  const options: https.RequestOptions = {
    method,
    // Nothing that a short command would have to close.
    agent: false,
    signal,
    headers: {
      accept: 'application/json',
      ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      ...(authorization === null ? {} : { authorization }),
    },
    ...(isSecure && ca !== null && { ca }),
  }
  try {
    const answer = await wholeAnswer(url, options, body)
    return {
      status: answer.status,
      contentType: (answer.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase(),
      text: answer.body.toString('utf8'),
    }
  } catch (error) {
    throw signal.aborted ? (signal.reason as Error) : error
  }
}
