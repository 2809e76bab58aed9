import type { ConfigSnapshot } from '../storage/config-store.ts'
import type { Work, WorkAssignment } from './work-assignment.ts'

/** What the group asks of the herder and tells it. The hooks are called one at a time and awaited. */
export interface WorkerGroupHooks {
  /** A fresh snapshot: its offset goes into the metadata of a join, its connectors and tasks are what the leader shares out. */
  snapshot(): Promise<ConfigSnapshot>
  /**
   * What is held now: a cooperative member tells the leader. All that was assigned counts, started or not, and what was revoked until it
   * has stopped: what is not named here may be given to somebody else.
   */
  held(): Work
  /**
   * A rebalance is complete: nothing has been started or stopped yet. To be kept for the herder's next tick, at once. A cooperative one
   * adds to those before it, carried out or not, and may name what is held already.
   */
  assigned(assignment: WorkAssignment): void
  /** All that is held is to be stopped before this resolves: an eager rebalance begins, or the place is given up in order. */
  revoked(): Promise<void>
  /** The place is lost: what is held may already run elsewhere. To be stopped at once, without writing statuses or positions. */
  lost(): Promise<void>
}

/** This worker's place in Connect's group, with Java workers beside it or without. */
export interface WorkerGroup {
  /** Resolves when there is an assignment. @throws SluiceError what cannot be tried again */
  join(): Promise<void>
  /** Says that the herder is alive; to be called more often than `rebalance.timeout.ms`. Whether work may go on. */
  poll(): boolean
  readonly memberId: string
  readonly generation: number
  /** The name of the group's protocol: `sessioned`, `compatible`, `default`; null without a place. */
  readonly protocol: string | null
  /** The REST address of whoever has a connector or task, known to the leader alone; null: nobody has it. */
  ownerUrl(connector: string, task: number | null): string | null
  requestRejoin(reason: string): void
  /** Revokes and leaves; `join` comes back. */
  leave(reason: string): Promise<void>
  close(): Promise<void>
}
