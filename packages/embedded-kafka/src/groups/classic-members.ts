import { consumerSubscription } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { ClassicMember } from './classic-member.ts'
import type { MemberProtocol } from './classic-requests.ts'
import type { Lease } from './lease.ts'

/** Who belongs to a classic group: members, static ids, ids that were given out and not used yet, the leader, and what all of them speak. */
export class ClassicMembers {
  readonly all = new Map<string, ClassicMember>()
  /** Ids given out with MEMBER_ID_REQUIRED (KIP-394), until they join. */
  readonly pending = new Map<string, Lease>()
  readonly #byInstance = new Map<string, string>()
  /** How many members have a protocol, by its name. */
  readonly #support = new Map<string, number>()
  /** Null in a group without members. */
  leader: string | null = null

  get size(): number {
    return this.all.size
  }

  get(id: string): ClassicMember | undefined {
    return this.all.get(id)
  }

  staticId(instanceId: string): string | undefined {
    return this.#byInstance.get(instanceId)
  }

  add(member: ClassicMember): void {
    this.all.set(member.id, member)
    if (member.instanceId !== null) this.#byInstance.set(member.instanceId, member.id)
    this.leader ??= member.id
    this.#count(member, 1)
  }

  remove(id: string): ClassicMember | undefined {
    const member = this.all.get(id)
    if (member === undefined) return undefined
    this.all.delete(id)
    this.#count(member, -1)
    member.session.cancel()
    if (member.instanceId !== null && this.#byInstance.get(member.instanceId) === id) {
      this.#byInstance.delete(member.instanceId)
    }
    if (this.leader === id) this.leader = this.all.keys().next().value ?? null
    return member
  }

  removePending(id: string): boolean {
    this.pending.get(id)?.cancel()
    return this.pending.delete(id)
  }

  /** New protocols of a member. */
  update(member: ClassicMember, protocols: readonly MemberProtocol[]): void {
    this.#count(member, -1)
    member.protocols = protocols
    this.#count(member, 1)
  }

  /** A static member under a new id: everything else stays, the leadership too. */
  replace(old: ClassicMember, successor: ClassicMember): void {
    const wasLeader = this.leader === old.id
    this.remove(old.id)
    this.add(successor)
    if (wasLeader) this.leader = successor.id
  }

  /** The member of a request. Throws UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when another one has taken the instance id over. */
  claim(memberId: string, instanceId: string | null): ClassicMember {
    if (instanceId !== null) {
      const known = this.#byInstance.get(instanceId)
      if (known === undefined) throw new ApiError('UNKNOWN_MEMBER_ID')
      if (known !== memberId) throw new ApiError('FENCED_INSTANCE_ID')
    }
    const member = this.all.get(memberId)
    if (member === undefined) throw new ApiError('UNKNOWN_MEMBER_ID')
    return member
  }

  /** Whether everybody waits for the rebalance to end, and no id that was given out is still to come. */
  get hasAllJoined(): boolean {
    if (this.pending.size > 0) return false
    for (const { awaitingJoin } of this.all.values()) if (awaitingJoin === null) return false
    return true
  }

  get awaitingJoin(): number {
    let count = 0
    for (const { awaitingJoin } of this.all.values()) if (awaitingJoin !== null) count++
    return count
  }

  /** Sees that the leader is one that has joined this rebalance; false when nobody has. */
  electJoinedLeader(): boolean {
    const leader = this.leader === null ? undefined : this.all.get(this.leader)
    if (leader === undefined) return false
    if (leader.awaitingJoin !== null) return true
    for (const member of this.all.values()) {
      if (member.awaitingJoin === null) continue
      this.leader = member.id
      return true
    }
    return false
  }

  /** Whether a member with these protocols could take part. */
  supports(protocols: readonly MemberProtocol[]): boolean {
    return protocols.some(({ name }) => this.#support.get(name) === this.all.size)
  }

  /** The protocol that most members prefer among those that all have. */
  selectProtocol(): string {
    const candidates = new Set<string>()
    for (const [name, count] of this.#support) if (count === this.all.size) candidates.add(name)
    const votes = new Map<string, number>()
    for (const member of this.all.values()) {
      const vote = member.vote(candidates)
      if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1)
    }
    let winner = ''
    let most = 0
    for (const [name, count] of votes) {
      if (count <= most) continue
      winner = name
      most = count
    }
    return winner
  }

  /** In milliseconds: the longest of the members. */
  rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.all.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  /** The topics that members of a `consumer` group subscribe to; null when their metadata cannot be read. */
  subscribedTopics(protocol: string | null): Set<string> | null {
    const topics = new Set<string>()
    try {
      for (const member of this.all.values()) {
        for (const topic of consumerSubscription.decode(member.metadata(protocol)).body.topics) topics.add(topic)
      }
    } catch {
      return null
    }
    return topics
  }

  #count(member: ClassicMember, by: number): void {
    for (const name of new Set(member.protocols.map((protocol) => protocol.name))) {
      const count = (this.#support.get(name) ?? 0) + by
      if (count === 0) this.#support.delete(name)
      else this.#support.set(name, count)
    }
  }
}
