/**
 * Kafka Streams' `GlobalStreamThread`: reads all partitions of the topics that fill global stores, for every instance and without a
 * group. An instance begins when its global stores hold what the topics held at the start; from then on they are kept up beside the tasks.
 *
 * Records of different partitions are taken as they come: what a partition has to wait for (a transaction of somebody else) keeps
 * nothing else waiting.
 */
import { setImmediate as afterIo } from 'node:timers/promises'
import { EMPTY_TALLY, type FetchedPartition, type Fetcher, type Kafka } from '@sluice/kafka'
import {
  describeError,
  isRetriable,
  SluiceError,
  type Clock,
  type Logger,
  type Random,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import { readQuarantineHeaders } from '@sluice/quality'
import { CannotTakeBack } from '../../record-path/failures.ts'
import { OutputBatch } from '../../record-path/output-batch.ts'
import { StreamTask } from '../../record-path/stream-task.ts'
import type { ParkedRecord, TaskPartition, TaskSettings } from '../../record-path/task-contract.ts'
import { readOnly } from '../../state/read-only.ts'
import type { StateStore } from '../../state/stores.ts'
import type { StreamMetrics } from '../../stream-metrics.ts'
import type { Topology } from '../../topology/topology.ts'
import { endsOf, type Ends } from './global-ends.ts'
import { GlobalState } from './global-state.ts'
import { keyOf } from '../partition-key.ts'

const POLL_TIMEOUT_MS = 1_000
const RETRY_MS = 100
/** What is read between two writes to the disk waits in memory. */
const UNWRITTEN_MAX = 10_000
/** A position means nothing in the topic any more. */
const LOST_PLACE = new Set(['OFFSET_OUT_OF_RANGE', 'TOPIC_RECREATED', 'LOG_TRUNCATED'])

export interface GlobalThreadParts {
  readonly topology: Topology
  /** The topics that fill global stores, and how many partitions each has. */
  readonly topics: ReadonlyMap<string, number>
  readonly kafka: Kafka
  readonly settings: TaskSettings
  /** With exactly once, what was aborted is in no store. */
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** The directory of the application’s state. */
  readonly stateDirectory: string
  /** How often what was read goes to disk. */
  readonly commitIntervalMs: number
  /** How long nothing may come, at the start, and how long a broker may refuse, later, before the thread fails. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Pick<StreamMetrics, 'started' | 'round'>
}

export class GlobalThread {
  readonly #parts: GlobalThreadParts
  readonly #fetcher: Fetcher
  readonly #output = new OutputBatch()
  readonly #tasks = new Map<string, StreamTask>()
  readonly #stores = new Map<string, StateStore>()
  readonly #end = new AbortController()
  #state: GlobalState | null = null
  #unwritten = 0
  #writtenAt = 0
  #failure: { readonly error: unknown } | null = null
  /** What is on disk is of no use: see `LOST_PLACE`. */
  #hasLostItsPlace = false
  #onFailure: (error: unknown) => void = () => undefined
  #ended: Promise<void> = Promise.resolve()

  private constructor(parts: GlobalThreadParts) {
    // No partition waits for another one; and what a record that fails has put into a store would stay there for ever.
    this.#parts = { ...parts, settings: { ...parts.settings, maxTaskIdleMs: -1, takesBack: true } }
    this.#fetcher = parts.kafka.fetcher({ isolation: parts.isolation })
  }

  /**
   * Resolves when the stores hold what the topics held when it was called; to null when the signal is aborted before.
   * @throws SluiceError KAFKA_TIMEOUT, retriable, when nothing more comes before that; STATE_LOCKED, STATE_FOREIGN; TASK_FAILED for a
   *   record on which the processor throws, if that is to end the run
   */
  static async start(parts: GlobalThreadParts, signal: AbortSignal): Promise<GlobalThread | null> {
    const thread = new GlobalThread(parts)
    try {
      const isThere = await thread.#begin(signal)
      if (isThere) thread.#ended = thread.#keepUp()
      else await thread.close()
      return isThere ? thread : null
    } catch (error) {
      await thread.close()
      throw error
    }
  }

  /** The global stores by name, as tasks see them. */
  get stores(): ReadonlyMap<string, StateStore> {
    return this.#stores
  }

  /** Why the stores are not kept up any more. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure
  }

  /** Tells of a failure, also of one that was there before. One listener at a time. */
  onFailure(listener: (error: unknown) => void): void {
    this.#onFailure = listener
    if (this.#failure !== null) listener(this.#failure.error)
  }

  /** What was read is written to disk, and the stores are given back. Idempotent. */
  async close(): Promise<void> {
    this.#end.abort(null)
    await this.#ended
    await this.#fetcher.close()
    const state = this.#state
    this.#state = null
    if (state === null) return
    for (const task of this.#all()) task.close()
    if (this.#hasLostItsPlace) return state.wipe()
    try {
      if (this.#failure === null) this.#write(state)
    } catch (error) {
      this.#parts.logger.warn('Global stores were not written: what is missing is read again', {
        error: describeError(error),
      })
    }
    await state.close()
  }

  async #begin(signal: AbortSignal): Promise<boolean> {
    const { topics, kafka, isolation, logger, clock } = this.#parts
    const places = [...topics].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition): TopicPartition => ({ topic, partition })),
    )
    const ends = await endsOf(places, kafka.admin, isolation)
    const positions = await this.#open(ends)
    this.#fetcher.assign(positions)
    const startedAt = clock.monotonic()
    this.#writtenAt = startedAt
    const records = await this.#catchUp(ends, signal)
    if (records === null) return false
    this.#write(this.#state!)
    const ms = Math.round(clock.monotonic() - startedAt)
    logger.info('Global stores hold their topics', { stores: this.#stores.size, records, ms })
    return true
  }

  /** Makes the stores. Those whose positions are not in the topics any more are made anew. */
  async #open(ends: readonly Ends[]): Promise<readonly TopicPartitionOffset[]> {
    const { topology, settings, stateDirectory, logger } = this.#parts
    const options = { topology, applicationId: settings.applicationId, stateDirectory, logger }
    for (let isFresh = false; ; isFresh = true) {
      const state = (this.#state = await GlobalState.open(options))
      this.#tasks.clear()
      for (const subtopology of topology.subtopologies) if (subtopology.isGlobal) this.#make(subtopology, state)
      const gone = ends.find((one) => {
        const at = state.position(one)
        return at !== null && (at < one.first || at > one.last)
      })
      if (gone === undefined || isFresh) return ends.map((one) => this.#standAt(one, state.position(one) ?? one.first))
      const { topic, partition, first, last } = gone
      const place = { topic, partition, position: state.position(gone), first, last }
      logger.warn('A global store does not fit its topic any more: it is filled from the beginning', place)
      for (const task of this.#tasks.values()) task.close()
      await state.wipe()
    }
  }

  #make(subtopology: Topology['subtopologies'][number], state: GlobalState): void {
    const { topology, topics, settings, clock, random, metrics } = this.#parts
    const starts = subtopology.sourceTopics.flatMap((topic) =>
      Array.from({ length: topics.get(topic)! }, (_, partition) => ({
        topic,
        partition,
        offset: 0,
        tally: EMPTY_TALLY,
      })),
    )
    const changelog = { append: () => undefined }
    const ports = { clock, random, output: this.#output, stores: { factory: state.factory, changelog } }
    const task = new StreamTask(topology, subtopology, 0, starts, settings, ports)
    for (const topic of subtopology.sourceTopics) this.#tasks.set(topic, task)
    for (const [name, store] of task.stores) this.#stores.set(name, readOnly(store))
    metrics.started(task)
  }

  #standAt(place: TopicPartition, offset: number): TopicPartitionOffset {
    const { topic, partition } = place
    this.#partition(place).position = offset
    return { topic, partition, offset }
  }

  /** How many records were read; null when the signal was aborted. */
  async #catchUp(ends: readonly Ends[], signal: AbortSignal): Promise<number | null> {
    const { clock, timeoutMs } = this.#parts
    const isBehind = (one: Ends): boolean => this.#partition(one).position < one.end
    let records = 0
    let heardAt = clock.monotonic()
    for (let behind = ends.filter(isBehind); behind.length > 0; behind = behind.filter(isBehind)) {
      const arrived = await this.#poll(signal)
      if (signal.aborted) return null
      if (arrived.length > 0 || this.#waitsUntil() < Infinity) heardAt = clock.monotonic()
      else if (clock.monotonic() - heardAt > timeoutMs) throw silent(behind[0]!, this.#partition(behind[0]!), timeoutMs)
      records += await this.#takeAll(arrived)
    }
    return records
  }

  /** Never rejects. */
  async #keepUp(): Promise<void> {
    const { signal } = this.#end
    try {
      while (!signal.aborted) await this.#takeAll(await this.#poll(signal))
    } catch (error) {
      this.#failure = { error }
      this.#onFailure(error)
    }
  }

  /** While a record is to be tried again, nothing more is taken. A broker that is away may come back. */
  async #poll(signal: AbortSignal): Promise<readonly FetchedPartition[]> {
    const { clock, timeoutMs, logger } = this.#parts
    const startedAt = clock.monotonic()
    const waitsUntil = this.#waitsUntil()
    if (waitsUntil < Infinity) {
      await clock.sleep(Math.max(0, waitsUntil - startedAt), signal)
      return []
    }
    for (let isTold = false; ; isTold = true) {
      try {
        return await this.#fetcher.poll(POLL_TIMEOUT_MS, signal)
      } catch (error) {
        if (signal.aborted) return []
        if (error instanceof SluiceError && LOST_PLACE.has(error.code)) {
          this.#hasLostItsPlace = true
          throw lostPlace(error)
        }
        if (!isRetriable(error) || clock.monotonic() - startedAt > timeoutMs) throw error
        if (!isTold) logger.warn('Global stores cannot be kept up', { error: describeError(error) })
        await clock.sleep(RETRY_MS, signal)
      }
    }
  }

  async #takeAll(arrived: readonly FetchedPartition[]): Promise<number> {
    const { clock, commitIntervalMs } = this.#parts
    let records = 0
    for (const fetched of arrived) {
      const task = this.#tasks.get(fetched.topic)!
      task.take(fetched)
      this.#run(task)
      const count = fetched.batches.reduce((sum, batch) => sum + batch.count, 0)
      records += count
      this.#unwritten += Math.max(1, count)
      if (this.#unwritten >= UNWRITTEN_MAX) this.#write(this.#state!)
      await afterIo()
    }
    for (const task of this.#all()) {
      if (task.waitsUntil <= clock.monotonic()) this.#run(task)
      this.#punctuate(task)
    }
    if (clock.monotonic() - this.#writtenAt >= commitIntervalMs) this.#write(this.#state!)
    return records
  }

  /** Deals with what the task has taken. @throws what ends it, and so the thread */
  #run(task: StreamTask): void {
    const { clock, metrics } = this.#parts
    const startedAt = clock.monotonic()
    const stop = task.run()
    this.#tellDiverted()
    metrics.round(task, { records: 0, bytes: 0, processMs: clock.monotonic() - startedAt })
    if (stop !== null) throw endOf(stop)
    const [parked] = task.takeParked()
    if (parked !== undefined) throw cannotPark(parked)
  }

  #punctuate(task: StreamTask): void {
    const before = task.punctuated
    const stop = task.punctuate()
    this.#tellDiverted()
    if (stop !== null) throw endOf(stop)
    this.#unwritten += task.punctuated - before
  }

  /** When a record is tried again; Infinity: none is. */
  #waitsUntil(): number {
    return Math.min(...Array.from(this.#all(), (task) => task.waitsUntil))
  }

  #all(): ReadonlySet<StreamTask> {
    return new Set(this.#tasks.values())
  }

  /** Every instance meets them at every start: they are named here, and stay in their topic. */
  #tellDiverted(): void {
    const records = this.#output.take()
    if (records.length === 0) return
    const first = readQuarantineHeaders(records[0]!.headers)
    this.#parts.logger.error('Records that a global store could not take are left out of it', {
      records: records.length,
      topic: first?.origin?.topic ?? null,
      partition: first?.origin?.partition ?? null,
      offset: first?.origin?.offset ?? null,
      stage: first?.stage ?? null,
      reason: first?.reasons[0]?.message ?? null,
    })
  }

  #write(state: GlobalState): void {
    this.#writtenAt = this.#parts.clock.monotonic()
    if (this.#unwritten === 0) return
    const tasks = this.#all()
    state.commit(
      [...tasks].flatMap(({ partitions }) =>
        partitions.map(({ topic, partition, position }) => ({ topic, partition, offset: position })),
      ),
    )
    this.#unwritten = 0
  }

  #partition(place: TopicPartition): TaskPartition {
    const key = keyOf(place)
    return this.#tasks.get(place.topic)!.partitions.find((one) => keyOf(one) === key)!
  }
}

