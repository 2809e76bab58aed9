/** What a copier is told, and what the trial knows of it. */
export interface CopierJob {
  readonly bootstrap: string
  readonly source: string
  readonly target: string
  readonly group: string
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly recordsPerTransaction: number
  /** A file that gets a line for each thing that happens to a transaction. */
  readonly journal: string
  /** Stops itself (SIGSTOP) in its n-th transaction, when its records are written and its offsets are not. */
  readonly freezeAt: number | null
  readonly mutant: Mutant | null
}

/** Faults planted to see that the ledger finds them. */
export type Mutant = 'skip-fencing' | 'forget-partition' | 'reuse-sequence'

/** The header of a copied record that names its transaction. */
export const TRANSACTION_HEADER = 'transaction'
/** The header of a record whose batch is to get the sequence of the one before it. */
export const REUSE_HEADER = 'reuse'
export const EXIT = { failed: 3, fenced: 4 } as const
