import type { RawSettings } from '@sluice/sdk'
import type { TargetState, TaskId, WorkState } from '../herder/herder.ts'
import type { PausedKey } from '../record-path/task-control.ts'

/** What a connector's instance is started with; placeholders are resolved where it runs. */
export interface ConnectorStart {
  readonly connector: string
  readonly config: RawSettings
  readonly targetState: TargetState
}

export interface TaskStart {
  readonly id: TaskId
  /** The task's settings as the connector made them, with placeholders. */
  readonly config: RawSettings
  readonly connectorConfig: RawSettings
  readonly targetState: TargetState
  /** Of a processor. Absent: none. */
  readonly pausedKeys?: readonly PausedKey[]
  /** How many tasks the connector has: an exactly once source fences by it, a sink without a group shares by it. */
  readonly tasks: number
  /** A source writes its positions in its transactions (KIP-618). */
  readonly isExactlyOnce: boolean
}

/** What has become of something that was started. It is told in order, and never after a stop was asked for and has resolved. */
export interface WorkEvents {
  /** `trace` with FAILED; `version` of the plugin where it is known. */
  connectorState(connector: string, state: WorkState, trace: string | null, version: string | null): void
  taskState(id: TaskId, state: WorkState, trace: string | null, version: string | null): void
  /** The connector wants its tasks made anew. */
  reconfigurationRequested(connector: string): void
  /** A task has used a topic for the first time since it started. */
  topicUsed(id: TaskId, topic: string): void
}

/** Before an exactly once source task starts to write: rejects if the task is not this worker's any more (KIP-618). */
export interface ExactlyOnceGuard {
  fence(connector: string): Promise<void>
  /** After the producer has claimed its transactional id. */
  verify(id: TaskId): Promise<void>
}

/**
 * Where connectors and tasks run: in this process, or in cells, which are processes of their own (settings `isolation`). Starting
 * resolves when the start was passed on; what comes of it is told by events. It never blocks its caller for longer than the time-outs
 * given, whatever a connector does.
 */
export interface WorkHost {
  startConnector(start: ConnectorStart): Promise<void>
  /** Waits for at most `timeoutMs`, then leaves it behind (or ends its cell). Whether it ended in time. */
  stopConnector(connector: string, timeoutMs: number): Promise<boolean>
  startTask(start: TaskStart): Promise<void>
  /** All at once, for at most `timeoutMs` together; those that did not end in time are cancelled, and come back. */
  stopTasks(ids: readonly TaskId[], timeoutMs: number): Promise<readonly TaskId[]>
  /** Of the connector's instance and of its tasks that run here. `pausedKeys`: of the tasks of a processor; absent: as they are. */
  setTargetState(connector: string, state: TargetState, pausedKeys?: readonly PausedKey[]): Promise<void>
  /** What the running instance makes of its settings; `task.class` and `topics` are in them. @throws SluiceError TASKS_TOO_MANY, or the connector's own */
  taskConfigs(connector: string, tasksMax: number): Promise<readonly RawSettings[]>
  /** Here, running or not. */
  readonly connectors: readonly string[]
  readonly tasks: readonly TaskId[]
  /**
   * When the task last gave a sign of life (something that its connector was asked for came back), as `clock.monotonic()`; null: not
   * known. Hosts that watch over their tasks themselves leave it out.
   */
  lastSignOfLife?(id: TaskId): number | null
  /** Whether the host itself brings back what has failed with this trace, or gives it up: nobody else is to restart it by himself. */
  restartsItself?(trace: string): boolean
  stop(timeoutMs: number): Promise<void>
}
