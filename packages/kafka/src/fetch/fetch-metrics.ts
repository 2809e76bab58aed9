import type { MetricGroup, MetricsRegistry, Spread, Total } from '../metrics.ts'
import type { FetchedPartition } from '../port.ts'
import type { PartitionState } from './partition-state.ts'

const GROUP = 'consumer-fetch-manager-metrics'

/** What a fetcher hands out, under Kafka's names. Called per partition of a poll. Fetches themselves are counted by the wire. */
export class FetchMetrics {
  readonly #records: Total
  readonly #bytes: Total
  readonly #perPoll: Spread

  /** `assigned`: looked at when somebody reads, for the lag of each partition. */
  constructor(registry: MetricsRegistry, clientId: string, assigned: ReadonlyMap<string, PartitionState>) {
    const tags = { 'client-id': clientId }
    const set = registry.group(GROUP, tags)
    this.#records = set.total('records-consumed-total')
    this.#bytes = set.total('bytes-consumed-total')
    this.#perPoll = set.spread('records-per-request')
    set.gauge('records-lag-max', () => {
      const lags = [...assigned.values()].map(lagOf).filter((lag) => lag >= 0)
      return lags.length === 0 ? NaN : Math.max(...lags)
    })
    registry.provide(clientId, () => [...assigned.values()].flatMap((state) => partitionGroup(state, tags)))
  }

  polled(fetched: readonly FetchedPartition[], now: number): void {
    for (const { batches } of fetched) {
      let records = 0
      for (const { count, bytes } of batches) {
        records += count
        this.#bytes.add(bytes)
      }
      this.#records.add(records)
      this.#perPoll.record(records, now)
    }
  }
}

/** How many offsets there are between the position and the end that may be read; -1 while nobody knows. */
function lagOf({ position, endOffset }: PartitionState): number {
  return endOffset < 0 || position < 0 ? -1 : Math.max(0, endOffset - position)
}

function partitionGroup(state: PartitionState, tags: Readonly<Record<string, string>>): MetricGroup[] {
  const lag = lagOf(state)
  if (lag < 0) return []
  const { topic, partition, position, startOffset } = state
  const values = { 'records-lag': lag, 'records-lead': position - Math.max(0, startOffset) }
  return [{ group: GROUP, tags: { ...tags, topic, partition: String(partition) }, values }]
}
