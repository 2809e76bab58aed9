/**
 * The snapshots of an instance's tasks: taken beside the work, one task after the other, and found again by tasks that begin without
 * their state.
 */
import path from 'node:path'
import type { Kafka } from '@sluice/kafka'
import type { ObjectStore } from '@sluice/object-store'
import { describeError, SluiceError, type Clock, type Logger, type TopicPartition } from '@sluice/sdk'
import { isInFile, type StoreDefinition } from '../../state/definition.ts'
import { adoptState, hasState } from '../../state/lmdb/state-directory.ts'
import { shapeOf } from '../../state/shape.ts'
import {
  newestUsable,
  readFile,
  readRows,
  type FoundSnapshot,
  type Wanted,
} from '../../state/snapshots/read-snapshot.ts'
import { SnapshotCatalogue } from '../../state/snapshots/snapshot-catalogue.ts'
import type { SourcePosition } from '../../state/snapshots/snapshot-manifest.ts'
import type { StateCut } from '../../state/snapshots/state-cut.ts'
import { writeSnapshot } from '../../state/snapshots/write-snapshot.ts'
import type { StateSource } from '../restore/handover.ts'
import { keyOf } from '../partition-key.ts'
import type { RestoringStore } from '../restore/restoration.ts'
import type { TaskState } from '../restore/task-state.ts'

export interface SnapshotSettings {
  readonly intervalMs: number
  /** How many of a task are kept. */
  readonly keep: number
  /** Older ones are not used. */
  readonly ageMaxMs: number
}

export interface SnapshotsParts {
  readonly store: ObjectStore
  readonly application: string
  readonly kafka: Pick<Kafka, 'admin'>
  readonly clock: Clock
  readonly logger: Logger
  readonly stateDirectory: string
  readonly settings: SnapshotSettings
}

/** What a task is at a commit. */
export interface TaskCut {
  readonly task: string
  readonly state: StateCut
  readonly sources: readonly SourcePosition[]
  readonly changelogOf: (store: string) => string | null
}

/** A store of a task that begins. */
export interface BeginningStore {
  readonly definition: StoreDefinition
  /** Null: it has none. */
  readonly changelog: TopicPartition | null
  /** As in `RestoringStore`. */
  readonly until: number | null
}

export class Snapshots {
  readonly #parts: SnapshotsParts
  readonly #ending = new AbortController()
  #lastAt: number
  #underWay: Promise<void> | null = null
  /** Of each task, where its last snapshot stood. */
  readonly #taken = new Map<string, string>()
  /** Of each task, what turned out not to fit. */
  readonly #refused = new Map<string, Set<number>>()
  readonly #used = new Map<string, number>()
  #cluster: Promise<string> | null = null

  constructor(parts: SnapshotsParts) {
    this.#parts = parts
    this.#lastAt = parts.clock.monotonic()
  }

  /** Whether the next commit is to be handed to `take`. */
  get isDue(): boolean {
    const { clock, settings } = this.#parts
    return this.#underWay === null && clock.monotonic() - this.#lastAt >= settings.intervalMs
  }

