import { MemoryMetrics, type MetricLabels } from '@sluice/sdk'
import type { MetricSample } from '../cells/cell-metrics.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'

/**
 * What was measured in all cells, as one: connectors' own instruments under their names, and Kafka Connect's figures as its JMX exporters
 * name them, `kafka_connect_source_task_metrics_source_record_poll_total{connector="orders",task="0"}`. Texts become labels of an `info`.
 */
export function cellFigures(samples: readonly MetricSample[], groups: readonly FigureGroup[]): MemoryMetrics {
  const all = new MemoryMetrics()
  for (const { name, labels, value } of samples) all.gauge(name, labels).set(value)
  for (const { group, tags, values } of groups) {
    const family = `kafka_connect_${underscored(group)}`
    const texts: Record<string, string> = {}
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'string') texts[underscored(name)] = value
      else if (!Number.isNaN(value)) all.gauge(`${family}_${underscored(name)}`, tags).set(value)
    }
    const labels: MetricLabels = { ...tags, ...texts }
    if (Object.keys(texts).length > 0) all.gauge(`${family}_info`, labels).set(1)
  }
  return all
}

function underscored(name: string): string {
  return name.replaceAll('-', '_')
}
