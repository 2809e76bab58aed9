import type { RawSettings } from '@sluice/sdk'

export type Isolation = 'connector' | 'shared' | 'inline'

/** In this process, or in the cell of this name. */
export type Place = { readonly type: 'inline' } | { readonly type: 'cell'; readonly name: string }

/**
 * Where each connector runs, by its setting `isolation`, else by the worker's. Shared cells are filled one after the other; a connector
 * that was parted from its company keeps its own cell. Pure: it knows names, no processes.
 */
export class Placement {
  readonly #isolation: Isolation
  readonly #sharedMax: number
  readonly #noun: string
  readonly #places = new Map<string, Place>()
  readonly #shared = new Map<string, Set<string>>()
  readonly #parted = new Set<string>()

  /** @param noun what runs there, for people */
  constructor(isolation: Isolation, sharedMax: number, noun: string) {
    this.#isolation = isolation
    this.#sharedMax = sharedMax
    this.#noun = noun
  }

  /** Stays what it is until `forget`. */
  place(connector: string, config: RawSettings): Place {
    let found = this.#places.get(connector)
    if (found === undefined) this.#places.set(connector, (found = this.#choose(connector, config)))
    return found
  }

  known(connector: string): Place | undefined {
    return this.#places.get(connector)
  }

  /** It gets a cell of its own from now on. */
  part(connector: string): Place {
    this.forget(connector)
    this.#parted.add(connector)
    const own = this.#cellOf(connector)
    this.#places.set(connector, own)
    return own
  }

  /** Nothing of it runs here any more. */
  forget(connector: string): void {
    const place = this.#places.get(connector)
    this.#places.delete(connector)
    if (place?.type !== 'cell') return
    this.#shared.get(place.name)?.delete(connector)
  }

  /** Where code runs that is given this config. */
  isolationOf(config: RawSettings): string {
    const wanted = config['isolation'] ?? this.#isolation
    // A connector cannot choose to run in the worker's own process, where it could hold up everybody.
    return wanted === 'inline' ? this.#isolation : wanted
  }

  #choose(connector: string, config: RawSettings): Place {
    const isolation = this.isolationOf(config)
    if (isolation === 'inline') return { type: 'inline' }
    if (isolation !== 'shared' || this.#parted.has(connector)) return this.#cellOf(connector)
    for (const [name, members] of this.#shared) {
      if (members.size >= this.#sharedMax) continue
      members.add(connector)
      return { type: 'cell', name }
    }
    const name = `shared cell ${this.#shared.size + 1}`
    this.#shared.set(name, new Set([connector]))
    return { type: 'cell', name }
  }

  #cellOf(connector: string): Place {
    return { type: 'cell', name: `${this.#noun} ${connector}` }
  }
}
