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

  /** Where its changelog has to be read from. Null: from the beginning. */
  position(definition: StoreDefinition): number | null {
    return this.#onDisk.has(definition.name) ? this.#disk!.position(definition) : null
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
