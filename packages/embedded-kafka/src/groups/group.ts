import type { Appended, OwnRecord, ProducerStamp } from '../broker.ts'
import type { BrokerClock } from '../clock.ts'
import type { CommittedOffset } from './committed-offsets.ts'

/** What a group needs of the coordinator. */
export interface GroupContext {
  readonly clock: BrokerClock
  /** A setting of the broker, as a number. */
  setting(name: string): number
  readonly topics: TopicsView
  /** A setting that a group may have of its own: `consumer.session.timeout.ms`, `consumer.heartbeat.interval.ms`. */
  groupSetting(groupId: string, name: string): number
  /** The server's assignors by preference. */
  assignors(): readonly string[]
  /** Members have left a consumer group; its epoch was this one before. */
  left(group: Group, epochBefore: number): void
  /** Writes records of a group; durable when it returns. Throws an ApiError, and then nothing was written. */
  write(groupId: string, records: readonly OwnRecord[], producer?: ProducerStamp): Appended
}

/** What a group must know of topics. */
export interface TopicsView {
  /** Goes up with every change. */
  readonly changes: number
  get(name: string): TopicFacts | undefined
  byId(id: string): TopicFacts | undefined
  all(): Iterable<TopicFacts>
}
export interface TopicFacts {
  readonly name: string
  readonly id: string
  readonly partitions: { readonly length: number }
}

/** Who wants to commit offsets, as the request has it. */
export interface CommitClaim {
  readonly memberId: string
  readonly instanceId: string | null
  /** Generation of a classic group, member epoch of a consumer group; -1 from who is no member. */
  readonly epoch: number
  readonly isTransactional: boolean
  readonly version: number
}

/** Whether a member may commit this partition. */
export type PartitionCheck = (topicId: string, partition: number) => boolean

/** What a group allows with its offsets. */
export interface OffsetRules {
  /** Throws what refuses the commit; what it returns refuses single partitions with STALE_MEMBER_EPOCH. */
  checkCommit(claim: CommitClaim): PartitionCheck | null
  /** Throws what refuses to tell committed offsets. */
  checkFetch(memberId: string | null, memberEpoch: number): void
  /** Throws what refuses to delete offsets of any topic. */
  checkOffsetDelete(): void
  /** Whether members read this topic, so that its offsets must stay. */
  isSubscribedTo(topic: string): boolean
  /** Since when an offset is unused, in milliseconds; null while it is in use. */
  unusedSince(topic: string, offset: CommittedOffset): number | null
}

/** What classic groups and consumer groups have in common. */
export interface Group {
  readonly id: string
  readonly type: 'classic' | 'consumer'
  /** Kafka's words: `Stable`, `PreparingRebalance`, `Assigning` … */
  readonly state: string
  /** `consumer`, `connect`, `stream` …; empty for one that only holds offsets. */
  readonly protocolType: string
  readonly isEmpty: boolean
  readonly rules: OffsetRules
  /** A commit has come from this member. */
  committed(memberId: string): void
  /** The records that make the group forgotten. */
  tombstones(): OwnRecord[]
  /** After everything has been read back: sessions begin. */
  resume(): void
  /** The member's session ends now. */
  expireMember(memberId: string): void
  /** Ends all timers and answers who waits; the group is gone. */
  close(): void
}
