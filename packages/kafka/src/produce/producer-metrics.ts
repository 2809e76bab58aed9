import type { Clock } from '@sluice/sdk'
import type { MetricSet, MetricsRegistry, Spread, Total } from '../metrics.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** What a producer counts, under Kafka's names in `producer-metrics`. Called per batch. */
export class ProducerMetrics {
  readonly retried: Total
  readonly failed: Total
  readonly split: Total
  readonly #sent: Total
  readonly #batchSize: Spread
  readonly #compressionRate: Spread
  readonly #queueTime: Spread
  readonly #perRequest: Spread
  readonly #poolWait: Total
  #poolWaitSince: number | undefined

  constructor(registry: MetricsRegistry, clientId: string, pool: BufferPool, inFlight: () => number) {
    const set: MetricSet = registry.group('producer-metrics', { 'client-id': clientId })
    this.retried = set.total('record-retry-total')
    this.failed = set.total('record-error-total')
    this.split = set.total('batch-split-total')
    this.#sent = set.total('record-send-total')
    this.#batchSize = set.spread('batch-size')
    this.#compressionRate = set.spread('compression-rate')
    this.#queueTime = set.spread('record-queue-time')
    this.#perRequest = set.spread('records-per-request')
    this.#poolWait = set.total('bufferpool-wait-time-ns-total')
    set.gauge('buffer-total-bytes', () => pool.bytesMax)
    set.gauge('buffer-available-bytes', () => Math.max(0, pool.bytesMax - pool.leasedBytes))
    set.gauge('requests-in-flight', inFlight)
  }

  /** These batches, sealed, leave in one request; `now` is monotonic. */
  request(batches: readonly { readonly batch: ProducerBatch }[], now: number): void {
    let records = 0
    for (const { batch } of batches) {
      records += batch.count
      this.#batchSize.record(batch.length, now)
      this.#compressionRate.record(batch.length / batch.appender.length, now)
      this.#queueTime.record(now - batch.createdAt, now)
    }
    this.#sent.add(records)
    this.#perRequest.record(records, now)
  }

  /** Whether a call waits for memory now. */
  poolWait(isWaiting: boolean, clock: Clock): void {
    if (!isWaiting && this.#poolWaitSince === undefined) return
    const now = clock.monotonic()
    if (this.#poolWaitSince !== undefined) this.#poolWait.add(Math.round((now - this.#poolWaitSince) * 1e6))
    this.#poolWaitSince = isWaiting ? now : undefined
  }
}
