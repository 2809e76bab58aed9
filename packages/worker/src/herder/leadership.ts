import { describeError, SluiceError, type Logger } from '@sluice/sdk'
import type { WorkAssignment } from '../group/work-assignment.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore, StoredStatus } from '../storage/status-store.ts'
import { HerderError, NotLeader } from './herder.ts'
import type { Tick } from './tick.ts'

export interface LeadershipParts {
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly tick: () => Tick
  readonly isLeader: () => boolean
  readonly leaderUrl: () => string | null
  readonly workerId: string
  readonly generation: () => number
  readonly logger: Logger
}

/**
 * What comes with being the group's leader: the right to write (KIP-618), which a newer leader takes away, and the statuses of what is
 * not there any more.
 */
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

  /** Forgets the statuses of connectors and tasks that are not configured any more. */
  cleanStatuses(): void {
    const { config, status, isLeader } = this.#parts
    if (!isLeader()) return
    const snapshot = config.snapshot()
    for (const connector of status.connectors()) {
      const configured = new Set(snapshot.has(connector) ? snapshot.tasks(connector).map((id) => id.task) : [])
      for (const { id } of status.tasks(connector))
        if (!configured.has(id)) status.putTask({ connector, task: id }, this.#destroyed())
      if (snapshot.has(connector)) continue
      if (status.connector(connector) !== null) status.putConnector(connector, this.#destroyed())
      if (status.topics(connector).length > 0) status.removeTopics(connector)
    }
  }

  #destroyed(): StoredStatus {
    const { workerId, generation } = this.#parts
    return { state: 'DESTROYED', workerId, trace: null, version: null, generation: generation() }
  }
}
