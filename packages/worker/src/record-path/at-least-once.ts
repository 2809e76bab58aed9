import type { Produced, Producer, ProducerRecord } from '@sluice/kafka'
import { describeError, isRetriable, SluiceError, type Clock, type Logger, type SourceTask } from '@sluice/sdk'
import type { PositionStore } from '../positions/position-store.ts'
import { Deliveries } from './deliveries.ts'
import type { SourceDelivery } from './delivery.ts'
import type { ErrorFigures } from './error-figures.ts'
import { InFlight, type InFlightBatch, type SettledPosition } from './in-flight.ts'
import type { OutgoingBatch } from './outgoing-batch.ts'
import { untilShared } from '../shared-moments.ts'
import type { SourceCounts } from './source-counts.ts'
import type { TaskControl, TaskEvents } from './task-control.ts'
import type { TaskFigures } from './task-figures.ts'
import type { Tolerance } from './tolerance.ts'

export interface AtLeastOnceParts {
  readonly connector: string
  readonly task: Pick<SourceTask, 'settled' | 'delivered'>
  readonly producer: Producer
  readonly positions: PositionStore
  readonly tolerance: Tolerance
  readonly counts: SourceCounts
  readonly figures: TaskFigures
  readonly errors: ErrorFigures
  readonly control: TaskControl
  readonly events: TaskEvents
  readonly logger: Logger
  readonly clock: Clock
  /** Bytes under way before polling waits. */
  readonly queueBytesMax: number
  readonly flushIntervalMs: number
  readonly flushTimeoutMs: number
}

/**
 * Batches go out while earlier ones are under way, up to `queueBytesMax`. Positions are stored every `flushIntervalMs`, per source
 * partition in the order of the source (KAFKA-12226), and only up to what is durable (invariant 1): after a crash some records are sent
 * again, none is missing.
 */
export class AtLeastOnce implements SourceDelivery {
  readonly requests = null
  readonly deliversBeforeFailure = true
  readonly #parts: AtLeastOnceParts
  readonly #fail: (error: unknown) => void
  readonly #inFlight: InFlight
  readonly #deliveries: Deliveries
  /** Taken out as durable, not stored yet. */
  #pending: SettledPosition[] = []
  #storing: Promise<void> = Promise.resolve()
  #settling: Promise<void> = Promise.resolve()
  /** The broker has refused single records before: since then each is asked for by itself. */
  #isCareful = false

  constructor(parts: AtLeastOnceParts, fail: (error: unknown) => void) {
    this.#parts = parts
    this.#fail = fail
    this.#inFlight = new InFlight(parts.queueBytesMax)
    this.#deliveries = new Deliveries(parts.task)
  }

  start(signal: AbortSignal): void {
    this.#settling = this.#settleRegularly(signal)
  }

  room(signal: AbortSignal): Promise<void> {
    return this.#inFlight.room(signal)
  }

