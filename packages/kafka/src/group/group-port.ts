/** Membership in a group: the part of the port for those who share work with others, Java's members among them. */
import type { SluiceError, TopicPartition } from '@sluice/sdk'
import type { CommittedOffset, GroupIdentity, GroupTenure } from '../port.ts'

/** Kafka's settings of a member; milliseconds. */
export interface MembershipTimes {
  /**
   * `session.timeout.ms`: a member that is not heard of for so long has lost its place. Default 45,000. Under the `consumer`
   * protocol the broker decides (`group.consumer.session.timeout.ms`); set the same here.
   */
  readonly sessionTimeoutMs?: number
  /** `heartbeat.interval.ms`: default 3,000. Under the `consumer` protocol the broker decides. */
  readonly heartbeatIntervalMs?: number
  /**
   * `max.poll.interval.ms`, in Connect `rebalance.timeout.ms`: how long the others wait for this member in a rebalance, and the
   * longest time between two calls of `poll`. Default 300,000.
   */
  readonly rebalanceTimeoutMs?: number
}

export interface GroupMemberOptions extends MembershipTimes {
  readonly groupId: string
  /** `client.id`: what the member's id begins with. Default: one of its own, as in `sluice-consumer-1`. */
  readonly clientId?: string
  /** What kind of group it is: `consumer`, `connect`, or any other; all members name the same. */
  readonly protocolType: string
  /** `group.instance.id`: makes the member static (KIP-345): a restart within the session costs no rebalance. */
  readonly instanceId?: string
  /** What the member can speak, the best first. The group uses one that all members have. */
  readonly protocols: readonly GroupProtocol[]
  readonly hooks: GroupHooks
}

/** One way for a group to share its work; bytes and meaning are the caller's. */
export interface GroupProtocol {
  /** As in `range`, `cooperative-sticky`, `sessioned`. */
  readonly name: string
  /** Whether a member keeps what it holds while it joins again (KIP-429, KIP-415). If not, all is revoked before. */
  readonly isCooperative: boolean
  /** What the others are to know of this member; asked for at each join. `generationId` is -1 for one that has no place yet. */
  metadata(identity: GroupIdentity): Uint8Array | Promise<Uint8Array>
  /**
   * Shares the work out: called on the group's leader alone. Members that are not in the result get empty bytes. May fail with a
   * retriable error, then the group is asked to join once more.
   */
  assign(members: readonly MemberMetadata[], identity: GroupIdentity): MemberBytes | Promise<MemberBytes>
}

export type MemberBytes = ReadonlyMap<string, Uint8Array>

export interface MemberMetadata {
  readonly memberId: string
  readonly instanceId: string | null
  readonly metadata: Uint8Array
}

/**
 * Called one at a time, each awaited: the member does not join again, or leave, before the last one has settled. One that takes
 * longer than `rebalanceTimeoutMs` costs the member its place (the others go on); one that throws ends the membership, and the
 * member leaves.
 */
export interface GroupHooks {
  /** Before everything is given up: the place is still held, so positions can be committed. */
  onRevoked?(): void | Promise<void>
  /** A rebalance is complete. Whoever holds on to what it had compares, gives up the rest and asks for a rejoin. */
  onAssigned(assignment: GroupAssignment): void | Promise<void>
  /** What was held belongs to others already, or may do so: nothing can be committed any more. */
  onLost(cause: SluiceError): void | Promise<void>
}

export interface GroupAssignment extends GroupIdentity {
  /** The name of the protocol that the group uses. */
  readonly protocol: string
  readonly leaderId: string
  /** All members, on the leader; else empty. */
  readonly members: readonly MemberMetadata[]
  /** What the leader's `assign` gave this member. */
  readonly assignment: Uint8Array
}

/**
 * A place in a group.
 *
 * Heartbeats have a timer and a connection of their own, so neither long requests nor a busy caller that yields now and then
 * disturb them. JavaScript that does not yield (a long loop, or promises that resolve one another for ever) stops the timer too. Such a block is harmless up to the session time-out; after a
 * longer one the coordinator may have given the work away. That is found by the clock, not by the timer: `poll`, `commit` and
 * `identity` look at the time of the last heartbeat that was answered, so the first of them to be called after the block already
 * knows that the work is lost, before anything more is handed out or committed. Java, where heartbeats have a thread, goes on
 * until the coordinator answers; this member is stricter, also while no coordinator can be reached.
 */
