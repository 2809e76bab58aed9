import { randomBytes } from 'node:crypto'
import type { ApiName } from '@sluice/kafka-protocol'
import { Dispatcher } from './api/dispatcher.ts'
import { brokerApis } from './api/index.ts'
import { ApiRegistry, type VersionCaps } from './api/registry.ts'
import { RELEASES } from './api/releases.ts'
import { type RequestEntry, RequestRing } from './api/request-ring.ts'
import type { Access, Broker, BrokerSettings, FaultSettings, Groups, Quotas, Topics } from './broker.ts'
import { BrokerClock } from './clock.ts'
import type { EmbeddedKafka, NodeAddress } from './embedded-kafka.ts'
import { noQuotas, openAccess } from './open-access.ts'
import type { EmbeddedKafkaOptions, EmulatedRelease } from './options.ts'
import { FetchSessions } from './record-path/index.ts'
import {
  type Intercept,
  type InterceptOptions,
  type InterceptedRequest,
  Intercepts,
  type Verdict,
} from './server/faults.ts'
import { KafkaServer } from './server/kafka-server.ts'
import { VirtualNodes } from './server/nodes.ts'
import { SERVER_SETTINGS } from './server/server-settings.ts'
import { openStateFile } from './settings/state-file.ts'
import { standInTopics } from './stand-in/topics.ts'
import { ProducerIds, TransactionCoordinator } from './transactions/index.ts'

/** Puts the parts together, starts and stops them, and is the door to faults. */
export class RunningBroker implements Broker, EmbeddedKafka {
  readonly clock = new BrokerClock()
  readonly clusterId: string
  readonly release: EmulatedRelease
  readonly nodes = new VirtualNodes()
  readonly settings: BrokerSettings
  readonly topics: Topics
  readonly groups: Groups
  readonly transactions: TransactionCoordinator
  readonly access: Access = openAccess
  readonly quotas: Quotas = noQuotas
  readonly faults: { -readonly [K in keyof FaultSettings]: FaultSettings[K] } = { lateMarkersMs: 0, throttleMs: 0 }
  readonly log: Broker['log']
  readonly #registry: ApiRegistry
  readonly #intercepts = new Intercepts()
  readonly #ring = new RequestRing()
  readonly #sessions = new FetchSessions()
  readonly #server: KafkaServer
  #closing: Promise<void> | undefined

  static async start(options: EmbeddedKafkaOptions): Promise<RunningBroker> {
    const broker = new RunningBroker(options)
    try {
      await broker.#start()
      return broker
    } catch (error) {
      await broker.close()
      throw error
    }
  }

  private constructor(options: EmbeddedKafkaOptions) {
    const { host = '127.0.0.1', port = 0, nodes = 1, emulate = '4.3', log = () => {} } = options
    this.log = log
    this.release = emulate
    this.clusterId = randomBytes(16).toString('base64url')
    this.settings = standInSettings(options.configs ?? {})
    this.topics = standInTopics(this.clock, (partition) => this.nodes.leaderFor(partition))
    this.groups = { partitionOf: () => 0, transactionEnded: () => {}, expireMember: () => {} }
    this.transactions = new TransactionCoordinator(
      this,
      new ProducerIds(openStateFile(options.dataDir, 'producer-ids')),
    )
    this.#registry = new ApiRegistry(brokerApis(this.#sessions), emulate)
    const dispatcher = new Dispatcher(this, this.#registry, this.#intercepts, this.#ring)
    this.#server = new KafkaServer(
      {
        host,
        port,
        advertisedHost: options.advertisedHost ?? host,
        count: nodes,
        settings: this.settings,
        serve: (frame, client, node) => dispatcher.serve(frame, client, node),
        log,
      },
      this.nodes,
    )
  }

  async #start(): Promise<void> {
    await this.#server.start()
    this.nodes.onChange(() => this.#sessions.markAll())
    this.transactions.start()
    this.log(
      'info',
      `An embedded Kafka broker listens on ${this.bootstrapServers}. It is for one machine: nothing is replicated.`,
    )
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
    this.clock.stop()
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
    const found = this.topics.partition(topic, partition) as { leader: number; leaderEpoch: number } | undefined
    if (found === undefined) throw new RangeError(`There is no partition ${topic}-${partition}`)
    found.leader = node
    found.leaderEpoch++
    this.#sessions.markAll(topic)
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

function standInSettings(configs: Readonly<Record<string, string>>): BrokerSettings {
  const text = (name: string): string => {
    const value = configs[name] ?? SERVER_SETTINGS[name] ?? STAND_IN[name]
    if (value === undefined) throw new RangeError(`There is no setting ${name}`)
    return value
  }
  return { text, number: (name) => Number(text(name)), boolean: (name) => text(name) === 'true' }
}
const STAND_IN: Readonly<Record<string, string>> = {
  'transaction.partition.verification.enable': 'true',
  'transaction.max.timeout.ms': '900000',
  'transaction.state.log.num.partitions': '5',
  'transactional.id.expiration.ms': '604800000',
  'transaction.state.log.segment.bytes': '104857600',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '10000',
  'transaction.remove.expired.transaction.cleanup.interval.ms': '3600000',
}
