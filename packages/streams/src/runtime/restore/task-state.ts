/** The stores of one task: those on disk share one file in the task's directory, the others are in memory. */
import fs from 'node:fs'
import { SluiceError, type Logger } from '@sluice/sdk'
import { memoryStores } from '../../state/create-store.ts'
import { engineOf, isInFile, type StoreDefinition } from '../../state/definition.ts'
import type { LmdbOptions, LmdbState } from '../../state/lmdb/lmdb-state.ts'
import type { ChangelogRecord, StoreFactory, TaskStore } from '../../state/store-context.ts'
import { shapeOf } from '../../state/shape.ts'
import type { StateCut } from '../../state/snapshots/state-cut.ts'
import type { BulkRestore } from './restoration.ts'

/** Opens a state on disk: loaded when there is one, because it brings a native module. */
export type OpenDisk = (options: LmdbOptions) => LmdbState

/** For all stores that are restored at a time, and for one at least. */
const BULK_BYTES_MAX = 67_108_864
const BULK_BYTES_LEAST = 2_097_152

export class TaskState {
  readonly #openDisk: OpenDisk | null
  readonly #options: LmdbOptions
  readonly #logger: Logger
  /** Opened with the first store that is on disk. */
  #disk: LmdbState | null = null
  readonly #onDisk = new Set<string>()
  readonly #stores: { readonly definition: StoreDefinition; readonly store: TaskStore }[] = []
  /** Of stores that no file has: where their changelogs go on behind what they hold. */
  readonly #held = new Map<string, number>()
  readonly #isTornThrown: boolean

  /**
   * @param openDisk null: everything is in memory
   * @param isTornThrown whether a state that is torn is the caller's to deal with; otherwise it is thrown away here
   */
  constructor(options: LmdbOptions, openDisk: OpenDisk | null, logger: Logger, isTornThrown = false) {
    this.#options = options
    this.#isTornThrown = isTornThrown
    this.#openDisk = openDisk
    this.#logger = logger
  }

  /** @throws SluiceError STATE_LOCKED (retriable), STATE_FOREIGN, STATE_DISK_FULL (retriable) */
  readonly factory: StoreFactory = (definition, context) => {
    const store = this.#made(definition, context)
    this.#stores.push({ definition, store })
    return store
  }

  /** One of those that it has made. */
  store(name: string): TaskStore {
    return this.#stores.find(({ definition }) => definition.name === name)!.store
  }

  get isOnDisk(): boolean {
    return this.#disk !== null
  }

