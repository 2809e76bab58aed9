/**
 * The stores of the global tables of one instance, and where in their topics they stand: on disk in the folder `global` beside those of
 * the tasks, with the positions in the same transaction; or in memory, filled from the beginning at each start.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { Logger, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import type { StoreFactory } from '../../state/store-context.ts'
import { engineOf } from '../../state/definition.ts'
import type { Topology, TopologyStore } from '../../topology/topology.ts'
import { diskOpener, TaskState } from '../restore/task-state.ts'

export interface GlobalStateOptions {
  readonly topology: Topology
  readonly applicationId: string
  /** The directory of the application’s state. */
  readonly stateDirectory: string
  readonly logger: Logger
}

export class GlobalState {
  readonly #state: TaskState
  readonly #directory: string
  /** By the topic that fills it. */
  readonly #stores: ReadonlyMap<string, TopologyStore>

  private constructor(options: GlobalStateOptions, state: TaskState, directory: string) {
    this.#state = state
    this.#directory = directory
    const global = [...options.topology.stores.values()].filter(({ isGlobal }) => isGlobal === true)
    this.#stores = new Map(global.map((store) => [store.sourceTopic!, store]))
  }

  static async open(options: GlobalStateOptions): Promise<GlobalState> {
    const { topology, applicationId, stateDirectory, logger } = options
    const isOnDisk = [...topology.stores.values()].some(
      ({ isGlobal, definition }) => isGlobal === true && engineOf(definition) === 'lmdb',
    )
    const directory = path.join(stateDirectory, 'global')
    const owner = { directory, application: applicationId, task: 'global' }
    const state = new TaskState(owner, isOnDisk ? await diskOpener() : null, logger)
    return new GlobalState(options, state, directory)
  }

  /** @throws SluiceError STATE_LOCKED (retriable), STATE_FOREIGN, STATE_DISK_FULL (retriable) */
  get factory(): StoreFactory {
    return this.#state.factory
  }

  /** The first record that the store of that topic does not hold; null: it holds none. To be asked when the stores are made. */
  position({ topic, partition }: TopicPartition): number | null {
    return this.#state.position(this.#stores.get(topic)!.definition, partition)
  }

  /** What was put into the stores goes to disk, and how far the topics were read for it. */
  commit(positions: readonly TopicPartitionOffset[]): void {
    this.#state.commitPartitions(
      positions.map(({ topic, partition, offset }) => ({
        store: this.#stores.get(topic)!.definition.name,
        partition,
        offset,
      })),
    )
  }

  /** What was not committed is lost. */
  close(): Promise<void> {
    return this.#state.close()
  }

  /** Closes it, and forgets it all: what is on disk no longer fits the topics. */
  async wipe(): Promise<void> {
    await this.close()
    await fs.promises.rm(this.#directory, { recursive: true, force: true })
  }
}
