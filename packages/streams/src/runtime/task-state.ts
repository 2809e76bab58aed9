/** The stores of one task: those on disk share one file in the task's directory, the others are in memory. */
import fs from 'node:fs'
import { SluiceError, type Logger } from '@sluice/sdk'
import { memoryStores } from '../state/create-store.ts'
import { engineOf, type StoreDefinition } from '../state/definition.ts'
import type { LmdbOptions, LmdbState } from '../state/lmdb/lmdb-state.ts'
import type { ChangelogRecord, StoreFactory, TaskStore } from '../state/store-context.ts'

/** Opens a state on disk: loaded when there is one, because it brings a native module. */
export type OpenDisk = (options: LmdbOptions) => LmdbState

export class TaskState {
  readonly #openDisk: OpenDisk | null
  readonly #options: LmdbOptions
  readonly #logger: Logger
  /** Opened with the first store that is on disk. */
  #disk: LmdbState | null = null
  readonly #onDisk = new Set<string>()

  /** @param openDisk null: everything is in memory */
  constructor(options: LmdbOptions, openDisk: OpenDisk | null, logger: Logger) {
    this.#options = options
    this.#openDisk = openDisk
    this.#logger = logger
  }

  /** @throws SluiceError STATE_LOCKED (retriable), STATE_FOREIGN, STATE_DISK_FULL (retriable) */
  readonly factory: StoreFactory = (definition, context) => {
    if (engineOf(definition) === 'memory' || this.#openDisk === null) return memoryStores(definition, context)
    this.#disk ??= this.#open(this.#openDisk)
    this.#onDisk.add(definition.name)
    return this.#disk.store(definition, context)
  }

  get isOnDisk(): boolean {
    return this.#disk !== null
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

  /** Applies what was read of a changelog, up to `next`. */
  restore(store: TaskStore, records: readonly ChangelogRecord[], next: number): void {
    if (this.#onDisk.has(store.name)) this.#disk!.restore(store, records, next)
    else store.restore(records)
  }

  /** What the stores hold is committed: `writtenOf` is the offset behind the last record that a store's changelog has got, if any. */
  commit(writtenOf: (store: string) => number | undefined): void {
    if (this.#disk === null) return
    const positions = Array.from(this.#onDisk, (store) => [store, writtenOf(store)] as const)
    this.#disk.commit(new Map(positions.filter((one): one is readonly [string, number] => one[1] !== undefined)))
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

  /** The changelogs have all of it: what is torn is thrown away, and read again. */
  #open(open: OpenDisk): LmdbState {
    try {
      return open(this.#options)
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'STATE_TORN') throw error
      const { directory, task } = this.#options
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
  const { LmdbState } = await import('../state/lmdb/lmdb-state.ts')
  return (options) => new LmdbState(options)
}
