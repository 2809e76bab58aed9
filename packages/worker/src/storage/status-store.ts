import type { TaskId, WorkStatus } from '../herder/herder.ts'

/** A status with the group generation of the worker that wrote it; 0 in standalone. */
export interface StoredStatus extends WorkStatus {
  readonly generation: number
}

/** That a connector's task has used a topic (KIP-558). */
export interface TopicUse {
  readonly topic: string
  readonly connector: string
  readonly task: number
  /** Milliseconds since the epoch. */
  readonly discoveredAt: number
}

/**
 * How everything is doing, kept in Connect's status topic, or in memory. What is written is seen after it was read back. Writes never
 * reject: they are tried again while they matter, and lost with a line in the log.
 */
export interface StatusStore {
  start(): Promise<void>
  /** Null where nothing is known. */
  connector(connector: string): StoredStatus | null
  task(id: TaskId): StoredStatus | null
  /** Of all tasks that have one, in the order of their numbers. */
  tasks(connector: string): readonly (StoredStatus & { readonly id: number })[]
  /** All that have a status of their own or of a task. */
  connectors(): readonly string[]
  /** State DESTROYED forgets it. */
  putConnector(connector: string, status: StoredStatus): void
  putTask(id: TaskId, status: StoredStatus): void
  /** Only if no other worker has written since: for failures and shut-downs, which a successor may have overtaken. */
  putConnectorSafe(connector: string, status: StoredStatus): void
  putTaskSafe(id: TaskId, status: StoredStatus): void
  topics(connector: string): readonly TopicUse[]
  putTopic(use: TopicUse): void
  removeTopics(connector: string): void
  /** Everything written so far is durable, or given up. */
  flush(timeoutMs: number): Promise<void>
  /** Reads to what is the end now. */
  refresh(timeoutMs: number): Promise<void>
  stop(): Promise<void>
}
