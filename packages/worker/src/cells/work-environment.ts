import type { Clock, Connector, Logger, Metrics, RawSettings } from '@sluice/sdk'
import type { TaskControl, TaskEvents } from '../record-path/task-control.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import type { MetricSample, MetricScopes } from './cell-metrics.ts'
import type { ExactlyOnceGuard, TaskStart } from './work-host.ts'

/** What a task is given by its host. */
export interface TaskHooks {
  readonly control: TaskControl
  readonly events: TaskEvents
  readonly guard: ExactlyOnceGuard
  /** The task's alone. */
  readonly metrics: Metrics
  /** Its lines carry the connector and the task. */
  readonly logger: Logger
}

export interface TaskHandle {
  /** Ends when the signal is aborted; rejects with what it failed on. */
  run(signal: AbortSignal): Promise<void>
  /** Counts and positions, for people. */
  progress(): unknown
  /** Under Kafka Connect's names. */
  figures?(): readonly FigureGroup[]
}

/** A config as work is given it. */
export interface WorkSettings {
  readonly settings: RawSettings
  /** Values of config providers, in these settings and in the worker's own: nothing that is told of the work may speak of them. */
  readonly values: ReadonlySet<string>
}

/** What work needs where it runs. One per process; opened by `openEnvironment` of a module that is named to the cell. */
export interface WorkEnvironment {
  readonly clock: Clock
  /** Opens ahead what any work needs. What fails here is tried again, and told of, when there is work. */
  prepare?(): Promise<void>
  /** The connector that `connector.class` (and `plugin.version`) names; loaded when it is first asked for. @throws SluiceError PLUGIN_UNKNOWN */
  connector(config: RawSettings): Promise<Connector>
  /** What work that does not run says of itself under this config, in a form that can go to the supervisor. `given`: with placeholders. */
  describe?(given: RawSettings, resolved: WorkSettings): Promise<object>
  /** Puts the values of config providers in the place of their variables. */
  resolve(config: RawSettings): Promise<WorkSettings>
  /**
   * Puts a task together. `connector` is what to make it by, `config` the connector's settings with the task's own over them, all
   * resolved. Clients that are opened for it are closed with its loop.
   */
  buildTask(connector: Connector, config: RawSettings, start: TaskStart, hooks: TaskHooks): Promise<TaskHandle>
  /** What connectors and tasks count in, each in a scope of its own. */
  readonly instruments: MetricScopes
  metrics(): readonly MetricSample[]
  close(): Promise<void>
}

/** What such a module exports as `openEnvironment`. `given` comes from the supervisor as it was, through structured clone. */
export type OpenEnvironment<G = unknown> = (given: G, logger: Logger) => Promise<WorkEnvironment>
