import type { RawSettings } from '@sluice/sdk'
import type { RestartRequest, TargetState, TaskId } from '../herder/herder.ts'

/** The key that internal requests are signed with (KIP-507). */
export interface SessionKey {
  readonly key: Uint8Array
  readonly algorithm: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** What should run, as of one place in the config topic (`ClusterConfigState`). Immutable. */
export interface ConfigSnapshot {
  /** The offset of the last record read, plus one; -1 in memory. */
  readonly offset: number
  readonly sessionKey: SessionKey | null
  connectors(): readonly string[]
  has(connector: string): boolean
  /** As it was given, with placeholders. */
  connectorConfig(connector: string): RawSettings | undefined
  targetState(connector: string): TargetState
  /** Empty when none were written, or when the set is not whole: see `isInconsistent`. */
  tasks(connector: string): readonly TaskId[]
  taskConfig(id: TaskId): RawSettings | undefined
  taskConfigs(connector: string): readonly RawSettings[]
  /** Compaction or a dead leader left a part of a set of task configs. */
  isInconsistent(connector: string): boolean
  /** How many producers the next generation of source tasks has to fence (KIP-618); undefined: nobody has written it. */
  fencingCount(connector: string): number | undefined
  /** Task configs were committed, and no fencing count has been written since: their source tasks must fence before they write. */
  isFencingPending(connector: string): boolean
  /** The connector's config when its current task configs were committed (KAFKA-9228); undefined: none were, or it is not known. */
  appliedConfig(connector: string): RawSettings | undefined
}

/** Told after the start-up read, in the order of the topic, one at a time; `snapshot` has it already. */
export interface ConfigListener {
  connectorChanged(connector: string): void
  connectorRemoved(connector: string): void
  /**
   * A set of task configs was committed. None: it is empty, or not whole (`isInconsistent`), and what ran before is to stop.
   */
  tasksChanged(ids: readonly TaskId[]): void
  targetStateChanged(connector: string): void
  sessionKeyChanged(key: SessionKey): void
  restartRequested(request: RestartRequest): void
  loggerLevelChanged(namespace: string, level: string): void
}

/**
 * What should run, kept in Connect's config topic, or in memory. Reading goes on in the background; every write resolves when it is
 * durable and has been read back.
 */
export interface ConfigStore {
  /** Reads to the end. Restart and logger records found then mean nothing any more. @throws SluiceError when the topic is not fit */
  start(listener: ConfigListener): Promise<void>
  snapshot(): ConfigSnapshot
  /** Reads to what is the end now. @throws SluiceError KAFKA_TIMEOUT */
  refresh(timeoutMs: number): Promise<void>
  /**
   * Makes this worker the only one that may write what the leader writes: older leaders are fenced (exactly once support), and their
   * writes reject with KAFKA_FENCED, as do ours when we are fenced in turn. Without that support it does nothing.
   */
  claimLeadership(): Promise<void>
  /** What the leader writes. */
  putConnector(connector: string, config: RawSettings, targetState: TargetState | null): Promise<void>
  removeConnector(connector: string): Promise<void>
  /** All or none. */
  putTaskConfigs(connector: string, configs: readonly RawSettings[]): Promise<void>
  putSessionKey(key: SessionKey): Promise<void>
  putRestartRequest(request: RestartRequest): Promise<void>
  putFencingCount(connector: string, tasks: number): Promise<void>
  /** What any worker writes. */
  putTargetState(connector: string, state: TargetState): Promise<void>
  putLoggerLevel(namespace: string, level: string): Promise<void>
  stop(): Promise<void>
}
