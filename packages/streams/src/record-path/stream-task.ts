/**
 * One task: one partition of each topic that a sub-topology reads. It decodes, processes and encodes what was fetched, synchronously
 * and record by record, and knows what became of each one. It neither fetches nor produces: see runtime/stream-thread.ts.
 */
import type { FetchedPartition, FetchedRecords, Tally } from '@sluice/kafka'
import { Quarantine, type Gate } from '@sluice/quality'
import {
  DataError,
  RetriableError,
  SluiceError,
  type Clock,
  type Converter,
  type Random,
  type Stage,
  type TopicPartition,
} from '@sluice/sdk'
import type { Changelog } from '../state/store-context.ts'
import type { StateStore } from '../state/stores.ts'
import { UndoJournal } from '../state/undo-journal.ts'
import { changelogTopicOf } from '../topology/internal-topics.ts'
import type { ErrorPolicy } from '../topology/node.ts'
import type { TimestampExtractor } from '../topology/record-functions.ts'
import type { Subtopology, Topology } from '../topology/topology.ts'
import { AsyncCalls, PendingRecord, type FinishedCall } from './async-calls.ts'
import { compileChains, type SourceChain } from './chain.ts'
import { divertFailure } from './divert.ts'
import { Drops } from './drops.ts'
import { InputQueue } from './input-queue.ts'
import type { OutputBatch } from './output-batch.ts'
import { NodeTimes } from './node-times.ts'
import { PartitionTally } from './partition-tally.ts'
import { Punctuations } from './punctuations.ts'
import { RecordContext } from './record-context.ts'
import { TaskStores, type StorePorts } from './task-stores.ts'
import { UNREAD } from './untouched.ts'

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
export interface FailedRecord {
  readonly stage: Stage
  readonly node: string
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
  /** Most bytes of a record of a topic, where that is less than `TaskSettings.recordBytesMax`. */
  readonly recordLimits?: ReadonlyMap<string, number>
}

/** Where a task begins in one of its partitions. */
export interface StartOfPartition extends TopicPartition {
  readonly offset: number
  readonly tally: Tally
  /** Where the partition ends, as far as is known: a task waits for what lies before. Default: `offset`. */
  readonly endOffset?: number
  /** The largest timestamp of its records before `offset`. Default: -1, as before the first. */
  readonly time?: number
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
}

interface Way extends TaskPartition {
  time: number
  readonly chain: SourceChain
  readonly quarantine: string
  /** Its next record, if it had to be read to know its time. */
  peeked: Peeked | null
  /** Until when it is waited for though it has nothing; null while it has something. */
  idleUntil: number | null
  /** Its next record has failed and is tried again. */
  retry: Retry | null
}

interface Retry {
  readonly offset: number
  readonly since: number
  attempts: number
  /** Not before. */
  at: number
}

interface Peeked {
  readonly time: number
  readonly key: unknown
  readonly value: unknown
}

/** Comes first, and is found out what is wrong with it when it is run. */
const UNREADABLE: Peeked = { time: -1, key: null, value: null }

export class StreamTask {
  /** Kafka Streams' task id: `<sub-topology>_<partition>`. */
  readonly id: string
  readonly subtopology: number
  readonly partition: number
  /** How many records before a position must be remembered: see `Operator.memoryRecords`. */
  readonly memoryRecords: number
  /** The gates of its nodes, for their counters. */
  readonly gates: readonly Gate[]
  readonly #settings: TaskSettings
  readonly #at: RecordContext
  readonly #ways: readonly Way[]
  readonly #quarantine: Quarantine
  readonly #stores: TaskStores
  readonly #punctuations: Punctuations
  readonly #drops = new Drops()
  readonly #times: NodeTimes
  readonly #clock: Clock
  #streamTime = -1
  #waitsUntil = Infinity
  readonly #parked: ParkedRecord[] = []
  readonly #journal: UndoJournal | null
  #isCommitWanted = false
  readonly #closers: (() => void)[] = []
  readonly #calls: AsyncCalls
  /** The record under way, if it has begun calls. */
  #pending: PendingRecord | null = null
  /** No record is begun: what has been begun is waited for. */
  isHeld = false

