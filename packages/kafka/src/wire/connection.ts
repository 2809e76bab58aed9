import {
  type ApiName,
  type RequestInput,
  type ResponseBody,
  apiVersions,
  correlationIdOf,
  decodeResponse,
  encodeRequest,
  negotiateVersion,
} from '@sluice/kafka-protocol'
import { type Clock, type ErrorFacts, type Random, RetriableError, SluiceError, systemRandom } from '@sluice/sdk'
import type net from 'node:net'
import { errorName } from '../kafka-errors.ts'
import type { RequestLog } from '../request-log.ts'
import type { Authenticator } from '../security/sasl-authenticator.ts'
import { Abilities, type Versions } from './abilities.ts'
import { type BrokerAddress, type Dial, type OnBytes, addressText } from './dial.ts'
import { FrameReader } from './frames.ts'
import { Outstanding, type PendingRequest } from './outstanding.ts'
import { RequestGate } from './request-gate.ts'
import type { NodeMetrics, WireMetrics } from './wire-metrics.ts'

export type { Versions } from './abilities.ts'

export interface ConnectionOptions {
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly dial: Dial
  readonly clock: Clock
  readonly random?: Random
  /** Who we are. Without it nothing is said about it. */
  readonly authenticator?: Authenticator | undefined
  /** What the transport knows about the end of a connection, if trying again cannot help. */
  readonly fault?: ((cause: unknown, address: BrokerAddress) => SluiceError | undefined) | undefined
  /** `connections.max.idle.ms`: default 540,000; -1: never. */
  readonly idleMaxMs?: number | undefined
  /** `reconnect.backoff.ms`: default 50. */
  readonly reconnectBackoffMs?: number | undefined
  /** `reconnect.backoff.max.ms`: default 1000. */
  readonly reconnectBackoffMaxMs?: number | undefined
  readonly metrics?: WireMetrics
  readonly requestLog?: RequestLog
}

const UNSUPPORTED_VERSION = 35
const IDLE_MAX_MS = 540_000

/**
 * One connection to one broker. Requests may be sent without waiting for answers; the broker answers in order. A request
 * that is not answered before its deadline ends the connection, because every later answer would have to wait for it.
 *
 * What ends a connection fails everything outstanding on it with a retriable error that names broker and request; whether
 * the broker acted on those requests is unknown. A request that is refused with an error code is an answer, not a failure:
 * the caller reads the code.
 */
export class Connection {
  /** As in `broker 1 at kafka:9092`. */
  readonly name: string
  readonly #address: BrokerAddress
  readonly #options: ConnectionOptions
  readonly #meters: NodeMetrics | undefined
  readonly #place: Readonly<Record<string, string | number>>
  readonly #outstanding: Outstanding
  readonly #gate: RequestGate<PendingRequest>
  readonly #abilities: Abilities
  #socket: net.Socket | undefined
  #correlationId = 0
  #ended: SluiceError | undefined
  #hasServed = false
  #isReady = false
  #idleTimer: NodeJS.Timeout | undefined
  #usedAt: number

  /**
   * Dials, asks the broker which versions it speaks, and authenticates.
   * @throws SluiceError retriable when that takes too long; KAFKA_AUTHENTICATION when one side does not accept the other; the
   *   signal's reason when that is aborted
   */
  static async open(
    name: string,
    address: BrokerAddress,
    options: ConnectionOptions,
    nodeId: string = 'node--1',
    signal?: AbortSignal,
  ): Promise<Connection> {
    const connection = new Connection(name, address, options, nodeId)
    const giveUp = (): void => connection.close(signal!.reason as SluiceError)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      await connection.#dial(address, signal)
      await connection.#askVersions()
      await connection.#authenticate()
      connection.#isReady = true
      return connection
    } catch (error) {
      const ended = connection.#ended
      connection.close()
      throw ended?.code === 'KAFKA_AUTHENTICATION' ? ended : error
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  private constructor(name: string, address: BrokerAddress, options: ConnectionOptions, nodeId: string) {
    this.name = `${name} at ${addressText(address)}`
    this.#address = address
    this.#options = options
    this.#meters = options.metrics?.node(nodeId)
    this.#place = { broker: addressText(address) }
    this.#usedAt = options.clock.monotonic()
    this.#abilities = new Abilities(this.name, this.#place)
    this.#outstanding = new Outstanding(options.clock, (request) => this.#late(request))
    this.#gate = new RequestGate(options.clock, {
      write: (request) => this.#write(request),
      authenticate: () => this.#reauthenticate(),
    })
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  /** Whether the broker has answered more than what opening a connection takes. */
  get hasServed(): boolean {
    return this.#hasServed
  }

