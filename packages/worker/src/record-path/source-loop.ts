import { setImmediate as afterIo } from 'node:timers/promises'
import type { Producer, ProducerRecord } from '@sluice/kafka'
import {
  DataError,
  describeError,
  isRetriable,
  SluiceError,
  type Clock,
  type Logger,
  type SourceRecord,
  type SourceTask,
  type Stage,
  type Transform,
} from '@sluice/sdk'
import type { PositionStore } from '../positions/position-store.ts'
import type { TopicMaker } from '../topic-maker.ts'
import { ConversionFailure, letterTooLarge, recordBytes, tooLarge, type RecordEncoder } from './convert.ts'
import type { DeadLetters } from './dead-letters.ts'
import { InFlight, type SettledPosition } from './in-flight.ts'
import { OutgoingBatch, type FailedRecord } from './outgoing-batch.ts'
import type { SourceContext } from './source-context.ts'
import type { SourceCounts } from './source-counts.ts'
import { isInterruption, startTask } from './start-task.ts'
import { toleranceExceeded, type Place, type Tolerance } from './tolerance.ts'

/** What a source task's loop is made of. */
export interface SourceLoopParts {
  readonly connector: string
  readonly task: SourceTask
  readonly context: SourceContext
  /** Null: no transforms. */
  readonly chain: Transform | null
  readonly encoder: RecordEncoder
  readonly producer: Producer
  readonly positions: PositionStore
  readonly tolerance: Tolerance
  /** Null: no dead letter topic. */
  readonly deadLetters: DeadLetters | null
  readonly topicMaker: TopicMaker
  readonly counts: SourceCounts
  readonly logger: Logger
  readonly clock: Clock
  /** Bytes under way before polling waits. */
  readonly queueBytesMax: number
  /** A record above this is refused here, where the task's tolerance can decide, not in the producer. */
  readonly recordBytesMax: number
  /** The same for dead letters, which are larger by what is said about them. */
  readonly letterBytesMax: number
  readonly flushIntervalMs: number
  readonly flushTimeoutMs: number
}

const IDLE_FIRST_MS = 5
const IDLE_MAX_MS = 250

/**
 * The way of a record from a source to its topic:
 *
 *   poll → transform → encode → produce → settle
 *
 * Polling goes on while earlier batches are under way, up to `queueBytesMax`. Positions are stored every `flushIntervalMs`, and only
 * up to what is durable (invariant 1). A record that fails becomes a dead letter, is dropped with a count, or stops the loop; then
 * everything before it is still sent and settled.
 */
export class SourceLoop {
  readonly #parts: SourceLoopParts
  readonly #inFlight: InFlight
  /** Aborted by the caller's signal and by the first failure. */
  readonly #stop = new AbortController()
  #failure: unknown

  constructor(parts: SourceLoopParts) {
    this.#parts = parts
    this.#inFlight = new InFlight(parts.queueBytesMax)
  }