  send(batch: OutgoingBatch): void {
    const submitted = this.#inFlight.submit(batch.bytes, batch.positions())
    this.#parts.errors.lettersSent(batch.letters)
    if (batch.records.length === 0) return this.#durable(batch, submitted)
    const produced = this.#isCareful ? this.#produceEach(batch) : this.#produce(batch)
    this.#deliveries.settled(batch, produced).then(
      () => this.#durable(batch, submitted),
      (error: unknown) => {
        this.#parts.errors.lettersFailed(batch.letters)
        this.#inFlight.abandon(submitted)
        this.#fail(error)
      },
    )
  }

  async settle(): Promise<void> {
    const { flushTimeoutMs, logger } = this.#parts
    await this.#inFlight.drained(AbortSignal.timeout(flushTimeoutMs))
    const { batches } = this.#inFlight
    if (batches > 0)
      logger.warn('Stopped with batches that are not known to be durable; they will be sent again', { batches })
    await this.#store()
  }

  async close(outcome: 'stopped' | 'failed' | 'cancelled'): Promise<void> {
    await this.#settling
    if (outcome !== 'cancelled') await this.settle()
  }

  #durable(batch: OutgoingBatch, submitted: InFlightBatch): void {
    const { counts, events, control } = this.#parts
    counts.settled(batch.tally())
    this.#inFlight.settle(submitted)
    if (batch.newTopics !== null && !control.isCancelled) batch.newTopics.forEach((topic) => events.topicUsed(topic))
  }

  /**
   * With `errors.tolerance=all`, records that the broker refuses are left out and counted, as in Kafka Connect. A failed call does not say
   * which they were, so its records are asked for once more, one by one. That may send others of them twice, out of their order; so from
   * then on every record is asked for by itself from the start, which costs more and repeats nothing.
   */
  async #produce(batch: OutgoingBatch): Promise<readonly Produced[]> {
    try {
      return await this.#parts.producer.produce(batch.records)
    } catch (error) {
      if (!this.#isTolerable(error)) throw error
      this.#isCareful = true
      return this.#produceEach(batch)
    }
  }

  async #produceEach(batch: OutgoingBatch): Promise<readonly Produced[]> {
    const { producer, tolerance } = this.#parts
    const letters = new Set(batch.letters === 0 ? [] : batch.letterRecords())
    const outcomes = await Promise.allSettled(batch.records.map((record) => producer.produce([record])))
    let refused = 0
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue
      const record = batch.records[i]!
      // A dead letter is the last that is left of a record: it is never left out.
      if (letters.has(record) || !this.#isTolerable(outcome.reason)) throw outcome.reason
      tolerance.decide(outcome.reason, 'produce', placeOf(record))
      refused += 1
    }
    tolerance.skipped(refused)
    batch.refused = refused
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
  }

  /** What trying again would not help, and is the record's own fault or its topic's. Brokers that are away lose nothing: the task fails. */
  #isTolerable(error: unknown): boolean {
    if (!this.#parts.tolerance.toleratesAll || isRetriable(error)) return false
    return error instanceof SluiceError && (error.code === 'KAFKA_REFUSED' || error.code === 'RECORD_TOO_LARGE')
  }

  async #settleRegularly(signal: AbortSignal): Promise<void> {
    const { clock, flushIntervalMs } = this.#parts
    while (!signal.aborted) {
      await clock.sleep(untilShared(flushIntervalMs, clock.monotonic()), signal)
      if (!signal.aborted) await this.#store()
    }
  }

  #store(): Promise<void> {
    return (this.#storing = this.#storing.then(() => this.#storeNow()))
  }

  /** Stores what is durable. A store that fails leaves the positions for the next time, as Kafka Connect does. */
  async #storeNow(): Promise<void> {
    const { positions, connector, logger, counts, control, figures, clock } = this.#parts
    // A task that was left behind stores nothing: another one may be at work already (invariant 3).
    if (control.isCancelled) return
    const ready = this.#pending.concat(this.#inFlight.takeCommittable())
    if (ready.length === 0) return
    this.#pending = ready
    const began = clock.monotonic()
    try {
      await positions.store(connector, ready)
    } catch (error) {
      counts.storeFailed()
      figures.commitFailed(clock.monotonic() - began)
      logger.warn('Positions could not be stored; they are stored with the next ones', { reason: describeError(error) })
      return
    }
    this.#pending = []
    counts.stored(ready)
    figures.committed(clock.monotonic() - began)
    await tellSettled(this.#parts, ready)
  }
}

/** Tells the source how far it is durable. What it makes of it is its own. */
export async function tellSettled(
  { task, control, logger }: Pick<AtLeastOnceParts, 'task' | 'control' | 'logger'>,
  positions: readonly SettledPosition[],
): Promise<void> {
  if (control.isCancelled) return
  try {
    await task.settled?.(new Map(positions.map(({ partition, position }) => [partition, position])))
  } catch (error) {
    logger.warn('The source could not act on what is settled', { reason: describeError(error) })
  }
}

function placeOf({ topic, partition }: ProducerRecord): Readonly<Record<string, string | number>> {
  return partition === null ? { topic } : { topic, partition }
}
