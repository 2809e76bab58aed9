import type { MetricLabels } from '@sluice/sdk'
import { metricName, underscored } from './metric-names.ts'
import type { Measures } from './measures.ts'

/**
 * Measures as series of Prometheus: instruments under their own names, Kafka Connect's figures as
 * `kafka_connect_source_task_source_record_poll_total{connector="orders",task="0"}`. Words become labels of an `…_info`, but for the
 * status, which has a series of its own: `kafka_connect_connector_status{connector="orders",status="running"}`. Of two with the same name
 * and labels the later counts.
 */
export function seriesOf({ samples, figures }: Measures): ReadonlyMap<string, number> {
  const all = new Map<string, number>()
  for (const { name, labels, value } of samples) all.set(name + labelText(labels), value)
  for (const { group, tags, values } of figures) {
    const labels = withUnderscores(tags)
    // The same for all numbers of the group: there are tens of thousands of series.
    const shared = labelText(labels)
    const texts: Record<string, string> = {}
    for (const [name, value] of Object.entries(values)) {
      if (typeof value === 'number') {
        if (!Number.isNaN(value)) all.set(metricName(group, name) + shared, value)
      } else if (name === 'status') all.set(metricName(group, name) + labelText({ ...labels, status: value }), 1)
      else texts[underscored(name)] = value
    }
    if (Object.keys(texts).length > 0) all.set(metricName(group, 'info') + labelText({ ...labels, ...texts }), 1)
  }
  return all
}

/** In the form of `MemoryMetrics.snapshot()`. */
function labelText(labels: MetricLabels): string {
  const parts = Object.keys(labels)
    .toSorted()
    .map((key) => `${key}=${JSON.stringify(labels[key])}`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function withUnderscores(tags: Readonly<Record<string, string>>): MetricLabels {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [underscored(name), value]))
}
