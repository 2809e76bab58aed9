import { type Clock, type Logger, type Random, SluiceError, silentLogger, systemClock, systemRandom } from '@sluice/sdk'
import { PortAdmin } from './admin/admin.ts'
import { Coordinators } from './coordinator.ts'
import { Deadline, type RetryContext, inTime, retrying } from './deadline.ts'
import { PartitionFetcher } from './fetch/fetcher.ts'
import { ClassicDialogue } from './group/classic-dialogue.ts'
import { PartitionMember } from './group/consumer-member.ts'
import { CoordinatedMember } from './group/member.ts'
import { CoordinatedOffsets } from './group/offsets.ts'
import { VitalSigns } from './group/vital-signs.ts'
import { Metadata } from './metadata.ts'
import { type MetricGroup, MetricsRegistry } from './metrics.ts'
import type {
  Admin,
  ConsumerMember,
  ConsumerMemberOptions,
  Fetcher,
  FetcherOptions,
  GroupMember,
  GroupMemberOptions,
  GroupOffsets,
  Kafka,
  Producer,
  ProducerOptions,
  TransactionalProducer,
  TransactionalProducerOptions,
} from './port.ts'
import { BatchingProducer } from './produce/producer.ts'
import { type LoggedRequest, RequestLog } from './request-log.ts'
import { resolveSecurity } from './security/security.ts'
import type { SecurityConfig } from './security/security-config.ts'
import { SettingsCheck } from './settings.ts'
import { openTransactionalProducer } from './transactions/transactional-producer.ts'
import { BrokerLinks } from './wire/broker-links.ts'
import type { ConnectionOptions } from './wire/connection.ts'
import type { BrokerAddress, Dial } from './wire/dial.ts'
import { WireMetrics } from './wire/wire-metrics.ts'

export interface KafkaConfig extends SecurityConfig {
  /** `host:port` of some brokers, as a list or separated by commas; the rest of the cluster is found through them. */
  readonly bootstrapServers: string | readonly string[]
  /** Named in the brokers' logs and quotas. Default `sluice`. */
  readonly clientId?: string
  /** `request.timeout.ms`: until a request counts as lost, and how long an operation is repeated. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** `socket.connection.setup.timeout.ms`: default 10,000. */
  readonly connectTimeoutMs?: number
  /** `reconnect.backoff.ms`: the pause before the second attempt to reach a broker, doubled with each. Default 50. */
  readonly reconnectBackoffMs?: number
  /** `reconnect.backoff.max.ms`: default 1000. */
  readonly reconnectBackoffMaxMs?: number
  /** `connections.max.idle.ms`: default 540,000; -1: idle connections stay. */
  readonly connectionsMaxIdleMs?: number
  /** How many requests `requestLog()` remembers. Default 200. */
  readonly requestLogSize?: number
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** How a byte stream to a broker is opened. Default: plain TCP, or TLS as `ssl` says. */
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
  /**
   * Connections for one user alone; it closes them. Without a client id they get one of their own, as in `sluice-producer-1`;
   * metrics of that user are found under it: `metrics.group('producer-metrics', { 'client-id': links.clientId })`.
   */
  ownLinks(role?: ClientRole, clientId?: string): BrokerLinks
  readonly metrics: MetricsRegistry
  /** What has been opened and not closed yet; closed with the cluster. */
  readonly opened: Set<Closeable>
}

/** Whose metrics and connections they are: the first word of Kafka's groups of metrics. */
export type ClientRole = 'producer' | 'consumer' | 'admin-client'

/** `timeoutMs`: how long what is under way may still take. */
interface Closeable {
  close(timeoutMs?: number): Promise<void>
}

const PORT_DEFAULT = 9092

/**
 * Connects to a cluster: resolves when a broker has answered.
 * @throws SluiceError KAFKA_UNREACHABLE when none does within requestTimeoutMs, KAFKA_PROTOCOL when what answers is not Kafka,
 *   KAFKA_AUTHENTICATION when one side does not accept the other, SETTINGS_INVALID
 */
