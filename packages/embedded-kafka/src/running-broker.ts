import type { ApiName } from '@sluice/kafka-protocol'
import { Dispatcher } from './api/dispatcher.ts'
import { brokerApis } from './api/index.ts'
import { ApiRegistry, type VersionCaps } from './api/registry.ts'
import { RELEASES } from './api/releases.ts'
import { type RequestEntry, RequestRing } from './api/request-ring.ts'
import type { Access, Broker, FaultSettings, Quotas } from './broker.ts'
import { BrokerClock } from './clock.ts'
import { clusterIdIn } from './cluster-id.ts'
import type { EmbeddedKafka, NodeAddress } from './embedded-kafka.ts'
import { GroupCoordinator } from './groups/coordinator.ts'
import { ownerLeaves } from './log/directory-lock.ts'
import { LentMemory } from './log/lent-memory.ts'
import type { EmbeddedKafkaOptions, EmulatedRelease } from './options.ts'
import { FetchSessions } from './record-path/index.ts'
import { Security, type SecurityProtocol } from './security/index.ts'
import {
  type Intercept,
  type InterceptOptions,
  type InterceptedRequest,
  Intercepts,
  type Verdict,
} from './server/faults.ts'
import { KafkaServer } from './server/kafka-server.ts'
import { VirtualNodes } from './server/nodes.ts'
import { BROKER_SETTINGS } from './settings/broker-setting-table.ts'
import { ConfiguredSettings } from './settings/broker-settings.ts'
import { openStateFile } from './settings/state-file.ts'
import { type OpenedTopics, openTopics } from './topics/open-topics.ts'
import type { TopicRegistry } from './topics/topic-registry.ts'
import { ProducerIds, TransactionCoordinator } from './transactions/index.ts'

/** Kafka's own; this broker's decides as it does. */
const STANDARD_AUTHORIZER = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'

/** A process that was just killed may need so long to be gone. */
const OWNER_LEAVES_MS = 1000

/** What the other parts stand on; with it the directory is this process's. */
interface Ground {
  readonly clock: BrokerClock
  readonly nodes: VirtualNodes
  readonly settings: ConfiguredSettings
  readonly lent: LentMemory
  readonly opened: OpenedTopics
}

/** Defaults that release 4.0 has changed (KIP-1030). */
const DEFAULTS_BEFORE_4 = { 'log.message.timestamp.after.max.ms': '9223372036854775807' }

