/**
 * One task: one partition of each topic that a sub-topology reads. It decodes, processes and encodes what was fetched, synchronously
 * and record by record, and knows what became of each one. It neither fetches nor produces: see runtime/stream-thread.ts.
 */
import type { FetchedPartition } from '@sluice/kafka'
import { Quarantine, type Gate } from '@sluice/quality'
import type { SluiceError } from '@sluice/sdk'
import { NO_CHANGELOG } from '../state/store-context.ts'
import type { StateStore } from '../state/stores.ts'
import { UndoJournal } from '../state/undo-journal.ts'
import { changelogTopicOf } from '../topology/internal-topics.ts'
import type { Subtopology, Topology } from '../topology/topology.ts'
import { AsyncCalls, enterCall, PendingRecord, type FinishedCall } from './async-calls.ts'
import { compileChains } from './chain.ts'
import { closeAll } from './close-all.ts'
import { Drops } from './drops.ts'
import { failed, refuseTimeless } from './end-before.ts'
import { Failures, HELD } from './failures.ts'
import { NodeTimes } from './node-times.ts'
import { Punctuations } from './punctuations.ts'
import { RecordContext } from './record-context.ts'
import { RecordOrder } from './record-order.ts'
import { memoryOf, remembered } from './remember.ts'
import type { ParkedRecord, StartOfPartition, TaskPartition, TaskPorts, TaskSettings } from './task-contract.ts'
import { TaskStores } from './task-stores.ts'
import { isAtItsEnd, placeOf, throughUpTo } from './through.ts'
import { read, UNREADABLE, wayFor, wayOf, type Way } from './way.ts'

export class StreamTask {
  /** Kafka Streams' task id: `<sub-topology>_<partition>`. */
  readonly id: string
  readonly subtopology: number
  readonly partition: number
  /** How many records before a position must be remembered: see `Operator.memoryRecords`. */
  readonly memoryRecords: number
  /** The gates of its nodes, for their counters. */
  readonly gates: readonly Gate[]
  readonly #at: RecordContext
  readonly #ways: readonly Way[]
  readonly #quarantine: Quarantine
  readonly #stores: TaskStores
  readonly #punctuations: Punctuations
  readonly #drops = new Drops()
  readonly #times: NodeTimes
  #streamTime = -1
  readonly #order: RecordOrder
  readonly #failures: Failures
  readonly #journal: UndoJournal | null
  #isCommitWanted = false
  /** Stores that hold as much back as they may. */
  readonly #full = new Set<string>()
  readonly #closers: (() => void)[] = []
  readonly #calls: AsyncCalls
  /** The record under way, if it has begun calls. */
  #pending: PendingRecord | null = null
  /** Where the record under way was read. */
  #from: Way | null = null
  /** No record is begun: what has been begun is waited for. */
  isHeld = false
  /** Until its punctuators are called again. */
  #wasPaused = false