  /** Runs until the signal is aborted; then drains and stores positions. Rejects with what made the task fail. */
  async run(signal: AbortSignal): Promise<void> {
    const { task } = this.#parts
    const stop = (): void => this.#stop.abort()
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    let settling: Promise<void> = Promise.resolve()
    try {
      if (await startTask((at) => task.start(at), this.#stop.signal, this.#parts)) {
        settling = this.#settleRegularly()
        await this.#move()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#stop.abort()
      await settling
      await this.#finish()
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  async #move(): Promise<void> {
    const { signal } = this.#stop
    const { clock, counts } = this.#parts
    let idleMs = IDLE_FIRST_MS
    for (;;) {
      await this.#inFlight.room(signal)
      if (signal.aborted) return
      const records = await this.#poll()
      const diverted = this.#parts.context.takeDiverted()
      if (records.length === 0 && diverted.length === 0) {
        // A source that answers "nothing yet" at once must not spin.
        await clock.sleep(idleMs, signal)
        idleMs = Math.min(idleMs * 2, IDLE_MAX_MS)
        continue
      }
      idleMs = IDLE_FIRST_MS
      counts.polled(records.length + diverted.length)
      const batch = new OutgoingBatch()
      const encoded = await this.#encode(records, batch)
      const failure = encoded === 'stopped' ? undefined : (encoded ?? this.#divert(diverted, batch))
      const missing = this.#parts.topicMaker.missing(batch.records)
      if (missing !== null) await this.#parts.topicMaker.make(missing)
      this.#send(batch)
      if (failure !== undefined) throw failure
      // A source that never waits must not keep answers, timers and signals from coming in.
      await afterIo()
    }
  }

  async #poll(): Promise<readonly SourceRecord[]> {
    try {
      return (await this.#parts.task.poll(this.#stop.signal)) ?? []
    } catch (error) {
      if (isInterruption(error, this.#stop.signal)) return []
      if (!isRetriable(error)) throw error
      this.#parts.logger.warn('The source asked to be polled again later', { reason: describeError(error) })
      return []
    }
  }

  /**
   * Transforms and encodes into the batch. Comes back with the error that stops the task, or with `stopped` when it was to end while a
   * record waited for another try: then that record and those behind it are left out.
   */
  async #encode(records: readonly SourceRecord[], batch: OutgoingBatch): Promise<SluiceError | 'stopped' | undefined> {
    let next = 0
    let attempt = 0
    let since = 0
    while (next < records.length) {
      const failed = this.#encodeRun(records, next, batch)
      if (failed === undefined) return undefined
      if (failed.at !== next || attempt === 0) {
        attempt = 0
        since = this.#parts.clock.monotonic()
      }
      next = failed.at
      const retry = await this.#parts.tolerance.retry(failed.error, since, attempt, this.#stop.signal)
      if (retry === 'stopped') return 'stopped'
      if (retry === 'again') {
        attempt += 1
        continue
      }
      const fatal = this.#judge(records[next]!, failed, batch)
      if (fatal !== undefined) return fatal
      next += 1
      attempt = 0
    }
    return undefined
  }

  /** The hot path: records from `from` on, until the end or the first failure. Synchronous. */
  #encodeRun(records: readonly SourceRecord[], from: number, batch: OutgoingBatch): FailedRecord | undefined {
    const { chain, encoder, recordBytesMax } = this.#parts
    let i = from
    let stage: Stage = 'transform'
    try {
      for (; i < records.length; i++) {
        const polled = records[i]!
        stage = 'transform'
        const record = chain === null ? polled : chain(polled)
        if (record === null) {
          batch.dropped += 1
        } else {
          stage = 'encode'
          const encoded = encoder.encode(record)
          const bytes = recordBytes(encoded)
          if (bytes > recordBytesMax) {
            stage = 'produce'
            throw tooLarge(encoded, bytes, recordBytesMax)
          }
          batch.add(encoded, bytes)
        }
        batch.reach(polled)
      }
      return undefined
    } catch (error) {
      if (error instanceof ConversionFailure) return { at: i, stage, part: error.part, error: error.error }
      return { at: i, stage, part: 'value', error }
    }
  }

  /** One failed record: a dead letter, a counted drop, or the error that stops the task. */
  #judge(record: SourceRecord, { stage, part, error }: FailedRecord, batch: OutgoingBatch): SluiceError | undefined {
    const { tolerance, deadLetters } = this.#parts
    const place = { topic: record.topic, position: JSON.stringify(record.sourcePosition) }
    const verdict = tolerance.decide(error, stage, place)
    const letter = deadLetters?.ofSourceRecord(record, stage, part, error)
    const unheld = letter === undefined ? undefined : this.#addLetter(letter, batch, error, place)
    if (unheld !== undefined) return unheld
    if (verdict === 'stop') return toleranceExceeded(error, stage, place)
    if (letter === undefined) batch.skipped += 1
    batch.reach(record)
    return undefined
  }

  /** What the source could not read. Nobody else has these bytes, so that they are never just dropped. */
  #divert(diverted: ReturnType<SourceContext['takeDiverted']>, batch: OutgoingBatch): SluiceError | undefined {
    const { tolerance, deadLetters } = this.#parts
    for (const item of diverted) {
      const { message, place, remedy } = item.reason
      const error = new DataError(message, {
        code: 'SOURCE_DIVERTED',
        place,
        ...(remedy === undefined ? {} : { remedy }),
      })
      const verdict = tolerance.decide(error, 'poll', place)
      if (deadLetters === null) return toleranceExceeded(error, 'poll', place)
      const unheld = this.#addLetter(deadLetters.ofDivertedBytes(item), batch, error, place)
      if (unheld !== undefined) return unheld
      if (verdict === 'stop') return toleranceExceeded(error, 'poll', place)
      batch.reach(item.at)
    }
    return undefined
  }

  /** @returns what stops the task when the dead letter topic has no room for the letter: then the record stays where it is */
  #addLetter(letter: ProducerRecord, batch: OutgoingBatch, cause: unknown, place: Place): SluiceError | undefined {
    const { letterBytesMax } = this.#parts
    const bytes = recordBytes(letter)
    if (bytes <= letterBytesMax) batch.addLetter(letter)
    else return letterTooLarge(letter, bytes, letterBytesMax, cause, place)
    return undefined
  }

  #send(batch: OutgoingBatch): void {
    const { producer, counts } = this.#parts
    const submitted = this.#inFlight.submit(batch.bytes, batch.positions())
    const done = (): void => {
      counts.settled(batch)
      this.#inFlight.settle(submitted)
    }
    if (batch.records.length === 0) return done()
    producer.produce(batch.records).then(done, (error: unknown) => {
      this.#inFlight.abandon(submitted)
      this.#fail(error)
    })
  }

