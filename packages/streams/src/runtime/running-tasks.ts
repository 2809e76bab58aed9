/** The tasks of one thread: made when their partitions are assigned, begun when their stores are complete, closed when they are revoked. */
import fs from 'node:fs'
import path from 'node:path'
import { decodeTally, EMPTY_TALLY, encodeTally, TALLY_BYTES_MAX, type CommittedOffset, type Kafka } from '@sluice/kafka'
import { SluiceError, type Clock, type Logger, type Random, type TopicPartition } from '@sluice/sdk'
import { nameOfTask, type TaskId } from '../assignment/task-id.ts'
import { tasksOf } from '../assignment/streams-assignor.ts'
import { latestTimes, timesIn, withTimes } from '../record-path/node-times.ts'
import type { OutputBatch } from '../record-path/output-batch.ts'
import { remember } from '../record-path/remember.ts'
import { StreamTask, type StartOfPartition, type TaskSettings } from '../record-path/stream-task.ts'
import type { Changelog, StoreFactory } from '../state/store-context.ts'
import { changelogTopicOf } from '../topology/internal-topics.ts'
import { engineOf } from '../state/definition.ts'
import type { Topology } from '../topology/topology.ts'
import { changelogOf } from './changelog.ts'
import { firstOffsets } from './first-offsets.ts'
import { keyOf } from './partition-key.ts'
import { restore, type RestoringStore } from './restoration.ts'
import { TaskState, type OpenDisk } from './task-state.ts'

interface CommittedStart extends StartOfPartition {
  /** What the nodes of its task have committed with it. */
  readonly times: Readonly<Record<string, number>>
}

export interface RunningTasksParts {
  readonly topology: Topology
  readonly kafka: Kafka
  readonly settings: TaskSettings
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** The directory of the application’s state. */
  readonly stateDirectory: string
  readonly output: OutputBatch
  /** What stores tell their changelogs. */
  readonly changelogs: OutputBatch
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly partitionsOf: (topic: string) => number
}

export class RunningTasks {
  readonly #parts: RunningTasksParts
  /** By name. */
  readonly #tasks = new Map<string, StreamTask>()
  readonly #byPartition = new Map<string, StreamTask>()
  readonly #committed = new Map<string, number>()
  /** Where nothing was committed: where the task began. */
  readonly #begun = new Map<string, number>()
  readonly #states = new Map<StreamTask, TaskState>()

  constructor(parts: RunningTasksParts) {
    this.#parts = parts
  }

  get all(): Iterable<StreamTask> {
    return this.#tasks.values()
  }

  get size(): number {
    return this.#tasks.size
  }

  of(partition: TopicPartition): StreamTask | undefined {
    return this.#byPartition.get(keyOf(partition))
  }

  /** Null: nothing was ever committed. */
  committedOf(partition: TopicPartition): number | null {
    return this.#committed.get(keyOf(partition)) ?? null
  }

