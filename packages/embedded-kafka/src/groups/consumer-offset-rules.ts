import { ApiError } from '../api/handler.ts'
import type { CommittedOffset } from './committed-offsets.ts'
import type { ConsumerMembers } from './consumer-members.ts'
import type { CommitClaim, OffsetRules, PartitionCheck } from './group.ts'

/** OffsetCommit 9 is the first version with an answer for a stale epoch. */
const COMMIT_VERSION_MIN = 9

/** Who may commit, read and delete the offsets of a consumer group, and how long they stay. */
export class ConsumerOffsetRules implements OffsetRules {
  readonly #members: ConsumerMembers

  constructor(members: ConsumerMembers) {
    this.#members = members
  }

  /** Members of the current epoch. With an older one a member may commit what it already had then (KIP-1251). */
  checkCommit({ memberId, epoch, isTransactional, version }: CommitClaim): PartitionCheck | null {
    if (epoch < 0 && this.#members.size === 0) return null
    const { current, subscription } = this.#members.claim(memberId, null)
    if (subscription.classic !== null) {
      if (epoch !== current.epoch) throw new ApiError('ILLEGAL_GENERATION')
      return null
    }
    if (!isTransactional && version < COMMIT_VERSION_MIN) throw new ApiError('UNSUPPORTED_VERSION')
    if (epoch === current.epoch) return null
    if (epoch > current.epoch) throw new ApiError('STALE_MEMBER_EPOCH')
    return (topicId, partition) => {
      const since = current.assigned.get(topicId)?.get(partition) ?? current.revoking.get(topicId)?.get(partition)
      return since !== undefined && epoch >= since
    }
  }

  checkFetch(memberId: string | null, memberEpoch: number): void {
    if (memberId === null && memberEpoch < 0) return
    const { current } = this.#members.claim(memberId ?? '', null)
    if (memberEpoch !== current.epoch) throw new ApiError('STALE_MEMBER_EPOCH')
  }

  checkOffsetDelete(): void {}

  isSubscribedTo(topic: string): boolean {
    return this.#members.isSubscribedTo(topic)
  }

  unusedSince(topic: string, { commitTimestamp }: CommittedOffset): number | null {
    return this.isSubscribedTo(topic) ? null : commitTimestamp
  }
}
