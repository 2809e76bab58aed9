import type { SluiceError } from '@sluice/sdk'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import type { GroupIdentity } from '../port.ts'
import { verdictOn } from './answers.ts'
import type { Dialogue } from './dialogue.ts'
import type { Membership } from './membership.ts'
import type { Committer } from './offsets.ts'
import { fencedBecause, rebalanceInProgress } from './partings.ts'

/** What a refused commit does to the member that it was in the name of. */
export interface PlaceHolder {
  identity(): GroupIdentity
  lose(cause: SluiceError, keepsMemberId: boolean): void
  rejoin(reason: string): void
}

/** Commits in the name of a member's place: never in that of a later one, and a refusal may end it. */
export class PlaceCommitter implements Committer {
  readonly #membership: Membership
  readonly #dialogue: Dialogue
  readonly #holder: PlaceHolder

  constructor(membership: Membership, dialogue: Dialogue, holder: PlaceHolder) {
    this.#membership = membership
    this.#dialogue = dialogue
    this.#holder = holder
  }

  /** The same place is the same generation, or under KIP-848 the same membership at whatever epoch. */
  hold(): () => GroupIdentity {
    const { groupId, generationId } = this.#holder.identity()
    const { attempt } = this.#membership
    return () => {
      const now = this.#holder.identity()
      const isSameGeneration = this.#dialogue.isByEpoch || now.generationId === generationId
      if (this.#membership.attempt === attempt && isSameGeneration) return now
      throw rebalanceInProgress(groupId)
    }
  }

  refused(code: number, identity: GroupIdentity): SluiceError | 'retry' | undefined {
    const verdict = verdictOn(this.#dialogue.isByEpoch ? 'OffsetCommit by epoch' : 'OffsetCommit', code)
    if (verdict === 'accept' || verdict === 'find' || verdict === 'fail') return undefined
    if (verdict === 'retry') return code === KAFKA_ERROR.STALE_MEMBER_EPOCH ? 'retry' : undefined
    const { groupId, generationId, memberId } = identity
    const { place, state } = this.#membership
    const isSamePlace = place.generationId === generationId && place.memberId === memberId
    if (verdict === 'rejoin') {
      if (isSamePlace && state === 'stable')
        this.#holder.rejoin('offset commit failed since group is already rebalancing')
      return rebalanceInProgress(groupId)
    }
    if (!isSamePlace && state !== 'unjoined') return rebalanceInProgress(groupId)
    // All have joined, and the answer is on its way: it says what has become of the place.
    if (verdict === 'demoted' && state === 'joining') return rebalanceInProgress(groupId)
    const error = refused(code, `Cannot commit an offset of group ${groupId}`, { group: groupId })
    if (isSamePlace) this.#holder.lose(error, verdict === 'demoted')
    return fencedBecause(groupId, error)
  }

  reader(): { readonly memberId: string; readonly memberEpoch: number } | undefined {
    return this.#dialogue.reader(this.#membership.place)
  }
}
