import {
  type ApiName,
  ProtocolError,
  type Records,
  type Request,
  type ResponseInput,
  apiVersions,
  apis,
  decodeRequest,
  decodeRequestHeader,
  encodeResponse,
  isUnsupportedApiVersions,
  kafkaErrorCode,
  unsupportedApiVersions,
} from '@sluice/kafka-protocol'
import type { Broker, Client } from '../broker.ts'
import type { Login } from '../security/index.ts'
import type { Intercepts, Verdict } from '../server/faults.ts'
import { type Answer, type ApiHandler, type BrokerRequest, HANG_UP, NO_ANSWER, errorCodeOf } from './handler.ts'
import type { ApiRegistry } from './registry.ts'
import type { RequestEntry, RequestOutcome, RequestRing } from './request-ring.ts'

/** What a connection does about a request. */
export interface Reply {
  /** The answer as chunks; null when there is none. */
  readonly frame: readonly Uint8Array[] | null
  /** Close the connection (after sending `frame`), and why. */
  readonly closes: string | null
  /** Take nothing from this client for so long (KIP-219). */
  readonly quietMs: number
  /** Somebody may still look at the bytes of `frame` when it has left. */
  readonly isKept?: boolean
}

const NOTHING: Reply = { frame: null, closes: null, quietMs: 0 }
const ILLEGAL_SASL_STATE = kafkaErrorCode('ILLEGAL_SASL_STATE')
const REFUSED_BY_FAULT = 'a fault closes it'

/** Takes a request's bytes to an answer's bytes: header, version, body, faults, handler, throttle, encoding. */
export class Dispatcher {
  readonly #broker: Broker
  readonly #registry: ApiRegistry
  readonly #intercepts: Intercepts
  readonly #ring: RequestRing

  constructor(broker: Broker, registry: ApiRegistry, intercepts: Intercepts, ring: RequestRing) {
    this.#broker = broker
    this.#registry = registry
    this.#intercepts = intercepts
    this.#ring = ring
  }

  /** Never throws, never rejects: bytes that are no request, or of a version that is not offered, close their connection, as in Kafka. */
  serve(frame: Uint8Array, client: Client, node: number): Reply | Promise<Reply> {
    let request: BrokerRequest<ApiName>
    let handler: ApiHandler | undefined
    const { login } = client
    if (login !== null && login.expectsToken) return replyToToken(login, frame)
    try {
      const header = decodeRequestHeader(frame)
      const refusal = login === null ? null : login.refusal(header.apiKey)
      if (refusal !== null) return { frame: null, closes: refusal, quietMs: 0 }
      handler = this.#registry.find(header.apiKey, header.apiVersion)
      if (handler === undefined) return this.#unknown(header)
      request = asked(decodeRequest(frame), client, node)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return { frame: null, closes: `it sent what is no request: ${error.message}`, quietMs: 0 }
    }
    const entry = this.#enter(request, client)
    if (login !== null && login.failure !== null) {
      return this.#reply(handler, request, entry, handler.refuse(request, ILLEGAL_SASL_STATE, null), frame.length)
    }
    const verdict = this.#intercepts.isEmpty ? undefined : this.#intercepts.judge(request)
    if (verdict !== undefined) {
      const reply = this.#intercepted(handler, request, entry, verdict, frame.length)
      return reply.then((late) => ({ ...late, isKept: true }))
    }
    const answer = this.#handle(handler, request)
    return answer instanceof Promise
      ? answer.then((late) => this.#reply(handler, request, entry, late, frame.length))
      : this.#reply(handler, request, entry, answer, frame.length)
  }

  #unknown(header: { apiKey: number; apiVersion: number; correlationId: number }): Reply {
    if (isUnsupportedApiVersions({ ...header, clientId: null }) || header.apiKey === apis.ApiVersions.key) {
      // Of an unknown version the client learns about this API only, and asks again.
      const [minVersion, maxVersion] = this.#registry.offered.get(apis.ApiVersions.key) ?? [0, 0]
      const apiKeys = [{ apiKey: apis.ApiVersions.key, minVersion, maxVersion }]
      return { frame: unsupportedApiVersions(header.correlationId, apiKeys), closes: null, quietMs: 0 }
    }
    const name = apiVersions(header.apiKey)?.name ?? `the API with key ${header.apiKey}`
    return { frame: null, closes: `it asked for ${name} v${header.apiVersion}, which is not offered`, quietMs: 0 }
  }

  #handle(handler: ApiHandler, request: BrokerRequest<ApiName>): Answer<ApiName> | Promise<Answer<ApiName>> {
    try {
      const answer = handler.handle(request, this.#broker)
      return answer instanceof Promise ? answer.catch((error) => this.#refuse(handler, request, error)) : answer
    } catch (error) {
      return this.#refuse(handler, request, error)
    }
  }

  #refuse(handler: ApiHandler, request: BrokerRequest<ApiName>, error: unknown): Answer<ApiName> {
    const errorCode = errorCodeOf(error)
    if (errorCode === -1) this.#failed(request, error)
    return handler.refuse(request, errorCode, error instanceof Error ? error.message : null)
  }