export interface GroupMember {
  /**
   * Joins, and resolves when `onAssigned` has settled for the first time. Retries whatever may pass. Rejects after `timeoutMs`
   * (default: rebalance and request time-out together), and goes on trying until `close`.
   * @throws SluiceError KAFKA_REFUSED (with the broker's error in its place), KAFKA_FENCED, KAFKA_TIMEOUT
   */
  join(timeoutMs?: number): Promise<void>
  /**
   * Says that the work goes on; to be called more often than `rebalanceTimeoutMs`, else the member leaves so that others do its
   * work, and comes back with the next call. Returns whether what was assigned last may be worked on now. Cheap.
   * @throws SluiceError what ended the membership for good
   */
  poll(): boolean
  /**
   * Who the member is, for transactions. One that keeps what it holds while the group rebalances is of the generation before until
   * the next one is known.
   * @throws SluiceError KAFKA_REFUSED, retriable, while the group rebalances; KAFKA_FENCED without a place
   */
  identity(): GroupIdentity
  /**
   * Who the member is for as long as it keeps what it holds now, from one generation to the next.
   * @throws SluiceError as `identity`, now and when it is asked; then also KAFKA_FENCED when what was held is given up or lost
   */
  tenure(): GroupTenure
  /**
   * Joins once more. That is a rebalance for all if the member leads, or if its metadata has changed; else it gets its assignment
   * again. Under the `consumer` protocol it does nothing: the broker shares out when something changes. The reason (its first 255
   * characters) is found in the coordinator's log (KIP-800).
   */
  requestRejoin(reason: string): void
  /**
   * Commits in the order of the calls, checked against the member's place. Rejects when any partition was refused.
   * A member that keeps what it holds goes on committing while the others join.
   * @throws SluiceError KAFKA_REFUSED, retriable, with error REBALANCE_IN_PROGRESS: commit in `onRevoked`, or after the rebalance;
   *   KAFKA_FENCED: others own the partitions
   */
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  /** Offsets that transactions are still deciding about are waited for (KIP-447). */
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  /** Gives up its place (after `onRevoked`) without ending: `join` takes a new one. */
  leave(reason: string): Promise<void>
  /**
   * Revokes, leaves the group, ends; at the latest after `timeoutMs` (default 30,000), when hooks still running are left alone.
   * A static member stays in the group until its session ends, so that it can come back; `departure` says otherwise (KIP-1092).
   */
  close(timeoutMs?: number, departure?: Departure): Promise<void>
}

export type Departure = 'default' | 'leave' | 'remain'

export interface ConsumerMemberOptions extends MembershipTimes {
  readonly groupId: string
  readonly instanceId?: string
  readonly topics: readonly string[]
  /** `client.rack`: told to the group; our own assignors do not look at it. */
  readonly rackId?: string
  /** `group.protocol`: `classic` (the leader assigns) or `consumer` (the broker does: KIP-848, Kafka 4.0). Default `classic`. */
  readonly protocol?: 'classic' | 'consumer'
  /**
   * Classic: what the member can assign with, the best first. Rebalances are cooperative if all of them are. Default:
   * cooperative-sticky. Java's default is `range`, `cooperative-sticky`: name the same two to share a group with such members.
   */
  readonly assignors?: readonly PartitionAssignor[]
  /** `consumer`: the broker's assignor, `uniform` or `range`. Default: the broker's choice. */
  readonly serverAssignor?: string
  /** `consumer`: topics by a pattern in RE2 syntax, beside those named. */
  readonly topicPattern?: string
  /** Classic: how often the leader looks whether topics have appeared or grown (`metadata.max.age.ms`). Default 300,000. */
  readonly metadataAgeMaxMs?: number
  readonly hooks: PartitionHooks
}

/** As `GroupHooks`, in partitions. */
export interface PartitionHooks {
  onRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>
  /** What is new; what was there before and is not revoked stays. Called for every rebalance, also with nothing new. */
  onAssigned(partitions: readonly TopicPartition[]): void | Promise<void>
  onLost(partitions: readonly TopicPartition[], cause: SluiceError): void | Promise<void>
}

/** A member of a consumer group. */
export interface ConsumerMember extends GroupMember {
  /** What is held now. */
  assignment(): readonly TopicPartition[]
  /** Replaces the topics. */
  subscribe(topics: readonly string[]): void
}

/** Shares partitions out among the members of a classic consumer group; Java's ConsumerPartitionAssignor. */
export interface PartitionAssignor {
  readonly name: string
  readonly isCooperative: boolean
  /** Bytes for the leader's assignor, beside topics and held partitions. */
  userData?(subscription: OwnSubscription): Uint8Array | null
  /** `partitionCounts`: of every topic that exists and that a member wants. */
  assign(
    members: readonly Subscription[],
    partitionCounts: ReadonlyMap<string, number>,
  ): Assignments | Promise<Assignments>
  /** What this member got. */
  onAssignment?(partitions: readonly TopicPartition[], userData: Uint8Array | null, generationId: number): void
}

/** By member id. */
export type Assignments = ReadonlyMap<string, PartitionAssignment>

export interface PartitionAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly userData?: Uint8Array | null
}

export interface OwnSubscription {
  readonly topics: readonly string[]
  readonly ownedPartitions: readonly TopicPartition[]
  /** In which the partitions were owned; -1: none. */
  readonly generationId: number
}

export interface Subscription extends OwnSubscription {
  readonly memberId: string
  readonly instanceId: string | null
  readonly userData: Uint8Array | null
  readonly rackId: string | null
}
