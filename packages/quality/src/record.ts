/** What a gate needs of a record. Every `ConnectRecord`, and a record of a stream, is one. */
export interface JudgedRecord {
  readonly key: unknown
  readonly value: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp: number | null
  readonly topic?: string | undefined
  /**
   * Kafka's coordinates, where the record has been read from Kafka. Checks with a memory need them to recognise a record
   * that is judged again after a retry.
   */
  readonly partition?: number | null | undefined
  readonly offset?: number | undefined
}
