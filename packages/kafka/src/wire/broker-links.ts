import { type Logger, RetriableError, SluiceError, describeError, systemRandom } from '@sluice/sdk'
import { Connection, type ConnectionOptions } from './connection.ts'
import { type BrokerAddress, addressText } from './dial.ts'

/** Where the brokers are: what metadata last said. */
export interface BrokerDirectory {
  addressOf(nodeId: number): BrokerAddress | undefined
}

const RECONNECT_BACKOFF_MS = 50
const RECONNECT_BACKOFF_MAX_MS = 1000

/**
 * The connections of one user: one per broker, dialled on first use and again, with back-off, after they died. A broker
 * works on one request per connection at a time, so whoever waits long (a fetch) has links of its own.
 */
export class BrokerLinks {
  readonly #directory: BrokerDirectory
  readonly #options: ConnectionOptions
  readonly #logger: Logger
  readonly #links = new Map<string, Link>()
  readonly #onClose: () => void
  #isClosed = false

  constructor(
    directory: BrokerDirectory,
    options: ConnectionOptions,
    logger: Logger,
    onClose: () => void = () => undefined,
  ) {
    this.#onClose = onClose
    this.#directory = directory
    this.#options = options
    this.#logger = logger
  }

  /** What these connections call themselves to the brokers. */
  get clientId(): string {
    return this.#options.clientId
  }

  /** A connection to a broker by its id. Rejects with a retriable error if it is unknown or cannot be reached now. */
  async to(nodeId: number): Promise<Connection> {
    const address = this.#directory.addressOf(nodeId)
    if (address === undefined) {
      throw new RetriableError('KAFKA_UNREACHABLE', `Broker ${nodeId} is not among the brokers of the cluster`, {
        place: { broker: nodeId },
      })
    }
    return this.at(`broker ${nodeId}`, address)
  }

  /** The connection to a broker if it is there already: for hot paths that do not want to wait. */
  openTo(nodeId: number): Connection | undefined {
    const connection = this.#links.get(`broker ${nodeId}`)?.connection
    return connection?.isOpen === true ? connection : undefined
  }

  /** A connection under a name of the caller's choice; the name appears in errors. */
  at(name: string, address: BrokerAddress): Promise<Connection> {
    if (this.#isClosed) return Promise.reject(closed(name))
    let link = this.#links.get(name)
    if (link === undefined || addressText(link.address) !== addressText(address)) {
      if (link !== undefined) this.drop(name)
      this.#links.set(name, (link = new Link(name, address, this.#options, this.#logger)))
    }
    return link.open()
  }

  /** Ends the connection of that name, if any; what is outstanding may be sent again elsewhere. */
  drop(name: string): void {
    this.#links.get(name)?.close(new RetriableError('KAFKA_UNREACHABLE', `${name} has another address now`))
    this.#links.delete(name)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const link of this.#links.values()) link.close(closed(link.name))
    this.#links.clear()
    this.#onClose()
  }
}

class Link {
  readonly name: string
  readonly address: BrokerAddress
  connection: Connection | undefined
  readonly #options: ConnectionOptions
  readonly #logger: Logger
  readonly #closing = new AbortController()
  #closed: SluiceError | undefined
  #opening: Promise<Connection> | undefined
  #failures = 0
  #dialledAt = -Infinity

  constructor(name: string, address: BrokerAddress, options: ConnectionOptions, logger: Logger) {
    this.name = name
    this.address = address
    this.#options = options
    this.#logger = logger
  }

  open(): Promise<Connection> {
    if (this.connection?.isOpen === true) return Promise.resolve(this.connection)
    this.#opening ??= this.#dial().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  close(error: SluiceError): void {
    this.#closed = error
    this.#closing.abort(error)
    this.connection?.close(error)
  }

  async #dial(): Promise<Connection> {
    const { clock, reconnectBackoffMs, reconnectBackoffMaxMs, random = systemRandom } = this.#options
    const { signal } = this.#closing
    // A broker that accepts and hangs up is not reached: only one that has answered something ends the back-off.
    if (this.connection?.hasServed === true) this.#failures = 0
    this.connection = undefined
    const firstMs = reconnectBackoffMs ?? RECONNECT_BACKOFF_MS
    const maxMs = reconnectBackoffMaxMs ?? RECONNECT_BACKOFF_MAX_MS
    const exactMs = this.#failures === 0 ? 0 : firstMs * 2 ** (this.#failures - 1)
    const backoffMs = Math.min(maxMs, exactMs * (0.8 + 0.4 * random.next()))
    const pauseMs = this.#dialledAt + backoffMs - clock.monotonic()
    if (pauseMs > 0) await clock.sleep(pauseMs, signal)
    if (this.#closed !== undefined) throw this.#closed
    this.#dialledAt = clock.monotonic()
    this.#failures++
    try {
      const connection = await Connection.open(this.name, this.address, this.#options, nodeIdOf(this.name), signal)
      if (this.#closed !== undefined) connection.close(this.#closed)
      else this.connection = connection
      return connection
    } catch (error) {
      if (!signal.aborted && this.#failures === 1) {
        this.#logger.warn('Cannot connect to a Kafka broker; trying again', {
          broker: addressText(this.address),
          error: describeError(error),
        })
      }
      throw error
    }
  }
}

function closed(name: string): SluiceError {
  return new SluiceError('INTERRUPTED', `The connection to ${name} was closed on request`)
}

/** Kafka's name of a node in the tags of metrics; all bootstrap addresses share one. */
function nodeIdOf(name: string): string {
  return /^broker \d+$/.test(name) ? name.replace('broker ', 'node-') : 'node--1'
}
