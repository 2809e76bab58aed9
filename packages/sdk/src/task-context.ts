import type { Clock, Logger, Metrics, Random } from './ports.ts'

/** What every task is given. */
export interface TaskContext {
  readonly connector: string
  readonly task: number
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: Random
}
