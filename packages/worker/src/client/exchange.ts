/** One request over HTTP and its answer, whatever that is. */
import http from 'node:http'
import https from 'node:https'

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

/** An answer with more than this is no answer of a worker. */
const ANSWER_BYTES_MAX = 67_108_864

/** No redirects are followed. Rejects with Node's error, or with the signal's reason. */
export function exchange({ url, method, body, authorization, ca }: Exchange, signal: AbortSignal): Promise<RawAnswer> {
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
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(signal.aborted ? (signal.reason as Error) : error)
    const request = (isSecure ? https : http).request(url, options, (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > ANSWER_BYTES_MAX) response.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`))
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: (response.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase(),
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
      response.on('error', fail)
    })
    request.on('error', fail).end(body ?? undefined)
  })
}
