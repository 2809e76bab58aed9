/** The tasks of one thread: made when their partitions are assigned, begun when their stores are complete, closed when they are revoked. */
import fs from 'node:fs'
import path from 'node:path'
import type { CommittedOffset } from '@sluice/kafka'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import { nameOfTask, type TaskId } from '../../assignment/task-id.ts'
import { ofSameTasks, tasksOf } from '../../assignment/streams-assignor.ts'
import { asksOthers } from '../../operators/map-values-async.ts'
import { writeCommitMetadata } from '../../record-path/commit-metadata.ts'
import { undoneFrom } from '../../record-path/held-back.ts'
import { latestTimes } from '../../record-path/node-times.ts'
import { remember } from '../../record-path/remember.ts'
import { StreamTask } from '../../record-path/stream-task.ts'
import type { TaskPartition } from '../../record-path/task-contract.ts'
import type { Changelog, StoreFactory, TaskStore } from '../../state/store-context.ts'
import { changelogTopicOf, isChangelogComplete } from '../../topology/internal-topics.ts'
import { engineOf, type StoreDefinition } from '../../state/definition.ts'
import { changelogOf } from '../restore/changelog.ts'
import { standOf, startsOf, type CommittedStart } from './committed-starts.ts'
import type { StateSource } from '../restore/handover.ts'
import { keyOf } from '../partition-key.ts'
import { readerOf } from '../restore/readable.ts'
import { restore, type RestoringStore } from '../restore/restoration.ts'
import type { RunningTasksParts } from './running-tasks-parts.ts'
import type { BeginningStore, TaskCut } from '../snapshots/snapshots.ts'
import { diskOpener, TaskState, type OpenDisk } from '../restore/task-state.ts'

/** How often a task may turn out to have no state that can be used: a directory, and some snapshots. */
const HEALED_MOST = 10
/** So much of a changelog is read again after a crash. */
const PERSIST_MS = 1000

export class RunningTasks {
  readonly #parts: RunningTasksParts
  /** By name. */
  readonly #tasks = new Map<string, StreamTask>()
  readonly #byPartition = new Map<string, StreamTask>()
  readonly #committed = new Map<string, number>()
  /** What the last commit said of the partition, and what the one under way says: see `nameOfStand`. */
  readonly #stands = new Map<string, number | string>()
  readonly #offered = new Map<string, number | string>()
  /** What was committed beside the offsets. */
  readonly #metadata = new Map<string, string>()
  /** Where nothing was committed: where the task began. */
  readonly #begun = new Map<string, number>()
  readonly #states = new Map<StreamTask, TaskState>()
  /** Some of their stores have no changelog. */
  readonly #unlogged = new WeakSet<StreamTask>()
  #persistedAt = -Infinity

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