  constructor(
    topology: Topology,
    subtopology: Subtopology,
    partition: number,
    starts: readonly StartOfPartition[],
    settings: TaskSettings,
    ports: TaskPorts,
  ) {
    const { clock, random, output } = ports
    const gates: Gate[] = []
    this.id = `${subtopology.id}_${partition}`
    this.subtopology = subtopology.id
    this.partition = partition
    this.memoryRecords = Math.max(
      0,
      ...subtopology.nodes.map((node) => (node.kind === 'processor' ? (node.operator.memoryRecords ?? 0) : 0)),
    )
    this.#settings = settings
    this.#clock = clock
    this.#calls = new AsyncCalls(clock)
    this.#at = new RecordContext(output)
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
      isCaughtUp: () =>
        this.#ways.every(({ queue, position }) => queue.isEmpty && queue.settledAt(position) >= queue.endOffset),
      requestCommit: () => {
        this.#isCommitWanted = true
      },
      begin: (lane, key, value, at) => {
        this.#pending ??= new PendingRecord(at, this.#way(at).tally)
        this.#calls.begin(lane, key, value, this.#pending, at)
      },
      onClose: (close) => this.#closers.push(close),
      recordBytesMax: settings.recordBytesMax,
      ...(ports.recordLimits === undefined ? {} : { recordLimits: ports.recordLimits }),
      partitionsOf: (topic) => ports.partitionsOf?.(topic) ?? 1,
    })
    this.gates = gates
    this.#ways = starts.map(({ topic, partition, offset, tally, endOffset = offset, time = -1 }) => {
      const chain = chains.get(topic)!
      return {
        topic,
        partition,
        position: offset,
        tally: new PartitionTally(tally),
        queue: new InputQueue(endOffset, settings.isolation),
        time,
        node: chain.source.name,
        chain,
        quarantine: chain.source.quarantine ?? settings.quarantineTopic,
        peeked: null,
        idleUntil: null,
        isPaused: false,
        retry: null,
      }
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
    return this.#waitsUntil
  }

  /** Partitions that have been paused by themselves since the last call, each before a record that failed. */
  takeParked(): readonly ParkedRecord[] {
    return this.#parked.splice(0)
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
  get calls(): Pick<AsyncCalls, 'isUsed' | 'isEmpty' | 'hasFinished' | 'isFull' | 'progress' | 'onFinished'> {
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
    if (this.#ways.length > 0 && this.#ways.every(({ isPaused }) => isPaused)) return null
    return this.#punctuate((at) => this.#punctuations.advanceWallClock(at))
  }

  /** Puts out what its stores hold back of their changelogs: before a commit. */
  flush(): void {
    this.#stores.flush()
  }

  /** Closes its processors, and gives its stores back. @throws what the first processor throws, after all of that */
  close(): void {
    const failures: unknown[] = []
    this.#calls.close()
    for (const close of this.#closers.splice(0)) {
      try {
        close()
      } catch (error) {
        failures.push(error)
      }
    }
    this.#stores.close()
    if (failures.length > 0) throw failures[0]
  }

  /** Takes what was fetched of one partition, and runs what may be run: see `run`. */
  process(fetched: FetchedPartition): SluiceError | null {
    this.take(fetched)
    return this.run()
  }

  take(fetched: FetchedPartition): void {
    this.#way(fetched).queue.push(fetched)
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
      const way = this.#next()
      if (way === null) break
      // Until another partition has an earlier record; of the only one, all.
      const until = this.#ways.length === 1 ? Infinity : this.#timeOfOthers(way)
      const stop = this.#runOf(way, until)
      if (stop === HELD) continue
      if (stop !== null) return stop
    }
    for (const way of this.#ways) way.position = way.queue.settledAt(way.position)
    return null
  }

  /** Lets the nodes remember records before the position, without output and without counting. */
  remember(fetched: FetchedPartition): void {
    const way = this.#way(fetched)
    const at = this.#at
    at.live = false
    for (const batch of fetched.batches) {
      this.#enter(way, batch)
      for (let i = 0; i < batch.count && batch.offset(i) < way.position; i++) {
        this.#fill(batch, i)
        this.#run(way)
      }
    }
    at.live = true
  }

  /** The partition whose record is next; null: none may be run now. Among equals the first. */
  #next(): Way | null {
    this.#waitsUntil = Infinity
    if (this.#mayNotBegin) return null
    if (this.#ways.length === 1) {
      const way = this.#ways[0]!
      return way.queue.isEmpty || way.isPaused || this.#isHeld(way) ? null : way
    }
    let next: Way | null = null
    let earliest = Infinity
    let waitsUntil = -Infinity
    for (const way of this.#ways) {
      if (way.isPaused) continue
      if (this.#isHeld(way)) return null
      if (way.queue.isEmpty) {
        waitsUntil = Math.max(waitsUntil, this.#waitFor(way))
        continue
      }
      way.idleUntil = null
      const time = this.#headTime(way)
      if (next !== null && time >= earliest) continue
      next = way
      earliest = time
    }
    if (next === null || waitsUntil === -Infinity) return next
    this.#waitsUntil = waitsUntil
    return null
  }

  /** A record that is tried again is not tried yet: nothing of its task overtakes it. */
  #isHeld({ retry }: Way): boolean {
    if (retry === null || retry.at <= this.#clock.monotonic()) return false
    this.#waitsUntil = retry.at
    return true
  }

  /** Until when an empty one is waited for; Infinity: until something comes. -Infinity: not, or no longer. */
  #waitFor(way: Way): number {
    const { maxTaskIdleMs } = this.#settings
    if (maxTaskIdleMs < 0) return -Infinity
    if (way.queue.settledAt(way.position) < way.queue.endOffset) {
      way.idleUntil = null
      return Infinity
    }
    if (maxTaskIdleMs === 0) return -Infinity
    const now = this.#clock.monotonic()
    way.idleUntil ??= now + maxTaskIdleMs
    return now < way.idleUntil ? way.idleUntil : -Infinity
  }

  #timeOfOthers(way: Way): number {
    let earliest = Infinity
    for (const other of this.#ways)
      if (other !== way && !other.isPaused) earliest = Math.min(earliest, this.#headTime(other))
    return earliest
  }

  /** The time of the next record, as its source says: what says it may need to read the record. Infinity where there is none. */
  #headTime(way: Way): number {
    const { queue, chain } = way
    const extract = chain.source.timestampExtractor
    if (extract === undefined || queue.isEmpty) return queue.headTime
    way.peeked ??= this.#peek(way, extract)
    return way.peeked.time
  }

  #peek(way: Way, extract: TimestampExtractor): Peeked {
    const at = this.#at
    const { chain, queue } = way
    this.#enter(way, queue.batch)
    this.#fill(queue.batch, queue.at)
    try {
      const key = read(chain.key, chain.reads.key, at.keyBytes, at)
      const value = read(chain.value, chain.reads.value, at.valueBytes, at)
      return { time: extract(at, key, value, way.time), key, value }
    } catch {
      return UNREADABLE
    }
  }

  /** Up to the first record behind that time. */
  #runOf(way: Way, until: number): SluiceError | null {
    const { queue } = way
    while (!queue.isEmpty) {
      const { batch } = queue
      this.#enter(way, batch)
      for (let i = queue.at; i < batch.count; i++) {
        if (until !== Infinity) {
          if (this.#headTime(way) > until) return null
          this.#enter(way, batch)
        }
        this.#fill(batch, i)
        const stop = this.#run(way)
        if (stop !== null) {
          this.#pending = null
          way.position = this.#at.offset
          return stop
        }
        way.retry = null
        if (this.#pending === null) way.tally.settle(this.#at)
        else this.#pending.leave(this.#at)
        way.position = queue.shift()
        this.#at.output.settled()
        if (this.#streamTime >= this.#punctuations.nextStreamTime) {
          const stop = this.#punctuate((at) => this.#punctuations.advanceStreamTime(this.#streamTime, at))
          if (stop !== null) return stop
          this.#enter(way, batch)
        }
        if (this.#pending !== null) {
          this.#pending = null
          if (this.#mayNotBegin) return null
        }
      }
      // With several partitions, this one has to be asked for more when it is empty.
      if (until !== Infinity) return null
    }
    return null
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
      const before = this.#failedBefore(way)
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
      if (at.timestamp < 0) throw timeless(at)
      if (at.timestamp > way.time) way.time = at.timestamp
      if (at.timestamp > this.#streamTime) this.#streamTime = at.timestamp
      chain.head(key, value, at)
      if (at.halt !== null) output.rewind(length, bytes)
      return at.halt
    } catch (error) {
      return at.live ? this.#thrown(error, length, bytes) : null
    }
  }

  /**
   * Deals with the record under way as its policy says, with nothing of it in the output behind that mark nor in the stores. Returns the
   * reason to stop, or `HELD`.
   */
  #thrown(error: unknown, length: number, bytes: number): SluiceError | null {
    const at = this.#at
    at.output.rewind(length, bytes)
    // What others have left with it would be lost with the record.
    if (at.isLettingGo) return failed(at, error)
    const way = this.#way(at)
    const policy = this.#policyOf(way)
    if (policy === 'fail') return failed(at, error)
    if (at.stage !== 'decode' && this.#stores.all.size > 0) {
      if (this.#journal === null || at.hasLetGo) return new CannotTakeBack(at, error)
      this.#journal.takeBack()
    }
    // A record with calls under way has begun: it cannot begin once more.
    if (this.#pending === null && policy === 'park') return this.#park(way, error)
    if (this.#pending === null && policy === 'retry' && this.#triesAgain(way)) return HELD
    if (policy === 'drop') {
      at.reached = 0
      at.drop(at.stage)
      this.#drops.add(at.stage)
    } else divertFailure(at, error, this.#quarantine)
    return null
  }

  /** What the record came to in an earlier attempt, with the context as it was then. */
  #failedBefore({ retry }: Way): unknown {
    const all = this.#settings.failedBefore
    if (all === undefined || all.size === 0 || retry !== null) return undefined
    const found = all.get(nameOfRecord(this.#at))
    if (found === undefined) return undefined
    all.delete(nameOfRecord(this.#at))
    this.#at.stage = found.stage
    this.#at.node = found.node
    return found.error
  }

  #park(way: Way, error: unknown): SluiceError {
    const { topic, partition } = way
    way.isPaused = true
    this.#parked.push({ topic, partition, offset: this.#at.offset, error })
    return HELD
  }

  /** False: it has been tried for long enough. */
  #triesAgain(way: Way): boolean {
    const { firstMs, longestMs, timeoutMs } = this.#settings.retrying
    const { offset } = this.#at
    const now = this.#clock.monotonic()
    if (way.retry?.offset !== offset) way.retry = { offset, since: now, attempts: 0, at: now }
    const { retry } = way
    if (now - retry.since >= timeoutMs) {
      way.retry = null
      return false
    }
    retry.at = now + Math.min(longestMs, firstMs * 2 ** retry.attempts++)
    return true
  }

  get #mayNotBegin(): boolean {
    return this.isHeld || this.#calls.isFull
  }

  /** A record goes on with what a call for it has come to, unless it has been diverted meanwhile. */
  #finish({ record, lane, key, timestamp, headers, outcome }: FinishedCall): SluiceError | null {
    const at = this.#at
    const { output } = at
    const { length, bytes } = output
    record.enter(at)
    this.#journal?.clear()
    at.timestamp = timestamp
    at.headers = headers
    at.node = lane.node
    this.#pending = record
    let stop: SluiceError | null = null
    try {
      if ('error' in outcome) throw outcome.error
      if (record.quarantinedFor === null) lane.next(key, outcome.value, at)
      if (at.halt !== null) output.rewind(length, bytes)
      stop = at.halt
    } catch (error) {
      if (record.quarantinedFor === null) stop = this.#thrown(error, length, bytes)
    }
    this.#pending = null
    if (stop === null) record.leave(at)
    output.settled()
    return stop
  }

  /** Has no record to divert: what a punctuator throws ends the run. */
  #punctuate(advance: (at: RecordContext) => void): SluiceError | null {
    const at = this.#at
    at.begin()
    at.topic = ''
    at.offset = -1
    at.headers = null
    at.originalHeaders = null
    at.records = null
    at.stage = 'process'
    try {
      advance(at)
      return at.halt
    } catch (error) {
      return failed(at, error)
    }
  }

  #enter(way: Way, batch: FetchedRecords): void {
    const at = this.#at
    at.topic = way.topic
    at.partition = way.partition
    at.quarantine = way.quarantine
    at.timestampType = batch.timestampType
    at.records = batch
  }

  #fill(batch: FetchedRecords, i: number): void {
    const at = this.#at
    at.begin()
    at.offset = batch.offset(i)
    at.originalTimestamp = batch.timestamp(i)
    at.timestamp = at.originalTimestamp
    at.index = i
    at.originalHeaders = batch.headers(i)
    at.headers = at.originalHeaders
  }

  #policyOf({ chain }: Way): ErrorPolicy {
    const { stage, policy } = this.#at
    if (policy !== null) return policy
    const { onDecodeException, onProcessException, onEncodeException } = this.#settings
    const { deserialization, processing, production } = chain.source.onError ?? {}
    if (stage === 'decode') return deserialization ?? onDecodeException
    return stage === 'encode' ? (production ?? onEncodeException) : (processing ?? onProcessException)
  }

  #way({ topic, partition }: TopicPartition): Way {
    const way = this.#ways.find((way) => way.topic === topic && way.partition === partition)
    if (way === undefined)
      throw new SluiceError('INTERNAL', `Task ${this.id} does not read this partition`, { place: { topic, partition } })
    return way
  }
}

