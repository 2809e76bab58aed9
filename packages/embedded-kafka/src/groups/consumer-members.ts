import { ApiError } from '../api/handler.ts'
import { type OwnedPartitions, toTopicPartitions } from './assignment.ts'
import type { ConsumerMember } from './consumer-member.ts'
import type { TopicsView } from './group.ts'
import { topicMatcher } from './topic-regex.ts'

/** Who belongs to a consumer group, what they subscribe to, and who holds which partition. */
export class ConsumerMembers {
  readonly all = new Map<string, ConsumerMember>()
  readonly #byInstance = new Map<string, string>()
  /** By topic id and partition: who has it, or has still to let go of it. */
  readonly #owners = new Map<string, Map<number, string>>()
  readonly #groupId: string
  readonly #topics: TopicsView

  constructor(groupId: string, topics: TopicsView) {
    this.#groupId = groupId
    this.#topics = topics
  }

  get size(): number {
    return this.all.size
  }

  get(id: string): ConsumerMember | undefined {
    return this.all.get(id)
  }

  static(instanceId: string): ConsumerMember | undefined {
    return this.all.get(this.#byInstance.get(instanceId) ?? '')
  }

  add(member: ConsumerMember): void {
    this.all.set(member.id, member)
    const { instanceId } = member.subscription
    if (instanceId !== null) this.#byInstance.set(instanceId, member.id)
    this.#own(member)
  }

  remove(member: ConsumerMember): void {
    member.session.cancel()
    member.revocation.cancel()
    this.all.delete(member.id)
    this.#disown(member)
    const { instanceId } = member.subscription
    if (instanceId !== null && this.#byInstance.get(instanceId) === member.id) this.#byInstance.delete(instanceId)
  }

  /** The member goes on with another assignment. */
  move(member: ConsumerMember, current: ConsumerMember['current']): void {
    this.#disown(member)
    member.current = current
    this.#own(member)
  }

  isFree(member: ConsumerMember, topicId: string, partition: number): boolean {
    const owner = this.#owners.get(topicId)?.get(partition)
    return owner === undefined || owner === member.id
  }

  /** Throws UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID. */
  claim(memberId: string, instanceId: string | null): ConsumerMember {
    if (instanceId !== null) {
      const known = this.static(instanceId)
      if (known === undefined) throw new ApiError('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
      if (known.id !== memberId) {
        const text = `Static member ${memberId} with instance id ${instanceId} was fenced by member ${known.id}.`
        throw new ApiError('FENCED_INSTANCE_ID', text)
      }
      return known
    }
    const member = this.all.get(memberId)
    if (member === undefined) {
      throw new ApiError('UNKNOWN_MEMBER_ID', `Member ${memberId} is not a member of group ${this.#groupId}.`)
    }
    return member
  }

  /** Ids of the topics that a member subscribes to and that there are, by name and by its expression. */
  topicIds(member: ConsumerMember): ReadonlySet<string> {
    if (member.topicIds !== undefined) return member.topicIds
    const { topicNames, topicRegex } = member.subscription
    const ids = new Set<string>()
    for (const name of topicNames) {
      const topic = this.#topics.get(name)
      if (topic !== undefined) ids.add(topic.id)
    }
    if (topicRegex !== '') {
      const matches = topicMatcher(topicRegex)
      for (const topic of this.#topics.all()) if (matches(topic.name)) ids.add(topic.id)
    }
    member.topicIds = ids
    return ids
  }

  forgetTopics(): void {
    for (const member of this.all.values()) member.topicIds = undefined
  }

  /** Every topic that somebody subscribes to, with the number of its partitions: what makes a new assignment necessary. */
  subscribedTopics(): Map<string, number> {
    const found = new Map<string, number>()
    for (const member of this.all.values()) {
      for (const id of this.topicIds(member)) found.set(id, this.#topics.byId(id)?.partitions.length ?? 0)
    }
    return found
  }

  isSubscribedTo(topic: string): boolean {
    const id = this.#topics.get(topic)?.id
    for (const member of this.all.values()) {
      if (member.subscription.topicNames.includes(topic)) return true
      if (id !== undefined && this.topicIds(member).has(id)) return true
    }
    return false
  }

  /** The assignor that most members ask for; the first one of the server when nobody asks. */
  preferredAssignor(offered: readonly string[]): string {
    const votes = new Map<string, number>()
    for (const { subscription } of this.all.values()) {
      const { serverAssignor } = subscription
      if (serverAssignor !== null) votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1)
    }
    let found = offered[0] ?? 'uniform'
    for (const [name, count] of votes) if (count > (votes.get(found) ?? 0)) found = name
    return found
  }

  #own({ id, current }: ConsumerMember): void {
    for (const owned of [current.assigned, current.revoking]) {
      for (const [topicId, partitions] of owned) {
        let owners = this.#owners.get(topicId)
        if (owners === undefined) this.#owners.set(topicId, (owners = new Map()))
        for (const partition of partitions.keys()) owners.set(partition, id)
      }
    }
  }

  #disown({ id, current }: ConsumerMember): void {
    for (const owned of [current.assigned, current.revoking]) {
      for (const [topicId, partitions] of owned) {
        const owners = this.#owners.get(topicId)
        for (const partition of partitions.keys()) if (owners?.get(partition) === id) owners.delete(partition)
        if (owners?.size === 0) this.#owners.delete(topicId)
      }
    }
  }
}

/** An assignment with the names of its topics, as ConsumerGroupDescribe shows it; topics that are gone are left out. */
export function namedPartitions(
  topics: TopicsView,
  assignment: OwnedPartitions | ReadonlyMap<string, ReadonlySet<number>>,
): { topicId: string; topicName: string; partitions: number[] }[] {
  return toTopicPartitions(assignment).flatMap(({ topicId, partitions }) => {
    const topic = topics.byId(topicId)
    return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions }]
  })
}
