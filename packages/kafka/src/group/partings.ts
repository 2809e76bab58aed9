/** The errors of a member that is not, or no longer, in its place. */
import { RetriableError, SluiceError } from '@sluice/sdk'

/** A commit came while the group shares out anew. */
export function rebalanceInProgress(groupId: string): SluiceError {
  return new RetriableError('KAFKA_REFUSED', `Group ${groupId} is rebalancing: nothing is committed meanwhile`, {
    place: { group: groupId, error: 'REBALANCE_IN_PROGRESS' },
    remedy: 'Commit in onRevoked, or again after onAssigned if the partitions are still held.',
  })
}

/** Something was asked in the name of a place that others hold by now. */
export function fencedBecause(groupId: string, cause: SluiceError): SluiceError {
  return new SluiceError('KAFKA_FENCED', `The member has lost its place in group ${groupId}`, {
    cause,
    place: { group: groupId, error: String(cause.place?.['error'] ?? 'UNKNOWN_MEMBER_ID') },
    remedy: 'Commit nothing more of what was assigned before; the next onAssigned says where to go on.',
  })
}

/** What was held under an earlier place is asked for under a later one. */
export function givenUp(groupId: string): SluiceError {
  return new SluiceError('KAFKA_FENCED', `What the member of group ${groupId} held then it has given up since`, {
    place: { group: groupId, error: 'ILLEGAL_GENERATION' },
    remedy: 'Commit nothing more of what was assigned before; the last onAssigned says where to go on.',
  })
}

export function notInGroup(groupId: string): SluiceError {
  return new SluiceError('KAFKA_FENCED', `The member has no place in group ${groupId}`, {
    place: { group: groupId, error: 'UNKNOWN_MEMBER_ID' },
    remedy: 'Join the group first.',
  })
}

export function memberClosed(groupId: string): SluiceError {
  return new SluiceError('INTERRUPTED', `The member of group ${groupId} has been closed`, { place: { group: groupId } })
}

/** No heartbeat got through for a whole session. */
export function silentTooLong(groupId: string, sessionTimeoutMs: number): SluiceError {
  return new SluiceError(
    'KAFKA_FENCED',
    `No heartbeat was answered within the session of ${sessionTimeoutMs} ms: others may have taken over in group ${groupId}`,
    {
      place: { group: groupId, error: 'UNKNOWN_MEMBER_ID' },
      remedy:
        'Look for JavaScript that runs for seconds without yielding, a process that was halted, or a coordinator that was away.',
    },
  )
}

/** The caller has not been heard of for too long. */
export function stuckTooLong(groupId: string, rebalanceTimeoutMs: number): SluiceError {
  return new SluiceError(
    'KAFKA_FENCED',
    `poll was not called for ${rebalanceTimeoutMs} ms, so the member has left group ${groupId} for others to do its work`,
    {
      place: { group: groupId, error: 'UNKNOWN_MEMBER_ID' },
      remedy: 'Do less between two calls of poll, or raise rebalanceTimeoutMs.',
    },
  )
}
