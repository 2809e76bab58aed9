import type { JoinResult, MemberFacts, MemberProtocol, SyncResult } from './classic-requests.ts'
import { NOTHING } from './classic-requests.ts'
import type { Lease } from './lease.ts'

/** A member of a classic group. */
export class ClassicMember {
  readonly id: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly protocolType: string
  readonly session: Lease
  protocols: readonly MemberProtocol[]
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  assignment: Uint8Array = NOTHING
  /** Until its first generation it cannot send heartbeats. */
  isNew = false
  awaitingJoin: ((result: JoinResult) => void) | null = null
  awaitingSync: ((result: SyncResult) => void) | null = null

  constructor(id: string, facts: MemberFacts, session: Lease) {
    this.id = id
    this.instanceId = facts.instanceId
    this.clientId = facts.clientId
    this.clientHost = facts.clientHost
    this.protocolType = facts.protocolType
    this.protocols = facts.protocols
    this.sessionTimeoutMs = facts.sessionTimeoutMs
    this.rebalanceTimeoutMs = facts.rebalanceTimeoutMs
    this.session = session
  }

  /** Empty for a protocol that it does not have. */
  metadata(protocol: string | null): Uint8Array {
    for (const { name, metadata } of this.protocols) if (name === protocol) return metadata
    return NOTHING
  }

  /** Whether it comes with the same protocols, in the same order, with the same metadata. */
  matches(protocols: readonly MemberProtocol[]): boolean {
    if (protocols.length !== this.protocols.length) return false
    return protocols.every(({ name, metadata }, i) => {
      const mine = this.protocols[i]!
      return mine.name === name && Buffer.compare(mine.metadata, metadata) === 0
    })
  }

  answerJoin(result: JoinResult): void {
    const respond = this.awaitingJoin
    this.awaitingJoin = null
    respond?.(result)
  }

  answerSync(result: SyncResult): void {
    const respond = this.awaitingSync
    this.awaitingSync = null
    respond?.(result)
  }

  /** Its vote: the first of its protocols that everybody has. */
  vote(candidates: ReadonlySet<string>): string | undefined {
    for (const { name } of this.protocols) if (candidates.has(name)) return name
    return undefined
  }
}