  /** Those of some partitions that are read by the same tasks as others. */
  ofSameTasks(others: readonly TopicPartition[], partitions: readonly TopicPartition[]): readonly TopicPartition[] {
    return ofSameTasks(this.#parts.topology, others, partitions)
  }

  /** Null: nothing was ever committed. */
  committedOf(partition: TopicPartition): number | null {
    return this.#committed.get(keyOf(partition)) ?? null
  }

  /** What a commit would say now: where the partitions stand that have moved since the last one. */
  uncommitted(): CommittedOffset[] {
    return Array.from(this.#tasks.values()).flatMap((task) =>
      task.partitions.flatMap((one) =>
        nameOfStand(one) === (this.#stands.get(keyOf(one)) ?? this.#begun.get(keyOf(one)))
          ? []
          : [this.#offsetOf(task, one)],
      ),
    )
  }

  /** Where some partition stands, whether it has moved or not; none when there are no tasks. */
  anyOffset(): CommittedOffset[] {
    for (const task of this.#tasks.values()) return task.partitions.slice(0, 1).map((one) => this.#offsetOf(task, one))
    return []
  }

  /** Whether a commit has to be waited for before more is processed: a store on disk has one generation of what is not committed. */
  get areOnDisk(): boolean {
    for (const state of this.#states.values()) if (state.isOnDisk) return true
    return false
  }

  /** Whether some may have records that wait for calls of user code. */
  get askOthers(): boolean {
    return asksOthers(this.#parts.topology)
  }

  /** Whether a record that stops the run cannot be taken back alone: it has changed stores, or others behind it have been begun. */
  get areEntangled(): boolean {
    for (const task of this.#tasks.values()) if (task.stores.size > 0 || task.calls.isUsed) return true
    return false
  }

  hasCommitted(offsets: readonly CommittedOffset[]): void {
    for (const one of offsets) {
      const key = keyOf(one)
      this.#committed.set(key, one.offset)
      this.#metadata.set(key, one.metadata)
      this.#stands.set(key, this.#offered.get(key) ?? one.offset)
    }
  }

  #offsetOf(task: StreamTask, partition: TaskPartition): CommittedOffset {
    const { topic, partition: number, tally, time } = partition
    this.#offered.set(keyOf(partition), nameOfStand(partition))
    const held = partition.held === null ? {} : { held: partition.held.held(partition) }
    const whole = { tally: tally.snapshot(), partitionTime: time, nodeTimes: task.nodeTimes(), ...held }
    return { topic, partition: number, offset: undoneFrom(partition), metadata: writeCommitMetadata(whole) }
  }

  /** All tasks as they are: when everything that they hold is committed and persisted. */
  cut(): TaskCut[] {
    return Array.from(this.#tasks.values()).flatMap((task): TaskCut[] => {
      const state = this.#states.get(task)
      if (state === undefined) return []
      const sources = task.partitions.map((one) => {
        const { topic, partition } = one
        return { topic, partition, offset: undoneFrom(one), metadata: this.#metadata.get(keyOf(one)) ?? '' }
      })
      // Nobody would take it from there: see `TaskState.keeps`.
      const { stores, copyTo } = state.cut()
      const logged = stores.filter(({ name, image }) => image === null || this.#loggedIn(name) !== null)
      const changelogOf = (store: string): string | null => this.#loggedIn(store)
      return [{ task: task.id, state: { stores: logged, copyTo }, sources, changelogOf }]
    })
  }

  /**
   * What the stores hold back goes to disk: the changelogs have it, up to `written` (by `topic-partition`). Of a store whose changelog is
   * its source topic, the committed offset says how far. With `mayWait`, another commit comes: a row that changes with every one of them
   * is then written once a second.
   */
  persist(written: ReadonlyMap<string, number>, mayWait = false): void {
    const now = this.#parts.clock.monotonic()
    const waits = mayWait && now - this.#persistedAt < PERSIST_MS
    if (!waits) this.#persistedAt = now
    for (const task of this.#tasks.values()) {
      const of = (store: string): number | undefined => {
        const key = keyOf({ topic: this.#changelogOf(store), partition: task.partition })
        const isSource = this.#parts.topology.stores.get(store)?.sourceTopic !== undefined
        return isSource ? this.#committed.get(key) : written.get(key)
      }
      this.#states.get(task)?.commit(of, waits, this.#unlogged.has(task) ? this.#sourcesOf(task) : undefined)
    }
  }

  #sourcesOf({ partitions }: StreamTask): Map<string, number> {
    return new Map(
      partitions.map((one) => {
        const [offset, metadata] = [this.committedOf(one), this.#metadata.get(keyOf(one)) ?? '']
        return [keyOf(one), offset === null ? -1 : standOf({ offset, metadata })]
      }),
    )
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
    const starts = await startsOf(partitions, committed, this.#parts)
    for (let healed = 0; ; healed++) {
      try {
        return await this.#prepareAll(partitions, starts, signal)
      } catch (error) {
        const { logger, snapshots, stateDirectory } = this.#parts
        if (!(error instanceof SluiceError)) throw error
        const isTorn = error.code === 'STATE_TORN'
        const task = isTorn || error.code === 'SNAPSHOT_UNUSABLE' ? error.place?.['task'] : undefined
        if (task === undefined || healed === HEALED_MOST * partitions.length) throw error
        logger.warn(error.message, { task })
        snapshots?.distrust(String(task))
        if (isTorn) await fs.promises.rm(path.join(stateDirectory, String(task)), { recursive: true, force: true })
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
        const source = await this.#sourceOf(id, starts, signal)
        const { task, restoring } = this.#make(id, starts, openDisk)
        made.push(task)
        const filled = source?.fillStores(this.#states.get(task)!, restoring, signal)
        stores.push(...((await filled) ?? restoring))
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
    const state = this.#states.get(task)
    this.#states.delete(task)
    try {
      task.close()
    } finally {
      await state?.close()
    }
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
        this.#stands.delete(keyOf(own))
        this.#offered.delete(keyOf(own))
      }
      ended.push(this.discard(task))
    }
    await Promise.all(ended)
  }

  async closeAll(): Promise<void> {
    await this.close(Array.from(this.#tasks.values()).flatMap(({ partitions }) => partitions))
  }

  /** Null: the state is what is on disk, and what the changelogs have. */
  async #sourceOf(
    id: TaskId,
    starts: ReadonlyMap<string, CommittedStart>,
    signal: AbortSignal,
  ): Promise<StateSource | null> {
    const { standbys, snapshots } = this.#parts
    const name = nameOfTask(id)
    const handed = (await standbys?.release(name)) ?? null
    return handed ?? (await snapshots?.bringBack(name, this.#beginning(id, starts), signal)) ?? null
  }

  /** Null: nobody writes down what it holds. */
  #loggedIn(store: string): string | null {
    const { definition, sourceTopic } = this.#parts.topology.stores.get(store)!
    return sourceTopic === undefined && definition.logging === null ? null : this.#changelogOf(store)
  }

  #beginning({ subtopology, partition }: TaskId, starts: ReadonlyMap<string, CommittedStart>): BeginningStore[] {
    const { topology } = this.#parts
    const own = topology.subtopologies[subtopology]!.stores.filter(({ isGlobal }) => isGlobal !== true)
    return own.map(({ definition, sourceTopic }) => {
      const topic = this.#loggedIn(definition.name)
      const changelog = topic === null ? null : { topic, partition }
      const until = sourceTopic === undefined ? null : this.#until({ topic: sourceTopic, partition }, starts)
      return { definition, changelog, until }
    })
  }

  /** What the topic holds behind the position is still to be processed. */
  #until(at: TopicPartition, starts: ReadonlyMap<string, CommittedStart>): number {
    return starts.get(keyOf(at))?.offset ?? 0
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
    const { topology, settings, output, clock, random, partitionsOf, recordLimits, stateDirectory, logger } =
      this.#parts
    const name = nameOfTask(id)
    const owner = { application: settings.applicationId, task: name }
    const state = new TaskState({ directory: path.join(stateDirectory, name), ...owner }, openDisk, logger, true)
    const subtopology = topology.subtopologies[id.subtopology]!
    const own = subtopology.sourceTopics.flatMap((topic) => starts.get(keyOf({ topic, partition: id.partition })) ?? [])
    const changelog: Changelog = changelogOf(settings.applicationId, id.partition, this.#parts.changelogs)
    const restoring: RestoringStore[] = []
    const remembering: StoreFactory = (definition, context) => {
      const { sourceTopic } = topology.stores.get(definition.name)!
      const isUnlogged = sourceTopic === undefined && definition.logging === null
      if (isUnlogged) this.#keepOrNot(state, name, definition, own)
      const store = state.factory(definition, context)
      if (isUnlogged) return store
      const at = { topic: this.#changelogOf(definition.name), partition: id.partition }
      const until = sourceTopic === undefined ? null : this.#until(at, starts)
      restoring.push({
        task: name,
        store: definition.name,
        ...at,
        apply: (records, next) => state.restore(store, records, next),
        bulk: (expected, share) => state.bulk(definition, expected, share),
        read: readerOf(topology, definition.name),
        from: state.position(definition),
        until,
        isComplete: sourceTopic === undefined && isChangelogComplete(definition),
      })
      return store
    }
    const times = latestTimes(own.map((start) => start.nodeTimes))
    const { measured = (store: TaskStore): TaskStore => store } = this.#parts
    const factory: StoreFactory = (definition, context) => measured(remembering(definition, context), definition, name)
    const stores = { factory, changelog, global: this.#parts.globalStores }
    const chosen = this.#parts.chosen === undefined ? {} : { chosen: this.#parts.chosen }
    const ports = { clock, random, output, partitionsOf, ...chosen, recordLimits, times, stores }
    try {
      const task = new StreamTask(topology, subtopology, id.partition, own, settings, ports)
      this.#states.set(task, state)
      if (subtopology.stores.some(({ definition: { name } }) => this.#loggedIn(name) === null)) this.#unlogged.add(task)
      return { task, restoring }
    } catch (error) {
      // What was opened of it belongs to nobody.
      void state.close().catch(() => undefined)
      throw error
    }
  }

  /** A store without a changelog: what becomes of it is said when there has been something in it, here or elsewhere. */
  #keepOrNot(state: TaskState, task: string, definition: StoreDefinition, own: readonly CommittedStart[]): void {
    const { logger } = this.#parts
    const { name: store } = definition
    const kept = state.keeps(definition, new Map(own.map((one) => [keyOf(one), one.committed])))
    if (kept === 'forgotten')
      logger.warn(
        'A store without a changelog begins empty: what is here is not of the commit that its task goes on from',
        { task, store },
      )
    else if (kept === 'none' && own.some(({ committed }) => committed >= 0))
      logger.info('A store without a changelog begins empty', { task, store })
  }
}

/** Two of a partition are equal if nothing has been dealt with in between. */
function nameOfStand(partition: TaskPartition): number | string {
  const { held, position } = partition
  return held === null ? position : JSON.stringify(held.held(partition))
}
