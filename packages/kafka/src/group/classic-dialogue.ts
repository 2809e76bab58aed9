import type { ApiName, RequestInput, ResponseBody } from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { coordinatorOf } from '../coordinator.ts'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import type { GroupIdentity } from '../port.ts'
import type { BrokerLinks } from '../wire/broker-links.ts'
import type { Connection } from '../wire/connection.ts'
import type { Dialogue, Refusal } from './dialogue.ts'
import type { Departure, GroupMemberOptions, GroupProtocol, MemberBytes, MemberMetadata } from './group-port.ts'
import type { Membership } from './membership.ts'
import type { VitalSigns } from './vital-signs.ts'

/** Of a reason, as Java's clients cut it (KIP-800). */
const REASON_LENGTH_MAX = 255

/** A member waits for the slowest of the others, and a little longer than they are given. */
const JOIN_GRACE_MS = 5_000

/** So many heartbeats may be lost with their connections within one session. */
const TRIES_PER_SESSION = 3

const NO_BYTES = new Uint8Array(0)

/**
 * JoinGroup, SyncGroup, Heartbeat, LeaveGroup. The first two are answered when all members have come, so the others have a
 * connection of their own.
 */
export class ClassicDialogue implements Dialogue {
  readonly isByEpoch = false
  readonly #context: ClusterContext
  readonly #options: GroupMemberOptions
  readonly #signs: VitalSigns
  readonly #links: BrokerLinks
  readonly #heartLinks: BrokerLinks
  #waiting: Connection | undefined
  /** What it waits for is an id (KIP-394), which it is given at once. */
  #isNaming = false
  #isAbandoned = false

  constructor(context: ClusterContext, options: GroupMemberOptions, signs: VitalSigns) {
    this.#context = context
    this.#options = options
    this.#signs = signs
    this.#links = context.ownLinks('consumer', options.clientId)
    this.#heartLinks = context.ownLinks('consumer', this.#links.clientId)
  }

  async join(membership: Membership, reason: string): Promise<Refusal | undefined> {
    const { attempt } = membership
    this.#isAbandoned = false
    const answer = await this.#joinGroup(membership.place, reason)
    if (membership.attempt !== attempt) return undefined
    const { errorCode, memberId, generationId, leader } = answer
    if (errorCode !== 0) return { api: 'JoinGroup', errorCode, message: null, memberId }
    const protocol = this.#protocolOf(answer)
    membership.joined(memberId, generationId)
    this.#signs.confirmed(this.#context.clock.monotonic())
    const { place } = membership
    const members = answer.members.map((one) => ({
      memberId: one.memberId,
      instanceId: one.groupInstanceId,
      metadata: one.metadata,
    }))
    const isAssigning = leader === memberId && !answer.skipAssignment
    const assignments = isAssigning ? await protocol.assign(members, place) : new Map<string, Uint8Array>()
    if (membership.attempt !== attempt) return undefined
    const sentAt = this.#context.clock.monotonic()
    const synced = await this.#syncGroup(place, protocol.name, isAssigning ? forAll(members, assignments) : assignments)
    if (membership.attempt !== attempt) return undefined
    if (synced.errorCode !== 0) return { api: 'SyncGroup', errorCode: synced.errorCode, message: null }
    this.#signs.confirmed(sentAt)
    const assigned = { ...place, protocol: protocol.name, leaderId: leader, members, assignment: synced.assignment }
    membership.synced(assigned, protocol.isCooperative)
    return undefined
  }

