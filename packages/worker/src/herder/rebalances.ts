import { describeError, type Clock, type Logger } from '@sluice/sdk'
import type { Work, WorkAssignment } from '../group/work-assignment.ts'
import type { WorkerGroup, WorkerGroupHooks } from '../group/worker-group.ts'
import type { ConfigSnapshot, ConfigStore } from '../storage/config-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import { Holdings, isNothing } from './holdings.ts'
import type { LocalWork } from './local-work.ts'
import type { RebalanceFigures } from './rebalance-figures.ts'
import type { Tick } from './tick.ts'

/** Tries to catch up with the config topic before what is held is given up. */
const CATCH_UP_TRIES = 5
/**
 * So many assignments in a row are given back because we have read further than they were made from. Where the topic grows without an
 * end nobody would ever start anything: what has changed since is told by the topic anyhow, and acted on after the start.
 */
const AHEAD_MAX = 3
const JOIN_BACKOFF_MS = 1_000
const STATUS_FLUSH_MS = 5_000

export interface RebalanceTimes {
  /** `worker.sync.timeout.ms` */
  readonly syncTimeoutMs: number
  /** `worker.unsync.backoff.ms` */
  readonly unsyncBackoffMs: number
  /** `scheduled.rebalance.max.delay.ms` */
  readonly delayMaxMs: number
}

export interface RebalanceParts {
  readonly group: () => WorkerGroup
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly local: () => LocalWork
  readonly tick: () => Tick
  readonly wanted: Holdings
  readonly times: RebalanceTimes
  readonly figures: RebalanceFigures
  /** After every assignment, before any work starts. */
  readonly onAssigned: (assignment: WorkAssignment) => Promise<void>
  /** The place is lost. */
  readonly onLost: () => void
  /** The work is shared out, and nothing of it is being given up. */
  readonly onShared: () => void
  /** What was revoked has stopped. */
  readonly onRevoked: (work: Work) => void
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * This worker's share of the work, as rebalances change it. The group calls the hooks whenever it likes; what they say is acted on in
 * the herder's next tick. Work that is given up stops beside the tick, and the rejoin that hands it to others comes when it has.
 */
export class Rebalances {
  readonly #parts: RebalanceParts
  #assignment: WorkAssignment | null = null
  #pending: WorkAssignment | null = null
  /** Revoked by assignments that have not been acted on yet. */
  readonly #revoked = new Holdings()
  /** Revoked and not stopped yet: still held, in the eyes of the group. */
  readonly #givingUp = new Holdings()
  /** What of that was told as held in the last join. */
  readonly #told = new Holdings()
  /** Settles when what was revoked so far has stopped. */
  #stopping: Promise<void> = Promise.resolve()
  #joinOffset = -1
  /** Acted on the last assignment, with nothing left to be read first. */
  #isInSync = false
  #isJoining = false
  /** What the group has said last: whether the place is certain. */
  #mayWork = false
  #timesAhead = 0
  #triesLeft = CATCH_UP_TRIES
  /** Between two tries to catch up: assignments that come meanwhile do not make it more urgent. */
  #isBackingOff = false

  constructor(parts: RebalanceParts) {
    this.#parts = parts
  }

  /**
   * The place is certain, and the last assignment was made from what is known here. Rejoining does not matter: until the next assignment
   * whoever leads goes on leading, and whoever has work has it.
   */
  get isSettled(): boolean {
    return this.#mayWork && this.#assignment !== null && this.#pending === null && this.#isInSync
  }

  get isLeader(): boolean {
    return this.#assignment?.isLeader === true
  }

  /** Null while nobody knows. */
  get leaderUrl(): string | null {
    const url = this.#assignment?.leaderUrl
    return url === undefined || url === '' ? null : url
  }

