import type { JsonText } from './converter.ts'
import type { SinkRecord, TopicPartition, TopicPartitionOffset } from './record.ts'
import type { TaskContext } from './task-context.ts'

/**
 * A position, and where it is known what tells its log apart from another one of the same name: a topic that was deleted and created
 * again (`topicId`), a log that was cut off below the position (`leaderEpoch`, KIP-320).
 */
export interface SinkPosition extends TopicPartitionOffset {
  /** Of the record before the offset. */
  readonly leaderEpoch?: number
  /** Kafka's text for the topic's uuid. */
  readonly topicId?: string
}

/** What a worker gives to a sink task. */
export interface SinkTaskContext extends TaskContext {
  /** The partitions this task has now. */
  assignment(): readonly TopicPartition[]
  /**
   * Where the worker stands with a partition: what is put next of it is at or behind that offset. In `open`, what the group has
   * committed. Undefined for partitions that the task does not have.
   */
  position(partition: TopicPartition): SinkPosition | undefined
  /**
   * Rewinds before the next fetch: for sinks that keep offsets themselves. Only assigned partitions; offset ≥ 0; of several for one
   * partition the first in the log counts. Whoever keeps the whole positions that `flush` is given, and gives them back here, is told
   * when the topic is another one by now (the task fails with TOPIC_RECREATED), instead of missing records of the new one.
   */
  rewind(positions: readonly SinkPosition[]): void
  /** Asks for a commit as soon as the current `put` is done. */
  requestCommit(): void
  /**
   * When the next `put` comes, for that one time: so many milliseconds after one that fails with a RetriableError, instead of after a
   * pause that grows; else at the latest after so long, with nothing if nothing has come.
   */
  timeout(ms: number): void
  /** Stops and starts fetching of single partitions. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /**
   * Reports a record that cannot be written (KIP-610): its original bytes go to the dead letter topic before its offset is
   * committed. Throws when the task tolerates no errors.
   */
  report(record: SinkRecord, error: unknown): void
  /** Says that a record was left out on purpose, and why, in a word or two: it counts as dropped for that reason (invariant 2). */
  drop(record: SinkRecord, reason: string): void
}

/**
 * Writes to one target. The worker calls, never two at a time:
 *
 *   start → open → ( put → [flush] )* → close → stop
 *
 * Offsets are committed only after `flush` has named them safe (invariant 1).
 */
export interface SinkTask {
  /**
   * Whether a `put` that failed with a DataError may be repeated with fewer of its records: what it wrote of them before is not there
   * twice then. When errors are tolerated and there is a dead letter topic, the batch is halved until the bad record is alone, which
   * becomes a dead letter; the others are written. Default: no, and such an error fails the task.
   */
  readonly canBisect?: boolean
  /**
   * For sinks that take JSON from its bytes. Asked in place of the converter, of values that nothing on the way to the sink reads (no
   * transforms) and whose converter knows where the JSON stands. What it answers comes with the record, as `scanned`, unless it is
   * undefined: then the value is decoded as it would be without this. So it must answer undefined for whatever could be refused there, and
   * it must not throw.
   */
  scan?(topic: string, bytes: Uint8Array, json: JsonText): unknown
  start(signal: AbortSignal): Promise<void>
  /** New partitions; sinks that keep offsets with their data call `context.rewind` here. */
  open(partitions: readonly TopicPartition[]): Promise<void>
  /**
   * Takes the records; they may be buffered. Called on each turn of the loop, also with an empty list.
   * A RetriableError: the same records are put again after a pause. Any other error fails the task; but see `canBisect`.
   */
  put(records: readonly SinkRecord[]): Promise<void>
  /**
   * Makes everything put so far durable, as far as the sink wants to now, and says up to where (the next offset per partition).
   * `positions` is where the worker stands. Return `positions` itself when all is durable, fewer when some is still buffered.
   * `closing` means: this is the last chance, and only the partitions named are given up. A RetriableError while the task goes on: it
   * goes back to the last committed offsets, and everything since is put again. Any other error fails the task.
   */
  flush(positions: readonly SinkPosition[], closing: boolean): Promise<readonly TopicPartitionOffset[]>
  /** Partitions are taken away; their buffers can be forgotten. */
  close(partitions: readonly TopicPartition[]): Promise<void>
  stop(): Promise<void>
}
