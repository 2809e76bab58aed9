import type { Assignments, PartitionAssignment, Subscription } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { keyOf } from '../../runtime/partition-key.ts'
import { refused } from './simulated-errors.ts'
import type { Scheduled, SimulatedTime } from './simulated-time.ts'

/** How long a group that was empty waits for more members: `group.initial.rebalance.delay.ms`. */
const INITIAL_DELAY_MS = 20

export interface Joined {
  readonly memberId: string
  readonly generationId: number
  readonly leaderId: string
  /** All members, for the leader; else empty. */
  readonly members: readonly Subscription[]
}

export type Joining = Omit<Subscription, 'memberId' | 'instanceId' | 'rackId'>

/** Who asks, and as what. */
export interface Place {
  readonly memberId: string
  readonly generationId: number
}

interface Member {
  readonly id: string
  readonly sessionTimeoutMs: number
  joining: Joining
  onJoined: ((joined: Joined) => void) | null
  /** Told null when the group shares out anew instead. */
  onSynced: ((assignment: PartitionAssignment | null) => void) | null
  expiry: Scheduled | null
}

type State = 'empty' | 'preparing' | 'completing' | 'stable'

/** The group coordinator of the classic protocol: who is a member, and what the leader gave to whom. */
export class SimulatedGroup {
  readonly #time: SimulatedTime
  readonly #onChange: (what: string) => void
  readonly #members = new Map<string, Member>()
  /** Who has which partition by the assignments of this generation. */
  #owners: ReadonlyMap<string, string> = new Map()
  #assignments: Assignments = new Map()
  readonly #ownedSince = new Map<string, number>()
  #state: State = 'empty'
  #generation = 0
  #leader = ''
  #names = 0

  constructor(time: SimulatedTime, onChange: (what: string) => void) {
    this.#time = time
    this.#onChange = onChange
  }

