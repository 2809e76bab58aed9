/**
 * One task: one partition of each topic that a sub-topology reads. It decodes, processes and encodes what was fetched, synchronously
 * and record by record, and knows what became of each one. It neither fetches nor produces: see runtime/stream-thread.ts.
 */
import type { FetchedPartition, FetchedRecords, Tally } from '@sluice/kafka'
import { Quarantine, type Gate } from '@sluice/quality'
import { SluiceError, type Clock, type Converter, type Random, type Stage, type TopicPartition } from '@sluice/sdk'
import type { Changelog } from '../state/store-context.ts'
import type { StateStore } from '../state/stores.ts'
import { changelogTopicOf } from '../topology/internal-topics.ts'
import type { Subtopology, Topology } from '../topology/topology.ts'
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

/** What happens to a record that causes an exception: diverted with the stage's name, or the end of the run. */
export type OnException = 'quarantine' | 'fail'

export interface TaskSettings {
  readonly applicationId: string
  /** The quarantine topic of sources that name none. */
  readonly quarantineTopic: string
  readonly onDecodeException: OnException
  readonly onProcessException: OnException
  readonly onEncodeException: OnException
  /** Most bytes of a record put out. */
  readonly recordBytesMax: number
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
}

/** Where a task begins in one of its partitions. */
export interface StartOfPartition extends TopicPartition {
  readonly offset: number
  readonly tally: Tally
  /** Where the partition ends, as far as is known: a task waits for what lies before. Default: `offset`. */
  readonly endOffset?: number
}

/** One partition of a task. */
export interface TaskPartition extends TopicPartition {
  /** The next offset to process. */
  position: number
  readonly tally: PartitionTally
  readonly queue: InputQueue
}

interface Way extends TaskPartition {
  /** The largest timestamp of its records so far; -1 before the first. */
  time: number
  readonly chain: SourceChain
  readonly quarantine: string
}

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
  #streamTime = -1

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
    this.#at = new RecordContext(output)
    this.#quarantine = new Quarantine({ flow: settings.applicationId, clock, random })
    this.#punctuations = new Punctuations(clock)
    this.#times = new NodeTimes(ports.times)
    this.#stores = new TaskStores(subtopology.stores, ports.stores, {
      record: this.#at,
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
      recordBytesMax: settings.recordBytesMax,
      partitionsOf: (topic) => ports.partitionsOf?.(topic) ?? 1,
    })
    this.gates = gates
    this.#ways = starts.map(({ topic, partition, offset, tally, endOffset = offset }) => {
      const chain = chains.get(topic)!
      return {
        topic,
        partition,
        position: offset,
        tally: new PartitionTally(tally),
        queue: new InputQueue(endOffset),
        time: -1,
        chain,
        quarantine: chain.source.quarantine ?? settings.quarantineTopic,
      }
    })
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

  /** The times of its nodes, to be committed with the offsets. */
  nodeTimes(): Readonly<Record<string, number>> {
    return this.#times.snapshot()
  }

  /** What its operators let go, by reason: see `Drops`. */
  droppedRecords(): Readonly<Record<string, number>> {
    return this.#drops.snapshot()
  }

  /** Calls the punctuators that are due by the clock. What they put out is in the output. Returns the reason to stop. */
  punctuate(): SluiceError | null {
    return this.#punctuate((at) => this.#punctuations.advanceWallClock(at))
  }

  /** Puts out what its stores hold back of their changelogs: before a commit. */
  flush(): void {
    this.#stores.flush()
  }

  /** Gives its stores back. */
  close(): void {
    this.#stores.close()
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
   * left though there are more at the broker. Records to produce are in the output; positions and tallies stand behind the last record
   * that was dealt with. Returns the reason to stop (GATE_HALTED, TASK_FAILED): then the position is that of the record that caused it,
   * and nothing of that record is in the output.
   */
  run(): SluiceError | null {
    for (;;) {
      const way = this.#next()
      if (way === null) break
      // Until another partition has an earlier record; of the only one, all.
      const until = this.#ways.length === 1 ? Infinity : this.#timeOfOthers(way)
      const stop = this.#runOf(way, until)
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
    let next: Way | null = null
    for (const way of this.#ways) {
      const { queue } = way
      if (!queue.isEmpty) {
        if (next === null || queue.headTime < next.queue.headTime) next = way
      } else if (queue.settledAt(way.position) < queue.endOffset) return null
    }
    return next
  }

  #timeOfOthers(way: Way): number {
    let earliest = Infinity
    for (const other of this.#ways) if (other !== way) earliest = Math.min(earliest, other.queue.headTime)
    return earliest
  }

  /** Up to the first record behind that time. */
  #runOf(way: Way, until: number): SluiceError | null {
    const { queue } = way
    while (!queue.isEmpty) {
      const { batch } = queue
      this.#enter(way, batch)
      for (let i = queue.at; i < batch.count; i++) {
        if (batch.timestamp(i) > until) return null
        this.#fill(batch, i)
        const stop = this.#run(way)
        if (stop !== null) {
          way.position = this.#at.offset
          return stop
        }
        way.tally.settle(this.#at)
        way.position = queue.shift()
        if (this.#streamTime >= this.#punctuations.nextStreamTime) {
          const stop = this.#punctuate((at) => this.#punctuations.advanceStreamTime(this.#streamTime, at))
          if (stop !== null) return stop
          this.#enter(way, batch)
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
      const { chain } = way
      const key = read(chain.key, chain.reads.key, at.keyBytes, at)
      const value = read(chain.value, chain.reads.value, at.valueBytes, at)
      at.stage = 'process'
      const extract = chain.source.timestampExtractor
      if (extract !== undefined) {
        at.timestamp = extract(at, key, value, way.time)
        if (at.timestamp < 0) {
          at.drop('timestamp')
          this.#drops.add('timestamp')
          return null
        }
      }
      if (at.timestamp > way.time) way.time = at.timestamp
      if (at.timestamp > this.#streamTime) this.#streamTime = at.timestamp
      chain.head(key, value, at)
      if (at.halt !== null) output.rewind(length, bytes)
      return at.halt
    } catch (error) {
      if (!at.live) return null
      output.rewind(length, bytes)
      if (this.#handlerOf(at.stage) === 'fail') return failed(at, error)
      divertFailure(at, error, this.#quarantine)
      return null
    }
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

  #handlerOf(stage: Stage): OnException {
    const { onDecodeException, onProcessException, onEncodeException } = this.#settings
    return stage === 'decode' ? onDecodeException : stage === 'encode' ? onEncodeException : onProcessException
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

function failed(at: RecordContext, error: unknown): SluiceError {
  const { topic, partition, offset, stage, node } = at
  return new SluiceError('TASK_FAILED', `A record failed in stage ${stage}`, {
    cause: error,
    place: { topic, partition, offset, ...(node === '' ? {} : { node }) },
    remedy:
      'Mend the processor or the record, or let such records be diverted: set the exception handler of this stage to quarantine.',
  })
}
