import { SluiceError, type TopicPartition } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import type { Admin, CommittedOffset, GroupIdentity, GroupTenure } from '../port.ts'
import { cooperativeStickyAssignor } from './assignors/cooperative-sticky.ts'
import { ClassicDialogue } from './classic-dialogue.ts'
import {
  type Subscriber,
  assignorProtocol,
  decodeAssignment,
  decodeSubscription,
  topicsOf,
} from './consumer-protocol.ts'
import type { Dialogue } from './dialogue.ts'
import { EpochDialogue } from './epoch-dialogue.ts'
import type {
  ConsumerMember,
  ConsumerMemberOptions,
  Departure,
  GroupAssignment,
  GroupHooks,
  OwnSubscription,
} from './group-port.ts'
import { LeaderWatch } from './leader-watch.ts'
import { CoordinatedMember } from './member.ts'
import { VitalSigns } from './vital-signs.ts'

const METADATA_AGE_MAX_MS = 300_000

/** A member of a consumer group: what `CoordinatedMember` says in bytes, in partitions. */
export class PartitionMember implements ConsumerMember, GroupHooks, Subscriber {
  readonly rackId: string | null
  readonly #admin: Pick<Admin, 'describeTopics'>
  readonly #options: ConsumerMemberOptions
  readonly #member: CoordinatedMember
  readonly #epochs: EpochDialogue | undefined
  readonly #watch: LeaderWatch
  #topics: readonly string[]
  #owned: readonly TopicPartition[] = []
  /** What the last assignment of this leader was made from. */
  #counts: ReadonlyMap<string, number> | undefined

  constructor(context: ClusterContext, admin: Pick<Admin, 'describeTopics'>, options: ConsumerMemberOptions) {
    this.#admin = admin
    this.#options = options
    this.#topics = options.topics
    this.rackId = options.rackId ?? null
    const signs = new VitalSigns(options)
    this.#epochs = options.protocol === 'consumer' ? new EpochDialogue(context, options, signs) : undefined
    const dialogue: Dialogue = this.#epochs ?? this.#classicDialogue(context, signs)
    const { groupId, instanceId = null } = options
    this.#member = new CoordinatedMember(context, { groupId, instanceId, hooks: this, signs, dialogue })
    this.#watch = new LeaderWatch({
      clock: context.clock,
      logger: context.logger,
      signal: context.signal,
      intervalMs: options.metadataAgeMaxMs ?? METADATA_AGE_MAX_MS,
      count: (topics) => this.#describe(topics),
      onChange: (reason) => this.#member.requestRejoin(reason),
    })
  }

  assignment(): readonly TopicPartition[] {
    return this.#owned
  }

  subscribe(topics: readonly string[]): void {
    this.#topics = topics
    if (this.#epochs === undefined) this.#member.requestRejoin('the subscription has changed')
    else this.#epochs.subscribe(topics)
  }

  join(timeoutMs?: number): Promise<void> {
    return this.#member.join(timeoutMs)
  }

  poll(): boolean {
    return this.#member.poll()
  }

  identity(): GroupIdentity {
    return this.#member.identity()
  }

  tenure(): GroupTenure {
    return this.#member.tenure()
  }

  /** Under the `consumer` protocol there is nothing to ask for: the broker shares out when something changes. */
  requestRejoin(reason: string): void {
    if (this.#epochs === undefined) this.#member.requestRejoin(reason)
  }

  commit(offsets: readonly CommittedOffset[]): Promise<void> {
    return this.#member.commit(offsets)
  }

  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return this.#member.committed(partitions)
  }

  leave(reason: string): Promise<void> {
    return this.#member.leave(reason)
  }

  close(timeoutMs?: number, departure?: Departure): Promise<void> {
    this.#watch.stop()
    return this.#member.close(timeoutMs, departure)
  }

  /** All is given up: an eager rebalance, or a departure. */
  async onRevoked(): Promise<void> {
    this.#watch.stop()
    await this.#revoke(this.#owned, [])
  }

  async onLost(cause: SluiceError): Promise<void> {
    this.#watch.stop()
    const lost = this.#owned
    this.#owned = []
    if (lost.length > 0) await this.#options.hooks.onLost(lost, cause)
  }

  /** What is no longer ours goes first; only then is what is new taken. */
  async onAssigned(assignment: GroupAssignment): Promise<void> {
    const { groupId, generationId, protocol } = assignment
    const { partitions, userData } = decodeAssignment(groupId, assignment.assignment)
    const before = this.#owned
    const kept = common(before, partitions)
    if (kept.length < before.length) {
      const revoked = without(before, kept)
      await this.#revoke(revoked, kept)
      if (this.#epochs === undefined) {
        this.#member.requestRejoin(`need to revoke partitions ${text(revoked)} as indicated by the current assignment`)
      }
      // The place may have been lost meanwhile: then all is, and what is new was never ours.
      if (!this.#isInPlace()) return
    }
    this.#owned = partitions
    this.#options.assignors?.find(({ name }) => name === protocol)?.onAssignment?.(partitions, userData, generationId)
    this.#watchAsLeader(assignment)
    await this.#options.hooks.onAssigned(without(partitions, kept))
  }

  subscription({ generationId }: GroupIdentity): OwnSubscription {
    return { topics: this.#topics, ownedPartitions: this.#owned, generationId }
  }

  async countPartitions(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return (this.#counts = await this.#describe(topics))
  }

  async #revoke(revoked: readonly TopicPartition[], kept: readonly TopicPartition[]): Promise<void> {
    if (revoked.length > 0) await this.#options.hooks.onRevoked?.(revoked)
    this.#owned = kept
  }

  #isInPlace(): boolean {
    try {
      this.#member.identity()
      return true
    } catch {
      return false
    }
  }

  #watchAsLeader({ groupId, memberId, leaderId, members }: GroupAssignment): void {
    if (leaderId !== memberId || this.#epochs !== undefined) return
    const topics = topicsOf(members.map((member) => decodeSubscription(groupId, member)))
    this.#watch.start(topics, this.#counts)
    // A leader that comes back as a static member is not asked to assign: it starts from what is there.
    this.#counts = undefined
  }

  async #describe(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = await this.#admin.describeTopics(topics)
    return new Map(found.map(({ topic, partitions }) => [topic, partitions]))
  }

  #classicDialogue(context: ClusterContext, signs: VitalSigns): ClassicDialogue {
    const { groupId, instanceId, assignors = [cooperativeStickyAssignor] } = this.#options
    const isCooperative = assignors.every((assignor) => assignor.isCooperative)
    const options = {
      groupId,
      ...(instanceId === undefined ? {} : { instanceId }),
      protocolType: 'consumer',
      protocols: assignors.map((assignor) => assignorProtocol(assignor, isCooperative, this)),
      hooks: this,
    }
    return new ClassicDialogue(context, options, signs)
  }
}

function common(a: readonly TopicPartition[], b: readonly TopicPartition[]): TopicPartition[] {
  const names = new Set(b.map(nameOf))
  return a.filter((one) => names.has(nameOf(one)))
}

function without(a: readonly TopicPartition[], b: readonly TopicPartition[]): TopicPartition[] {
  const names = new Set(b.map(nameOf))
  return a.filter((one) => !names.has(nameOf(one)))
}

function text(partitions: readonly TopicPartition[]): string {
  return `[${partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(', ')}]`
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}
