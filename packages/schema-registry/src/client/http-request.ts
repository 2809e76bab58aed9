import type http from 'node:http'
import type { RestAnswer, RestRequest } from '../rest.ts'
import { CONTENT_TYPE } from '../rest.ts'

/** A schema of more than this is none. */
const ANSWER_BYTES_MAX = 64_000_000

export interface HttpPeer {
  /** Its path goes before each request's. Without user and password. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Of the url's protocol. */
  readonly agent: http.Agent
  readonly connectTimeoutMs: number
  readonly readTimeoutMs: number
}

export interface HttpAnswer extends RestAnswer {
  /** Of `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | undefined
}

/** One request, one answer. Rejects with what Node says of the network, or with an Error about time or size. */
export function httpRequest(peer: HttpPeer, { method, path, body }: RestRequest): Promise<HttpAnswer> {
  const { url, agent } = peer
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
  const base = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const { request } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http')
  const headers = {
    accept: `${CONTENT_TYPE}, application/json`,
    ...(payload === undefined ? {} : { 'content-type': CONTENT_TYPE, 'content-length': payload.length }),
    ...peer.headers,
  }
  const { hostname, port } = url
  const sent = request({
    agent,
    method,
    headers,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    path: `${base}${path}`,
  })
  const end = (what: string): void => void sent.destroy(new Error(what))
  let timer = setTimeout(end, peer.connectTimeoutMs, `no connection within ${peer.connectTimeoutMs} ms`)
  const connected = (): void => {
    clearTimeout(timer)
    timer = setTimeout(end, peer.readTimeoutMs, `no answer within ${peer.readTimeoutMs} ms`)
  }
  sent.once('socket', (socket) => {
    if (!socket.connecting) connected()
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', connected)
  })
  sent.once('error', reject)
  sent.once('response', (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX) end(`an answer of more than ${ANSWER_BYTES_MAX} bytes`)
      else chunks.push(chunk)
    })
    response.once('error', reject)
    response.once('aborted', () => reject(new Error('the answer ended before it was complete')))
    response.once('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        body: jsonOf(Buffer.concat(chunks)),
        retryAfterMs: secondsOf(response.headers['retry-after']),
      }),
    )
  })
  sent.end(payload)
  return promise.finally(() => clearTimeout(timer))
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function secondsOf(header: string | undefined): number | undefined {
  const seconds = Number(header)
  return header !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}