function silent({ topic, partition, end }: Ends, { position }: TaskPartition, timeoutMs: number): SluiceError {
  return new SluiceError(
    'KAFKA_TIMEOUT',
    `The topic of a global store does not arrive up to its end: nothing came for ${timeoutMs} ms`,
    {
      place: { topic, partition, offset: position, end },
      retriable: true,
      remedy: 'See whether the partition has a leader.',
    },
  )
}

/** There is no commit that a global store could go back to: whoever began it anew would come to the same record again. */
function endOf(stop: SluiceError): SluiceError {
  if (!(stop instanceof CannotTakeBack)) return stop
  return new SluiceError(
    'TASK_FAILED',
    'A record of a global store failed that had changed it, and that cannot be taken back',
    {
      cause: stop.cause,
      ...(stop.place === undefined ? {} : { place: stop.place }),
      remedy:
        'Mend the record or its processor: it must fail before it lets go what others have left, or waits for a call.',
    },
  )
}

function cannotPark({ topic, partition, offset, error: cause }: ParkedRecord): SluiceError {
  return new SluiceError('TASK_FAILED', 'A record of a global store failed, and was to be parked', {
    cause,
    place: { topic, partition, offset },
    remedy: 'Nothing may be joined with half a table: mend the record, or let it be left out (quarantine, drop).',
  })
}

function lostPlace(cause: SluiceError): SluiceError {
  return new SluiceError('STATE_TORN', 'A global store has lost its place in its topic', {
    cause,
    ...(cause.place === undefined ? {} : { place: cause.place }),
    retriable: true,
    remedy: 'It is filled from the beginning. Records must stay in the topic of a global table: let it be compacted.',
  })
}
