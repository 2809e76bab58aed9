import type { Outcome, TopicSpec } from './admin-port.ts'
import type { AclOperation } from './acls-port.ts'

export interface NewTopic extends TopicSpec {
  /** Broker ids by partition, the preferred leader first, instead of numbers of partitions and replicas (both -1 then). */
  readonly assignments?: readonly (readonly number[])[]
}

export interface CreatedTopic {
  /** Empty before Apache Kafka 2.8, and when only validated. */
  readonly topicId: string
  readonly partitions: number
  readonly replicationFactor: number
  /** Every setting of the topic, defaults included; null where this user may not see them, or a value is secret. */
  readonly configs: ReadonlyMap<string, string | null> | null
}

export interface NewPartitions {
  readonly topic: string
  /** How many there shall be altogether. */
  readonly count: number
  /** Broker ids for each added partition. */
  readonly assignments?: readonly (readonly number[])[]
}

export interface PartitionDetails {
  readonly partition: number
  /** -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly inSyncReplicas: readonly number[]
  readonly offlineReplicas: readonly number[]
}

export interface TopicDetails {
  readonly topic: string
  readonly topicId: string
  readonly isInternal: boolean
  readonly partitions: readonly PartitionDetails[]
  /** What this user may do with it; null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

/** Names of topics as items. */
export interface TopicsAdmin {
  create(
    topics: readonly NewTopic[],
    options?: { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<string, CreatedTopic>[]>
  delete(topics: readonly string[]): Promise<readonly Outcome<string>[]>
  /** Names of all topics, internal ones included. */
  list(): Promise<readonly string[]>
  describe(
    topics: readonly string[],
    options?: { readonly authorizedOperations?: boolean },
  ): Promise<readonly Outcome<string, TopicDetails>[]>
  createPartitions(
    topics: readonly NewPartitions[],
    options?: { readonly validateOnly?: boolean },
  ): Promise<readonly Outcome<string>[]>
}
