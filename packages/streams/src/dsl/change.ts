/**
 * One update of a table, as it travels between the nodes of tables. `oldValue` is only filled where somebody downstream asks for it:
 * see `TableNode.sendOldValues`. Null is "no row".
 */
export interface Change<V> {
  readonly newValue: V | null
  readonly oldValue: V | null
  /** False for an update that came behind a later one of its key in a versioned table: joins and aggregations pass it over (KIP-914). */
  readonly isLatest: boolean
}
