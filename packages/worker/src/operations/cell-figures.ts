import { MemoryMetrics, type MetricLabels } from '@sluice/sdk'
import type { MetricSample } from '../cells/cell-metrics.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import { metricName, underscored } from './metric-names.ts'

/**
 * Measures under Prometheus' names: instruments under their own, Kafka Connect's figures as
 * `kafka_connect_source_task_source_record_poll_total{connector="orders",task="0"}`. Words become labels of an `…_info`, but for the
 * status, which has a series of its own: `kafka_connect_connector_status{connector="orders",status="running"}`.
 */
export function cellFigures(samples: readonly MetricSample[], groups: readonly FigureGroup[]): MemoryMetrics {
  const all = new MemoryMetrics()
  for (const { name, labels, value } of samples) all.gauge(name, labels).set(value)
  for (const { group, tags, values } of groups) {
    const labels = withUnderscores(tags)
    const texts: Record<string, string> = {}
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'number') {
        if (!Number.isNaN(value)) all.gauge(metricName(group, name), labels).set(value)
      } else if (name === 'status') all.gauge(metricName(group, name), { ...labels, status: value }).set(1)
      else texts[underscored(name)] = value
    }
    if (Object.keys(texts).length > 0) all.gauge(metricName(group, 'info'), { ...labels, ...texts }).set(1)
  }
  return all
}

function withUnderscores(tags: Readonly<Record<string, string>>): MetricLabels {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [underscored(name), value]))
}