  /** Never fails, and never waits: what goes wrong is said, and tried again when it is due again. */
  take(cuts: readonly TaskCut[]): void {
    this.#lastAt = this.#parts.clock.monotonic()
    const moved = cuts.filter(
      ({ task, ...cut }) => cut.state.stores.length > 0 && this.#taken.get(task) !== standOf(cut),
    )
    if (moved.length === 0) return
    this.#underWay = this.#takeAll(moved).finally(() => {
      this.#underWay = null
    })
  }

  async #takeAll(cuts: readonly TaskCut[]): Promise<void> {
    for (const cut of cuts) {
      if (this.#ending.signal.aborted) return
      try {
        await this.#takeOne(cut)
      } catch (error) {
        if (this.#ending.signal.aborted) return
        this.#parts.logger.warn('A snapshot could not be taken', { task: cut.task, error: describeError(error) })
      }
    }
  }

  async #takeOne({ task, state, sources, changelogOf }: TaskCut): Promise<void> {
    const { application, clock, logger, stateDirectory, settings } = this.#parts
    const { signal } = this.#ending
    const startedAt = clock.monotonic()
    const catalogue = this.#catalogueOf(task)
    const facts = {
      application,
      task,
      cluster: await this.#clusterId(),
      takenAtMs: clock.now(),
      sources,
      changelogOf,
    }
    const file = path.join(stateDirectory, task, 'snapshot.mdb')
    const written = await writeSnapshot(state, facts, catalogue, file, signal)
    if (written === null) {
      logger.warn('A snapshot was given up: another instance has taken one of this task', { task })
      return
    }
    this.#taken.set(task, standOf({ state, sources }))
    const { number: snapshot, storedBytes: bytes } = written
    logger.info('Snapshot taken', { task, snapshot, bytes, ms: Math.round(clock.monotonic() - startedAt) })
    await catalogue.prune(settings.keep, { signal })
  }

  /**
   * Brings back what a task does not have: the file of its stores on disk, unless it is there; the rows of those in memory, by what is
   * returned. Null: nothing can be brought. @throws SluiceError STATE_LOCKED, STATE_DISK_FULL
   */
  async bringBack(task: string, stores: readonly BeginningStore[], signal: AbortSignal): Promise<BroughtBack | null> {
    const { application, stateDirectory, logger, clock } = this.#parts
    const directory = path.join(stateDirectory, task)
    const filed = stores.filter(({ definition }) => isInFile(definition))
    // A store without a changelog comes back with the file, and is kept only where the others have not gone on since.
    const needsFile = filed.some(({ changelog }) => changelog !== null) && !hasState(directory)
    const needsRows = stores.some(({ definition, changelog }) => changelog !== null && !isInFile(definition))
    if (!needsFile && !needsRows) return null
    const catalogue = this.#catalogueOf(task)
    const startedAt = clock.monotonic()
    try {
      for (;;) {
        const found = await newestUsable(
          catalogue,
          await this.#wanted(task, stores),
          this.#refusedOf(task),
          logger,
          signal,
        )
        if (found === null) return null
        try {
          if (needsFile && found.manifest.file !== null) {
            const shapes = Object.entries(found.manifest.stores).flatMap(([name, { rows, shape }]) =>
              rows === null ? [[name, shape] as const] : [],
            )
            await adoptState(directory, { application, task }, Object.fromEntries(shapes), (file) =>
              readFile(found, catalogue, file, signal),
            )
          }
          const ms = Math.round(clock.monotonic() - startedAt)
          logger.info('State brought back from a snapshot', { task, snapshot: found.number, ms })
          this.#used.set(task, found.number)
          return new BroughtBack(found, catalogue)
        } catch (error) {
          if (!isUnusable(error)) throw error
          logger.warn('A snapshot is passed over', { task, snapshot: found.number, reason: error.message })
          this.#refusedOf(task).add(found.number)
        }
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof SluiceError) || error.code !== 'STORE_UNAVAILABLE') throw error
      logger.warn('Snapshots cannot be reached: the state comes from its changelogs', {
        task,
        error: describeError(error),
      })
      return null
    }
  }

  /** The state that came from the last snapshot did not fit. */
  distrust(task: string): void {
    const number = this.#used.get(task)
    if (number !== undefined) this.#refusedOf(task).add(number)
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    this.#ending.abort()
    await this.#underWay
  }

  async #wanted(task: string, stores: readonly BeginningStore[]): Promise<Wanted> {
    const { application, kafka, clock, settings } = this.#parts
    const places = stores.flatMap(({ changelog }) => (changelog === null ? [] : [changelog]))
    const [begins, ends, cluster] = await Promise.all([
      kafka.admin.listOffsets(places, 'earliest'),
      kafka.admin.listOffsets(places, 'latest'),
      this.#clusterId(),
    ])
    const begin = new Map(begins.map((one) => [keyOf(one), one.offset]))
    const end = new Map(ends.map((one) => [keyOf(one), one.offset]))
    return {
      application,
      task,
      cluster,
      notBeforeMs: clock.now() - settings.ageMaxMs,
      stores: stores.map(({ definition, changelog, until }) => ({
        name: definition.name,
        shape: shapeOf(definition),
        isOnDisk: isInFile(definition),
        changelog:
          changelog === null
            ? null
            : {
                topic: changelog.topic,
                begin: begin.get(keyOf(changelog)) ?? 0,
                end: until ?? end.get(keyOf(changelog)) ?? 0,
              },
      })),
    }
  }

  #catalogueOf(task: string): SnapshotCatalogue {
    return new SnapshotCatalogue(this.#parts.store, this.#parts.application, task)
  }

  #refusedOf(task: string): Set<number> {
    let refused = this.#refused.get(task)
    if (refused === undefined) this.#refused.set(task, (refused = new Set()))
    return refused
  }

  #clusterId(): Promise<string> {
    this.#cluster ??= this.#parts.kafka.admin
      .describeCluster()
      .then(({ clusterId }) => clusterId)
      .catch((error: unknown) => {
        this.#cluster = null
        throw error
      })
    return this.#cluster
  }
}

/** A snapshot whose file is in its place; its rows are still to be had. */
export class BroughtBack implements StateSource {
  readonly #found: FoundSnapshot
  readonly #catalogue: SnapshotCatalogue

  constructor(found: FoundSnapshot, catalogue: SnapshotCatalogue) {
    this.#found = found
    this.#catalogue = catalogue
  }

  /**
   * Fills the stores in memory that it has, and says where their changelogs go on.
   * @throws SluiceError SNAPSHOT_UNUSABLE with the task's name: what was filled is of no use
   */
  async fillStores(
    state: TaskState,
    restoring: readonly RestoringStore[],
    signal: AbortSignal,
  ): Promise<RestoringStore[]> {
    const begun: RestoringStore[] = []
    for (const one of restoring) {
      const kept = Object.hasOwn(this.#found.manifest.stores, one.store) ? this.#found.manifest.stores[one.store] : null
      if (kept === undefined || kept === null || kept.rows === null || kept.position === null) {
        begun.push(one)
        continue
      }
      const store = state.store(one.store)
      try {
        for await (const rows of readRows(this.#found, one.store, this.#catalogue, signal))
          state.restore(store, rows, kept.position)
        // Also of a store that holds nothing.
        state.restore(store, [], kept.position)
      } catch (error) {
        if (!(error instanceof SluiceError) || signal.aborted) throw error
        const { task } = one
        throw new SluiceError('SNAPSHOT_UNUSABLE', error.message, { cause: error, place: { task, store: one.store } })
      }
      store.resume(kept.counters)
      begun.push({ ...one, from: kept.position })
    }
    return begun
  }
}

function standOf({ state, sources }: Pick<TaskCut, 'state' | 'sources'>): string {
  return JSON.stringify([state.stores.map(({ name, position }) => [name, position]), sources])
}

function isUnusable(error: unknown): error is SluiceError {
  return error instanceof SluiceError && error.code === 'SNAPSHOT_UNUSABLE'
}