  constructor(
    topology: Topology,
    subtopology: Subtopology,
    partition: number,
    starts: readonly StartOfPartition[],
    settings: TaskSettings,
    ports: TaskPorts,
  ) {
    const { clock, random } = ports
    const gates: Gate[] = []
    this.id = `${subtopology.id}_${partition}`
    this.subtopology = subtopology.id
    this.partition = partition
    this.memoryRecords = memoryOf(subtopology)
    this.#calls = new AsyncCalls(clock)
    this.#at = new RecordContext(ports)
    this.#quarantine = new Quarantine({ flow: settings.applicationId, clock, random })
    this.#punctuations = new Punctuations(clock)
    this.#times = new NodeTimes(ports.times)
    this.#journal = settings.takesBack === true && subtopology.stores.length > 0 ? new UndoJournal() : null
    this.#stores = new TaskStores(subtopology.stores, ports.stores, {
      record: this.#at,
      journal: this.#journal,
      changelog: ports.stores?.changelog ?? NO_CHANGELOG,
      changelogTopic: (store) =>
        topology.stores.get(store)?.sourceTopic ?? changelogTopicOf(settings.applicationId, store),
      onExpired: () => this.#drops.add('expired'),
      onFull: (store) => void this.#full.add(store),
    })
    const chains = compileChains(topology, subtopology, {
      task: this.id,
      clock,
      quarantine: this.#quarantine,
      gates,
      stores: this.#stores,
      punctuations: this.#punctuations,
      times: this.#times,
      drops: this.#drops,
      streamTime: () => this.#streamTime,
      // What came during a pause is not known yet when that ends.
      isCaughtUp: () => !this.#wasPaused && this.#calls.isEmpty && this.#ways.every(isAtItsEnd),
      positions: () => throughUpTo(this.#ways, this.#pending ?? placeOf(this.#at, this.#from), this.#calls),
      requestCommit: () => void (this.#isCommitWanted = true),
      failedWithoutRecord: (at, error) => this.#failures.withoutRecord(at, error),
      begin: (lane, key, value, at) => {
        this.#pending ??= new PendingRecord(at, at.records === null ? null : this.#from)
        this.#calls.begin(lane, key, value, this.#pending, at)
      },
      onClose: (close) => this.#closers.push(close),
      recordBytesMax: settings.recordBytesMax,
      ...(ports.recordLimits === undefined ? {} : { recordLimits: ports.recordLimits }),
      partitionsOf: (topic) => ports.partitionsOf?.(topic) ?? 1,
      chosen: (topic, node) => ports.chosen?.(topic, node),
    })
    this.gates = gates
    this.#ways = starts.map((start) => wayOf(start, chains.get(start.topic)!, settings))
    this.#order = new RecordOrder(this.#ways, settings.maxTaskIdleMs, clock, this.#at)
    this.#failures = new Failures({
      task: this.id,
      quarantineTopic: this.#ways[0]?.quarantine ?? settings.quarantineTopic,
      settings,
      clock,
      quarantine: this.#quarantine,
      drops: this.#drops,
      journal: this.#journal,
      hasStores: this.#stores.all.size > 0,
    })
    this.#streamTime = Math.max(-1, ...this.#ways.map(({ time }) => time))
  }

  get partitions(): readonly TaskPartition[] {
    return this.#ways
  }

  /** Its own stores by name, for whoever commits, restores or queries them. */
  get stores(): ReadonlyMap<string, StateStore> {
    return this.#stores.all
  }

  /** The largest timestamp that it has processed; -1 before the first. */
  get streamTime(): number {
    return this.#streamTime
  }

  /**
   * When to call `run` again though nothing was taken, on the clock's monotonic time: then a partition has been waited for long enough.
   * Infinity: not before something is taken.
   */
  get waitsUntil(): number {
    return this.#order.waitsUntil
  }

  /** Partitions that have been paused by themselves since the last call, each before a record that failed. */
  takeParked(): readonly ParkedRecord[] {
    return this.#failures.takeParked()
  }

  /** The times of its nodes, to be committed with the offsets. */
  nodeTimes(): Readonly<Record<string, number>> {
    return this.#times.snapshot()
  }

  /** What its operators let go, by reason: see `Drops`. */
  droppedRecords(): Readonly<Record<string, number>> {
    return this.#drops.snapshot()
  }

  /** Calls of its nodes that records wait for: their positions stand behind them though they are not done with. */
  get calls(): Pick<AsyncCalls, 'isUsed' | 'isEmpty' | 'size' | 'hasFinished' | 'progress' | 'onFinished'> {
    return this.#calls
  }

  /** Whether a processor has asked for a commit since the last call. */
  takeCommitRequest(): boolean {
    const isWanted = this.#isCommitWanted
    this.#isCommitWanted = false
    return isWanted
  }

  /** How often the clock has called a punctuator of its. */
  get punctuated(): number {
    return this.#punctuations.wallClockCalls
  }

  /** Calls the punctuators that are due by the clock. What they put out is in the output. Returns the reason to stop. */
  punctuate(): SluiceError | null {
    if (this.#ways.length > 0 && this.#ways.every(({ isPaused }) => isPaused)) {
      this.#wasPaused = true
      return null
    }
    const stop = this.#punctuate((at) => this.#punctuations.advanceWallClock(at))
    this.#wasPaused = false
    return stop
  }

  /** Puts out what its stores hold back of their changelogs: before a commit. */
  flush(): void {
    this.#flush(this.#stores.all.keys())
  }

  /** Closes its processors, and gives its stores back. @throws what the first processor throws, after all of that */
  close(): void {
    this.#calls.close()
    closeAll([...this.#closers.splice(0), () => this.#stores.close()])
  }

  /** Takes what was fetched of one partition, and runs what may be run: see `run`. */
  process(fetched: FetchedPartition): SluiceError | null {
    this.take(fetched)
    return this.run()
  }

  take(fetched: FetchedPartition): void {
    wayFor(this.#ways, fetched).queue.push(fetched)
  }

  /**
   * Runs what has been taken, of several partitions the record with the smallest timestamp first; and stops when one of them has none
   * left though there are more at the broker, or there may be (see `TaskSettings.maxTaskIdleMs`). Records to produce are in the output; positions and tallies stand behind the last record
   * that was dealt with. Returns the reason to stop (GATE_HALTED, TASK_FAILED): then the position is that of the record that caused it,
   * and nothing of that record is in the output.
   */
  run(): SluiceError | null {
    for (let call = this.#calls.take(); call !== null; call = this.#calls.take()) {
      const stop = this.#finish(call)
      if (stop !== null) return stop
    }
    for (;;) {
      const way = this.#order.next(!this.#mayNotBegin)
      if (way === null) break
      // Until another partition has an earlier record; of the only one, all.
      const until = this.#ways.length === 1 ? Infinity : this.#order.timeOfOthers(way)
      const stop = this.#runOf(way, until)
      if (stop === HELD) continue
      if (stop !== null) return stop
    }
    for (const way of this.#ways) way.position = way.queue.settledAt(way.position)
    return null
  }

  /** Lets the nodes remember records before the position, without output and without counting. */
  remember(fetched: FetchedPartition): void {
    const way = wayFor(this.#ways, fetched)
    remembered(way, fetched, this.#at, () => void this.#run(way))
  }

  /** Up to the first record behind that time. */
  #runOf(way: Way, until: number): SluiceError | null {
    const at = this.#at
    const { queue } = way
    this.#from = way
    while (!queue.isEmpty) {
      const { batch } = queue
      at.enter(way, batch)
      for (let i = queue.at; i < batch.count; i++) {
        if (until !== Infinity) {
          if (this.#order.timeOf(way) > until) return null
          at.enter(way, batch)
        }
        at.fill(batch, i)
        const stop = this.#run(way)
        if (stop !== null) {
          this.#pending = null
          way.position = batch.offset(i)
          return stop
        }
        way.retry = null
        const hasBegun = this.#pending !== null
        if (this.#pending === null) way.tally.settle(this.#at)
        else this.#leave(this.#pending)
        way.position = queue.shift()
        this.#settled()
        if (this.#streamTime >= this.#punctuations.nextStreamTime) {
          const stop = this.#punctuate((at) => this.#punctuations.advanceStreamTime(this.#streamTime, at))
          if (stop !== null) return stop
          at.enter(way, batch)
          if (this.#mayNotBegin) return null
        } else if (hasBegun && this.#mayNotBegin) return null
        if (way.held !== null) return null
      }
      if (!this.#calls.isUsed) at.leave(batch)
      // With several partitions, this one has to be asked for more when it is empty.
      if (until !== Infinity) return null
    }
    return null
  }

  /** A record has come to all its ends. */
  #settled(): void {
    this.#at.output.settled()
    if (this.#full.size > 0) this.#flush(this.#full)
  }

  /** No record is under way: what the stores tell goes as it comes. */
  #flush(stores: Iterable<string>): void {
    const { behind, onMany } = this.#at.output
    if (behind !== null) behind.onMany = onMany
    for (const store of stores) this.#stores.all.get(store)!.flush()
    if (behind !== null) behind.onMany = null
    this.#full.clear()
  }

  /** One record from its bytes to all its ends. Returns the reason to stop. */
  #run(way: Way): SluiceError | null {
    const at = this.#at
    const { output } = at
    const length = output.length
    const bytes = output.bytes
    try {
      const { chain, peeked } = way
      way.peeked = null
      this.#journal?.clear()
      const before = this.#failures.failedBefore(at, way)
      if (before !== undefined) throw before
      const isRead = peeked !== null && peeked !== UNREADABLE
      const key = isRead ? peeked.key : read(chain.key, chain.reads.key, at.keyBytes, at)
      const value = isRead ? peeked.value : read(chain.value, chain.reads.value, at.valueBytes, at)
      at.stage = 'process'
      const extract = chain.source.timestampExtractor
      if (extract !== undefined) {
        at.timestamp = isRead ? peeked.time : extract(at, key, value, way.time)
        if (at.timestamp < 0) {
          at.drop('timestamp')
          this.#drops.add('timestamp')
          return null
        }
      }
      refuseTimeless(at)
      if (at.timestamp > way.time) way.time = at.timestamp
      if (at.timestamp > this.#streamTime) this.#streamTime = at.timestamp
      chain.head(key, value, at)
      if (at.halt !== null) output.rewind(length, bytes)
      return at.halt
    } catch (error) {
      return at.live ? this.#thrown(way, error, length, bytes) : null
    }
  }

  /** Nothing of the record is in the output behind that mark. */
  #thrown(way: Way, error: unknown, length: number, bytes: number): SluiceError | null {
    this.#at.output.rewind(length, bytes)
    return this.#failures.thrown(this.#at, way, error, this.#pending)
  }

  get #mayNotBegin(): boolean {
    return this.isHeld || this.#calls.isFull
  }

  /** What it changes in stores from here on is noted anew. */
  #leave(record: PendingRecord): void {
    record.hasChangedStores ||= this.#journal?.isEmpty === false
    record.leave(this.#at)
    this.#pending = null
  }

  /** A record goes on with what a call for it has come to, unless it has been diverted, or dropped, meanwhile. */
  #finish(call: FinishedCall): SluiceError | null {
    const { record, lane, key, policy, outcome } = call
    const at = this.#at
    const { output } = at
    const { length, bytes } = output
    enterCall(call, at)
    this.#journal?.clear()
    this.#pending = record
    let stop: SluiceError | null = null
    const isOver = record.quarantinedFor !== null || record.isLetGo
    try {
      if ('error' in outcome) {
        at.policy = policy
        throw outcome.error
      }
      if (!isOver) lane.next(key, outcome.value, at)
      if (at.halt !== null) output.rewind(length, bytes)
      stop = at.halt
    } catch (error) {
      if (record.tally === null) stop = this.#failures.withoutRecord(at, error)
      else if (!isOver) stop = this.#thrown(wayFor(this.#ways, record), error, length, bytes)
    }
    if (stop === null) this.#leave(record)
    this.#pending = null
    this.#settled()
    return stop
  }

  #punctuate(advance: (at: RecordContext) => void): SluiceError | null {
    const at = this.#at
    at.empty()
    this.#journal?.clear()
    try {
      advance(at)
      if (this.#pending !== null) this.#leave(this.#pending)
      return at.halt
    } catch (error) {
      this.#pending = null
      return at.halt ?? failed(at, error)
    }
  }
}
