import { type Clock, type Logger, type Random, SluiceError, silentLogger, systemClock, systemRandom } from '@sluice/sdk'
import { ClusterAdmin } from './admin.ts'
import { Coordinators } from './coordinator.ts'
import { Deadline, type RetryContext, retrying } from './deadline.ts'
import { PartitionFetcher } from './fetch/fetcher.ts'
import { CoordinatedOffsets } from './group-offsets.ts'
import { Metadata } from './metadata.ts'
import type { Admin, Fetcher, FetcherOptions, GroupOffsets, Kafka, Producer, ProducerOptions } from './port.ts'
import { BatchingProducer } from './produce/producer.ts'
import { BrokerLinks } from './wire/broker-links.ts'
import type { ConnectionOptions } from './wire/connection.ts'
import { type BrokerAddress, type Dial, dialPlain } from './wire/dial.ts'

export interface KafkaConfig {
  /** `host:port` of some brokers, as a list or separated by commas; the rest of the cluster is found through them. */
  readonly bootstrapServers: string | readonly string[]
  /** Named in the brokers' logs and quotas. Default `sluice`. */
  readonly clientId?: string
  /** `request.timeout.ms`: until a request counts as lost, and how long an operation is repeated. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** `socket.connection.setup.timeout.ms`: default 10,000. */
  readonly connectTimeoutMs?: number
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** How a byte stream to a broker is opened. Default: plain TCP. */
  readonly dial?: Dial
}

/** What the parts of the client share: where the brokers are, how to reach them, the clock, and the end of it all. */
export interface ClusterContext extends RetryContext {
  readonly logger: Logger
  readonly requestTimeoutMs: number
  readonly metadata: Metadata
  /** Who coordinates which group and which transactional id. */
  readonly coordinators: Coordinators
  /** For short requests of everybody. */
  readonly links: BrokerLinks
  /** Connections for one user alone; it closes them. */
  ownLinks(): BrokerLinks
  /** What has been opened and not closed yet; closed with the cluster. */
  readonly opened: Set<Closeable>
}

/** `timeoutMs`: how long what is under way may still take. */
interface Closeable {
  close(timeoutMs?: number): Promise<void>
}

const PORT_DEFAULT = 9092

/**
 * Connects to a cluster: resolves when a broker has answered.
 * @throws SluiceError KAFKA_UNREACHABLE when none does within requestTimeoutMs, KAFKA_PROTOCOL when what answers is not Kafka
 */
export async function connect(config: KafkaConfig): Promise<Kafka> {
  const clock = config.clock ?? systemClock
  const random = config.random ?? systemRandom
  const logger = config.logger ?? silentLogger
  const requestTimeoutMs = config.requestTimeoutMs ?? 30_000
  const options: ConnectionOptions = {
    clientId: config.clientId ?? 'sluice',
    connectTimeoutMs: config.connectTimeoutMs ?? 10_000,
    requestTimeoutMs,
    dial: config.dial ?? dialPlain,
    clock,
  }
  const bootstrap = parseBootstrap(config.bootstrapServers)
  const closing = new AbortController()
  const retry: RetryContext = { clock, random, signal: closing.signal }
  const metadata: Metadata = new Metadata(bootstrap, () => links, retry, logger)
  const links = new BrokerLinks(metadata, options, logger)
  const context: ClusterContext = {
    ...retry,
    logger,
    requestTimeoutMs,
    metadata,
    coordinators: new Coordinators(metadata),
    links,
    ownLinks: () => new BrokerLinks(metadata, options, logger),
    opened: new Set(),
  }
  try {
    const what = `connect to Kafka at ${bootstrap.map(({ host, port }) => `${host}:${port}`).join(', ')}`
    await retrying(what, new Deadline(clock, requestTimeoutMs), retry, () => metadata.refresh())
  } catch (error) {
    links.close()
    throw error
  }
  return new Cluster(context, closing)
}

class Cluster implements Kafka {
  readonly admin: Admin
  readonly #context: ClusterContext
  readonly #closing: AbortController

  constructor(context: ClusterContext, closing: AbortController) {
    this.#context = context
    this.#closing = closing
    this.admin = new ClusterAdmin(context)
  }

  producer(options: ProducerOptions = {}): Producer {
    this.#assertOpen()
    return new BatchingProducer(this.#context, options)
  }

  fetcher(options: FetcherOptions = {}): Fetcher {
    this.#assertOpen()
    return new PartitionFetcher(this.#context, options)
  }

  groupOffsets(groupId: string): GroupOffsets {
    return new CoordinatedOffsets(this.#context, groupId)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#context.opened].map((opened) => opened.close(0)))
    this.#context.links.close()
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw new SluiceError('INTERRUPTED', 'The Kafka client has been closed')
  }
}

function parseBootstrap(servers: string | readonly string[]): BrokerAddress[] {
  const texts = typeof servers === 'string' ? servers.split(',') : servers
  const addresses = texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(parseAddress)
  if (addresses.length > 0) return addresses
  throw new SluiceError('SETTINGS_INVALID', 'bootstrapServers names no broker', {
    remedy: 'Name at least one broker as host:port.',
  })
}

function parseAddress(text: string): BrokerAddress {
  const parts = /^(?:[A-Za-z_0-9]+:\/\/)?(?:\[([^\]]+)\]|([^:[\]/]+))(?::(\d+))?$/.exec(text)
  const port = parts?.[3] === undefined ? PORT_DEFAULT : Number(parts[3])
  const host = parts?.[1] ?? parts?.[2]
  if (host !== undefined && port > 0 && port < 65536) return { host, port }
  throw new SluiceError('SETTINGS_INVALID', `bootstrapServers holds '${text}', which is not host:port`, {
    remedy: 'Write each broker as host:port, such as kafka-1:9092; an IPv6 address in brackets.',
  })
}
