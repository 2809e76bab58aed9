/**
 * What a table's rows are to the nodes behind it. Whether a table keeps its rows in a store, and whether its changes say what was there
 * before, depends on what follows; both are asked for while the topology is written, and read when it is built.
 */
import type { TableOutput } from '../operators/table-output.ts'
import { storeView, type TableView } from '../operators/table-view.ts'
import type { StoreDefinition } from '../state/definition.ts'
import type { StoreFacts, TopologyDraft } from '../topology/topology-draft.ts'

export interface TableRows {
  /** As it stands. */
  readonly output: TableOutput
  readonly isVersioned: boolean
  /** Its rows, for a node that looks something up. A table that has only passed on what it read keeps it from now on. */
  view(): TableView
  /**
   * Asks for old values. Unless `force`, a table that would have to keep its rows for that only does not send them. Returns whether
   * they are sent.
   */
  sendOldValues(force: boolean): boolean
}

/** Adds the store of a table to a topology. */
export interface StoreOfTable {
  readonly name: string
  readonly isUnnamed: boolean
  /** @throws SluiceError TOPOLOGY_INVALID when a serde is not known */
  define(): StoreDefinition
}

export function writeStore(to: TopologyDraft, store: StoreOfTable, facts: StoreFacts = {}): void {
  const definition = store.define()
  to.store(facts.sourceTopic === undefined ? definition : { ...definition, logging: null }, {
    isUnnamed: store.isUnnamed,
    ...facts,
  })
}

/** Of a table that is read from a topic or made of a stream: kept when somebody needs it. */
export class SourceRows implements TableRows {
  readonly store: StoreOfTable
  readonly isVersioned: boolean
  #isKept: boolean
  #sendsOldValues = false

  constructor(store: StoreOfTable, isVersioned: boolean) {
    this.store = store
    this.isVersioned = isVersioned
    this.#isKept = !store.isUnnamed || isVersioned
    if (this.#isKept) store.define()
  }

  get output(): TableOutput {
    return { store: this.#isKept ? this.store.name : null, sendOldValues: this.#sendsOldValues }
  }

  view(): TableView {
    this.#keep()
    return storeView(this.store.name, this.isVersioned)
  }

  sendOldValues(force: boolean): boolean {
    if (!force && !this.#isKept) return false
    this.#keep()
    this.#sendsOldValues = true
    return true
  }

  #keep(): void {
    if (!this.#isKept) this.store.define()
    this.#isKept = true
  }
}

/** Of an aggregation: always kept. */
export class AggregatedRows implements TableRows {
  readonly isVersioned: boolean
  readonly #store: string
  readonly #view: TableView
  #sendsOldValues = false

  constructor(store: string, view: TableView) {
    this.#store = store
    this.#view = view
    this.isVersioned = view.isVersioned
  }

  get output(): TableOutput {
    return { store: this.#store, sendOldValues: this.#sendsOldValues }
  }

  view(): TableView {
    return this.#view
  }

  sendOldValues(): boolean {
    this.#sendsOldValues = true
    return true
  }
}

/** Of a table that is made of others row by row: kept when a name for the store is given, and else made when looked up. */
export class DerivedRows implements TableRows {
  readonly store: StoreOfTable | null
  readonly #parents: readonly TableRows[]
  readonly #derive: (views: readonly TableView[]) => TableView
  readonly #needsKeptParents: boolean
  readonly #isStoreVersioned: boolean
  #refusal: (() => Error) | null = null
  #sendsOldValues = false

  /** `needsKeptParents`: old values can only be told by parents that keep theirs (joins). */
  constructor(
    parents: readonly TableRows[],
    store: StoreOfTable | null,
    isStoreVersioned: boolean,
    needsKeptParents: boolean,
    derive: (views: readonly TableView[]) => TableView,
  ) {
    this.store = store
    this.#parents = parents
    this.#derive = derive
    this.#needsKeptParents = needsKeptParents
    this.#isStoreVersioned = isStoreVersioned
    store?.define()
  }

  get output(): TableOutput {
    return { store: this.store?.name ?? null, sendOldValues: this.#sendsOldValues }
  }

  /** For a table without a store whose parents cannot tell either. */
  refuseOldValues(refusal: () => Error): void {
    this.#refusal = refusal
  }

  get isVersioned(): boolean {
    if (this.store !== null) return this.#isStoreVersioned
    return this.#parents.length === 1 && this.#parents[0]!.isVersioned
  }

  view(): TableView {
    if (this.store !== null) return storeView(this.store.name, this.#isStoreVersioned)
    return this.#derive(this.#parents.map((parent) => parent.view()))
  }

  sendOldValues(force: boolean): boolean {
    if (this.#refusal !== null) {
      if (force) throw this.#refusal()
      return false
    }
    if (this.#needsKeptParents) for (const parent of this.#parents) parent.sendOldValues(true)
    else if (this.store === null && !this.#parents.map((parent) => parent.sendOldValues(force)).every(Boolean))
      return false
    this.#sendsOldValues = true
    return true
  }
}

/** Of a table whose rows wait in a buffer: its parent sends old values, and so does it. */
export class SuppressedRows implements TableRows {
  readonly isVersioned = false
  readonly output: TableOutput = Object.freeze({ store: null, sendOldValues: true })
  readonly #view: () => TableView

  constructor(view: () => TableView) {
    this.#view = view
  }

  view(): TableView {
    return this.#view()
  }

  sendOldValues(): boolean {
    return true
  }
}
