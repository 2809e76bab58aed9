import type { GroupIdentity } from '../port.ts'
import type { MemberApi } from './answers.ts'
import type { Departure, GroupAssignment } from './group-port.ts'
import type { Membership } from './membership.ts'

/** What a coordinator answered instead of what was asked. */
export interface Refusal {
  readonly api: MemberApi
  readonly errorCode: number
  readonly message: string | null
  /** Under which to ask again (MEMBER_ID_REQUIRED). */
  readonly memberId?: string
}

/**
 * How a member speaks with its coordinator: the requests of one group protocol. What is answered well goes into the
 * membership; what is refused is returned; what cannot be asked or answered rejects. An answer that comes when the attempt of
 * the membership has ended changes nothing.
 */
export interface Dialogue {
  /** Whether a membership lasts over many epochs (KIP-848), or ends with its generation. */
  readonly isByEpoch: boolean
  join(membership: Membership, reason: string): Promise<Refusal | undefined>
  heartbeat(membership: Membership): Promise<Refusal | undefined>
  /** The caller has taken an assignment over, and has given up what it had to. */
  acknowledge(assignment: GroupAssignment): void
  /** Best effort. */
  leave(place: GroupIdentity, reason: string, departure: Departure): Promise<void>
  /** Does not wait any longer for the others. */
  abandonJoin(): void
  reader(place: GroupIdentity): { readonly memberId: string; readonly memberEpoch: number } | undefined
  close(): void
}
