/**
 * The state of one task on disk: one file of LMDB, with a database per store or segment and one for counters. Updates wait in memory
 * until the commit, which writes them and the positions of the changelogs in one transaction: after a crash of the process the state is
 * that of the last commit. A crash of the machine may lose or tear it, and is noticed when it is opened; with `isSynced` each commit
 * waits for the disk instead.
 */

import { setImmediate as afterIo } from 'node:timers/promises'
import { open, type Database, type RootDatabase } from 'lmdb'
import { isBuffer, type StoreDefinition } from '../definition.ts'
import { createStore } from '../create-store.ts'
import { SluiceError } from '@sluice/sdk'
import type { ChangelogRecord, RestoreFilter, StoreContext, TaskStore } from '../store-context.ts'
import type { Counter, KeyTable, TableEngine, TableSpec, TimeTable, TimeTableSpec } from '../tables.ts'
import { Counters } from './counters.ts'
import type { DiskTable } from './disk-table.ts'
import { LmdbKeyTable } from './key-table.ts'
import { stateError } from './lmdb-errors.ts'
import { Segments, slotsOf } from './segments.ts'
import { SortedRows } from './sorted-rows.ts'
import { StateDirectory, type StateOwner } from './state-directory.ts'
import { LmdbTimeTable } from './time-table.ts'

export interface LmdbOptions extends StateOwner {
  /** Of this task alone. */
  readonly directory: string
  /** Whether each commit waits until the disk has it: needed only where there is neither a changelog nor a snapshot. Default: false. */
  readonly isSynced?: boolean
}

const DATABASES_MAX = 1024
const BINARY = { keyEncoding: 'binary', encoding: 'binary' } as const
const POSITION = 'position'
const NOWHERE: ReadonlyMap<string, number> = new Map()
/** So many rows take a few milliseconds: then others have their turn. */
const LOADED_AT_ONCE = 10_000

export class LmdbState {
  readonly #directory: StateDirectory
  readonly #root: RootDatabase<Buffer, Buffer>
  readonly #counters: Counters
  readonly #tables: DiskTable[] = []
  /** Those whose rows are the records of their changelogs. */
  readonly #loadable = new Map<string, LmdbKeyTable<unknown, unknown>>()
  readonly #engine: TableEngine
  /** Stores with a changelog of their own. */
  readonly #logged: string[] = []
  /** The copy under way has to come to its end before the file is closed. */
  #copying: Promise<void> = Promise.resolve()
  #isClosed = false

