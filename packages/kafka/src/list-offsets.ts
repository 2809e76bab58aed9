import type { TopicPartition } from '@sluice/sdk'
import type { Ask, PartitionAnswer } from './by-leader.ts'
import { groupByTopic } from './by-topic.ts'
import { layers } from './layers.ts'

/** How a broker names places in a partition where other requests have a time: ListOffsets. */
export const PLACE = {
  latest: -1,
  earliest: -2,
  /** The record with the largest timestamp (KIP-734, Apache Kafka 3.0). */
  maxTimestamp: -3,
} as const

export type Isolation = 'read_uncommitted' | 'read_committed'

export const ISOLATION_LEVELS = { read_uncommitted: 0, read_committed: 1 } as const

/** `at`: milliseconds since the epoch, or one of `PLACE`. */
export interface OffsetQuery extends TopicPartition {
  readonly at: number
}

export interface FoundOffset {
  /** -1: no record at or after that time. */
  readonly offset: number
  /** -1 for the ends of a partition. */
  readonly timestamp: number
  /** -1 when the broker does not say. */
  readonly leaderEpoch: number
}

const VERSION_OF_MAX_TIMESTAMP = 7

/** ListOffsets of partitions that one broker leads. For `read_committed` the latest offset is the last stable one. */
export function askOffsets(isolation: Isolation, timeoutMs: number): Ask<OffsetQuery, FoundOffset> {
  return async (connection, queries) => {
    const lowest = queries.some(({ at }) => at === PLACE.maxTimestamp) ? VERSION_OF_MAX_TIMESTAMP : 2
    const version = connection.version('ListOffsets', { lowest })
    const answers = new Map<OffsetQuery, PartitionAnswer<FoundOffset>>()
    const asked = layers(queries, nameOf).map(async (layer) => {
      const { topics } = await connection.send('ListOffsets', version, {
        isolationLevel: ISOLATION_LEVELS[isolation],
        topics: groupByTopic(layer).map(([name, group]) => ({
          name,
          partitions: group.map(({ partition, at }) => ({ partitionIndex: partition, timestamp: at })),
        })),
        timeoutMs,
      })
      const queryOf = new Map(layer.map((query) => [nameOf(query), query]))
      for (const { name: topic, partitions } of topics) {
        for (const { partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch } of partitions) {
          const query = queryOf.get(nameOf({ topic, partition }))
          const answer = { offset: Number(offset), timestamp: Number(timestamp), leaderEpoch }
          if (query !== undefined) answers.set(query, errorCode === 0 ? { answer } : { errorCode })
        }
      }
    })
    await Promise.all(asked)
    return queries.map((query) => answers.get(query) ?? { errorCode: -1 })
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}
