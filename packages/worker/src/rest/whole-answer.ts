import type http from 'node:http'
import type https from 'node:https'

export interface WholeAnswer {
  /** 0: the other did not say. */
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

/** An answer with more than this is no answer of a worker. */
const ANSWER_BYTES_MAX = 67_108_864

/** One request and its answer, whatever that is; no redirects are followed. Rejects with Node's error. */
export function wholeAnswer(
  url: string | URL,
  options: https.RequestOptions,
  body: string | Uint8Array | null,
): Promise<WholeAnswer> {
  const isSecure = new URL(url).protocol === 'https:'
  return new Promise((resolve, reject) => {
    const request = process
      .getBuiltinModule(isSecure ? 'node:https' : 'node:http')
      .request(url, options, (response) => {
        const chunks: Buffer[] = []
        let bytes = 0
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          bytes += chunk.length
          if (bytes > ANSWER_BYTES_MAX) response.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`))
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        )
        response.on('error', reject)
      })
    request.on('error', reject).end(body ?? undefined)
  })
}
