/**
 * Calls of user code that take their time: begun while a record is processed, finished between two rounds of the task. Records of one
 * key are called for one after the other; what they came to goes on in that order. Until a record is done with, it counts for nothing,
 * and nothing is committed.
 *
 * A call that takes too long is told to give up, and its record goes on without it. Until it has given up, it keeps its place among the calls and
 * the next of its key waiting, but for no longer than a second: one that never ends may then still be at work beside the next.
 */
import type { FetchedRecords } from '@sluice/kafka'
import { RetriableError, type Clock, type RawHeader, type TopicPartition } from '@sluice/sdk'
import type { ErrorPolicy } from '../topology/node.ts'
import { LaneState } from './lane-state.ts'
import type { PartitionTally } from './partition-tally.ts'
import type { RecordContext, RecordPlace } from './record-context.ts'

/** One asynchronous node of a task. */
export interface AsyncLane {
  readonly node: string
  /** Most calls at a time. */
  readonly concurrency: number
  readonly timeoutMs: number
  /** Whether results of different keys also keep the order of their records. */
  readonly keepsOrder: boolean
  call(key: unknown, value: unknown, signal: AbortSignal): Promise<unknown>
  /** What follows behind the node. */
  next(key: unknown, value: unknown, at: RecordContext): void
}

/** What is kept of a record that is not done with: the context is filled from it again. */
export class PendingRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Null: there is no record. A punctuator has begun the calls. */
  readonly tally: PartitionTally | null
  /** Calls that are not finished. */
  calls = 0
  reached = 0
  marked = false
  quarantinedFor: string | null = null
  droppedFor: string | null = null
  /** It has failed, and is let go as a whole. */
  isLetGo = false
  /** It has changed stores before it began to wait, or before it went on waiting. */
  hasChangedStores = false
  readonly #originalTimestamp: number
  readonly #timestampType: RecordContext['timestampType']
  readonly #originalHeaders: readonly RawHeader[] | null
  readonly #quarantine: string
  readonly #records: FetchedRecords | null
  readonly #index: number

  /**
   * @param from where the record under way was read, also while the context is that of one which it lets go; null: there is none, a
   * punctuator begins the calls
   */
  constructor(at: RecordContext, from: (TopicPartition & { readonly tally: PartitionTally }) | null) {
    this.topic = from?.topic ?? ''
    this.partition = from?.partition ?? at.partition
    this.offset = at.records?.offset(at.index) ?? -1
    this.tally = from?.tally ?? null
    this.#originalTimestamp = at.originalTimestamp
    this.#timestampType = at.timestampType
    this.#originalHeaders = at.originalHeaders
    this.#quarantine = at.quarantine
    this.#records = at.records
    this.#index = at.index
  }

  /** The context is that of this record again. */
  enter(at: RecordContext): void {
    at.begin()
    at.topic = this.topic
    at.partition = this.partition
    at.offset = this.offset
    at.originalTimestamp = this.#originalTimestamp
    at.timestampType = this.#timestampType
    at.originalHeaders = this.#originalHeaders
    at.quarantine = this.#quarantine
    at.records = this.#records
    at.index = this.#index
    at.reached = this.reached
    at.marked = this.marked
    at.quarantinedFor = this.quarantinedFor
    at.droppedFor = this.droppedFor
    at.stage = 'process'
  }

  /** What has become of it so far. Once no call is left, it counts. */
  leave(at: RecordContext): void {
    this.reached = at.reached
    this.marked = at.marked
    this.quarantinedFor = at.quarantinedFor
    this.droppedFor = at.droppedFor
    if (this.calls === 0) this.tally?.settle(at)
  }
}

/** A call that is over. */
export interface FinishedCall {
  readonly record: PendingRecord
  readonly lane: AsyncLane
  readonly key: unknown
  readonly timestamp: number
  readonly headers: readonly RawHeader[] | null
  /** It is for what others have left with the record: see `RecordContext.isLettingGo`. */
  readonly isLettingGo: boolean
  /** Then, where that was read. */
  readonly place: RecordPlace | null
  /** Of the node, if it has one of its own. */
  readonly policy: ErrorPolicy | null
  readonly outcome: { readonly value: unknown } | { readonly error: unknown }
}

/** The context is that of the record again which the call was for. */
export function enterCall(call: FinishedCall, at: RecordContext): void {
  const { record, lane, place, timestamp, headers, isLettingGo } = call
  record.enter(at)
  if (place !== null) at.standAt(place)
  at.timestamp = timestamp
  at.headers = headers
  at.node = lane.node
  at.isLettingGo = isLettingGo
  at.hasLetGo = isLettingGo
}

interface Call extends Omit<FinishedCall, 'outcome'> {
  readonly value: unknown
  readonly order: string | null
  outcome: FinishedCall['outcome'] | null
}

/** How many records may wait for each call that is under way. */
const WAITING_PER_CALL = 4
/** How long a call that is told to give up keeps its place, if it does not. */
const GIVING_UP_MS = 1_000

export class AsyncCalls {
  readonly #clock: Clock
  readonly #ended = new AbortController()
  /** In the order they were begun. */
  readonly #calls = new Set<Call>()
  readonly #lanes = new Map<AsyncLane, LaneState<Call>>()
  readonly #finished = new Set<Call>()
  #progress = Promise.withResolvers<void>()
  /** Told when a call is over, whoever else waits for it. */
  onFinished: (() => void) | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether there was ever a call. */
  get isUsed(): boolean {
    return this.#lanes.size > 0
  }

