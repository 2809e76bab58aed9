import type { MetricSample } from '../cells/cell-metrics.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'

/** What a part of the worker has measured by the time it is asked. */
export interface Measures {
  /** Under our names, and connectors' own. */
  readonly samples: readonly MetricSample[]
  /** Under Kafka Connect's. */
  readonly figures: readonly FigureGroup[]
}

export const NOTHING_MEASURED: Measures = { samples: [], figures: [] }
