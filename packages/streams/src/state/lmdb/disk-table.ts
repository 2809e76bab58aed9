/** A table whose updates wait for the commit. */
export interface DiskTable {
  /** Writes its updates: within a transaction. */
  write(): void
  /** The transaction is through: what was written is forgotten as an update. */
  settle(): void
  /** Forgets its updates. */
  discard(): void
}
