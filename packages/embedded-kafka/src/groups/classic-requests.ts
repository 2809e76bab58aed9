/** What is asked of a classic group, and what is told: JoinGroup, SyncGroup and LeaveGroup in the group's own words. */

export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

/** What a JoinGroup comes to. Without an error the member is in a generation. */
export interface JoinResult {
  readonly error: 'NONE' | 'MEMBER_ID_REQUIRED' | 'UNKNOWN_MEMBER_ID' | 'FENCED_INSTANCE_ID' | 'REBALANCE_IN_PROGRESS'
  readonly memberId: string
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  /** KIP-814: the leader of a group that goes on as it was need not assign again. */
  readonly isAssignmentSkipped: boolean
  /** For the leader; empty for others. */
  readonly members: readonly {
    readonly id: string
    readonly instanceId: string | null
    readonly metadata: Uint8Array
  }[]
}

/** What a SyncGroup comes to. */
export interface SyncResult {
  readonly error:
    'NONE' | 'REBALANCE_IN_PROGRESS' | 'FENCED_INSTANCE_ID' | 'UNKNOWN_MEMBER_ID' | 'COORDINATOR_NOT_AVAILABLE'
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Uint8Array
}

export interface MemberFacts {
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
}

export interface JoinRequest extends MemberFacts {
  /** Empty for a member that has none yet. */
  readonly memberId: string
  /** KIP-394, from version 4 on: an id is given out first, and only who comes back with it is a member. */
  readonly isIdRequired: boolean
  /** KIP-814, from version 9 on. */
  readonly canSkipAssignment: boolean
}

export interface SyncRequest {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** Null in versions that do not say it. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** From the leader; empty from others. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[]
}

export interface LeavingMember {
  /** Empty when an administrator removes a static member. */
  readonly memberId: string
  readonly instanceId: string | null
}

export const NOTHING: Uint8Array = new Uint8Array(0)

export function refusedJoin(memberId: string, error: Exclude<JoinResult['error'], 'NONE'>): JoinResult {
  const nothing = { generation: -1, protocolType: null, protocolName: null, leader: '', members: [] }
  return { error, memberId, ...nothing, isAssignmentSkipped: false }
}

export function refusedSync(error: Exclude<SyncResult['error'], 'NONE'>): SyncResult {
  return { error, protocolType: null, protocolName: null, assignment: NOTHING }
}
