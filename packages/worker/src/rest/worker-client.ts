/** Requests to other workers of the group. */
import type https from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import { HerderError } from '../herder/herder.ts'
import { wholeAnswer } from './whole-answer.ts'

export interface WorkerRequest {
  readonly url: string
  readonly method: string
  /** Beyond the standard ones. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface WorkerAnswer {
  /** 200 … 299 */
  readonly status: number
  readonly body: Buffer
}

export class WorkerClient {
  readonly #tls: () => ConnectionOptions
  readonly #timeoutMs: number

  /** @param tlsOptions asked at each request, so that renewed certificates are used */
  constructor(tlsOptions: () => ConnectionOptions, timeoutMs: number) {
    this.#tls = tlsOptions
    this.#timeoutMs = timeoutMs
  }

  /** No redirects are followed. @throws HerderError with the other's status and message; 500 when it cannot be reached or is not understood */
  async send(request: WorkerRequest): Promise<WorkerAnswer> {
    let answer: WorkerAnswer
    try {
      answer = await this.#exchange(request)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new HerderError(500, `IO Error trying to forward REST request: ${reason}`, { cause })
    }
    if (answer.status >= 400) throw new HerderError(answer.status, messageOf(answer))
    if (answer.status < 200 || answer.status >= 300)
      throw new HerderError(500, `Unexpected status code when handling forwarded request: ${answer.status}`)
    return answer
  }

  async #exchange({ url, method, headers, body }: WorkerRequest): Promise<WorkerAnswer> {
    const isSecure = url.startsWith('https:')
    // A connection of its own for each: they are rare, and a kept one may be gone just then, when nothing says whether it was heard.
    const options: https.RequestOptions = {
      method,
      agent: false,
      signal: AbortSignal.timeout(this.#timeoutMs),
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'User-Agent': 'kafka-connect',
        'Content-Length': body.length,
        ...headers,
      },
      ...(isSecure && this.#tls()),
    }
    try {
      const answer = await wholeAnswer(url, options, body)
      return { status: answer.status || 500, body: answer.body }
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error
      throw new Error(`no answer from ${url} within ${this.#timeoutMs} ms`, { cause: error })
    }
  }
}

function messageOf({ status, body }: WorkerAnswer): string {
  try {
    const { message } = JSON.parse(body.toString()) as { readonly message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // Not a worker's words then.
  }
  return `The other worker answered ${status}: ${body.toString('utf8', 0, 500)}`
}
