import type { Clock, Logger, RawSettings } from '@sluice/sdk'
import type { ExactlyOnceGuard, WorkEvents, WorkHost } from '../cells/work-host.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import type { AutomaticRestart } from './automatic-restart.ts'
import type { ClusterView } from './cluster-view.ts'
import { ConfigReload, type ResolveConfig } from './config-reload.ts'
import type { Holdings } from './holdings.ts'
import { LocalWork } from './local-work.ts'
import { Reconfiguration } from './reconfiguration.ts'
import type { HerderSettings } from './settings.ts'
import { StartupFigures } from './startup-figures.ts'
import { StuckTasks } from './stuck-tasks.ts'
import { Supervision } from './supervision.ts'
import type { Tick } from './tick.ts'
import { workFigures } from './work-figures.ts'

export interface LocalSideParts {
  readonly workerId: string
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly host: (events: WorkEvents, guard: ExactlyOnceGuard) => WorkHost
  readonly guard: ExactlyOnceGuard
  readonly resolve: ResolveConfig
  readonly view: ClusterView
  readonly settings: HerderSettings
  /** What this worker is to run now. */
  readonly wanted: Holdings
  /** Of the group; 0 in standalone. */
  readonly generation: () => number
  readonly isExactlyOnce: (connectorConfig: RawSettings) => boolean
  /** Writes a connector's new task configs, or hands them to whoever does. */
  readonly publish: (connector: string, configs: readonly RawSettings[]) => Promise<void>
  readonly later: Tick['later']
  readonly clock: Clock
  readonly logger: Logger
}

/** What every herder has around the work that runs here: whoever starts and stops it, asks it for tasks, and brings it back. */
export class LocalSide {
  readonly host: WorkHost
  readonly local: LocalWork
  readonly reconfiguration: Reconfiguration
  readonly stuckTasks: StuckTasks
  /** Null: what failed stays FAILED. */
  readonly automatic: AutomaticRestart | null
  readonly #startups: StartupFigures
  readonly #parts: LocalSideParts

  constructor(parts: LocalSideParts) {
    const { config, settings, resolve, later, clock, logger } = parts
    this.#parts = parts
    this.#startups = new StartupFigures(clock)
    const reload = new ConfigReload({
      resolve,
      restart: (work) => supervision.renew(work),
      later,
      clock,
      logger,
    })
    const supervision = new Supervision({
      config,
      options: settings.automaticRestart,
      host: () => this.host,
      local: () => this.local,
      reconfiguration: () => this.reconfiguration,
      reload,
      later,
      clock,
      logger,
    })
    this.automatic = supervision.automatic
    this.host = parts.host(
      eventsTo(() => this.local),
      parts.guard,
    )
    this.local = new LocalWork({
      host: this.host,
      config,
      status: parts.status,
      workerId: parts.workerId,
      generation: parts.generation,
      wanted: parts.wanted,
      taskStopMs: settings.taskStopMs,
      isExactlyOnce: parts.isExactlyOnce,
      isTrackingTopics: settings.isTrackingTopics,
      watcher: supervision,
      reload,
      startups: this.#startups,
      clock,
      logger,
    })
    const here = { host: this.host, local: this.local, clock, logger }
    this.reconfiguration = new Reconfiguration({ ...here, config, resolve, publish: parts.publish })
    this.stuckTasks = new StuckTasks({ ...here, stuckAfterMs: settings.stuckAfterMs })
  }

  figures(): readonly FigureGroup[] {
    return workFigures({ ...this.#parts, startups: this.#startups }, this.local.running)
  }
}

/** The host is made before what listens to it. */
function eventsTo(local: () => LocalWork): WorkEvents {
  return {
    connectorState: (...event) => local().connectorState(...event),
    taskState: (...event) => local().taskState(...event),
    reconfigurationRequested: (connector) => local().reconfigurationRequested(connector),
    topicUsed: (id, topic) => local().topicUsed(id, topic),
  }
}
