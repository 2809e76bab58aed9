import type { TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import type { Outcome } from './admin-port.ts'
import type { AclOperation } from './acls-port.ts'

export interface GroupListing {
  readonly groupId: string
  /** Empty for a group that only keeps offsets. */
  readonly protocolType: string
  /** Kafka's word: `Stable`, `Empty`, `PreparingRebalance`, `Assigning` … */
  readonly state: string
  /** `classic`, `consumer` (KIP-848), `share`, `streams`. */
  readonly type: string
}

export interface MemberDescription {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly host: string
  /** Of a `consumer` group. -1 in a classic one. */
  readonly memberEpoch: number
  readonly rackId: string | null
  /** Null for a protocol other than `consumer`, or bytes that cannot be read. */
  readonly assignment: readonly TopicPartition[] | null
  /** Where the coordinator wants a member of a `consumer` group to get to; null in a classic one. */
  readonly targetAssignment: readonly TopicPartition[] | null
  /** What a classic member said when it joined, and what it was assigned, as they came. */
  readonly rawMetadata: Uint8Array | null
  readonly rawAssignment: Uint8Array | null
}

export interface GroupDescription {
  readonly groupId: string
  readonly type: 'classic' | 'consumer'
  readonly state: string
  readonly protocolType: string
  /** The assignor that was agreed on. */
  readonly assignor: string
  /** Of a `consumer` group; -1 in a classic one. */
  readonly groupEpoch: number
  readonly members: readonly MemberDescription[]
  /** What this user may do with it; null unless asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

export interface GroupOffset extends TopicPartitionOffset {
  readonly metadata: string
  /** -1 when none was committed with it. */
  readonly leaderEpoch: number
}

/** Where offsets of a group are reset to; a time is in milliseconds. */
export type OffsetResetTarget = 'earliest' | 'latest' | { readonly timestamp: number } | { readonly offset: number }

export interface GroupsAdmin {
  /** Of all brokers. Filters are Kafka's words in any case: states `stable`, `empty`; types `classic`, `consumer`. */
  list(options?: {
    readonly states?: readonly string[]
    readonly types?: readonly string[]
  }): Promise<readonly GroupListing[]>
  /** A group that does not exist: GROUP_ID_NOT_FOUND. */
  describe(
    groupIds: readonly string[],
    options?: { readonly authorizedOperations?: boolean },
  ): Promise<readonly Outcome<string, GroupDescription>[]>
  /** With its offsets. NON_EMPTY_GROUP while it has members. */
  delete(groupIds: readonly string[]): Promise<readonly Outcome<string>[]>
  /** Every committed offset of each group; those that a transaction still decides about are waited for. */
  offsets(groupIds: readonly string[]): Promise<readonly Outcome<string, readonly GroupOffset[]>[]>
  /** Sets offsets of a group without members. UNKNOWN_MEMBER_ID while it has some. */
  alterOffsets<P extends TopicPartitionOffset & { readonly metadata?: string; readonly leaderEpoch?: number }>(
    groupId: string,
    offsets: readonly P[],
  ): Promise<readonly Outcome<P>[]>
  /** As `alterOffsets`, to where a place is now: the value is the offset. An offset outside of the log moves to its nearer end. */
  resetOffsets<P extends TopicPartition>(
    groupId: string,
    partitions: readonly P[],
    to: OffsetResetTarget,
  ): Promise<readonly Outcome<P, number>[]>
  /** GROUP_SUBSCRIBED_TO_TOPIC while members read the topic. */
  deleteOffsets<P extends TopicPartition>(groupId: string, partitions: readonly P[]): Promise<readonly Outcome<P>[]>
  /** Puts members out: by id, static ones by their instance id, or `all`. */
  removeMembers(
    groupId: string,
    members: 'all' | readonly RemovedMember[],
    reason?: string,
  ): Promise<readonly Outcome<RemovedMember>[]>
}

export type RemovedMember = { readonly memberId: string } | { readonly groupInstanceId: string }
