import type { TaskId } from '../herder/herder.ts'

/** Connectors (their instances) and tasks. */
export interface Work {
  readonly connectors: readonly string[]
  readonly tasks: readonly TaskId[]
}

/** What a rebalance has decided for this worker, whatever protocol the group speaks. */
export interface WorkAssignment {
  readonly generation: number
  readonly isLeader: boolean
  readonly leaderId: string
  /** Where the leader's REST is; ends with a slash. */
  readonly leaderUrl: string
  /** The place in the config topic that the assignment was made from. */
  readonly configOffset: number
  /** The leader could not read as far as somebody else had: read on, then join again; nothing is assigned. */
  readonly isMismatch: boolean
  /** To be given up first; then the worker joins once more, so that others get it. */
  readonly revoked: Work
  /** To be started: new with this rebalance (eager: everything). */
  readonly assigned: Work
  /** Join again after so long: lost work is held back until then. 0: not. */
  readonly delayMs: number
}
