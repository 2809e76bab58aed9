/**
 * One task: one partition of each topic that a sub-topology reads. It decodes, processes and encodes what was fetched, synchronously
 * and record by record, and knows what became of each one. It neither fetches nor produces: see stream-loop.ts.
 */
import type { FetchedPartition, FetchedRecords, Tally } from '@sluice/kafka'
import { Quarantine, type Gate } from '@sluice/quality'
import { SluiceError, type Clock, type Random, type Stage, type TopicPartition } from '@sluice/sdk'
import type { Subtopology, Topology } from '../topology/topology.ts'
import { compileChains, type SourceChain } from './chain.ts'
import { divertFailure } from './divert.ts'
import type { OutputBatch } from './output-batch.ts'
import { PartitionTally } from './partition-tally.ts'
import { RecordContext } from './record-context.ts'

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
}

/** Where a task begins in one of its partitions. */
export interface StartOfPartition extends TopicPartition {
  readonly offset: number
  readonly tally: Tally
}

/** One partition of a task. */
export interface TaskPartition extends TopicPartition {
  /** The next offset to process. */
  position: number
  readonly tally: PartitionTally
}

interface Way extends TaskPartition {
  readonly chain: SourceChain
  readonly quarantine: string
}

export class StreamTask {
  /** Kafka Streams' task id: `<sub-topology>_<partition>`. */
  readonly id: string
  /** How many records before a position must be remembered: see `Operator.memoryRecords`. */
  readonly memoryRecords: number
  /** The gates of its nodes, for their counters. */
  readonly gates: readonly Gate[]
  readonly #settings: TaskSettings
  readonly #at: RecordContext
  readonly #ways: readonly Way[]
  readonly #quarantine: Quarantine

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
    this.memoryRecords = Math.max(
      0,
      ...subtopology.nodes.map((node) => (node.kind === 'processor' ? (node.operator.memoryRecords ?? 0) : 0)),
    )
    this.#settings = settings
    this.#at = new RecordContext(output)
    this.#quarantine = new Quarantine({ flow: settings.applicationId, clock, random })
    const chains = compileChains(topology, subtopology, {
      task: this.id,
      clock,
      quarantine: this.#quarantine,
      gates,
      recordBytesMax: settings.recordBytesMax,
    })
    this.gates = gates
    this.#ways = starts.map(({ topic, partition, offset, tally }) => {
      const chain = chains.get(topic)!
      return {
        topic,
        partition,
        position: offset,
        tally: new PartitionTally(tally),
        chain,
        quarantine: chain.source.quarantine ?? settings.quarantineTopic,
      }
    })
  }

  get partitions(): readonly TaskPartition[] {
    return this.#ways
  }

  /**
   * Runs everything fetched of one partition. Records to produce are in the output; positions and tallies stand behind the last
   * record that was dealt with. Returns the reason to stop (GATE_HALTED, TASK_FAILED): then the position is that of the record that
   * caused it, and nothing of that record is in the output.
   */
  process(fetched: FetchedPartition): SluiceError | null {
    const way = this.#way(fetched)
    for (const batch of fetched.batches) {
      const stop = this.#batch(way, batch)
      if (stop !== null) return stop
    }
    way.position = Math.max(way.position, fetched.nextOffset)
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

  #batch(way: Way, batch: FetchedRecords): SluiceError | null {
    const at = this.#at
    this.#enter(way, batch)
    for (let i = 0; i < batch.count; i++) {
      this.#fill(batch, i)
      const stop = this.#run(way)
      if (stop !== null) {
        way.position = at.offset
        return stop
      }
      way.tally.settle(at)
      way.position = at.offset + 1
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
      const key = chain.key.decode(at.topic, at.keyBytes, at.headers).value
      const value = chain.value.decode(at.topic, at.valueBytes, at.headers).value
      at.stage = 'process'
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

  #enter(way: Way, batch: FetchedRecords): void {
    const at = this.#at
    at.topic = way.topic
    at.partition = way.partition
    at.quarantine = way.quarantine
    at.timestampType = batch.timestampType
  }

  #fill(batch: FetchedRecords, i: number): void {
    const at = this.#at
    at.begin()
    at.offset = batch.offset(i)
    at.timestamp = batch.timestamp(i)
    at.keyBytes = batch.key(i)
    at.valueBytes = batch.value(i)
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

function failed(at: RecordContext, error: unknown): SluiceError {
  const { topic, partition, offset, stage, node } = at
  return new SluiceError('TASK_FAILED', `A record failed in stage ${stage}`, {
    cause: error,
    place: { topic, partition, offset, ...(node === '' ? {} : { node }) },
    remedy:
      'Mend the processor or the record, or let such records be diverted: set the exception handler of this stage to quarantine.',
  })
}
