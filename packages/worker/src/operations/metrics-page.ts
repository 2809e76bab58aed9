import process from 'node:process'
import type { MemoryMetrics } from '@sluice/sdk'
import type { Measures } from './measures.ts'
import { METRIC_DOCUMENTATION } from './metric-names.ts'
import { prometheusText } from './prometheus.ts'
import { seriesOf } from './series.ts'

/** What a part of the worker says when it is asked; undefined: it is not there yet. */
export type Measured = () => Measures | Promise<Measures> | undefined

/**
 * The text of `/metrics`, measured when it is asked for.
 * @param instruments of this process
 */
export async function metricsPage(instruments: MemoryMetrics, parts: readonly Measured[]): Promise<string> {
  const measures = [processMeasures(), ...(await Promise.all(parts.map(async (part) => part())))]
  const samples = measures.flatMap((one) => one?.samples ?? [])
  const figures = measures.flatMap((one) => one?.figures ?? [])
  const values = new Map([...instruments.snapshot(), ...seriesOf({ samples, figures })])
  return prometheusText(values, METRIC_DOCUMENTATION)
}

/** Under the names that Prometheus' own clients have for them. */
function processMeasures(): Measures {
  const { user, system } = process.cpuUsage()
  const values = {
    process_resident_memory_bytes: process.memoryUsage.rss(),
    process_cpu_seconds_total: (user + system) / 1_000_000,
    process_start_time_seconds: Math.round(performance.timeOrigin) / 1000,
  }
  return { samples: Object.entries(values).map(([name, value]) => ({ name, labels: {}, value })), figures: [] }
}