  /** The level at which the cluster has finalised a feature, as in `transaction.version` (KIP-584); 0 where it has not. */
  feature(name: string): number {
    return this.#abilities.feature(name)
  }

  /** Whether the broker speaks this version of an API. */
  speaks(api: ApiName, version: number): boolean {
    return this.#abilities.speaks(api, version)
  }

  /**
   * The version to use for an API: the highest that the broker, the message table and the caller's code speak.
   * @throws SluiceError KAFKA_REFUSED when there is none
   */
  version(api: ApiName, versions: Versions = {}): number {
    return this.#abilities.version(api, versions)
  }

  /**
   * Sends a request and resolves to the body of the answer. `version` comes from `version(…)`. It leaves at once, unless the
   * broker asked this client to wait, or wants to be told again who it is: then it waits its turn, in order.
   */
  send<N extends ApiName>(
    api: N,
    version: number,
    body: RequestInput<N>,
    timeoutMs: number = this.#options.requestTimeoutMs,
  ): Promise<ResponseBody<N>> {
    return this.#ask(api, version, body, timeoutMs, (request) => this.#gate.pass(request))
  }

  /** Ends the connection now; what is outstanding fails with the error given. */
  close(error: SluiceError = new SluiceError('INTERRUPTED', `The connection to ${this.name} was closed`)): void {
    this.#end(error)
  }

