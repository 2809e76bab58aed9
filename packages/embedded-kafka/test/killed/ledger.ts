/** What clients of a broker that is killed were told, and what it must therefore still know. */
export class Ledger {
  /** Values that an idempotent producer wrote, by partition: in order, each once. */
  readonly sent = new Map<number, string[]>()
  /** Transactions by name, in the order in which they began: what they wrote, and what became of them. */
  readonly transactions: TransactionFacts[] = []
  /** Group → the highest offset whose commit was acknowledged, and the highest that was attempted. */
  readonly commits = new Map<string, { acknowledged: number; attempted: number }>()
  /** Topic → whether it exists; undefined while nobody knows. */
  readonly topics = new Map<string, boolean | undefined>()
  /** Key of the compacted topic → the newest acknowledged value, and those attempted since. */
  readonly keys = new Map<string, { value: number; attempted: number }>()
}

export interface TransactionFacts {
  readonly id: string
  readonly number: number
  readonly isCommit: boolean
  readonly offset: number
  /** Records that the broker has acknowledged. */
  acknowledged: number
  attempted: number
  hasOffset: boolean
  outcome: 'open' | 'unknown' | 'ended'
}