export async function connect(config: KafkaConfig): Promise<Kafka> {
  const clock = config.clock ?? systemClock
  const random = config.random ?? systemRandom
  const logger = config.logger ?? silentLogger
  const requestTimeoutMs = config.requestTimeoutMs ?? 30_000
  const clientId = config.clientId ?? 'sluice'
  checkTimes(config)
  const metrics = new MetricsRegistry(clock)
  const requestLog = new RequestLog(config.requestLogSize)
  const serials = new Map<ClientRole, number>()
  const ownId = (role: ClientRole): string => {
    const serial = (serials.get(role) ?? 0) + 1
    serials.set(role, serial)
    return `${clientId}-${role}-${serial}`
  }
  const security = resolveSecurity(config, logger)
  const options: ConnectionOptions = {
    clientId,
    connectTimeoutMs: config.connectTimeoutMs ?? 10_000,
    requestTimeoutMs,
    dial: config.dial ?? security.dial,
    clock,
    random,
    authenticator: security.authenticator,
    fault: security.fault,
    idleMaxMs: config.connectionsMaxIdleMs,
    reconnectBackoffMs: config.reconnectBackoffMs,
    reconnectBackoffMaxMs: config.reconnectBackoffMaxMs,
    requestLog,
  }
  const linksOf = (role: ClientRole, id: string): BrokerLinks => {
    const metered = { ...options, clientId: id, metrics: new WireMetrics(metrics, role, id) }
    return new BrokerLinks(metadata, metered, logger, metrics.opened(id))
  }
  const bootstrap = parseBootstrap(config.bootstrapServers)
  const closing = new AbortController()
  const retry: RetryContext = { clock, random, signal: closing.signal }
  const metadata: Metadata = new Metadata(bootstrap, () => links, retry, logger)
  const links = linksOf('admin-client', clientId)
  const context: ClusterContext = {
    ...retry,
    logger,
    requestTimeoutMs,
    metadata,
    coordinators: new Coordinators(metadata),
    links,
    metrics,
    ownLinks: (role = 'consumer', id = ownId(role)) => linksOf(role, id),
    opened: new Set(),
  }
  try {
    const what = `connect to Kafka at ${bootstrap.map(({ host, port }) => `${host}:${port}`).join(', ')}`
    const deadline = new Deadline(clock, requestTimeoutMs)
    await inTime(what, deadline, retry, () => retrying(what, deadline, retry, () => metadata.refresh()))
  } catch (error) {
    links.close()
    throw error
  }
  return new Cluster(context, closing, requestLog)
}

class Cluster implements Kafka {
  readonly admin: Admin
  readonly #context: ClusterContext
  readonly #closing: AbortController
  readonly #requestLog: RequestLog

  constructor(context: ClusterContext, closing: AbortController, requestLog: RequestLog) {
    this.#context = context
    this.#closing = closing
    this.#requestLog = requestLog
    this.admin = new PortAdmin(context)
  }

  producer(options: ProducerOptions = {}): Producer {
    this.#assertOpen()
    return new BatchingProducer(this.#context, options)
  }

  async transactionalProducer(options: TransactionalProducerOptions): Promise<TransactionalProducer> {
    this.#assertOpen()
    return openTransactionalProducer(this.#context, options)
  }

  fetcher(options: FetcherOptions = {}): Fetcher {
    this.#assertOpen()
    return new PartitionFetcher(this.#context, options)
  }

  groupOffsets(groupId: string): GroupOffsets {
    return new CoordinatedOffsets(this.#context, groupId)
  }

  groupMember(options: GroupMemberOptions): GroupMember {
    this.#assertOpen()
    const signs = new VitalSigns(options)
    const dialogue = new ClassicDialogue(this.#context, options, signs)
    const { groupId, instanceId = null, hooks } = options
    return new CoordinatedMember(this.#context, { groupId, instanceId, hooks, signs, dialogue })
  }

  consumerMember(options: ConsumerMemberOptions): ConsumerMember {
    this.#assertOpen()
    return new PartitionMember(this.#context, this.admin, options)
  }

  metrics(): readonly MetricGroup[] {
    return this.#context.metrics.read()
  }

  requestLog(): readonly LoggedRequest[] {
    return this.#requestLog.read()
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

function checkTimes(config: KafkaConfig): void {
  const { requestTimeoutMs, connectTimeoutMs, reconnectBackoffMs, reconnectBackoffMaxMs } = config
  const check = new SettingsCheck('the Kafka client')
  check.whole({ requestTimeoutMs, connectTimeoutMs }, 1)
  check.whole({ reconnectBackoffMs, reconnectBackoffMaxMs, requestLogSize: config.requestLogSize }, 0)
  check.whole({ connectionsMaxIdleMs: config.connectionsMaxIdleMs }, -1)
  check.done()
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