  async heartbeat({ place }: Membership): Promise<Refusal | undefined> {
    const { groupId, generationId, memberId, instanceId: groupInstanceId } = place
    const connection = await this.#toCoordinator(this.#heartLinks)
    const version = connection.version('Heartbeat', { lowest: 3, highest: 4 })
    const body = { groupId, generationId, memberId, groupInstanceId }
    const timeoutMs = Math.min(this.#context.requestTimeoutMs, this.#signs.sessionTimeoutMs / TRIES_PER_SESSION)
    const { errorCode } = await connection.send('Heartbeat', version, body, timeoutMs)
    return errorCode === 0 ? undefined : { api: 'Heartbeat', errorCode, message: null }
  }

  acknowledge(): void {
    // The next join does.
  }

  /** A static member stays, so that it can come back (KIP-345), unless it is told to go (KIP-1092). */
  async leave({ groupId, memberId, instanceId }: GroupIdentity, reason: string, departure: Departure): Promise<void> {
    if (departure === 'remain' || (departure === 'default' && instanceId !== null) || memberId === '') return
    const connection = await this.#toCoordinator(this.#heartLinks)
    const version = connection.version('LeaveGroup', { lowest: 3, highest: 5 })
    const members = [{ memberId, groupInstanceId: instanceId, reason: cut(reason) }]
    await connection.send('LeaveGroup', version, { groupId, members })
  }

  abandonJoin(): void {
    this.#isAbandoned = true
    // An id that nobody has heard the others would wait for, as long as a session is.
    if (!this.#isNaming) this.#waiting?.close()
  }

  reader(): undefined {
    return undefined
  }

  close(): void {
    this.#links.close()
    this.#heartLinks.close()
  }

  async #joinGroup(place: GroupIdentity, reason: string): Promise<ResponseBody<'JoinGroup'>> {
    const { protocols, protocolType } = this.#options
    const offers = await Promise.all(
      protocols.map(async (protocol) => ({ name: protocol.name, metadata: await protocol.metadata(place) })),
    )
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#signs
    this.#isNaming = place.memberId === '' && place.instanceId === null
    return this.#wait('JoinGroup', 5, 9, {
      groupId: place.groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: place.memberId,
      groupInstanceId: place.instanceId,
      protocolType,
      protocols: offers,
      reason: cut(reason),
    })
  }

  #syncGroup(place: GroupIdentity, protocolName: string, assignments: MemberBytes): Promise<ResponseBody<'SyncGroup'>> {
    return this.#wait('SyncGroup', 3, 5, {
      groupId: place.groupId,
      generationId: place.generationId,
      memberId: place.memberId,
      groupInstanceId: place.instanceId,
      protocolType: this.#options.protocolType,
      protocolName,
      assignments: Array.from(assignments, ([memberId, assignment]) => ({ memberId, assignment })),
    })
  }

  /** Sends a request that is answered when the others have sent theirs. */
  async #wait<N extends ApiName>(
    api: N,
    lowest: number,
    highest: number,
    body: RequestInput<N>,
  ): Promise<ResponseBody<N>> {
    const connection = await this.#toCoordinator(this.#links)
    if (this.#isAbandoned) throw new SluiceError('INTERRUPTED', `${api} was not sent: the member leaves`)
    const timeoutMs = Math.max(this.#context.requestTimeoutMs, this.#signs.rebalanceTimeoutMs + JOIN_GRACE_MS)
    this.#waiting = connection
    try {
      return await connection.send(api, connection.version(api, { lowest, highest }), body, timeoutMs)
    } finally {
      this.#waiting = undefined
      this.#isNaming = false
    }
  }

  #protocolOf({ protocolName, protocolType }: ResponseBody<'JoinGroup'>): GroupProtocol {
    const { protocols, protocolType: own, groupId } = this.#options
    const found = protocols.find(({ name }) => name === protocolName)
    if (found !== undefined && (protocolType ?? own) === own) return found
    const what = `Group ${groupId} uses '${protocolName ?? ''}' of type '${protocolType ?? own}'`
    throw refused(KAFKA_ERROR.INCONSISTENT_GROUP_PROTOCOL, what, { group: groupId })
  }

  #toCoordinator(links: BrokerLinks): Promise<Connection> {
    return coordinatorOf(this.#context, 'group', this.#options.groupId, links)
  }
}

/** The coordinator is told of every member; a result for somebody else is a mistake that must be seen. */
function forAll(members: readonly MemberMetadata[], assignments: MemberBytes): MemberBytes {
  const ids = new Set(members.map(({ memberId }) => memberId))
  for (const memberId of assignments.keys()) {
    if (!ids.has(memberId))
      throw new SluiceError('INTERNAL', `The assignor assigned to ${memberId}, which is no member`)
  }
  return new Map(members.map(({ memberId }) => [memberId, assignments.get(memberId) ?? NO_BYTES]))
}

function cut(reason: string): string {
  return reason.length <= REASON_LENGTH_MAX ? reason : reason.slice(0, REASON_LENGTH_MAX)
}
