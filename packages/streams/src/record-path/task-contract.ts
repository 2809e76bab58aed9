/** What a task is told, and what it asks of its surroundings. */
import type { Tally } from '@sluice/kafka'
import type { Clock, Random, Stage, TopicPartition } from '@sluice/sdk'
import type { Changelog } from '../state/store-context.ts'
import type { ErrorPolicy } from '../topology/node.ts'
import type { HeldBack, HeldOffsets } from './held-back.ts'
import type { InputQueue } from './input-queue.ts'
import type { OutputBatch } from './output-batch.ts'
import type { PartitionTally } from './partition-tally.ts'
import type { RecordLimits } from './sink-step.ts'
import type { StorePorts } from './task-stores.ts'

export interface TaskSettings {
  readonly applicationId: string
  /** The quarantine topic of sources that name none. */
  readonly quarantineTopic: string
  readonly onDecodeException: ErrorPolicy
  readonly onProcessException: ErrorPolicy
  readonly onEncodeException: ErrorPolicy
  /** Most bytes of a record put out. */
  readonly recordBytesMax: number
  /** What is read of the input: with exactly once, committed records. */
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /**
   * How long a partition that has nothing at the broker is waited for while others of its task have records. -1: not even one that
   * has some (KIP-695).
   */
  readonly maxTaskIdleMs: number
  /** Of records that are tried again. */
  readonly retrying: { readonly firstMs: number; readonly longestMs: number; readonly timeoutMs: number }
  /** Whether what a record that fails has changed in stores can be taken back. If not, the first one that fails is a reason to stop. */
  readonly takesBack?: boolean
  /** Records that are diverted as they come, since they failed before: see `CannotTakeBack`. By `topic-partition@offset`. */
  readonly failedBefore?: Map<string, FailedRecord>
}

/** The record before which a partition was paused, and why. */
export interface ParkedRecord extends TopicPartition {
  readonly offset: number
  readonly error: unknown
}

/** Why a record is diverted that is not run. */
export interface FailedRecord extends TopicPartition {
  readonly offset: number
  readonly stage: Stage
  readonly node: string
  /** Of the node, if it has one of its own. */
  readonly policy: ErrorPolicy | null
  /** Since when it is tried again, on the clock's monotonic time, and how often it was; null: it is not to be. */
  readonly retry: { readonly since: number; readonly attempts: number } | null
  readonly error: unknown
}

/** What a task asks of its surroundings. `output` takes what it puts out; whoever calls `process` empties it. */
export interface TaskPorts {
  readonly clock: Clock
  readonly random: Random
  readonly output: OutputBatch
  /** Absent: the task's nodes have no stores. */
  readonly stores?: StorePorts & { readonly changelog: Changelog }
  /** The times of nodes, as they were committed. */
  readonly times?: Readonly<Record<string, number>>
  /** How many partitions a topic has that is written with a partitioner. Default: 1. */
  partitionsOf?(topic: string): number
  /** Told of each topic that a sink's function has chosen. */
  chosen?(topic: string, node: string): void
  /** What topics take, where that is less than `TaskSettings.recordBytesMax`. */
  readonly recordLimits?: ReadonlyMap<string, RecordLimits>
}

/** Where a task begins in one of its partitions. */
export interface StartOfPartition extends TopicPartition {
  readonly offset: number
  readonly tally: Tally
  /** Where the partition ends, as far as is known: a task waits for what lies before. Default: `offset`. */
  readonly endOffset?: number
  /** The largest timestamp of its records before `offset`. Default: -1, as before the first. */
  readonly time?: number
  /** Absent: all before `offset` has been dealt with, and nothing behind it. */
  readonly held?: HeldOffsets
}

/** One partition of a task. */
export interface TaskPartition extends TopicPartition {
  /** The next offset to process. */
  position: number
  readonly tally: PartitionTally
  readonly queue: InputQueue
  /** The largest timestamp of its records so far; -1 before the first. To be committed with the position. */
  readonly time: number
  /** The name of its source. */
  readonly node: string
  /** Nothing of it is processed, and nothing is waited for. */
  isPaused: boolean
  /** Null: no record of it is held back by its key. */
  held: HeldBack | null
}
