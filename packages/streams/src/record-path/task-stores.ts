import { SluiceError } from '@sluice/sdk'
import type { StoreContext, StoreFactory, TaskStore } from '../state/store-context.ts'
import type { StateStore } from '../state/stores.ts'
import type { TopologyStore } from '../topology/topology.ts'

/** Where a task gets its stores from. */
export interface StorePorts {
  readonly factory: StoreFactory
  /** The global stores, which all tasks of an instance read. */
  readonly global?: ReadonlyMap<string, StateStore>
}

/** The stores of one task, opened at once; closed with it. */
export class TaskStores {
  readonly #own: ReadonlyMap<string, TaskStore>
  readonly #global: ReadonlyMap<string, StateStore>
  /** By store. */
  readonly #changelogs: ReadonlyMap<string, string>

  constructor(stores: readonly TopologyStore[], ports: StorePorts | undefined, context: StoreContext) {
    const own = stores.filter(({ isGlobal, definition: { name } }) => !isGlobal || !ports?.global?.has(name))
    if (own.length > 0 && ports === undefined) {
      throw new SluiceError('INTERNAL', 'A task with stores is run without a store factory', {
        place: { stores: own.map(({ definition }) => definition.name).join(', ') },
      })
    }
    this.#own = new Map(own.map(({ definition }) => [definition.name, ports!.factory(definition, context)]))
    this.#global = ports?.global ?? new Map()
    const logged = own.filter(({ definition, sourceTopic }) => definition.logging !== null && sourceTopic === undefined)
    this.#changelogs = new Map(logged.map(({ definition: { name } }) => [name, context.changelogTopic(name)]))
  }

  /** @throws SluiceError TOPOLOGY_INVALID unless the node is connected to the store, or the store is global */
  get(name: string, node: string, connected: readonly string[]): StateStore {
    const store = connected.includes(name) ? (this.#own.get(name) ?? this.#global.get(name)) : this.#global.get(name)
    if (store !== undefined) return store
    throw new SluiceError('TOPOLOGY_INVALID', `${node} asks for store ${name}, which it is not connected to`, {
      place: { node, store: name },
      remedy: 'Name the store where the processor is added, or let its supplier name it.',
    })
  }

  /** Topics of its own that a store writes; none where it is filled from others. */
  changelogs(stores: readonly string[]): readonly string[] {
    return stores.flatMap((store) => this.#changelogs.get(store) ?? [])
  }

  get all(): ReadonlyMap<string, TaskStore> {
    return this.#own
  }

  close(): void {
    for (const store of this.#own.values()) store.close()
  }
}