  async #dial(address: BrokerAddress, signal: AbortSignal | undefined): Promise<void> {
    const { dial, connectTimeoutMs, metrics, fault } = this.#options
    const frames = new FrameReader(this.#place, (frame) => this.#answered(frame))
    const onBytes: OnBytes = (bytes, count) => {
      try {
        if (this.#ended === undefined) frames.push(bytes, count)
      } catch (error) {
        this.#garbled(error)
      }
    }
    const socket = await dial(address, connectTimeoutMs, onBytes, signal)
    if (this.#ended !== undefined) {
      socket.destroy()
      throw this.#ended
    }
    this.#socket = socket
    metrics?.connectionCreations.add()
    let cause: unknown
    socket.on('error', (error) => (cause = error))
    socket.on('close', () => this.#end(fault?.(cause, address) ?? this.#lost('the broker closed it', cause)))
    this.#watchIdle()
  }

  /** KIP-511: a broker that does not know our version answers in version 0 and says which ones it has. */
  async #askVersions(): Promise<void> {
    const body = { clientSoftwareName: 'sluice', clientSoftwareVersion: '0.1.0' }
    const timeoutMs = this.#options.connectTimeoutMs
    let answer = await this.send('ApiVersions', 4, body, timeoutMs)
    if (answer.errorCode === UNSUPPORTED_VERSION) {
      const own = answer.apiKeys.find((entry) => entry.apiKey === apiVersions('ApiVersions').key)
      const version = own === undefined ? 0 : (negotiateVersion('ApiVersions', own) ?? 0)
      answer = await this.send('ApiVersions', version, body, timeoutMs)
    }
    if (answer.errorCode !== 0) {
      throw new SluiceError('KAFKA_REFUSED', `${this.name} refused ApiVersions with error code ${answer.errorCode}`, {
        place: this.#place,
      })
    }
    this.#abilities.learn(answer)
  }

  /** Tells the broker who we are, and notes when to do it again. */
  async #authenticate(): Promise<void> {
    const { authenticator, clock, requestTimeoutMs, connectTimeoutMs, metrics, random = systemRandom } = this.#options
    if (authenticator === undefined) return
    const over = new AbortController()
    const late = clock.sleep(requestTimeoutMs, over.signal).then(() => {
      throw new RetriableError(
        'KAFKA_TIMEOUT',
        `Authentication to ${this.name} took more than ${requestTimeoutMs} ms`,
        {
          place: this.#place,
          remedy: 'Look at what gives the password or the token, and at the log of the broker.',
        },
      )
    })
    try {
      const peer = {
        name: this.name,
        address: this.#address,
        version: (api: ApiName, versions: Versions) => this.version(api, versions),
        ask: <N extends ApiName>(api: N, version: number, body: RequestInput<N>) =>
          this.#ask(api, version, body, connectTimeoutMs, (request) => this.#write(request)),
      }
      const lifetimeMs = await Promise.race([authenticator.authenticate(peer), late])
      this.#gate.authenticated(lifetimeMs, random)
      if (!this.#isReady) metrics?.authentications.add()
    } catch (error) {
      if (!this.#isReady) metrics?.failedAuthentications.add()
      throw error
    } finally {
      late.catch(() => undefined)
      over.abort()
    }
  }

  /** KIP-368, on this same connection: what was sent before is answered before, what comes meanwhile waits at the gate. */
  async #reauthenticate(): Promise<void> {
    const { clock, metrics } = this.#options
    const begunAt = clock.monotonic()
    try {
      await this.#authenticate()
      metrics?.reauthentications.add()
      metrics?.reauthenticationLatency.record(clock.monotonic() - begunAt, clock.monotonic())
    } catch (error) {
      metrics?.failedReauthentications.add()
      // A new connection authenticates anew, and says for good whether we are still welcome.
      this.#end(this.#lost('it did not accept our authentication again', error))
    }
  }

  #ask<N extends ApiName>(
    api: N,
    version: number,
    body: RequestInput<N>,
    timeoutMs: number,
    go: (request: PendingRequest) => void,
  ): Promise<ResponseBody<N>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      const correlationId = this.#correlationId
      const frame = encodeRequest(api, version, { correlationId, clientId: this.#options.clientId }, body)
      this.#correlationId = (correlationId + 1) & 0x7fffffff
      let bytes = 0
      for (const chunk of frame) bytes += chunk.length
      go({
        api,
        version,
        correlationId,
        timeoutMs,
        frame,
        bytes,
        sentAt: 0,
        deadline: Infinity,
        ticket: -1,
        resolve,
        reject,
      })
    })
  }

  #write(request: PendingRequest): void {
    const socket = this.#socket
    if (this.#ended !== undefined || socket === undefined) {
      return request.reject(this.#ended ?? this.#lost('not connected'))
    }
    const { clock, clientId, requestLog } = this.#options
    const now = clock.monotonic()
    this.#usedAt = now
    request.sentAt = now
    request.deadline = now + request.timeoutMs
    this.#outstanding.add(request)
    socket.cork()
    for (const chunk of request.frame) socket.write(chunk)
    socket.uncork()
    request.frame = []
    this.#meters?.sent(request.bytes, now)
    if (requestLog === undefined) return
    const { api, version, correlationId, bytes } = request
    request.ticket = requestLog.sent(clock.now(), clientId, this.name, api, version, correlationId, bytes)
  }

  #answered(frame: Buffer): void {
    if (this.#ended !== undefined) return
    const request = this.#outstanding.first
    const correlationId = correlationIdOf(frame)
    if (request?.correlationId !== correlationId) throw new Error(`request ${correlationId} is answered out of turn`)
    const { body } = decodeResponse(request.api, request.version, frame)
    this.#outstanding.shift()
    this.#hasServed = this.#isReady
    this.#account(request, frame.length + 4, body)
    request.resolve(body)
  }

  #account(request: PendingRequest, bytes: number, body: { throttleTimeMs?: number; errorCode?: number }): void {
    const { clock, metrics, requestLog, requestTimeoutMs } = this.#options
    const now = clock.monotonic()
    const { throttleTimeMs = 0, errorCode = 0 } = body
    this.#usedAt = now
    this.#meters?.answered(bytes, now - request.sentAt, now)
    metrics?.answered(request.api, bytes, now - request.sentAt, throttleTimeMs, now)
    requestLog?.ended(request.ticket, now - request.sentAt, bytes, errorCode === 0 ? 'answered' : errorName(errorCode))
    if (throttleTimeMs > 0) this.#gate.mute(Math.min(throttleTimeMs, requestTimeoutMs))
  }

  /** What arrived cannot be read. That answer is lost for good; the requests behind it can be sent again elsewhere. */
  #garbled(cause: unknown): void {
    const request = this.#outstanding.shift()
    const what = request === undefined ? 'What it sent unasked' : `Its answer to ${request.api} v${request.version}`
    const remedy = cause instanceof SluiceError ? cause.remedy : undefined
    const facts: ErrorFacts = { cause, place: this.#place, ...(remedy === undefined ? {} : { remedy }) }
    const message = `${this.name} does not speak Kafka's protocol: ${what} is unreadable`
    if (request !== undefined) this.#fail(request, new SluiceError('KAFKA_PROTOCOL', message, facts))
    this.#end(this.#lost('its answer could not be read', cause))
  }

  #fail(request: PendingRequest, error: SluiceError): void {
    const { requestLog, clock } = this.#options
    if (request.ticket !== -1) requestLog?.ended(request.ticket, clock.monotonic() - request.sentAt, 0, error.code)
    request.reject(error)
  }

  #late(request: PendingRequest): void {
    const { api, timeoutMs } = request
    this.#fail(
      request,
      new RetriableError('KAFKA_TIMEOUT', `${this.name} did not answer ${api} within ${timeoutMs} ms`, {
        place: { ...this.#place, request: api },
        remedy: 'Look at the load and the log of that broker; raise requestTimeoutMs if it is only slow.',
      }),
    )
    this.#end(this.#lost(`${api} was not answered in time`))
  }

  /** Brokers hang up on who is silent for ten minutes; whoever hangs up first is not surprised in the middle of a request. */
  #watchIdle(): void {
    const { idleMaxMs = IDLE_MAX_MS, clock } = this.#options
    if (idleMaxMs < 0 || this.#ended !== undefined) return
    const leftMs = this.#usedAt + idleMaxMs - clock.monotonic()
    const isInUse = !this.#outstanding.isEmpty || this.#gate.isHolding
    if (leftMs <= 0 && !isInUse) return this.#end(this.#lost(`it was not used for ${idleMaxMs} ms`))
    this.#idleTimer = setTimeout(() => this.#watchIdle(), Math.max(1, leftMs <= 0 ? idleMaxMs : leftMs))
    this.#idleTimer.unref()
  }

  #end(error: SluiceError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    clearTimeout(this.#idleTimer)
    if (this.#socket !== undefined) this.#options.metrics?.connectionCloses.add()
    this.#socket?.destroy()
    for (const request of [...this.#outstanding.drain(), ...this.#gate.close()]) {
      const place = { ...this.#place, request: request.api }
      const facts: ErrorFacts = { place, retriable: error.retriable, cause: error }
      this.#fail(request, new SluiceError(error.code, `${request.api} was not answered by ${this.name}`, facts))
    }
  }

  #lost(why: string, cause?: unknown): SluiceError {
    const remedy =
      'Check that the security protocol fits this listener: one that wants TLS, SASL or a client certificate hangs up without it.'
    return new RetriableError('KAFKA_UNREACHABLE', `The connection to ${this.name} is gone: ${why}`, {
      cause,
      place: this.#place,
      ...(this.#hasServed ? {} : { remedy }),
    })
  }
}
