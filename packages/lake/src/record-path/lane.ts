/** Names one stream of offsets in a Delta table's log: which sink of ours read which partition of which Kafka. */
export interface LaneName {
  /** The connector's name. */
  readonly sink: string
  /** Kafka's cluster, when tables are fed from several; may be empty. */
  readonly cluster: string
  readonly topic: string
  readonly partition: number
}

/** The `appId` of a lane's txn actions. Fixed: tables in the field hold it. */
export function appIdOf({ sink, cluster, topic, partition }: LaneName): string {
  return `sluice:${sink}:${cluster}:${topic}:${partition}`
}

/**
 * How far one partition got on its way into one table. Offsets only grow; those at or below `taken` are skipped when they come
 * again, which makes redelivery harmless.
 */
export class Lane {
  readonly appId: string
  /** For people, such as `orders-0`. */
  readonly label: string
  /** The last offset that the table holds; undefined: none. */
  committed: number | undefined
  /** The last offset that was seen: put into a file, or passed over. */
  taken: number
  /** The first offset that was seen. */
  begin: number | undefined

  constructor(appId: string, label: string, committed: number | undefined) {
    this.appId = appId
    this.label = label
    this.committed = committed
    this.taken = committed ?? -1
  }

  /** Whether it went on since the last commit, with rows or without. */
  get moved(): boolean {
    return this.taken > (this.committed ?? -1)
  }

  /**
   * The offset to read next after a restart, for a reader that now stands at `position`: never beyond what the table holds.
   * Undefined while the table holds nothing and something was taken.
   */
  safeOffset(position: number): number | undefined {
    if (this.committed === undefined) return this.moved ? undefined : position
    return Math.min(position, this.committed + 1)
  }

  take(offset: number): void {
    this.begin ??= offset
    this.taken = offset
  }

  /** Starts again from what the table holds. */
  restart(committed: number | undefined): void {
    this.committed = committed
    this.taken = committed ?? -1
  }
}
