import { ApiError } from '../api/handler.ts'
import type { ClassicGeneration } from './classic-generation.ts'
import type { CommittedOffset } from './committed-offsets.ts'
import type { CommitClaim, OffsetRules } from './group.ts'

/** Who may commit, read and delete the offsets of a classic group, and how long they stay. */
export class ClassicOffsetRules implements OffsetRules {
  readonly #group: ClassicGeneration

  constructor(group: ClassicGeneration) {
    this.#group = group
  }

  /** Members of the current generation; anybody while there are no members. */
  checkCommit({ memberId, instanceId, epoch, isTransactional }: CommitClaim): null {
    const { state, members, number } = this.#group
    if (state === 'Dead') throw new ApiError('COORDINATOR_NOT_AVAILABLE')
    if (epoch < 0 && state === 'Empty') return null
    if (epoch >= 0 || memberId !== '' || instanceId !== null) {
      members.claim(memberId, instanceId)
      if (epoch !== number) throw new ApiError('ILLEGAL_GENERATION')
    } else if (!isTransactional) {
      throw new ApiError('UNKNOWN_MEMBER_ID')
    }
    // It knows the new generation, so it may wait until it also knows its assignment.
    if (!isTransactional && state === 'CompletingRebalance') throw new ApiError('REBALANCE_IN_PROGRESS')
    return null
  }

  checkFetch(): void {
    if (this.#group.state === 'Dead') throw new ApiError('GROUP_ID_NOT_FOUND')
  }

  checkOffsetDelete(): void {
    const { state, isEmpty, protocolType } = this.#group
    if (state === 'Dead') throw new ApiError('GROUP_ID_NOT_FOUND')
    if (!isEmpty && protocolType !== 'consumer') throw new ApiError('NON_EMPTY_GROUP')
  }

  isSubscribedTo(topic: string): boolean {
    const { isEmpty, protocolType, subscribedTopics } = this.#group
    return !isEmpty && protocolType === 'consumer' && (subscribedTopics?.has(topic) ?? true)
  }

  unusedSince(topic: string, { commitTimestamp }: CommittedOffset): number | null {
    const { state, protocolType, stateTimestamp } = this.#group
    if (protocolType === null) return commitTimestamp
    if (state === 'Empty') return stateTimestamp === -1 ? commitTimestamp : stateTimestamp
    const isRead = state !== 'Stable' || protocolType !== 'consumer' || this.isSubscribedTo(topic)
    return isRead ? null : commitTimestamp
  }
}
