import { ApiError } from '../api/handler.ts'
import type { Broker, Groups, ProducerStamp } from '../broker.ts'
import type { Cancel } from '../clock.ts'
import { ClassicGroup } from './classic-group.ts'
import type { JoinRequest, JoinResult } from './classic-requests.ts'
import { type CommittedOffset, type CommittedOffsets, offsetRecord } from './committed-offsets.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { isExpired } from './expiry.ts'
import type { Group, GroupContext } from './group.ts'
import { GroupRegistry } from './group-registry.ts'
import { adoptedMembers, classicValue } from './migration.ts'
import type { MixedGroup } from './mixed-group.ts'
import { OFFSETS_TOPIC, OffsetsTopic } from './offsets-topic.ts'

/** An offset to commit; what the coordinator adds is not in it. */
export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  readonly offset: Omit<CommittedOffset, 'recordOffset'>
}

/**
 * The group coordinator: groups of both protocols and committed offsets, all of them in `__consumer_offsets`. A change is written first
 * and true then, so that what a client was told is still so after a crash.
 */
export class GroupCoordinator implements Groups {
  readonly #broker: Broker
  readonly #topic: OffsetsTopic
  readonly #context: GroupContext
  readonly #registry: GroupRegistry
  #cancelCleanup: Cancel | null = null