  /** Whether all records are done with. */
  get isEmpty(): boolean {
    return this.#calls.size === 0
  }

  /** How many are not done with. */
  get size(): number {
    return this.#calls.size
  }

  /** Whether one can be taken: see `take`. */
  get hasFinished(): boolean {
    return this.#finished.size > 0
  }

  /** Whether more records should wait until some are done with. */
  get isFull(): boolean {
    for (const [{ concurrency }, { waiting, isCrowded }] of this.#lanes)
      if (waiting.length >= concurrency * WAITING_PER_CALL || isCrowded) return true
    return false
  }

  /** The offset of the first record of a topic that is in a call; Infinity: none is. */
  earliestOf(topic: string): number {
    let earliest = Infinity
    for (const { record } of this.#calls) if (record.topic === topic) earliest = Math.min(earliest, record.offset)
    return earliest
  }

  /** Calls for the record under way as soon as may be. */
  begin(lane: AsyncLane, key: unknown, value: unknown, record: PendingRecord, at: RecordContext): void {
    const { timestamp, headers, isLettingGo, policy } = at
    const order = orderOf(key)
    const place = isLettingGo ? { topic: at.topic, partition: at.partition, offset: at.offset } : null
    const call: Call = {
      record,
      lane,
      key,
      value,
      timestamp,
      headers,
      isLettingGo,
      place,
      policy,
      order,
      outcome: null,
    }
    record.calls += 1
    this.#calls.add(call)
    let state = this.#lanes.get(lane)
    if (state === undefined) this.#lanes.set(lane, (state = new LaneState<Call>()))
    state.wait(call)
    this.#startNext(lane, state)
  }

  /** A call that is over, whose result goes on now; null: none for now. */
  take(): FinishedCall | null {
    for (const call of this.#finished) {
      this.#finished.delete(call)
      this.#calls.delete(call)
      call.record.calls -= 1
      return { ...call, outcome: call.outcome! }
    }
    return null
  }

  /** Resolves when one can be taken. */
  async progress(): Promise<void> {
    while (!this.hasFinished && !this.isEmpty) await this.#progress.promise
  }

  /** Whoever is called is told to give up, and what it comes to is not waited for. */
  close(): void {
    this.#ended.abort(null)
    this.#calls.clear()
    this.#finished.clear()
    for (const { waiting } of this.#lanes.values()) waiting.length = 0
    this.#tell()
  }

  #startNext(lane: AsyncLane, state: LaneState<Call>): void {
    const { waiting, busy } = state
    for (let i = 0; i < waiting.length && state.running < lane.concurrency;) {
      const { order } = waiting[i]!
      if (order !== null && busy.has(order)) {
        i += 1
        continue
      }
      const call = state.leave(i)
      if (order !== null) busy.add(order)
      state.running += 1
      void this.#run(call, state)
    }
  }

  /** Never rejects. */
  async #run(call: Call, state: LaneState<Call>): Promise<void> {
    const { lane, order } = call
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, this.#ended.signal])
    const asked = ask(call, signal)
    const late = this.#clock.sleep(lane.timeoutMs, signal).then(() => tooLong(lane))
    const outcome = await Promise.race([asked, late])
    // Without a reason no error with a stack is made for it.
    over.abort(null)
    if (this.#ended.signal.aborted) return
    const isLate = outcome instanceof Error
    call.outcome = isLate ? { error: outcome } : outcome
    this.#release(call)
    if (isLate) {
      this.#announce()
      await Promise.race([asked, this.#clock.sleep(Math.min(lane.timeoutMs, GIVING_UP_MS), this.#ended.signal)])
      if (this.#ended.signal.aborted) return
    }
    state.running -= 1
    if (order !== null) state.busy.delete(order)
    this.#startNext(lane, state)
    if (!isLate) this.#announce()
  }

  /** What may go on now that this call is over. */
  #release(call: Call): void {
    if (!call.lane.keepsOrder) {
      this.#finished.add(call)
      return
    }
    for (const other of this.#calls) {
      if (other.lane !== call.lane) continue
      if (other.outcome === null) return
      this.#finished.add(other)
    }
  }

  #tell(): void {
    this.#progress.resolve()
    this.#progress = Promise.withResolvers()
  }

  #announce(): void {
    this.#tell()
    this.onFinished?.()
  }
}

/** Never rejects. */
async function ask({ lane, key, value }: Call, signal: AbortSignal): Promise<FinishedCall['outcome']> {
  try {
    return { value: await lane.call(key, value, signal) }
  } catch (error) {
    return { error }
  }
}

function tooLong({ node, timeoutMs }: AsyncLane): RetriableError {
  return new RetriableError('TASK_FAILED', `A call of ${node} took longer than ${timeoutMs} ms`, {
    place: { node },
    remedy: 'See what it waits for, or give it a longer timeoutMs.',
  })
}

/** Equal keys have equal texts. Records without a key are in no order. */
function orderOf(key: unknown): string | null {
  if (key === null) return null
  if (typeof key === 'string') return key
  if (key instanceof Uint8Array) return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
  return typeof key === 'object' ? JSON.stringify(key, bigintsAsText) : (key as number | bigint | boolean).toString()
}

function bigintsAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
