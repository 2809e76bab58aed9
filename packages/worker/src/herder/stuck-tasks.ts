import type { Clock, Logger } from '@sluice/sdk'
import type { WorkHost } from '../cells/work-host.ts'
import { taskKey } from './holdings.ts'
import type { LocalWork } from './local-work.ts'

export interface StuckTasksParts {
  readonly host: WorkHost
  readonly local: LocalWork
  /** Null: tasks are not watched. */
  readonly stuckAfterMs: number | null
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Restarts tasks that say RUNNING and give no sign of life: nothing that their connector was asked for has come back for too long. For
 * hosts that tell (`lastSignOfLife`).
 */
export class StuckTasks {
  readonly #parts: StuckTasksParts
  #lookedAt: number

  constructor(parts: StuckTasksParts) {
    this.#parts = parts
    this.#lookedAt = parts.clock.monotonic()
  }

  /** Cheap, and to be called often. */
  look(): void {
    const { host, local, stuckAfterMs, clock, logger } = this.#parts
    const now = clock.monotonic()
    if (stuckAfterMs === null || now - this.#lookedAt < stuckAfterMs / 4) return
    this.#lookedAt = now
    for (const id of local.started.tasks) {
      const last = host.lastSignOfLife?.(id) ?? null
      if (last === null || now - last < stuckAfterMs || local.stateOf(id) !== 'RUNNING') continue
      logger.error('A task gives no sign of life and is restarted', { task: taskKey(id), silentMs: now - last })
      void local.restart({ connectors: [], tasks: [id] }, true)
    }
  }
}
