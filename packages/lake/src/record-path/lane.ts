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

/** The `appId` under which a table keeps which topic a lane read, as `topicMarkOf` its id. */
export function topicAppIdOf(laneAppId: string): string {
  return `topic-of:${laneAppId}`
}

/**
 * A topic's id (Kafka's 22 characters) as a number, because a txn action holds nothing else: its first 52 bits. Undefined when it
 * is no such id.
 */
export function topicMarkOf(topicId: string): number | undefined {
  const bytes = Buffer.from(topicId, 'base64url')
  return bytes.length === 16 ? Number(bytes.readBigUInt64BE() >> 12n) : undefined
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
  /** Rows since the last commit. */
  rows = 0
  /** `topicMarkOf` the topic that is read; undefined while it is not known. */
  topicMark: number | undefined

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
    this.rows = 0
  }
}