  hooks(): WorkerGroupHooks {
    return {
      snapshot: () => this.#snapshot(),
      held: () => this.#held(),
      assigned: (assignment) => this.#assigned(assignment),
      revoked: () => this.#giveUp(),
      lost: () => this.#lose(),
    }
  }

  rejoin(reason: string): void {
    this.#parts.logger.info('Joining the group again', { reason })
    this.#parts.group().requestRejoin(reason)
  }

  /** As `rejoin`, for what belongs to every connector that is made or deleted: it is said to whoever looks for it. */
  rejoinForChanges(): void {
    const reason = 'connectors or task configs have changed'
    this.#parts.logger.debug('Joining the group again', { reason })
    this.#parts.group().requestRejoin(reason)
  }

  /** Sees to it that there is a place in the group. Whether this worker may go on with its work. */
  ensureMembership(): boolean {
    this.#mayWork = this.#isJoining ? false : this.#isMember ? this.#poll() : this.#join()
    return this.#mayWork
  }

  get #isMember(): boolean {
    return this.#assignment !== null || this.#pending !== null
  }

  #join(): false {
    this.#isJoining = true
    void this.#takePlace()
    return false
  }

  async #takePlace(): Promise<void> {
    const { group, tick, logger } = this.#parts
    try {
      await group().join()
      this.#isJoining = false
      tick().wake()
    } catch (error) {
      logger.error('Joining the group failed; trying again', { reason: describeError(error) })
      this.#joinLater('joining the group', JOIN_BACKOFF_MS)
    }
  }

  #joinLater(what: string, delayMs: number): void {
    this.#isJoining = true
    this.#parts.tick().later(what, delayMs, () => {
      this.#isJoining = false
    })
  }

  /** Acts on the last assignment, if it is new. */
  async handle(): Promise<void> {
    const assignment = this.#pending
    if (assignment === null) return
    this.#pending = null
    this.#assignment = assignment
    this.#isInSync = false
    const { tick, local, wanted, config, logger } = this.#parts
    await this.#parts.onAssigned(assignment)
    // One more has come meanwhile, which knows better: what this one has revoked is kept in mind.
    if (this.#pending !== null) return this.handle()
    const revoked = this.#revoked.work()
    this.#revoked.clear()
    if (isNothing(revoked)) this.#parts.onShared()
    else this.#stopRevoked(revoked)
    if (assignment.isMismatch || this.#joinOffset < assignment.configOffset) {
      if (this.#isBackingOff || !(await this.#catchUp())) return
      if (assignment.isMismatch) return this.rejoin('the leader was behind in the config topic')
    }
    const isAhead = this.#joinOffset !== assignment.configOffset
    this.#timesAhead = isAhead ? this.#timesAhead + 1 : 0
    if (isAhead && this.#timesAhead <= AHEAD_MAX) {
      // Ahead of the leader: what it has shared out is not what there is any more.
      logger.info('The assignment was made from another place in the config topic', {
        here: this.#joinOffset,
        leader: assignment.configOffset,
      })
      this.#joinOffset = config.snapshot().offset
      return this.rejoin('the assignment was made from another place in the config topic')
    }
    local().start(wanted.without(local().started))
    this.#isInSync = true
    this.#parts.figures.completed()
    if (assignment.delayMs > 0)
      tick().later('joining the group for work that was held back', assignment.delayMs, () => {
        if (this.#assignment === assignment) this.rejoin('work was held back for a worker that may return')
      })
  }

  #poll(): boolean {
    try {
      return this.#parts.group().poll()
    } catch (error) {
      this.#parts.logger.error('The place in the group is lost', { reason: describeError(error) })
      this.#assignment = null
      return false
    }
  }

  async #snapshot(): Promise<ConfigSnapshot> {
    const { config, times, figures, logger } = this.#parts
    figures.begun()
    // What was read since the last time is why this worker joins; otherwise others may have read further.
    if (config.snapshot().offset === this.#joinOffset) {
      try {
        await config.refresh(times.syncTimeoutMs)
      } catch (error) {
        // Then the assignment says how far they are.
        logger.warn('The config topic could not be read to its end before joining', { reason: describeError(error) })
      }
    }
    const snapshot = config.snapshot()
    this.#joinOffset = snapshot.offset
    return snapshot
  }

  #held(): Work {
    const held = new Holdings()
    held.add(this.#parts.wanted.work())
    held.add(this.#givingUp.work())
    this.#told.clear()
    this.#told.add(this.#givingUp.work())
    return held.work()
  }

  #assigned(assignment: WorkAssignment): void {
    const { wanted, tick } = this.#parts
    // It was still stopping when the others were told, and is not taken away again: it stays here after all.
    this.#told.remove(assignment.revoked)
    const kept = this.#told.work()
    this.#told.clear()
    wanted.remove(assignment.revoked)
    this.#revoked.add(assignment.revoked)
    this.#givingUp.add(assignment.revoked)
    for (const work of [kept, assignment.assigned]) {
      wanted.add(work)
      this.#revoked.remove(work)
    }
    this.#pending = assignment
    tick().wake()
  }

  /** Eager, or leaving: everything ends before the others get it. */
  async #giveUp(): Promise<void> {
    const { wanted, local, status } = this.#parts
    const all = this.#held()
    this.#told.clear()
    wanted.clear()
    this.#revoked.clear()
    this.#isInSync = false
    await Promise.all([this.#stopping, local().stop(all)])
    this.#givingUp.clear()
    this.#parts.onRevoked(all)
    await status.flush(STATUS_FLUSH_MS)
  }

  async #lose(): Promise<void> {
    const { wanted, local, tick } = this.#parts
    const all = this.#held()
    this.#told.clear()
    wanted.clear()
    this.#revoked.clear()
    this.#givingUp.clear()
    this.#assignment = null
    this.#pending = null
    this.#isInSync = false
    this.#parts.onLost()
    tick().wake()
    await local().stop(all, { isSilent: true })
  }

  #stopRevoked(revoked: Work): void {
    this.#stopping = Promise.all([this.#stopping, this.#handOver(revoked)]).then(() => undefined)
  }

  /** Never rejects. */
  async #handOver(revoked: Work): Promise<void> {
    const { local, status, tick, onRevoked } = this.#parts
    await local().stop(revoked)
    this.#givingUp.remove(revoked)
    onRevoked(revoked)
    await status.flush(STATUS_FLUSH_MS)
    tick().later('handing over revoked work', 0, () => this.rejoin('revoked work has been given up'))
  }

  /** Reads to the end of the config topic. What fails is tried again later, and what is held is given up in the end. */
  async #catchUp(): Promise<boolean> {
    const { config, tick, times, logger } = this.#parts
    try {
      await tick().during('reading to the end of the config topic', () => config.refresh(times.syncTimeoutMs))
      this.#joinOffset = config.snapshot().offset
      this.#triesLeft = CATCH_UP_TRIES
      return true
    } catch (error) {
      logger.warn('The config topic could not be read to its end in time', {
        triesLeft: this.#triesLeft,
        reason: describeError(error),
      })
    }
    if (this.#parts.group().protocol === 'default') {
      await this.#parts.group().leave('taking too long to read the config topic')
      this.#assignment = null
      this.#joinLater('joining the group after a pause', times.unsyncBackoffMs)
      return false
    }
    if (this.#triesLeft > 0) {
      const delayMs = Math.floor(times.delayMaxMs / 10 / this.#triesLeft--)
      this.#isBackingOff = true
      tick().later('catching up with the config topic', delayMs, () => {
        this.#isBackingOff = false
        if (!this.#isInSync) this.rejoin('behind in the config topic')
      })
      return false
    }
    this.#triesLeft = CATCH_UP_TRIES
    await this.#giveUp()
    this.rejoin('still behind in the config topic')
    return false
  }
}
