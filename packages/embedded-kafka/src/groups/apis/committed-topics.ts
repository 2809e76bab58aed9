import { type ApiName, kafkaErrorCode } from '@sluice/kafka-protocol'
import type { BrokerRequest } from '../../api/handler.ts'
import type { Broker } from '../../broker.ts'
import type { OffsetToCommit } from '../coordinator.ts'

const UNKNOWN_TOPIC_OR_PARTITION = kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION')
const UNKNOWN_TOPIC_ID = kafkaErrorCode('UNKNOWN_TOPIC_ID')
const TOPIC_AUTHORIZATION_FAILED = kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED')
/** An offset that no log reaches. */
const INVALID_COMMIT_OFFSET_SIZE = kafkaErrorCode('INVALID_COMMIT_OFFSET_SIZE')
const OFFSET_METADATA_TOO_LARGE = kafkaErrorCode('OFFSET_METADATA_TOO_LARGE')

/** The topics of a commit as OffsetCommit and TxnOffsetCommit have them. */
interface RequestedTopic {
  readonly name: string
  readonly topicId?: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly committedOffset: number | bigint
    readonly committedLeaderEpoch: number
    readonly committedMetadata: string | null
  }[]
}
interface PartitionResult {
  readonly partitionIndex: number
  errorCode: number
}
export interface CommitResults {
  readonly name: string
  readonly topicId: string
  readonly partitions: PartitionResult[]
}

/** The partitions of a commit: what may be committed, and a place for the result of each. */
export class CommittedTopics {
  readonly topics: CommitResults[] = []
  readonly accepted: OffsetToCommit[] = []
  readonly #results: PartitionResult[] = []

  /** Refuses partitions that do not exist, that the client may not read, or whose metadata is too long. */
  constructor(
    request: BrokerRequest<ApiName>,
    broker: Broker,
    topics: readonly RequestedTopic[],
    limits: { readonly isById: boolean; readonly metadataMax: number; readonly expireTimestamp: number },
  ) {
    const commitTimestamp = broker.clock.now()
    for (const { name: given, topicId: id = '', partitions } of topics) {
      const topic = limits.isById ? broker.topics.byId(id) : broker.topics.get(given)
      const name = topic?.name ?? given
      const results: PartitionResult[] = []
      this.topics.push({ name, topicId: id, partitions: results })
      const isDenied = name !== '' && !broker.access.may(request.client, 'READ', 'TOPIC', name)
      const isUnknown = topic === undefined
      const unknown = limits.isById ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION
      for (const { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata } of partitions) {
        const result: PartitionResult = { partitionIndex, errorCode: 0 }
        results.push(result)
        const metadata = committedMetadata ?? ''
        if (isDenied) result.errorCode = TOPIC_AUTHORIZATION_FAILED
        else if (isUnknown) result.errorCode = unknown
        else if (topic.partitions[partitionIndex] === undefined) result.errorCode = UNKNOWN_TOPIC_OR_PARTITION
        else if (!Number.isSafeInteger(Number(committedOffset))) result.errorCode = INVALID_COMMIT_OFFSET_SIZE
        else if (metadata.length > limits.metadataMax) result.errorCode = OFFSET_METADATA_TOO_LARGE
        else {
          this.#results.push(result)
          const { expireTimestamp } = limits
          const offset = Number(committedOffset)
          const leaderEpoch = committedLeaderEpoch
          this.accepted.push({
            topic: name,
            partition: partitionIndex,
            offset: { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp, topicId: topic.id },
          })
        }
      }
    }
  }

  /** Refuses all that was accepted. */
  refuse(errorCode: number): void {
    for (const result of this.#results) result.errorCode = errorCode
  }

  /** Keeps what passes; the rest is refused. */
  keep(isKept: (offset: OffsetToCommit) => boolean, errorCode: number): OffsetToCommit[] {
    return this.accepted.filter((offset, i) => {
      if (isKept(offset)) return true
      this.#results[i]!.errorCode = errorCode
      return false
    })
  }
}

/** The same error for every partition of a request. */
export function refusedTopics(
  topics: readonly { name: string; topicId?: string; partitions: readonly { partitionIndex: number }[] }[],
  errorCode: number,
): CommitResults[] {
  return topics.map(({ name, topicId = '', partitions }) => ({
    name,
    topicId,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))
}
