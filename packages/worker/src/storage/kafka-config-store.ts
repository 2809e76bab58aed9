import type { Kafka } from '@sluice/kafka'
import { type Clock, type Logger, type RawSettings, SluiceError, systemClock } from '@sluice/sdk'
import type { RestartRequest, TargetState } from '../herder/herder.ts'
import { type ConfigRecord, decodeConfigRecord, encodeConfigRecord } from './config-records.ts'
import { ConfigState } from './config-state.ts'
import type { ConfigListener, ConfigSnapshot, ConfigStore, SessionKey } from './config-store.ts'
import { prepareTopic } from './internal-topic.ts'
import { LeaderWriter } from './leader-writer.ts'
import type { InternalTopic } from './storage-settings.ts'
import { leaderTransactionalId, type StoreClientIds } from './store-clients.ts'
import { type LogEntry, type ReadEntry, TopicLog } from './topic-log.ts'

/** For everything that one call does together. */
const TIMEOUT_MS = 30_000
/** So much goes in one batch, which comes whole or not at all. What is larger, or in a transaction of its own, is durable before its commit. */
const AT_ONCE_BYTES = 131_072

export interface KafkaConfigStoreOptions {
  readonly kafka: Kafka
  readonly topic: InternalTopic
  readonly groupId: string
  readonly clientIds: Pick<StoreClientIds, 'configs' | 'configsLeader'>
  /** `exactly.once.source.support`: from `preparing` on the leader writes in transactions; with `enabled` only committed ones are read. */
  readonly exactlyOnce: 'disabled' | 'preparing' | 'enabled'
  readonly logger: Logger
  readonly clock?: Clock
  /** For each write, from its beginning until it has been read back. Default 30,000. */
  readonly timeoutMs?: number
}

/** Connect's config topic. See connect's `KafkaConfigBackingStore`; the records are in config-records.ts, their meaning in config-state.ts. */
export class KafkaConfigStore implements ConfigStore {
  readonly #options: KafkaConfigStoreOptions
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #state = new ConfigState()
  readonly #leader: LeaderWriter | null
  /** Null until the start-up read is over. */
  #listener: ConfigListener | null = null
  #log: TopicLog | null = null

  constructor(options: KafkaConfigStoreOptions) {
    const {
      kafka,
      topic,
      groupId,
      clientIds,
      exactlyOnce,
      logger,
      clock = systemClock,
      timeoutMs = TIMEOUT_MS,
    } = options
    this.#options = options
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#leader =
      exactlyOnce === 'disabled'
        ? null
        : new LeaderWriter({
            kafka,
            topic: topic.topic,
            transactionalId: leaderTransactionalId(groupId),
            clientId: clientIds.configsLeader,
            timeoutMs,
            logger,
          })
  }

  async start(listener: ConfigListener): Promise<void> {
    const { kafka, topic, clientIds, exactlyOnce, logger } = this.#options
    await prepareTopic(kafka.admin, topic, logger, { isSinglePartition: true })
    this.#log = await TopicLog.open(kafka, {
      topic: topic.topic,
      clientId: clientIds.configs,
      isolation: exactlyOnce === 'enabled' ? 'read_committed' : 'read_uncommitted',
      take: (entry) => this.#take(entry),
      logger,
      clock: this.#clock,
    })
    this.#listener = listener
  }

  snapshot(): ConfigSnapshot {
    return this.#state.snapshot()
  }

  refresh(timeoutMs: number): Promise<void> {
    return this.#opened().refresh(timeoutMs)
  }

  async claimLeadership(): Promise<void> {
    await this.#leader?.claim()
  }

  async putConnector(connector: string, config: RawSettings, targetState: TargetState | null): Promise<void> {
    const state: ConfigRecord[] = targetState === null ? [] : [{ kind: 'target-state', connector, state: targetState }]
    await this.#put([...state, { kind: 'connector', connector, config }])
  }

  async removeConnector(connector: string): Promise<void> {
    await this.#put([
      { kind: 'connector', connector, config: null },
      { kind: 'target-state', connector, state: null },
    ])
  }

  /** Their commit is what makes them count: without it nobody will see any of them. */
  async putTaskConfigs(connector: string, configs: readonly RawSettings[]): Promise<void> {
    const left = this.#deadline()
    const tasks = configs.map((config, task): ConfigRecord => ({ kind: 'task', id: { connector, task }, config }))
    const commit: ConfigRecord = { kind: 'commit', connector, tasks: configs.length }
    const whole = [...tasks, commit].map(encodeConfigRecord)
    if (this.#leader === null && bytesOf(whole) <= AT_ONCE_BYTES) return this.#writeAsLeader(whole, left)
    await this.#writeAsLeader(whole.slice(0, -1), left)
    await this.#writeAsLeader(whole.slice(-1), left)
  }

  async putSessionKey(key: SessionKey): Promise<void> {
    await this.#put([{ kind: 'session-key', key }])
  }

  async putRestartRequest(request: RestartRequest): Promise<void> {
    await this.#put([{ kind: 'restart', request }])
  }

  async putFencingCount(connector: string, tasks: number): Promise<void> {
    await this.#put([{ kind: 'fencing', connector, tasks }])
  }

  async putTargetState(connector: string, state: TargetState): Promise<void> {
    await this.#write([{ kind: 'target-state', connector, state }])
  }

  async putLoggerLevel(namespace: string, level: string): Promise<void> {
    await this.#write([{ kind: 'logger', namespace, level }])
  }

  async stop(): Promise<void> {
    this.#listener = null
    await this.#leader?.close()
    await this.#log?.close(this.#timeoutMs)
    this.#log = null
  }

  #take({ offset, key, value }: ReadEntry): void {
    this.#state.read(offset)
    this.#state.apply(decodeConfigRecord(key, value), this.#listener)
  }

  async #put(records: readonly ConfigRecord[]): Promise<void> {
    await this.#writeAsLeader(records.map(encodeConfigRecord), this.#deadline())
  }

  async #writeAsLeader(entries: readonly LogEntry[], left: () => number): Promise<void> {
    const log = this.#opened()
    if (this.#leader === null) return log.write(entries, left())
    await log.readBack(await this.#leader.write(entries), left())
  }

  async #write(records: readonly ConfigRecord[]): Promise<void> {
    await this.#opened().write(records.map(encodeConfigRecord), this.#timeoutMs)
  }

  /** What is left of the time of one call, in milliseconds. */
  #deadline(): () => number {
    const until = this.#clock.monotonic() + this.#timeoutMs
    return () => Math.max(1, until - this.#clock.monotonic())
  }

  #opened(): TopicLog {
    if (this.#log !== null) return this.#log
    const message = 'The config store is not open: it was not started yet, or is stopped'
    throw new SluiceError('INTERRUPTED', message, { place: { topic: this.#options.topic.topic } })
  }
}

function bytesOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
}
