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
import { type Clock, type ErrorFacts, RetriableError, SluiceError } from '@sluice/sdk'
import type net from 'node:net'
import { type BrokerAddress, type Dial, addressText } from './dial.ts'
import { FrameReader } from './frames.ts'

export interface ConnectionOptions {
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly dial: Dial
  readonly clock: Clock
}

/** The versions of an API that the calling code is written for. */
export interface Versions {
  readonly lowest?: number
  readonly highest?: number
}

const UNSUPPORTED_VERSION = 35

/** A request that has been written and waits for its answer. */
interface Outstanding {
  readonly api: ApiName
  readonly version: number
  readonly correlationId: number
  readonly timeoutMs: number
  readonly deadline: number
  resolve(body: unknown): void
  reject(error: SluiceError): void
}

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
  readonly #options: ConnectionOptions
  readonly #place: Readonly<Record<string, string | number>>
  readonly #outstanding: Outstanding[] = []
  readonly #versions = new Map<number, { readonly minVersion: number; readonly maxVersion: number }>()
  readonly #negotiated = new Map<string, number>()
  #socket: net.Socket | undefined
  #correlationId = 0
  #ended: SluiceError | undefined
  #answers = 0
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity

  /** Dials and asks the broker which versions it speaks. Rejects with a retriable error when that takes too long. */
  static async open(name: string, address: BrokerAddress, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(name, address, options)
    await connection.#dial(address)
    try {
      await connection.#askVersions()
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  private constructor(name: string, address: BrokerAddress, options: ConnectionOptions) {
    this.name = `${name} at ${addressText(address)}`
    this.#options = options
    this.#place = { broker: addressText(address) }
  }

  get isOpen(): boolean {
    return this.#ended === undefined
  }

  /** Whether the broker has answered more than the question for its versions. */
  get hasServed(): boolean {
    return this.#answers > 1
  }

  /**
   * The version to use for an API: the highest that the broker, the message table and the caller's code speak.
   * @throws SluiceError KAFKA_REFUSED when there is none
   */
  version(api: ApiName, { lowest = 0, highest = 32767 }: Versions = {}): number {
    const key = `${api} ${lowest} ${highest}`
    let version = this.#negotiated.get(key)
    if (version === undefined) {
      const theirs = this.#versions.get(apiVersions(api).key)
      version = theirs === undefined ? undefined : negotiateVersion(api, theirs, highest)
      if (version === undefined || version < lowest) throw this.#unsupported(api, lowest, highest)
      this.#negotiated.set(key, version)
    }
    return version
  }

  /** Sends a request and resolves to the body of the answer. `version` comes from `version(…)`. */
  send<N extends ApiName>(
    api: N,
    version: number,
    body: RequestInput<N>,
    timeoutMs: number = this.#options.requestTimeoutMs,
  ): Promise<ResponseBody<N>> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket
      if (this.#ended !== undefined || socket === undefined) return reject(this.#ended ?? this.#lost('not connected'))
      const correlationId = this.#correlationId
      const frame = encodeRequest(api, version, { correlationId, clientId: this.#options.clientId }, body)
      this.#correlationId = (correlationId + 1) & 0x7fffffff
      const deadline = this.#options.clock.monotonic() + timeoutMs
      this.#outstanding.push({
        api,
        version,
        correlationId,
        timeoutMs,
        deadline,
        resolve,
        reject,
      })
      this.#wakeAt(deadline)
      socket.cork()
      for (const chunk of frame) socket.write(chunk)
      socket.uncork()
    })
  }

  /** Ends the connection now; what is outstanding fails with the error given. */
  close(error: SluiceError = new SluiceError('INTERRUPTED', `The connection to ${this.name} was closed`)): void {
    this.#end(error)
  }

  async #dial(address: BrokerAddress): Promise<void> {
    const { dial, connectTimeoutMs } = this.#options
    const frames = new FrameReader(this.#place, (frame) => this.#answered(frame))
    const socket = await dial(address, connectTimeoutMs, (bytes, count) => {
      try {
        if (this.#ended === undefined) frames.push(bytes, count)
      } catch (error) {
        this.#garbled(error)
      }
    })
    this.#socket = socket
    let cause: unknown
    socket.on('error', (error) => (cause = error))
    socket.on('close', () => this.#end(this.#lost('the broker closed it', cause)))
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
    for (const { apiKey, minVersion, maxVersion } of answer.apiKeys)
      this.#versions.set(apiKey, { minVersion, maxVersion })
  }

  #answered(frame: Buffer): void {
    if (this.#ended !== undefined) return
    const request = this.#outstanding[0]
    const correlationId = correlationIdOf(frame)
    if (request?.correlationId !== correlationId) throw new Error(`request ${correlationId} is answered out of turn`)
    const { body } = decodeResponse(request.api, request.version, frame)
    this.#outstanding.shift()
    this.#answers++
    request.resolve(body)
  }

  /** What arrived cannot be read. That answer is lost for good; the requests behind it can be sent again elsewhere. */
  #garbled(cause: unknown): void {
    const request = this.#outstanding.shift()
    const what = request === undefined ? 'What it sent unasked' : `Its answer to ${request.api} v${request.version}`
    const remedy = cause instanceof SluiceError ? cause.remedy : undefined
    const facts: ErrorFacts = { cause, place: this.#place, ...(remedy === undefined ? {} : { remedy }) }
    request?.reject(
      new SluiceError('KAFKA_PROTOCOL', `${this.name} does not speak Kafka's protocol: ${what} is unreadable`, facts),
    )
    this.#end(this.#lost('its answer could not be read', cause))
  }

  /** Makes sure that somebody looks at the deadlines at the given time. */
  #wakeAt(deadline: number): void {
    if (deadline >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = deadline
    this.#timer = setTimeout(() => this.#checkDeadlines(), Math.max(1, deadline - this.#options.clock.monotonic()))
  }

  #checkDeadlines(): void {
    this.#timerAt = Infinity
    this.#timer = undefined
    let earliest = Infinity
    for (const { deadline } of this.#outstanding) earliest = Math.min(earliest, deadline)
    if (earliest === Infinity) return
    if (earliest > this.#options.clock.monotonic()) return this.#wakeAt(earliest)
    const late = this.#outstanding.find(({ deadline }) => deadline === earliest)!
    this.#outstanding.splice(this.#outstanding.indexOf(late), 1)
    late.reject(
      new RetriableError('KAFKA_TIMEOUT', `${this.name} did not answer ${late.api} within ${late.timeoutMs} ms`, {
        place: { ...this.#place, request: late.api },
        remedy: 'Look at the load and the log of that broker; raise requestTimeoutMs if it is only slow.',
      }),
    )
    this.#end(this.#lost(`${late.api} was not answered in time`))
  }

  #end(error: SluiceError): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    clearTimeout(this.#timer)
    this.#socket?.destroy()
    for (const request of this.#outstanding.splice(0)) {
      const place = { ...this.#place, request: request.api }
      const facts: ErrorFacts = { place, retriable: error.retriable, cause: error }
      request.reject(new SluiceError(error.code, `${request.api} was not answered by ${this.name}`, facts))
    }
  }

  #lost(why: string, cause?: unknown): SluiceError {
    return new RetriableError('KAFKA_UNREACHABLE', `The connection to ${this.name} is gone: ${why}`, {
      cause,
      place: this.#place,
    })
  }

  #unsupported(api: ApiName, lowest: number, highest: number): SluiceError {
    const theirs = this.#versions.get(apiVersions(api).key)
    const has = theirs === undefined ? 'does not have it' : `has versions ${theirs.minVersion} to ${theirs.maxVersion}`
    return new SluiceError(
      'KAFKA_REFUSED',
      `${api} in version ${lowest} to ${highest} is needed, but ${this.name} ${has}`,
      {
        place: { ...this.#place, error: 'UNSUPPORTED_VERSION' },
        remedy: 'Use Apache Kafka 3.0 or later.',
      },
    )
  }
}