  /** What a commit would say now: where the partitions stand that have moved since the last one. */
  uncommitted(): CommittedOffset[] {
    return Array.from(this.#tasks.values()).flatMap((task) =>
      task.partitions.flatMap(({ topic, partition, position, tally }) => {
        const place = { topic, partition }
        if (position === (this.committedOf(place) ?? this.#begun.get(keyOf(place)))) return []
        const metadata = withTimes(task.nodeTimes(), (spare) => encodeTally(tally.snapshot(), TALLY_BYTES_MAX - spare))
        return [{ topic, partition, offset: position, metadata }]
      }),
    )
  }

  /** Whether a commit has to be waited for before more is processed: a store on disk has one generation of what is not committed. */
  get areOnDisk(): boolean {
    for (const state of this.#states.values()) if (state.isOnDisk) return true
    return false
  }

  get areStateful(): boolean {
    for (const task of this.#tasks.values()) if (task.stores.size > 0) return true
    return false
  }

  hasCommitted(offsets: readonly CommittedOffset[]): void {
    for (const { topic, partition, offset } of offsets) this.#committed.set(keyOf({ topic, partition }), offset)
  }

  /** What the stores hold back goes to disk: the changelogs have it, up to `written` (by `topic-partition`). */
  persist(written: ReadonlyMap<string, number>): void {
    for (const task of this.#tasks.values()) {
      const of = (store: string): number | undefined => written.get(`${this.#changelogOf(store)}-${task.partition}`)
      this.#states.get(task)?.commit(of)
    }
  }

  /**
   * Makes the tasks of these partitions and completes their stores. They are not among the running ones until `begin`: what is revoked
   * meanwhile is closed by whoever asked.
   * @throws SluiceError OFFSET_OUT_OF_RANGE when a committed offset points at records that were deleted
   */
  async prepare(
    partitions: readonly TopicPartition[],
    committed: readonly CommittedOffset[],
    signal: AbortSignal,
  ): Promise<readonly StreamTask[]> {
    const starts = await this.#startsOf(partitions, committed)
    for (let healed = 0; ; healed++) {
      try {
        return await this.#prepareAll(partitions, starts, signal)
      } catch (error) {
        const task = error instanceof SluiceError && error.code === 'STATE_TORN' ? error.place?.['task'] : undefined
        if (task === undefined || healed === partitions.length) throw error
        this.#parts.logger.warn((error as Error).message, { task })
        await fs.promises.rm(path.join(this.#parts.stateDirectory, String(task)), { recursive: true, force: true })
      }
    }
  }

  async #prepareAll(
    partitions: readonly TopicPartition[],
    starts: ReadonlyMap<string, CommittedStart>,
    signal: AbortSignal,
  ): Promise<readonly StreamTask[]> {
    const { topology, kafka, isolation, clock, logger } = this.#parts
    const isOnDisk = [...topology.stores.values()].some(({ definition }) => engineOf(definition) === 'lmdb')
    const openDisk = isOnDisk ? await diskOpener() : null
    const made: StreamTask[] = []
    try {
      const stores: RestoringStore[] = []
      for (const id of tasksOf(topology, partitions)) {
        const { task, restoring } = this.#make(id, starts, openDisk)
        made.push(task)
        stores.push(...restoring)
      }
      await restore(stores, { kafka, clock, logger, isolation }, signal)
      if (signal.aborted) throw new SluiceError('INTERRUPTED', 'The application ended while state was restored')
      await this.#remember(made, signal)
      return made
    } catch (error) {
      await Promise.all(made.map((task) => this.discard(task)))
      throw error
    }
  }

  begin(tasks: readonly StreamTask[], committed: readonly CommittedOffset[]): void {
    for (const task of tasks) {
      this.#tasks.set(task.id, task)
      for (const partition of task.partitions) {
        this.#byPartition.set(keyOf(partition), task)
        this.#begun.set(keyOf(partition), partition.position)
      }
    }
    this.hasCommitted(committed.filter((one) => this.of(one) !== undefined))
  }

  /** Ends a task that is not among the running ones: what it did not commit is lost. */
  async discard(task: StreamTask): Promise<void> {
    task.close()
    const state = this.#states.get(task)
    this.#states.delete(task)
    await state?.close()
  }

  /** Ends the tasks of these partitions. */
  async close(partitions: readonly TopicPartition[]): Promise<void> {
    const ended: Promise<void>[] = []
    for (const partition of partitions) {
      const task = this.of(partition)
      if (task === undefined) continue
      this.#tasks.delete(task.id)
      for (const own of task.partitions) {
        this.#byPartition.delete(keyOf(own))
        this.#committed.delete(keyOf(own))
      }
      ended.push(this.discard(task))
    }
    await Promise.all(ended)
  }

  async closeAll(): Promise<void> {
    await this.close(Array.from(this.#tasks.values()).flatMap(({ partitions }) => partitions))
  }

  #changelogOf(store: string): string {
    const { topology, settings } = this.#parts
    return topology.stores.get(store)?.sourceTopic ?? changelogTopicOf(settings.applicationId, store)
  }

  /** Nodes that remember records are given those before their positions. */
  async #remember(tasks: readonly StreamTask[], signal: AbortSignal): Promise<void> {
    const remembering = tasks
      .filter((task) => task.memoryRecords > 0)
      .flatMap((task) => task.partitions.map((partition) => ({ task, partition })))
    if (remembering.length === 0) return
    const { kafka, clock, logger } = this.#parts
    const places = remembering.map(({ partition: { topic, partition } }) => ({ topic, partition }))
    const earliest = await kafka.admin.listOffsets(places, 'earliest')
    const fetcher = kafka.fetcher({ isolation: this.#parts.isolation })
    try {
      await remember(remembering, earliest, { fetcher, clock, logger }, signal)
    } finally {
      await fetcher.close()
    }
  }

  #make(
    id: TaskId,
    starts: ReadonlyMap<string, CommittedStart>,
    openDisk: OpenDisk | null,
  ): { task: StreamTask; restoring: RestoringStore[] } {
    const { topology, settings, output, clock, random, partitionsOf, stateDirectory, logger } = this.#parts
    const name = nameOfTask(id)
    const owner = { application: settings.applicationId, task: name }
    const state = new TaskState({ directory: path.join(stateDirectory, name), ...owner }, openDisk, logger)
    const subtopology = topology.subtopologies[id.subtopology]!
    const own = subtopology.sourceTopics.flatMap((topic) => starts.get(keyOf({ topic, partition: id.partition })) ?? [])
    const changelog: Changelog = changelogOf(settings.applicationId, id.partition, this.#parts.changelogs)
    const restoring: RestoringStore[] = []
    const remembering: StoreFactory = (definition, context) => {
      const store = state.factory(definition, context)
      const { sourceTopic } = topology.stores.get(definition.name)!
      if (sourceTopic === undefined && definition.logging === null) return store
      const at = { topic: this.#changelogOf(definition.name), partition: id.partition }
      // What the topic holds behind the position is still to be processed.
      const until = sourceTopic === undefined ? null : (starts.get(keyOf(at))?.offset ?? 0)
      restoring.push({
        task: name,
        ...at,
        apply: (records, next) => state.restore(store, records, next),
        from: state.position(definition),
        until,
      })
      return store
    }
    const times = latestTimes(own.map((start) => start.times))
    const ports = { clock, random, output, partitionsOf, times, stores: { factory: remembering, changelog } }
    const task = new StreamTask(topology, subtopology, id.partition, own, settings, ports)
    this.#states.set(task, state)
    return { task, restoring }
  }

  async #startsOf(
    partitions: readonly TopicPartition[],
    committed: readonly CommittedOffset[],
  ): Promise<Map<string, CommittedStart>> {
    const { admin } = this.#parts.kafka
    const [earliest, latest] = await Promise.all([
      admin.listOffsets(partitions, 'earliest'),
      admin.listOffsets(partitions, 'latest'),
    ])
    const known = new Map(committed.map((one) => [keyOf(one), one]))
    const ends = new Map(latest.map((one) => [keyOf(one), one.offset]))
    const { topology, clock } = this.#parts
    const fresh = partitions.filter((one) => !known.has(keyOf(one)))
    const begin = await firstOffsets(topology, fresh, admin, clock)
    const firsts = new Map(begin.map((one) => [keyOf(one), one.offset]))
    return new Map(
      earliest.map(({ topic, partition, offset: first }) => {
        const key = keyOf({ topic, partition })
        const at = known.get(key)
        if (at !== undefined && at.offset < first) throw deleted(at, first)
        const offset = at?.offset ?? firsts.get(key) ?? first
        const tally = at === undefined ? EMPTY_TALLY : decodeTally(at.metadata)
        const times = at === undefined ? {} : timesIn(at.metadata)
        return [key, { topic, partition, offset, tally, times, endOffset: ends.get(key) ?? offset }]
      }),
    )
  }
}

async function diskOpener(): Promise<OpenDisk> {
  const { LmdbState } = await import('../state/lmdb/lmdb-state.ts')
  return (options) => new LmdbState(options)
}

function deleted({ topic, partition, offset }: CommittedOffset, first: number): SluiceError {
  return new SluiceError(
    'OFFSET_OUT_OF_RANGE',
    'Records behind the committed offset were deleted before they were processed',
    {
      place: { topic, partition, committed: offset, first },
      remedy:
        'Commit an offset that still exists for this group, accepting the loss, and raise the retention of the topic.',
    },
  )
}