  /** @throws SluiceError STATE_LOCKED (retriable), STATE_TORN, STATE_FOREIGN, STATE_DISK_FULL (retriable) */
  constructor({ directory, application, task, isSynced = false }: LmdbOptions) {
    try {
      this.#directory = new StateDirectory(directory, { application, task })
    } catch (error) {
      throw stateError(error, directory)
    }
    try {
      const path = this.#directory.file
      const durability = isSynced ? {} : { noSync: true, overlappingSync: false }
      this.#root = open<Buffer, Buffer>({ path, noSubdir: true, maxDbs: DATABASES_MAX, ...BINARY, ...durability })
      this.#counters = new Counters(this.#database('counters'))
    } catch (error) {
      this.#directory.abandon()
      throw stateError(error, directory)
    }
    this.#engine = {
      counter: (store, name, initial) => this.#counters.counter(`${store}/${name}`, initial),
      keyTable: (spec) => this.#keyTable(spec),
      timeTable: (spec) => this.#timeTable(spec),
    }
  }

  /** @throws SluiceError STATE_FOREIGN for a store that was written as something else; STATE_DISK_FULL (retriable) */
  store(definition: StoreDefinition, context: StoreContext): TaskStore {
    try {
      this.#directory.declare(definition)
    } catch (error) {
      throw stateError(error, this.#directory.directory)
    }
    if (definition.logging !== null && !isBuffer(definition.kind)) this.#logged.push(definition.name)
    const tables = this.#tables.length
    const store = createStore(definition, context, this.#engine)
    const table = this.#tables[tables]
    if (isKeyValue(definition) && table instanceof LmdbKeyTable) this.#loadable.set(definition.name, table)
    return store
  }

  /** Where its changelog has to be read from: what is before it is in the state. Null: from the beginning. */
  position({ name, kind }: StoreDefinition): number | null {
    const { value } = this.#position(name)
    return isBuffer(kind) || value < 0 ? null : value
  }

  /** Whether the last commit was made at these offsets of the task's sources: see `commit`. */
  standsAt(sources: ReadonlyMap<string, number>): boolean {
    return [...sources].every(([source, offset]) => this.#counters.counter(sourceOf(source), -1).value === offset)
  }

  /** Empties a store that is not made yet. False: there is none. */
  forget(store: string): boolean {
    if (!this.#directory.has(store)) return false
    const names = [...this.#root.getKeys()].map((name) => String(name).replace(/\0$/, ''))
    this.#transaction(() => {
      for (const name of names) if (name === store || name.startsWith(`${store}/`)) this.#database(name).clearSync()
      this.#counters.forget(`${store}/`)
    })
    return true
  }

  /** Applies a batch of a changelog, and that it was read up to `next`, in one transaction. */
  restore(store: TaskStore, records: readonly ChangelogRecord[], next: number, accepts?: RestoreFilter): void {
    try {
      this.#transaction(() => {
        store.restore(records, accepts)
        for (const table of this.#tables) table.write()
        this.#position(store.name).value = next
      })
    } catch (error) {
      for (const table of this.#tables) table.discard()
      throw error
    }
    for (const table of this.#tables) table.settle()
  }

  /**
   * What is read of a changelog, to be loaded in the order of the keys: about so many records, of which at most `bytesMax` are held in
   * memory. Null for a store whose rows are not the changelog's: it takes them by `restore`.
   */
  rowsFor(definition: StoreDefinition, expected: number, bytesMax: number): SortedRows | null {
    if (!this.#loadable.has(definition.name)) return null
    const hasTimes = definition.kind === 'timestampedKeyValue'
    return new SortedRows(definition.name, this.#directory.directory, hasTimes, bytesMax, expected)
  }

  /**
   * Writes rows of a changelog that was read up to `next`, in several transactions, the last of which says so: after a crash in between
   * it is read again. @throws SluiceError STATE_DISK_FULL
   */
  async load(store: string, rows: SortedRows, next: number): Promise<void> {
    const table = this.#loadable.get(store)!
    const position = this.#position(store)
    const isFromNothing = position.value < 0
    try {
      const iterator = rows.rows()[Symbol.iterator]()
      if (isFromNothing) this.#transaction(() => table.clear())
      const some = (): boolean => {
        const isDone = table.load(iterator, LOADED_AT_ONCE, isFromNothing)
        if (isDone) position.value = next
        return isDone
      }
      while (!this.#transaction(some)) await afterIo()
    } catch (error) {
      throw stateError(error, this.#directory.directory)
    } finally {
      rows.close()
    }
  }

  /**
   * Writes what the stores hold back, and how far their changelogs go with it (the offset behind the last record of each). Call it when
   * the changelogs have all of it. `sources`: what was committed of the task's sources with it, for stores that no changelog brings up to
   * that. @throws SluiceError STATE_DISK_FULL: nothing was written, and it can be tried again
   */
  commit(positions: ReadonlyMap<string, number>, sources: ReadonlyMap<string, number> = NOWHERE): void {
    this.#transaction(() => {
      for (const [source, offset] of sources) this.#counters.counter(sourceOf(source), -1).value = offset
      for (const table of this.#tables) table.write()
      for (const [store, position] of positions) this.#position(store).value = position
    })
    for (const table of this.#tables) table.settle()
  }

  /**
   * Copies the state as of its last commit into a file of its own, beside whatever is written meanwhile: what is committed before the copy
   * begins, which is a moment after the call, is in it too. @throws SluiceError STATE_DISK_FULL
   */
  async copyTo(file: string): Promise<void> {
    if (this.#isClosed) throw new SluiceError('INTERRUPTED', 'The task was closed before its state could be copied')
    const copied = this.#root.backup(file, true)
    this.#copying = copied.catch(() => undefined)
    try {
      await copied
    } catch (error) {
      throw stateError(error, this.#directory.directory)
    }
  }

  /** What was not committed is lost. @throws SluiceError STATE_DISK_FULL (retriable): it is closed, and what was committed is whole */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#copying
    const held = this.#held()
    await this.#root.close()
    try {
      this.#directory.close(held)
    } catch (error) {
      throw stateError(error, this.#directory.directory)
    }
  }

  #held(): number {
    return this.#logged.reduce((sum, store) => sum + Math.max(0, this.#position(store).value), 0)
  }

  #position(store: string): Counter {
    return this.#counters.counter(`${store}/${POSITION}`, -1)
  }

  #transaction<T>(work: () => T): T {
    const marks = this.#counters.mark()
    let result: T
    try {
      result = this.#root.transactionSync(() => {
        const worked = work()
        this.#counters.write()
        return worked
      })
    } catch (error) {
      this.#counters.revert(marks)
      throw stateError(error, this.#directory.directory)
    }
    this.#counters.settle()
    return result
  }

  #database(name: string): Database<Buffer, Buffer> {
    return this.#root.openDB<Buffer, Buffer>({ name, ...BINARY })
  }

  #keyTable<K, V>(spec: TableSpec<K, V>): KeyTable<K, V> {
    const table = new LmdbKeyTable(spec, this.#database(spec.store))
    this.#tables.push(table)
    return table
  }

  #timeTable<K, V, E>(spec: TimeTableSpec<K, V, E>): TimeTable<K, V, E> {
    const slots = Array.from({ length: slotsOf(spec.retentionMs) }, (_, slot) => ({
      database: this.#database(`${spec.store}/${slot}`),
      segment: this.#counters.counter(`${spec.store}/segment ${slot}`, -Infinity),
    }))
    const table = new LmdbTimeTable(spec, new Segments(spec.retentionMs, slots))
    this.#tables.push(table)
    return table
  }
}

function isKeyValue({ kind }: StoreDefinition): boolean {
  return kind === 'keyValue' || kind === 'timestampedKeyValue'
}

/** No store has such a name. */
function sourceOf(partition: string): string {
  return `/source/${partition}`
}