  /** All that is held at this moment, to be called when all of it is committed. */
  cut(): StateCut {
    const stores = this.#stores.map(({ definition, store }) => {
      const position = isInFile(definition) ? this.position(definition) : (this.#held.get(definition.name) ?? null)
      const image = isInFile(definition) ? null : store.image()
      return { name: definition.name, shape: shapeOf(definition), position, image }
    })
    const disk = this.#disk
    const isFiled = this.#stores.some(({ definition }) => isInFile(definition))
    return { stores, copyTo: disk === null || !isFiled ? null : (file) => disk.copyTo(file) }
  }

  /**
   * Where its changelog has to be read from. Null: from the beginning. `partition`: of a global store, which is filled from all of its
   * topic's.
   */
  position(definition: StoreDefinition, partition?: number): number | null {
    const { name } = definition
    if (!this.#onDisk.has(name)) return null
    return this.#disk!.position(partition === undefined ? definition : { ...definition, name: partOf(name, partition) })
  }

  /** Where the changelog of a store goes on behind what is held of it, on disk or in memory; null: nothing is. */
  reached(definition: StoreDefinition): number | null {
    return this.position(definition) ?? this.#held.get(definition.name) ?? null
  }

  /**
   * Of a store without a changelog, before it is made: what is on disk is kept if it is of the very commit that the task goes on from.
   * Otherwise others have gone on with the task, or a crash has left it behind, and nothing brings it up to that: it begins empty.
   * @param sources what is committed of the task's partitions; -1: nothing
   */
  keeps(definition: StoreDefinition, sources: ReadonlyMap<string, number>): 'kept' | 'forgotten' | 'none' {
    if (!isInFile(definition) || this.#openDisk === null) return 'none'
    this.#disk ??= this.#open(this.#openDisk)
    if (this.#disk.standsAt(sources)) return 'kept'
    return this.#disk.forget(definition.name) ? 'forgotten' : 'none'
  }

  /** Applies what was read of a changelog, up to `next`. */
  restore(store: TaskStore, records: readonly ChangelogRecord[], next: number): void {
    if (this.#onDisk.has(store.name)) this.#disk!.restore(store, records, next)
    else store.restore(records)
    this.#held.set(store.name, next)
  }

  /** For many records of a changelog: see `RestoringStore.bulk`. */
  bulk(definition: StoreDefinition, expected: number, share: number): BulkRestore | null {
    const disk = this.#disk
    if (disk === null || !this.#onDisk.has(definition.name)) return null
    const rows = disk.rowsFor(definition, expected, Math.max(BULK_BYTES_LEAST, Math.floor(BULK_BYTES_MAX / share)))
    if (rows === null) return null
    return {
      add: (key, value, timestamp) => rows.add(key, value, timestamp),
      finish: (next) => disk.load(definition.name, rows, next),
    }
  }

  /**
   * What the stores hold is committed: `writtenOf` is the offset behind the last record that a store's changelog has got, if any. With
   * `mayWait` it is written to disk with a later commit, unless a store has no changelog that it could be restored from. `sources`: as in
   * `keeps`.
   */
  commit(
    writtenOf: (store: string) => number | undefined,
    mayWait = false,
    sources?: ReadonlyMap<string, number>,
  ): void {
    const positions = new Map<string, number>()
    for (const { definition, store } of this.#stores) {
      const written = writtenOf(store.name)
      if (written === undefined) continue
      // While the task was elsewhere others have written: what this process wrote before that is behind what was restored since.
      const held = Math.max(written, this.position(definition) ?? 0, this.#held.get(store.name) ?? 0)
      this.#held.set(store.name, held)
      if (this.#onDisk.has(store.name)) positions.set(store.name, held)
    }
    if (this.#disk === null) return
    const isLostWith = ({ name, logging }: StoreDefinition): boolean =>
      logging === null && writtenOf(name) === undefined
    if (mayWait && !this.#stores.some(({ definition }) => isInFile(definition) && isLostWith(definition))) return
    this.#disk.commit(positions, sources)
  }

  /** As `commit`, of global stores: how far each partition of their topics was read. */
  commitPartitions(
    positions: readonly { readonly store: string; readonly partition: number; readonly offset: number }[],
  ): void {
    const onDisk = positions.filter(({ store }) => this.#onDisk.has(store))
    this.#disk?.commit(new Map(onDisk.map(({ store, partition, offset }) => [partOf(store, partition), offset])))
  }

  async close(): Promise<void> {
    const disk = this.#disk
    this.#disk = null
    await disk?.close()
  }

  #made: StoreFactory = (definition, context) => {
    if (engineOf(definition) === 'memory' || this.#openDisk === null) return memoryStores(definition, context)
    this.#disk ??= this.#open(this.#openDisk)
    this.#onDisk.add(definition.name)
    return this.#disk.store(definition, context)
  }

  /** The changelogs have all of it: what is torn is thrown away, and read again. */
  #open(open: OpenDisk): LmdbState {
    try {
      return open(this.#options)
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'STATE_TORN') throw error
      const { directory, task } = this.#options
      if (this.#isTornThrown)
        throw new SluiceError('STATE_TORN', error.message, { cause: error, place: { directory, task } })
      this.#logger.warn('The state on disk is torn: it is thrown away and restored', { task, reason: error.message })
      fs.rmSync(directory, { recursive: true, force: true })
      return open(this.#options)
    }
  }
}

/** No store has such a name. */
function partOf(store: string, partition: number): string {
  return `${store}/${partition}`
}

/** Brings the native module that states on disk need. */
export async function diskOpener(): Promise<OpenDisk> {
  const { LmdbState } = await import('../../state/lmdb/lmdb-state.ts')
  return (options) => new LmdbState(options)
}