  async #intercepted(
    handler: ApiHandler,
    request: BrokerRequest<ApiName>,
    entry: RequestEntry,
    verdict: Verdict<ApiName>,
    bytes: number,
  ): Promise<Reply> {
    entry.isIntercepted = true
    let answer: Answer<ApiName>
    switch (verdict.do) {
      case 'drop':
        return this.#close(entry, REFUSED_BY_FAULT)
      case 'hang':
        return new Promise<never>(() => {})
      case 'reply':
        answer = verdict.response
        break
      case 'error':
        answer = handler.refuse(request, verdict.errorCode, null)
        break
      case 'delay':
        await this.#broker.clock.sleep(verdict.ms)
        answer = await this.#handle(handler, request)
        break
      case 'after': {
        const real = await this.#handle(handler, request)
        if (real === NO_ANSWER || real === HANG_UP) return this.#reply(handler, request, entry, real, bytes)
        const altered = await verdict.alter(real)
        if (altered === 'hang') return new Promise<never>(() => {})
        if (altered === 'drop') return this.#close(entry, REFUSED_BY_FAULT)
        answer = altered
        break
      }
      case 'pass':
        answer = await this.#handle(handler, request)
    }
    return this.#reply(handler, request, entry, answer, bytes)
  }

  #reply(
    handler: ApiHandler,
    request: BrokerRequest<ApiName>,
    entry: RequestEntry,
    answer: Answer<ApiName>,
    bytes: number,
  ): Reply {
    if (answer === HANG_UP) return this.#close(entry, `${request.api} could not be acted on, and has no answer`)
    const { quotas, faults } = this.#broker
    const { client } = request
    const quota = quotas.isEmpty
      ? 0
      : quotas.throttleMs(client, request.clientId, request.api, moved(request, answer, bytes))
    if (answer === NO_ANSWER) {
      this.#leave(entry, 'unanswered')
      return quota > 0 ? { ...NOTHING, quietMs: quota } : NOTHING
    }
    const quietMs = Math.max(quota, faults.throttleMs)
    const body = quietMs > 0 ? { ...answer, throttleTimeMs: quietMs } : answer
    try {
      const frame = encodeResponse(request.api, request.version, request.correlationId, body)
      this.#leave(entry, 'answered')
      return { frame, closes: client.login === null ? null : client.login.failure, quietMs }
    } catch (error) {
      this.#failed(request, error)
      return this.#replyUnencodable(handler, request, entry)
    }
  }

  #replyUnencodable(handler: ApiHandler, request: BrokerRequest<ApiName>, entry: RequestEntry): Reply {
    try {
      const refusal = handler.refuse(request, -1, null)
      if (refusal === NO_ANSWER || refusal === HANG_UP) return this.#close(entry, 'its answer could not be encoded')
      const frame = encodeResponse(request.api, request.version, request.correlationId, refusal)
      this.#leave(entry, 'failed')
      return { frame, closes: null, quietMs: 0 }
    } catch {
      return this.#close(entry, 'its answer could not be encoded')
    }
  }

  #close(entry: RequestEntry, closes: string): Reply {
    this.#leave(entry, 'closed')
    return { frame: null, closes, quietMs: 0 }
  }

  #enter(request: BrokerRequest<ApiName>, client: Client): RequestEntry {
    const entry: RequestEntry = {
      time: this.#broker.clock.now(),
      node: request.node,
      client: client.id,
      clientId: request.clientId,
      api: request.api,
      version: request.version,
      latencyMs: -performance.now(),
      outcome: 'open',
      isIntercepted: false,
    }
    this.#ring.add(entry)
    return entry
  }

  #leave(entry: RequestEntry, outcome: RequestOutcome): void {
    entry.latencyMs += performance.now()
    entry.outcome = outcome
  }

  #failed(request: BrokerRequest<ApiName>, error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#broker.log('error', `${request.api} v${request.version} of ${request.clientId ?? 'a client'} failed: ${what}`)
  }
}

/** After SaslHandshake 0 what a mechanism says has no header, neither way, and a failure is not told (KIP-43). */
async function replyToToken(login: Login, token: Uint8Array): Promise<Reply> {
  try {
    const { challenge } = await login.authenticate(Buffer.from(token))
    const length = Buffer.alloc(4)
    length.writeInt32BE(challenge.length)
    return { frame: [length, challenge], closes: null, quietMs: 0 }
  } catch {
    return { frame: null, closes: login.failure ?? 'its login failed', quietMs: 0 }
  }
}

/** What counts against a quota: the records of a fetch, else the request. */
function moved({ api }: BrokerRequest<ApiName>, answer: Answer<ApiName>, requestBytes: number): number {
  if (api !== 'Fetch' || answer === NO_ANSWER || answer === HANG_UP) return requestBytes
  let bytes = 0
  for (const { partitions } of (answer as ResponseInput<'Fetch'>).responses) {
    for (const { records } of partitions) bytes += bytesOf(records)
  }
  return bytes
}

function bytesOf(records: Records | null | undefined): number {
  if (records === null || records === undefined) return 0
  if (!Array.isArray(records)) return (records as Uint8Array).length
  return (records as readonly Uint8Array[]).reduce((sum, part) => sum + part.length, 0)
}

function asked(request: Request, client: Client, node: number): BrokerRequest<ApiName> {
  const { api, version, correlationId, clientId, body } = request
  return { api, version, correlationId, clientId, body, node, client }
}
