import type { WorkState } from '../herder/herder.ts'
import type { ConnectorStart, TaskStart } from './work-host.ts'

/** Something that is to run here, and what was last heard of it. */
export interface Item<S> {
  start: S
  state: WorkState | null
  version: string | null
  /** It is being stopped: still heard, not started again. */
  isLeaving: boolean
}

/** All of one connector that was in a cell, as it was. */
export interface Belongings {
  readonly connector: Item<ConnectorStart> | null
  readonly tasks: readonly Item<TaskStart>[]
}