/** What nothing looks at is not decoded. */
function read(converter: Converter, isRead: boolean, bytes: Uint8Array | null, at: RecordContext): unknown {
  if (isRead) return converter.decode(at.topic, bytes, at.headers).value
  return bytes === null ? null : UNREAD
}

const NO_CHANGELOG: Changelog = { append: () => undefined }

/** The record stays where it is, and so does the position before it. Not a reason to stop. */
const HELD = new SluiceError('INTERNAL', 'A record is held')

/** Kafka Streams' FailOnInvalidTimestamp: what time it belongs to nobody knows. */
function timeless({ topic, partition, offset }: RecordContext): DataError {
  return new DataError('A record has no timestamp', {
    place: { topic, partition, offset },
    remedy: 'Give the source a timestampExtractor that finds a time, or let whoever writes the topic set one.',
  })
}

/**
 * The record has changed stores, or has let go what others left, and that cannot be taken back here: the task goes back to the last
 * commit. Retriable, since the next attempt can.
 */
export class CannotTakeBack extends RetriableError {
  readonly record: string
  readonly failure: FailedRecord
  /** Also the next attempt cannot, unless it diverts the record at once. */
  readonly hasLetGo: boolean

  constructor(at: RecordContext, error: unknown) {
    const { topic, partition, offset, stage, node } = at
    super('TASK_FAILED', 'A record failed that had changed stores: its task goes back to the last commit', {
      cause: error,
      place: { topic, partition, offset, ...(node === '' ? {} : { node }) },
    })
    this.record = nameOfRecord(at)
    this.failure = { stage, node, error }
    this.hasLetGo = at.hasLetGo
  }
}

function nameOfRecord({ topic, partition, offset }: TopicPartition & { readonly offset: number }): string {
  return `${topic}-${partition}@${offset}`
}

function failed(at: RecordContext, error: unknown): SluiceError {
  const { topic, partition, offset, stage, node } = at
  return new SluiceError('TASK_FAILED', `A record failed in stage ${stage}`, {
    cause: error,
    place: { topic, partition, offset, ...(node === '' ? {} : { node }) },
    remedy:
      'Mend the processor or the record, or let such records be diverted: set the exception handler of this stage to quarantine.',
  })
}