  async #settleRegularly(): Promise<void> {
    const { clock, flushIntervalMs } = this.#parts
    const { signal } = this.#stop
    while (!signal.aborted) {
      await clock.sleep(flushIntervalMs, signal)
      if (!signal.aborted) await this.#settle()
    }
  }

  /** Stores what is durable. A store that fails leaves the positions for the next time, as Kafka Connect does. */
  async #settle(): Promise<void> {
    const { positions, connector, task, logger, counts } = this.#parts
    const ready = this.#pending.concat(this.#inFlight.takeCommittable())
    if (ready.length === 0) return
    this.#pending = ready
    try {
      await positions.store(connector, ready)
    } catch (error) {
      counts.storeFailed()
      logger.warn('Positions could not be stored; they are stored with the next ones', { reason: describeError(error) })
      return
    }
    this.#pending = []
    counts.stored(ready)
    try {
      await task.settled?.(new Map(ready.map(({ partition, position }) => [partition, position])))
    } catch (error) {
      logger.warn('The source could not act on what is settled', { reason: describeError(error) })
    }
  }

  /** Taken out as durable, not stored yet. */
  #pending: SettledPosition[] = []

  /** After polling has ended: wait for what is under way, store, and close the source. */
  async #finish(): Promise<void> {
    const { flushTimeoutMs, logger, task } = this.#parts
    await this.#inFlight.drained(AbortSignal.timeout(flushTimeoutMs))
    if (this.#inFlight.batches > 0) {
      const { batches } = this.#inFlight
      logger.warn('Stopped with batches that are not known to be durable; they will be sent again', { batches })
    }
    await this.#settle()
    try {
      await task.stop()
    } catch (error) {
      logger.warn('The source did not stop cleanly', { reason: describeError(error) })
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error ?? new SluiceError('TASK_FAILED', 'The source failed and did not say why')
    this.#stop.abort()
  }
}
