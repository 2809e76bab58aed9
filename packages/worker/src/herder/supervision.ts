import type { Clock, Logger } from '@sluice/sdk'
import type { WorkHost } from '../cells/work-host.ts'
import type { Work } from '../group/work-assignment.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import { restartOptions } from '../validation/own-settings.ts'
import { AutomaticRestart, type AutomaticRestartOptions } from './automatic-restart.ts'
import type { ConfigReload } from './config-reload.ts'
import type { TaskId } from './herder.ts'
import type { LocalWork, WorkWatcher } from './local-work.ts'
import type { Reconfiguration } from './reconfiguration.ts'
import type { Tick } from './tick.ts'

export interface SupervisionParts {
  readonly config: ConfigStore
  readonly options: AutomaticRestartOptions | null
  readonly host: () => WorkHost
  readonly local: () => LocalWork
  readonly reconfiguration: () => Reconfiguration
  readonly reload: ConfigReload
  readonly later: Tick['later']
  readonly clock: Clock
  readonly logger: Logger
}

/** What follows from what the work here tells: a connector that is up makes its tasks, one that fails comes back by itself. */
export class Supervision implements WorkWatcher {
  readonly automatic: AutomaticRestart | null
  readonly #parts: SupervisionParts

  constructor(parts: SupervisionParts) {
    const { options, clock, logger } = parts
    this.#parts = parts
    this.automatic =
      options === null
        ? null
        : new AutomaticRestart({
            options,
            clock,
            logger,
            later: parts.later,
            restart: (work) => this.#restart(work),
          })
  }

  connectorUp(connector: string): void {
    this.automatic?.up(connector)
    this.#parts.reconfiguration().request(connector)
  }

  taskUp(id: TaskId): void {
    this.automatic?.up(id)
  }

  connectorFailed(connector: string, trace: string): string | null {
    return this.#failed(connector, connector, trace)
  }

  taskFailed(id: TaskId, trace: string): string | null {
    return this.#failed(id, id.connector, trace)
  }

  reconfigurationRequested(connector: string): void {
    this.#parts.reconfiguration().request(connector)
  }

  /** Its settings are others now, whatever became of it with the old ones. */
  renew(work: string | TaskId): void {
    this.automatic?.forget(work)
    void this.#parts.local().restart(alone(work), false)
  }

  #failed(work: string | TaskId, connector: string, trace: string): string | null {
    const { config, reload } = this.#parts
    const own = restartOptions(reload.settingsOf(work) ?? config.snapshot().connectorConfig(connector) ?? {})
    // What the host brings back by itself is its own affair.
    if (own === null || this.#parts.host().restartsItself?.(trace) === true) return null
    return this.automatic?.failed(work, trace, own) ?? null
  }

  #restart(work: string | TaskId): boolean {
    const local = this.#parts.local()
    const connector = typeof work === 'string' ? work : work.connector
    // Stopped, restarted by hand or moved away in the meantime.
    if (local.stateOf(work) !== 'FAILED') return true
    if (this.#parts.config.snapshot().targetState(connector) !== 'STARTED') return false
    void local.restart(alone(work), true)
    return true
  }
}

function alone(work: string | TaskId): Work {
  return typeof work === 'string' ? { connectors: [work], tasks: [] } : { connectors: [], tasks: [work] }
}