  constructor(broker: Broker) {
    this.#broker = broker
    this.#topic = new OffsetsTopic(broker)
    this.#context = {
      clock: broker.clock,
      get topics() {
        return broker.topics
      },
      setting: (name) => broker.settings.number(name),
      groupSetting: (groupId, name) => broker.settings.ofGroup(groupId, name),
      assignors: () =>
        broker.settings
          .text('group.consumer.assignors')
          .split(',')
          .map((name) => name.trim()),
      left: (group, epochBefore) => this.#attempt(() => this.#downgrade(group, epochBefore)),
      write: (groupId, records, producer) => this.#topic.write(groupId, records, producer),
    }
    this.#registry = new GroupRegistry(this.#context)
  }

  /** The coordinator behind the broker's door, for the APIs that are its own. */
  static of(broker: Broker): GroupCoordinator {
    if (broker.groups instanceof GroupCoordinator) return broker.groups
    throw new TypeError('This broker has another group coordinator')
  }

  /** Reads `__consumer_offsets`; members get a fresh session. Topics must be there. */
  start(): void {
    this.#topic.replay(this.#registry)
    for (const group of this.#registry.all()) group.resume()
    this.#broker.topics.onDelete(({ name }) => this.#topicDeleted(name))
    this.#scheduleCleanup()
  }

  stop(): void {
    this.#cancelCleanup?.()
    this.#registry.clear()
  }

  partitionOf(groupId: string): number {
    return this.#topic.partitionOf(groupId)
  }

  transactionEnded(partition: number, producerId: number, isCommitted: boolean): void {
    this.#registry.transactionEnded(partition, producerId, isCommitted)
  }

  expireMember(groupId: string, memberId: string): void {
    const group = this.#registry.get(groupId)
    if (group === undefined) throw new ApiError('GROUP_ID_NOT_FOUND', `Group ${groupId} not found.`)
    group.expireMember(memberId)
  }

  get(groupId: string): Group | undefined {
    return this.#registry.get(groupId)
  }

  all(): Iterable<Group> {
    return this.#registry.all()
  }

  offsets(groupId: string): CommittedOffsets {
    return this.#registry.offsets(groupId)
  }

  /** The group of a member of the classic protocol; throws UNKNOWN_MEMBER_ID. */
  classicOf(groupId: string): ClassicGroup | MixedGroup {
    const group = this.#registry.get(groupId)
    if (group instanceof ClassicGroup) return group
    if (group instanceof ConsumerGroup) return group.classic
    throw new ApiError('UNKNOWN_MEMBER_ID')
  }

  /** As `ClassicGroup.join`; the first member of a group founds it. */
  join(groupId: string, request: JoinRequest, respond: (result: JoinResult) => void): void {
    const known = this.#registry.get(groupId)
    if (known === undefined && request.memberId !== '') throw new ApiError('UNKNOWN_MEMBER_ID')
    if (known instanceof ClassicGroup) return known.join(request, respond)
    if (known instanceof ConsumerGroup && !known.isEmpty) {
      if (!this.#mayMigrate('upgrade') && !this.#mayMigrate('downgrade'))
        throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
      return known.classic.join(request, respond)
    }
    if (request.protocolType === '' || request.protocols.length === 0) throw new ApiError('INCONSISTENT_GROUP_PROTOCOL')
    this.#forgetOther(known)
    const group = this.#registry.classic(groupId)
    group.found()
    group.join(request, respond)
  }

  /**
   * The consumer group for a heartbeat. One that joins founds it, or makes a consumer group of the classic one that there is. Throws
   * GROUP_ID_NOT_FOUND.
   */
  consumerOf(groupId: string, isJoin: boolean, isLeaving: boolean): ConsumerGroup {
    const known = this.#registry.get(groupId)
    if (known instanceof ConsumerGroup) return known
    if (known === undefined && !isJoin) {
      const text = isLeaving ? `Group ${groupId} not found.` : `Consumer group ${groupId} not found.`
      throw new ApiError('GROUP_ID_NOT_FOUND', text)
    }
    if (known instanceof ClassicGroup && isJoin && !known.isEmpty) return this.#upgrade(known)
    if (known !== undefined && !(isJoin && known.isEmpty)) throw notAConsumerGroup(groupId)
    this.#forgetOther(known)
    return this.#registry.consumer(groupId)
  }

  /** The client that waits for this answer to JoinGroup is gone. */
  disconnected(groupId: string, respond: (result: JoinResult) => void, wasIdKnown: boolean): void {
    const group = this.#registry.get(groupId)
    if (group instanceof ClassicGroup) group.disconnected(respond, wasIdKnown)
  }

  /** A group to commit offsets to that nobody has joined. */
  simpleGroup(groupId: string): Group {
    return this.#registry.get(groupId) ?? this.#registry.classic(groupId)
  }

  /** Writes offsets; with a producer they count when its transaction is committed. */
  commit(groupId: string, offsets: readonly OffsetToCommit[], producer?: ProducerStamp): void {
    if (offsets.length === 0) return
    const records = offsets.map(({ topic, partition, offset }) =>
      offsetRecord(groupId, topic, partition, { ...offset, recordOffset: -1 }),
    )
    const { baseOffset } = this.#topic.write(groupId, records, producer)
    const offsetsPartition = this.partitionOf(groupId)
    for (const [i, { topic, partition, offset }] of offsets.entries()) {
      const written = { ...offset, recordOffset: baseOffset + i }
      if (producer === undefined) this.#registry.committed(groupId, topic, partition, written)
      else this.#registry.pending(groupId, { topic, partition, offsetsPartition }, producer.producerId, written)
    }
  }

  /** Throws GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP. */
  deleteGroup(groupId: string): void {
    const group = this.#registry.get(groupId)
    if (group === undefined) throw new ApiError('GROUP_ID_NOT_FOUND')
    if (!group.isEmpty) throw new ApiError('NON_EMPTY_GROUP')
    this.#forget(group)
  }

  deleteOffsets(groupId: string, topic: string, only?: ReadonlySet<number>): void {
    const offsets = this.#registry.offsets(groupId)
    const tombstones = offsets.tombstones(groupId, topic, only)
    if (tombstones.length === 0) return
    this.#topic.write(groupId, tombstones)
    for (const partition of only ?? offsets.partitions(topic)) this.#registry.forgetOffset(groupId, topic, partition)
  }

  #topicDeleted(name: string): void {
    if (name === OFFSETS_TOPIC) return this.#registry.clear()
    for (const { id } of this.#registry.all()) this.#attempt(() => this.deleteOffsets(id, name))
  }

  /** A consumer joins a classic group of consumers: it goes on as a consumer group with all its members. */
  #upgrade(classic: ClassicGroup): ConsumerGroup {
    if (classic.protocolType !== 'consumer' || !this.#mayMigrate('upgrade')) throw notAConsumerGroup(classic.id)
    const { topics } = this.#broker
    const group = new ConsumerGroup(classic.id, this.#context)
    const records = group.adopt(classic.generation.number, adoptedMembers(classic, topics))
    this.#topic.write(classic.id, [...classic.tombstones(), ...records])
    classic.handOver()
    this.#registry.replace(group)
    group.resume()
    return group
  }

  /** When nobody but members of the classic protocol is left, the group goes on as a classic one: its epoch is the generation. */
  #downgrade(group: Group, epoch: number): void {
    if (!(group instanceof ConsumerGroup) || !group.isClassicOnly || !this.#mayMigrate('downgrade')) return
    const { topics, clock } = this.#broker
    const classic = new ClassicGroup(group.id, this.#context)
    classic.restore(classicValue(group, epoch, topics, clock.now()))
    this.#topic.write(group.id, [...group.tombstones(), classic.generation.record(group.id)])
    this.#registry.replace(classic)
    classic.resume()
    classic.reopen()
  }

  #mayMigrate(way: 'upgrade' | 'downgrade'): boolean {
    const policy = this.#broker.settings.text('group.consumer.migration.policy').toLowerCase()
    return policy === 'bidirectional' || policy === way
  }

  /** A group without members may change its protocol. */
  #forgetOther(group: Group | undefined): void {
    if (group === undefined) return
    this.#topic.write(group.id, group.tombstones())
    this.#registry.remove(group.id)
  }

  #forget(group: Group): void {
    const offsets = this.#registry.offsets(group.id)
    const topics = new Set([...offsets.topics.keys(), ...offsets.pendingTopics()])
    for (const topic of topics) this.deleteOffsets(group.id, topic)
    this.#topic.write(group.id, group.tombstones())
    this.#registry.remove(group.id)
  }

  #scheduleCleanup(): void {
    const everyMs = this.#broker.settings.number('offsets.retention.check.interval.ms')
    this.#cancelCleanup = this.#broker.clock.schedule(everyMs, () => {
      for (const group of this.#registry.all()) this.#attempt(() => this.#cleanUp(group))
      this.#scheduleCleanup()
    })
  }

  /** Offsets that nobody used for longer than they are kept; and the group when nothing is left of it. */
  #cleanUp(group: Group): void {
    const offsets = this.#registry.offsets(group.id)
    const now = this.#broker.clock.now()
    const retentionMs = this.#broker.settings.number('offsets.retention.minutes') * 60_000
    for (const [topic, partitions] of offsets.topics) {
      const expired = new Set<number>()
      for (const [partition, offset] of partitions) {
        if (offsets.isUnstable(topic, partition)) continue
        if (isExpired(offset, group.rules.unusedSince(topic, offset), now, retentionMs)) expired.add(partition)
      }
      if (expired.size > 0) this.deleteOffsets(group.id, topic, expired)
    }
    if (offsets.isEmpty && group.isEmpty) this.#forget(group)
  }

  /** What cannot be written now is tried again at the next round. */
  #attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.#broker.log('error', error.message)
    }
  }
}

function notAConsumerGroup(groupId: string): ApiError {
  return new ApiError('GROUP_ID_NOT_FOUND', `Group ${groupId} is not a consumer group.`)
}