  /** `onJoined` is called when all members have joined, `memberId` '' for one that has none yet. @throws SluiceError KAFKA_FENCED */
  join(
    memberId: string,
    client: string,
    sessionTimeoutMs: number,
    joining: Joining,
    onJoined: (joined: Joined) => void,
  ): void {
    let member = memberId === '' ? undefined : this.#known(memberId)
    if (member === undefined) {
      const id = `${client}-${this.#names++}`
      member = { id, sessionTimeoutMs, joining, onJoined: null, onSynced: null, expiry: null }
      this.#members.set(id, member)
    }
    member.joining = joining
    member.onJoined = onJoined
    // Whoever waits for the others is not expected to be heard of.
    member.expiry?.cancel()
    const wasEmpty = this.#state === 'empty'
    if (this.#state !== 'preparing') this.#prepare(`${member.id} joins`)
    if (wasEmpty) this.#time.after(INITIAL_DELAY_MS, () => this.#completeIfAllJoined())
    else this.#completeIfAllJoined()
  }

  /** `onSynced` is called when the leader has assigned. `assignments` is null for all but the leader. @throws SluiceError */
  sync(
    place: Place,
    assignments: Assignments | null,
    onSynced: (assignment: PartitionAssignment | null) => void,
  ): void {
    const member = this.#inPlace(place)
    if (this.#state === 'preparing') throw refused('REBALANCE_IN_PROGRESS', 'SyncGroup')
    this.#heard(member)
    member.onSynced = onSynced
    if (this.#state === 'completing' && assignments !== null) this.#assign(assignments)
    if (this.#state === 'stable') this.#answerSyncs()
  }

  /** @throws SluiceError KAFKA_FENCED; KAFKA_REFUSED when the member is to join again */
  heartbeat(place: Place): void {
    this.#heard(this.#inPlace(place))
    if (this.#state === 'preparing') throw refused('REBALANCE_IN_PROGRESS', 'Heartbeat')
  }

  leave(memberId: string): void {
    if (this.#members.has(memberId)) this.#remove(memberId, 'leaves')
  }

  /** Shares out anew, as when somebody asks for it. */
  rebalance(reason: string): void {
    if (this.#state === 'stable') this.#prepare(reason)
  }

  /** Whether offsets may be committed in the name of a place: outside of transactions not while assignments are awaited. @throws SluiceError */
  checkCommit(place: Place, isTransactional: boolean): void {
    const member = this.#inPlace(place)
    this.#heard(member)
    if (!isTransactional && this.#state === 'completing') throw refused('REBALANCE_IN_PROGRESS', 'OffsetCommit')
  }

  /** Who got a partition in this generation; undefined: nobody, or nobody yet. */
  ownerOf(partition: TopicPartition): string | undefined {
    return this.#state === 'stable' || this.#state === 'preparing' ? this.#owners.get(keyOf(partition)) : undefined
  }

  /** Since when a partition has been its owner's, in milliseconds since the beginning. */
  ownedSince(partition: TopicPartition): number {
    return this.#ownedSince.get(keyOf(partition)) ?? 0
  }

  get generation(): number {
    return this.#generation
  }

  #known(memberId: string): Member {
    const member = this.#members.get(memberId)
    if (member === undefined) throw refused('UNKNOWN_MEMBER_ID', memberId)
    return member
  }

  #inPlace({ memberId, generationId }: Place): Member {
    const member = this.#known(memberId)
    if (generationId !== this.#generation) throw refused('ILLEGAL_GENERATION', `${memberId} of ${generationId}`)
    return member
  }

  #heard(member: Member): void {
    member.expiry?.cancel()
    if (member.onJoined !== null) return
    member.expiry = this.#time.after(member.sessionTimeoutMs, () => this.#remove(member.id, 'was not heard of'))
  }

  #remove(memberId: string, why: string): void {
    this.#members.get(memberId)?.expiry?.cancel()
    this.#members.delete(memberId)
    if (this.#members.size === 0) {
      this.#state = 'empty'
      this.#generation++
      this.#onChange(`${memberId} ${why}: empty`)
    } else if (this.#state === 'preparing') this.#completeIfAllJoined()
    else this.#prepare(`${memberId} ${why}`)
  }

  #prepare(reason: string): void {
    this.#onChange(`rebalances: ${reason}`)
    this.#state = 'preparing'
    for (const member of this.#members.values()) {
      const answer = member.onSynced
      member.onSynced = null
      answer?.(null)
    }
    this.#completeIfAllJoined()
  }

  #completeIfAllJoined(): void {
    const members = [...this.#members.values()]
    if (this.#state !== 'preparing' || members.some(({ onJoined }) => onJoined === null)) return
    this.#state = 'completing'
    this.#generation++
    if (!this.#members.has(this.#leader)) this.#leader = members[0]!.id
    const subscriptions = members.map(({ id, joining }): Subscription => ({
      ...joining,
      memberId: id,
      instanceId: null,
      rackId: null,
    }))
    this.#onChange(`generation ${this.#generation} of ${members.map(({ id }) => id).join(', ')}`)
    for (const member of members) {
      const answer = member.onJoined!
      member.onJoined = null
      this.#heard(member)
      answer({
        memberId: member.id,
        generationId: this.#generation,
        leaderId: this.#leader,
        members: member.id === this.#leader ? subscriptions : [],
      })
    }
  }

  #assign(assignments: Assignments): void {
    this.#state = 'stable'
    const owners = new Map<string, string>()
    for (const [memberId, { partitions }] of assignments)
      for (const partition of partitions) owners.set(keyOf(partition), memberId)
    for (const [partition, memberId] of owners)
      if (this.#owners.get(partition) !== memberId) this.#ownedSince.set(partition, this.#time.now)
    this.#owners = owners
    this.#assignments = assignments
    for (const [memberId, { partitions }] of assignments)
      this.#onChange(`gives ${memberId} ${partitions.map(keyOf).join(' ') || 'nothing'}`)
  }

  #answerSyncs(): void {
    for (const member of this.#members.values()) {
      const answer = member.onSynced
      member.onSynced = null
      answer?.(this.#assignments.get(member.id) ?? { partitions: [] })
    }
  }
}
