/** A client of Connect's REST API, of our workers and of Java's: typed by the contract, which also says which answers are errors. */
import { isRetriable, SluiceError, systemClock, type Clock } from '@sluice/sdk'
import type { Endpoint } from '../rest/contract.ts'
import { ENDPOINTS } from '../rest/endpoints.ts'
import type { ExpandedConnectors } from './answers.ts'
import { notAWorker, refused, unauthorised, unreachable } from './client-errors.ts'
import { exchange, type RawAnswer } from './exchange.ts'
import type { AnswerOf, PublicOperation, RequestOf } from './operations.ts'

export interface ConnectClientOptions {
  /** `http://host:8083`; may have a user, a password, and a path before the API's own. */
  readonly server: string
  /** Of Basic auth. */
  readonly user?: string
  readonly password?: string
  /** PEM of the authorities that are trusted for https instead of Node's. */
  readonly ca?: string
  /** For each call, with its repetitions. Default 60,000. */
  readonly timeoutMs?: number
  readonly clock?: Clock
  /** Told what a call waits for, when it has waited for a second or the worker is busy; null when it waits no longer. */
  readonly onWaiting?: (what: string | null) => void
}

interface LooseRequest {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, boolean | string | readonly string[] | undefined>>
  readonly body?: unknown
}

const TIMEOUT_MS = 60_000
const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 2000
const SLOW_MS = 1000

const byOperation: ReadonlyMap<string, Endpoint> = new Map(ENDPOINTS.map((endpoint) => [endpoint.operation, endpoint]))

export class ConnectClient {
  /** Without credentials. */
  readonly server: string
  readonly #base: URL
  readonly #authorization: string | null
  readonly #ca: string | null
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #onWaiting: ((what: string | null) => void) | null

  /** Connects to nothing yet. @throws SluiceError SETTINGS_INVALID for a server that is no URL of http or https */
  constructor(options: ConnectClientOptions) {
    const url = URL.parse(options.server)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw new SluiceError(
        'SETTINGS_INVALID',
        `The server is '${options.server}', which is no address of http or https`,
        {
          remedy: 'Write it as http://localhost:8083.',
        },
      )
    }
    const user = options.user ?? decodeURIComponent(url.username)
    const password = options.password ?? decodeURIComponent(url.password)
    url.username = ''
    url.password = ''
    url.search = ''
    url.hash = ''
    url.pathname = url.pathname.replace(/\/*$/, '/')
    this.#base = url
    this.server = url.href.replace(/\/$/, '')
    this.#authorization = user === '' ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    this.#ca = options.ca ?? null
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS
    this.#clock = options.clock ?? systemClock
    this.#onWaiting = options.onWaiting ?? null
  }

  /**
   * Asks once, and again with back-off until the time-out while the worker is busy (409 of a rebalance, 503): nothing was done then.
   * @throws SluiceError WORKER_UNREACHABLE: nobody, nothing in time, or something else answered; WORKER_AUTHENTICATION (401, 403, a
   *   certificate); WORKER_BUSY; CONNECT_UNKNOWN (404); CONNECT_INVALID (400); WORKER_REFUSED with any other status; INTERRUPTED
   */
  async call<O extends PublicOperation>(
    operation: O,
    request: RequestOf<O>,
    signal?: AbortSignal,
  ): Promise<AnswerOf<O>> {
    const endpoint = byOperation.get(operation)!
    const begun = this.#clock.monotonic()
    const until = begun + this.#timeoutMs
    const noLongerSlow = this.#watchSlow(endpoint)
    try {
      for (let delayMs = RETRY_FIRST_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
        try {
          return (await this.#attempt(endpoint, request, until - this.#clock.monotonic(), signal)) as AnswerOf<O>
        } catch (error) {
          const isBusy = error instanceof SluiceError && error.code === 'WORKER_BUSY' && isRetriable(error)
          const now = this.#clock.monotonic()
          if (!isBusy || now + delayMs >= until || signal?.aborted === true) throw error
          noLongerSlow()
          this.#onWaiting?.(`${error.message} (asked again, ${Math.floor((now - begun) / 1000)} s)`)
        }
        await this.#clock.sleep(delayMs, signal)
      }
    } finally {
      noLongerSlow()
      this.#onWaiting?.(null)
    }
  }

  #watchSlow({ method, path }: Endpoint): () => void {
    const onWaiting = this.#onWaiting
    if (onWaiting === null) return () => undefined
    const answered = new AbortController()
    const watch = async (): Promise<void> => {
      await this.#clock.sleep(SLOW_MS, answered.signal)
      if (!answered.signal.aborted) onWaiting(`waiting for ${this.server} to answer ${method} ${path}`)
    }
    void watch()
    return () => answered.abort()
  }

  /** All connectors with what was asked for (KIP-465). @throws as `call` */
  async expanded(parts: readonly ('status' | 'info')[], signal?: AbortSignal): Promise<ExpandedConnectors> {
    return (await this.call('listConnectors', { query: { expand: parts } }, signal)) as unknown as ExpandedConnectors
  }

  async #attempt(endpoint: Endpoint, request: LooseRequest, leftMs: number, signal?: AbortSignal): Promise<unknown> {
    const url = this.#urlOf(endpoint, request)
    const { method } = endpoint
    const deadline = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)))
    let answer: RawAnswer
    try {
      answer = await exchange(
        {
          url,
          method,
          body: request.body === undefined ? null : JSON.stringify(request.body),
          authorization: this.#authorization,
          ca: this.#ca,
        },
        signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      )
    } catch (cause) {
      if (signal?.aborted === true)
        throw new SluiceError(
          'INTERRUPTED',
          `${method} ${url.pathname} was interrupted; the worker may do it all the same`,
        )
      throw unreachable(this.server, method, cause, this.#timeoutMs)
    }
    return this.#read(endpoint, `${method} ${url.pathname}`, answer)
  }

  #urlOf({ path }: Endpoint, { path: parameters = {}, query = {} }: LooseRequest): URL {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name]!))
    const url = new URL(this.#base)
    url.pathname += filled.slice(1)
    for (const [name, given] of Object.entries(query)) {
      if (given === undefined) continue
      for (const value of Array.isArray(given) ? (given as readonly string[]) : [given])
        url.searchParams.append(name, String(value))
    }
    return url
  }

  #read(endpoint: Endpoint, request: string, answer: RawAnswer): unknown {
    const { status, text } = answer
    const shape = endpoint.answers[status]?.[1]
    if (status === 401) throw unauthorised(this.server, 401)
    // Workers of other releases may say less or more than the contract has them.
    if (status >= 200 && status < 300 && (text === '' || shape === null)) return undefined
    if (shape === 'text' || (shape === 'Topology' && answer.contentType.startsWith('text/plain'))) return text
    const body = parsed(text)
    if (body === undefined) throw notAWorker(this.server, request, answer)
    if ((status >= 200 && status < 300) || (shape !== undefined && shape !== null && shape !== 'Error')) return body
    const { message } = (body ?? {}) as { readonly message?: unknown }
    if (typeof message !== 'string' && (status === 403 || status < 400)) {
      throw status === 403 ? unauthorised(this.server, 403) : notAWorker(this.server, request, answer)
    }
    throw refused(this.server, endpoint, status, typeof message === 'string' ? message : text.slice(0, 500))
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
