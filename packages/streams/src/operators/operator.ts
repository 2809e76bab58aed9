/**
 * What one kind of node does. One operator = one file beside this one, and one method on `KStream`.
 *
 * An operator is compiled once per task into a step: a plain synchronous function that does its part for one record and calls the
 * next step. Nothing is allocated between two steps; keys and values are arguments, all else is in the context.
 */
import type { Gate, Quarantine } from '@sluice/quality'
import type { Clock } from '@sluice/sdk'
import type { AsyncLane } from '../record-path/async-calls.ts'
import type { Closing, NodeTime } from '../record-path/node-times.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { StateStore } from '../state/stores.ts'
import type { Calls } from '../topology/synchronous.ts'

/** Does its part for one record and hands it on, as often as it likes; returns when everything downstream is done. */
export type Step = (key: unknown, value: unknown, at: RecordContext) => void

/** What a step is compiled for: one node of one task. */
export interface NodeScope {
  /** The node's name. */
  readonly node: string
  /** The task's name, such as `0_1`: sub-topology and partition. */
  readonly task: string
  readonly clock: Clock
  /** Makes the records for quarantine topics. */
  readonly quarantine: Quarantine
  /** The gates of the task: a node that compiles one adds it, so that its counters are reported. */
  readonly gates: Gate[]
  /** A store that the node is connected to, or a global one. Its interface is the caller's word: `scope.store(name) as WindowStore<K, V>`. */
  store(name: string): StateStore
  /** Whether the values that arrive were read from the very bytes that the store would write: those of the record under way. */
  keepsValue(store: string): boolean
  /**
   * A time of the node's own, such as the latest that it has seen: committed with the offsets, and so there after a restart. `closing`: of a node
   * that puts windows out when they are closed.
   */
  time(closing?: Closing): NodeTime
  /** The largest timestamp that the task has processed, the record under way included; -1 before the first. */
  streamTime(): number
  /** Called when the time of a node before this one moves on without a record: see `advanceTime`. */
  onTime(advance: TimeListener): void
  /** Moves the time of the nodes behind this one on, the nearest first. `at` is the record under way, or a punctuator's. */
  advanceTime(timestamp: number, at: RecordContext): void
  /** Whether the task has processed all that its partitions hold, as far as is known. */
  isCaughtUp(): boolean
  /** By topic that the task reads, the offset before which all records have been through: that under way has not, nor what is in a call. */
  positions(): Readonly<Record<string, number>>
  /** Calls back at every multiple of the interval (stream time), or so long after now and after each call (wall clock). */
  schedule(intervalMs: number, type: PunctuationType, callback: Punctuator): Cancellable
  /** Calls a step from a punctuator. What is thrown behind it is dealt with there, and the punctuator goes on, unless the run ends. */
  withoutRecord(step: Step, key: unknown, value: unknown, at: RecordContext): void
  /** Lets the task commit as soon as it can, not only when the time has come. */
  requestCommit(): void
  /** Calls for the record under way; what it comes to goes on behind the lane's node, in a later round of the task. */
  begin(lane: AsyncLane, key: unknown, value: unknown, at: RecordContext): void
  /** Called once, when the task is closed, while its stores are still open. */
  onClose(close: () => void): void
  /**
   * The record, or one window of it, ends here by a rule of the operator: counted as `dropped-records`, and in the tally under the
   * reason unless the record goes on elsewhere. An operator that keeps a record in a store without forwarding says `at.keep()`.
   */
  drop(at: RecordContext, reason: string): void
  /** The step of one child, by the child's name; `next` is all of them. @throws SluiceError TOPOLOGY_INVALID when there is no such child */
  forwardTo(child: string): Step
  /** What several nodes of one task share, such as the time that both sides of a join have seen: made at the first call for the key. */
  shared<T>(key: object, make: () => T): T
}

/** Moves a node's own time on, and puts out what is due by then. */
export type TimeListener = (timestamp: number, at: RecordContext) => void

/** Kafka Streams' `PunctuationType`. */
export type PunctuationType = 'STREAM_TIME' | 'WALL_CLOCK_TIME'

/** `at` is the task's context without a record: topic '', offset -1, no headers, `timestamp` as given. */
export type Punctuator = (timestamp: number, at: RecordContext) => void

export interface Cancellable {
  cancel(): void
}

export interface Operator {
  /** One word, such as `filter`. */
  readonly kind: string
  /** What the generated name of a node begins with, such as `KSTREAM-FILTER-`. */
  readonly prefix: string
  /** What it may change of a record that passes; absent: nothing, so that what nobody changed need not be encoded again. */
  readonly changes?: 'key' | 'value' | 'record'
  /** What of a record it never looks at but to see whether it is null; absent: it may look at both. */
  readonly ignores?: 'key' | 'value' | 'record'
  /** For the JSON form of the topology. */
  readonly details?: Readonly<Record<string, unknown>>
  /**
   * Records per partition that the node remembers; 0 or absent for none. Before a task goes on from a committed position, this many
   * records before it are run through the task again, without output, so that the node remembers what it would without a stop.
   */
  readonly memoryRecords?: number
  /** Children that are no part of `next`: they get only what is forwarded to them by name. */
  readonly sideChildren?: readonly string[]
  /** The user's functions that it calls with records, which must answer at once. */
  readonly calls?: Calls
  /** Topics the node diverts records to. */
  readonly divertsTo?: readonly string[]
  compile(next: Step, scope: NodeScope): Step
}
