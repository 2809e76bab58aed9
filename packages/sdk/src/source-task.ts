import type { SourcePartition, SourcePosition, SourceRecord } from './record.ts'
import type { TaskContext } from './task-context.ts'

/** Why a source could not turn bytes into a record. */
export interface DivertReason {
  /** A stable word, such as `csv-row-width`; counted and searchable. */
  readonly code: string
  /** A sentence that says what is wrong with these bytes. */
  readonly message: string
  /** Where they are: file, line, column, table… */
  readonly place: Readonly<Record<string, string | number>>
  /** What to do about it. */
  readonly remedy?: string
}

/** Where the source stands after the diverted bytes; without it the position would stay before them for ever. */
export interface DivertedAt {
  readonly sourcePartition: SourcePartition
  readonly sourcePosition: SourcePosition
}

/**
 * Where a source's transactions end, when it says so itself (KIP-618, `transaction.boundary=connector`). Given with a record: behind
 * that record; without: behind all that the next `poll` returns. Asking for both at one place fails the task.
 */
export interface TransactionContext {
  commit(last?: SourceRecord): void
  /** What was sent since the last end never becomes visible; the positions move over it. */
  abort(last?: SourceRecord): void
}

/** What a worker gives to a source task. */
export interface SourceTaskContext extends TaskContext {
  /** Null unless the connector's transactions are its own. */
  readonly transaction: TransactionContext | null
  /**
   * The stored position of a partition, or null if it was never read. Asked at start.
   * What comes back went through JSON; the connector checks it before use.
   */
  position(partition: SourcePartition): Promise<SourcePosition | null>
  /**
   * Hands over bytes that cannot be read as a record. To be called during `poll`; the bytes go to the dead letter topic
   * unchanged and are durable before the position behind them is stored. With no dead letter topic, or `errors.tolerance=none`,
   * the task stops after the records polled before with an error made from `reason`.
   *
   * Order: what a poll diverts lies behind all records which that poll returns. So a task that has diverted goes on only over
   * further bad bytes, and returns before the next good record.
   */
  divert(bytes: Uint8Array, reason: DivertReason, at: DivertedAt): void
}

/**
 * Reads from one source. The worker calls, never two at a time:
 *
 *   start → ( poll → [delivered] → [settled] )* → stop
 *
 * `poll` is called again as soon as the worker has room (its queue is bounded in bytes), before earlier batches are durable.
 */
export interface SourceTask {
  /** Opens the source and seeks to the stored position. An error fails the task; a RetriableError is tried again with back-off. */
  start(signal: AbortSignal): Promise<void>
  /**
   * The next records, in order, or null or an empty list when there is none yet. It must return within a second or so, and at once
   * when the signal is aborted: the task is to stop, or to pause, after which it is polled again with another signal. What it has read
   * until then it returns, or has ready for the next time. A few hundred to a few thousand records per call are best.
   * A RetriableError counts as "nothing yet"; any other error fails the task.
   */
  poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null>
  /**
   * Where Kafka has put records of a poll: `offsets[i]` is the offset of `records[i]`, -1 where it is not known; null stands for a dead
   * letter. Called in the order of the polls, while further ones are under way. What it returns is waited for: at least once before a
   * position behind these records is stored, exactly once before their transaction is committed, so that what is noted here may be of
   * records that come once more, and is never missing. An error fails the task. Optional; Connect's `commitRecord`.
   */
  delivered?(records: readonly (SourceRecord | null)[], offsets: Float64Array): Promise<void>
  /** These positions are durable: what lies before may be deleted or acknowledged at the source. Optional. */
  settled?(positions: ReadonlyMap<SourcePartition, SourcePosition>): Promise<void>
  /** Closes everything. Called exactly once, also after a failed start. */
  stop(): Promise<void>
}
