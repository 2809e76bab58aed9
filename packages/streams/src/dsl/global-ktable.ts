import type { TableView } from '../operators/table-view.ts'

/** Kafka Streams' `GlobalKTable`: a topic that every instance reads as a whole, to be joined by any key. */
export class GlobalKTable<K, V> {
  /** For the compiler alone: never present. */
  declare readonly rowType?: readonly [K, V]
  readonly #store: string
  /** For the DSL. */
  readonly view: TableView

  /** For the DSL: use `StreamsBuilder.globalTable`. */
  constructor(store: string, view: TableView) {
    this.#store = store
    this.view = view
  }

  /** The name of the store with its rows, for queries. */
  queryableStoreName(): string {
    return this.#store
  }
}
