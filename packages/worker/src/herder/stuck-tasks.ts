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
 * Restarts tasks that are to run and give no sign of life: nothing that their connector was asked for has come back for too long. For
 * hosts that tell (`lastSignOfLife`).
 */
export class StuckTasks {
  readonly #parts: StuckTasksParts
  /** When each task was restarted last: a host may not have heard of it since. */
  readonly #restartedAt = new Map<string, number>()
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
    for (const [key, at] of this.#restartedAt) if (now - at >= stuckAfterMs) this.#restartedAt.delete(key)
    for (const id of local.started.tasks) {
      const heard = host.lastSignOfLife?.(id) ?? null
      const state = local.stateOf(id)
      // Paused ones are silent by right, and failed ones have said why. Without a state: its start has never come back.
      if (heard === null || (state !== 'RUNNING' && state !== null)) continue
      const last = Math.max(heard, this.#restartedAt.get(taskKey(id)) ?? heard)
      if (now - last < stuckAfterMs) continue
      this.#restartedAt.set(taskKey(id), now)
      logger.error('A task gives no sign of life and is restarted', { task: taskKey(id), silentMs: now - last })
      void local.restart({ connectors: [], tasks: [id] }, true)
    }
  }
}