function openGround({ dataDir, nodes: count = 1, flush, log, ...options }: EmbeddedKafkaOptions): Ground {
  const clock = new BrokerClock((error) => log?.('error', `What was due has failed: ${textOf(error)}`))
  const nodes = new VirtualNodes(count)
  const directory = dataDir === undefined ? {} : { 'log.dirs': dataDir }
  const authorizer = options.authorizer === true ? { 'authorizer.class.name': STANDARD_AUTHORIZER } : {}
  const { emulate = '4.3', configs } = options
  const given = { ...(emulate < '4' && DEFAULTS_BEFORE_4), ...directory, ...authorizer, ...configs }
  const settings = new ConfiguredSettings(given, openStateFile(dataDir, 'settings'))
  const unknown = Object.keys(given).filter((name) => !BROKER_SETTINGS.has(name))
  if (unknown.length > 0)
    log?.('warn', `This broker does not know these settings, and does nothing about them: ${unknown.join(', ')}.`)
  const lent = new LentMemory()
  const opened = openTopics({
    dataDir,
    lentMemory: lent,
    clock,
    flush,
    setting: (name) => settings.number(name),
    brokerOverride: (name) => settings.override(name),
    leaders: nodes,
    ...(log && { log }),
  })
  return { clock, nodes, settings, lent, opened }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Puts the parts together, starts and stops them, and is the door to faults. */
export class RunningBroker implements Broker, EmbeddedKafka {
  readonly clock: BrokerClock
  readonly clusterId: string
  readonly release: EmulatedRelease
  readonly nodes: VirtualNodes
  readonly settings: ConfiguredSettings
  readonly topics: TopicRegistry
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  readonly securityProtocol: SecurityProtocol
  readonly access: Access
  readonly quotas: Quotas
  readonly faults: { -readonly [K in keyof FaultSettings]: FaultSettings[K] } = { lateMarkersMs: 0, throttleMs: 0 }
  readonly log: Broker['log']
  readonly #registry: ApiRegistry
  readonly #intercepts = new Intercepts()
  readonly #ring = new RequestRing()
  readonly #sessions = new FetchSessions()
  readonly #server: KafkaServer
  readonly #opened: OpenedTopics
  #closing: Promise<void> | undefined

  static async start(options: EmbeddedKafkaOptions): Promise<RunningBroker> {
    if (options.dataDir !== undefined) await ownerLeaves(options.dataDir, OWNER_LEAVES_MS)
    const ground = openGround(options)
    const broker = RunningBroker.#on(ground, options)
    try {
      await broker.#start()
      return broker
    } catch (error) {
      await broker.close()
      throw error
    }
  }

  static #on(ground: Ground, options: EmbeddedKafkaOptions): RunningBroker {
    try {
      return new RunningBroker(ground, options)
    } catch (error) {
      ground.clock.stop()
      ground.opened.close()
      throw error
    }
  }

  private constructor({ clock, nodes, settings, lent, opened }: Ground, options: EmbeddedKafkaOptions) {
    const { dataDir, host = '127.0.0.1', port = 0, emulate = '4.3', log = () => {} } = options
    this.clock = clock
    this.log = log
    this.release = emulate
    this.nodes = nodes
    this.settings = settings
    this.#opened = opened
    this.topics = this.#opened.topics
    settings.onChange(() => this.topics.settingsChanged())
    this.clusterId = clusterIdIn(openStateFile(dataDir, 'cluster'))
    const security = new Security(options.listener ?? {}, emulate, dataDir, settings, this.clock)
    this.securityProtocol = security.protocol
    this.access = security.access
    this.quotas = security.quotas
    this.groups = new GroupCoordinator(this)
    this.transactions = new TransactionCoordinator(this, new ProducerIds(openStateFile(dataDir, 'producer-ids')))
    this.#registry = new ApiRegistry(brokerApis(this.#sessions, security), emulate)
    const dispatcher = new Dispatcher(this, this.#registry, this.#intercepts, this.#ring)
    this.#server = new KafkaServer(
      {
        host,
        port,
        advertisedHost: options.advertisedHost ?? host,
        advertisedPort: options.advertisedPort ?? null,
        settings: this.settings,
        doorkeeper: security,
        lent,
        serve: (frame, client, node) => dispatcher.serve(frame, client, node),
        log,
      },
      this.nodes,
    )
  }

  async #start(): Promise<void> {
    this.#adoptOrphans()
    // Whoever connects finds coordinators that have read their topics.
    this.groups.start()
    this.transactions.start()
    await this.#server.start()
    this.nodes.onChange(() => this.#sessions.markAll())
    this.log(
      'info',
      `An embedded Kafka broker listens on ${this.bootstrapServers}. It is for one machine: nothing is replicated.`,
    )
  }

  /** Partitions whose leader is a node that there is not any more: the directory was used with more nodes. */
  #adoptOrphans(): void {
    for (const { name, partitions } of this.topics.all()) {
      for (const { index, assignedLeader } of partitions) {
        if (this.nodes.get(assignedLeader) !== undefined) continue
        this.topics.moveLeader(name, index, this.nodes.leaderFor(index))
      }
    }
  }

  get bootstrapServers(): string {
    return this.addresses.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')
  }

  get addresses(): readonly NodeAddress[] {
    return this.nodes.all().map(({ id, host, port }) => ({ nodeId: id, host, port }))
  }

  get connectionCount(): number {
    return this.#server.connectionCount
  }

  get heldBytes(): number {
    return this.#server.heldBytes
  }

  offered(): ReadonlyMap<number, readonly [number, number]> {
    return this.#registry.offered
  }

  feature(name: string): number {
    return RELEASES[this.release].features.find((feature) => feature.name === name)?.finalised ?? 0
  }

  requests(): readonly RequestEntry[] {
    return this.#ring.all()
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    await this.#server.stop()
    this.transactions.stop()
    this.groups.stop()
    this.clock.stop()
    this.#opened.close()
  }

  intercept<N extends ApiName>(
    api: N | '*',
    judge: (request: InterceptedRequest<N>) => Verdict<N>,
    options?: InterceptOptions,
  ): Intercept {
    return this.#intercepts.add(api, judge, options)
  }

  clearIntercepts(): void {
    this.#intercepts.clear()
  }

  expireMember(groupId: string, memberId: string): void {
    this.groups.expireMember(groupId, memberId)
  }

  expireTransaction(transactionalId: string): void {
    this.transactions.expireTransaction(transactionalId)
  }

  bumpEpoch(transactionalId: string): void {
    this.transactions.bumpEpoch(transactionalId)
  }

  moveCoordinator(kind: 'group' | 'transaction', key: string, node: number): void {
    this.nodes.moveCoordinator(kind, key, node)
  }

  moveLeader(topic: string, partition: number, node: number): void {
    this.topics.moveLeader(topic, partition, node)
    this.#sessions.markAll(this.topics.get(topic))
  }

  async killNode(node: number): Promise<void> {
    await this.#server.killNode(node)
  }

  async restartNode(node: number): Promise<void> {
    await this.#server.restartNode(node)
  }

  compactNow(topic: string): void {
    for (const { log } of this.topics.get(topic)?.partitions ?? []) log.compact()
  }

  retainNow(topic: string): void {
    for (const { log } of this.topics.get(topic)?.partitions ?? []) log.retain()
  }

  freezeClock(): void {
    this.clock.freeze()
  }

  advanceClock(ms: number): void {
    this.clock.advance(ms)
  }

  thawClock(): void {
    this.clock.thaw()
  }

  setThrottle(ms: number): void {
    this.faults.throttleMs = ms
  }

  lateMarkers(ms: number): void {
    this.faults.lateMarkersMs = ms
  }

  capVersions(caps: VersionCaps): void {
    this.#registry.cap(caps)
  }
}
