import type { Kafka } from '@sluice/kafka'
import type { Clock, Logger, Metrics, Random, RawSettings } from '@sluice/sdk'
import type { Plugins } from './plugins/catalogue.ts'
import type { PositionStore } from './positions/position-store.ts'
import type { WorkerSettings } from './worker-settings.ts'

/** What the tasks of a process are built of, beside their own settings. */
export interface WorkerParts {
  /** The worker's settings, resolved: as text, for what connectors inherit, and parsed. */
  readonly worker: RawSettings
  readonly settings: WorkerSettings
  readonly plugins: Plugins
  readonly kafka: Kafka
  readonly positions: PositionStore
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
  readonly random: Random
}

/** A sink has no positions but those of its group. */
export type SinkWorkerParts = Omit<WorkerParts, 'positions'>
