import { describeError, SluiceError, type Logger } from '@sluice/sdk'
import type { WorkAssignment } from '../group/work-assignment.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import { HerderError, NotLeader } from './herder.ts'
import type { Tick } from './tick.ts'

export interface LeadershipParts {
  readonly config: ConfigStore
  readonly tick: () => Tick
  readonly isLeader: () => boolean
  readonly leaderUrl: () => string | null
  readonly logger: Logger
}

/** What comes with being the group's leader: the right to write (KIP-618), which a newer leader takes away. */
export class Leadership {
  readonly #parts: LeadershipParts
  #hasClaimed = false

  constructor(parts: LeadershipParts) {
    this.#parts = parts
  }

  /** After each rebalance. */
  async assigned(assignment: WorkAssignment): Promise<void> {
    if (!assignment.isLeader) this.#hasClaimed = false
    else if (!this.#hasClaimed) await this.claim()
  }

  /** The place is lost: whoever leads now has claimed the right to write. */
  lost(): void {
    this.#hasClaimed = false
  }

  /** As leader: claims the right to write, if it is not held. A failure is tried again with the next tick. */
  async claim(): Promise<void> {
    const { config, tick, isLeader, logger } = this.#parts
    if (this.#hasClaimed || !isLeader()) return
    try {
      await tick().during('claiming the right to write to the config topic', () => config.claimLeadership())
      this.#hasClaimed = true
    } catch (error) {
      logger.error('The right to write to the config topic could not be claimed; trying again', {
        reason: describeError(error),
      })
    }
  }

  /** Does in the herder's turn what only the leader may do. @throws NotLeader with these words */
  request<T>(what: string, refusal: string, work: () => Promise<T>): Promise<T> {
    return this.#parts.tick().request(what, () => {
      this.assertLeader(refusal)
      return this.write(work)
    })
  }

  assertLeader(refusal: string): void {
    if (!this.#parts.isLeader()) throw new NotLeader(refusal, this.#parts.leaderUrl())
  }

  /** A write that only the leader makes. A fenced one gives the right back, to be claimed again if we still lead. */
  async write<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#hasClaimed) await this.claim()
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'KAFKA_FENCED') throw error
      this.#hasClaimed = false
      this.#parts.tick().wake()
      throw new HerderError(500, 'Failed to write to the config topic: another worker has become the leader', {
        cause: error,
      })
    }
  }
}
