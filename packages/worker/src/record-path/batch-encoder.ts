import type { ProducerRecord } from '@sluice/kafka'
import {
  DataError,
  NotReadyError,
  type Clock,
  type SluiceError,
  type SourceRecord,
  type Stage,
  type Transform,
} from '@sluice/sdk'
import { positionText } from '../positions/position-store.ts'
import { ConversionFailure, letterTooLarge, recordBytes, tooLarge, type RecordEncoder } from './convert.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { FailedRecord, OutgoingBatch } from './outgoing-batch.ts'
import { Readiness } from './readiness.ts'
import type { DivertedBytes } from './source-context.ts'
import { toleranceExceeded, type Place, type Tolerance } from './tolerance.ts'

/** What a batch is made with. */
export interface BatchEncoderParts {
  /** Null: no transforms. */
  readonly chain: Transform | null
  readonly encoder: RecordEncoder
  readonly tolerance: Tolerance
  /** Null: no dead letter topic. */
  readonly deadLetters: DeadLetters | null
  readonly clock: Clock
  /** A record above this is refused here, where the task's tolerance can decide, not in the producer. */
  readonly recordBytesMax: number
  /** The same for dead letters, which are larger by what is said about them. */
  readonly letterBytesMax: number
}

/** Makes of polled records what is produced: transform → encode, and a decision for each record that fails on the way. */
export class BatchEncoder {
  readonly #parts: BatchEncoderParts

  constructor(parts: BatchEncoderParts) {
    this.#parts = parts
  }

  /**
   * Transforms and encodes into the batch. Comes back with the error that stops the task, or with `stopped` when it was to end while a
   * record waited for another try: then that record and those behind it are left out.
   */
  async encode(
    records: readonly SourceRecord[],
    batch: OutgoingBatch,
    signal: AbortSignal,
  ): Promise<SluiceError | 'stopped' | undefined> {
    let next = 0
    let attempt = 0
    let since = 0
    const readiness = new Readiness()
    while (next < records.length) {
      let failed = this.#encodeRun(records, next, batch)
      if (failed === undefined) return undefined
      if (failed.error instanceof NotReadyError) {
        const ready = await readiness.wait(failed.at, failed.error, signal)
        if (ready === 'stopped') return 'stopped'
        if (ready === 'again') {
          if (failed.at !== next) attempt = 0
          next = failed.at
          continue
        }
        failed = { ...failed, ...ready }
      }
      if (failed.at !== next || attempt === 0) {
        attempt = 0
        since = this.#parts.clock.monotonic()
      }
      next = failed.at
      const retry = await this.#parts.tolerance.retry(failed.error, since, attempt, signal)
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

  /** What the source could not read. Nobody else has these bytes, so that they are never just dropped. */
  divert(diverted: readonly DivertedBytes[], batch: OutgoingBatch): SluiceError | undefined {
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
      batch.polled += 1
      batch.reach(item.at)
    }
    return undefined
  }

  /**
   * The hot path: records from `from` on, until the end or the first failure. Synchronous.
   *
   * A record that a transform drops moves its position, too. Kafka Connect does not do so at least once, and reads such records again
   * after a restart; here the position moves behind them once everything before them in their partition is durable, so that nothing
   * that was not dropped can be lost by it (invariants 1 and 2), and a source whose last records are dropped does not hold back what it
   * may delete.
   */
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
          batch.add(encoded, bytes, polled)
        }
        batch.reach(polled)
      }
      return undefined
    } catch (error) {
      if (error instanceof ConversionFailure) return { at: i, stage, part: error.part, error: error.error }
      return { at: i, stage, part: 'value', error }
    } finally {
      batch.polled += i - from
    }
  }

  /** One failed record: a dead letter, a counted drop, or the error that stops the task. */
  #judge(record: SourceRecord, failed: FailedRecord, batch: OutgoingBatch): SluiceError | undefined {
    const { tolerance, deadLetters } = this.#parts
    const { stage, part, error, isOutage = false } = failed
    const place = { topic: record.topic, position: positionText(record.sourcePosition) }
    const verdict = tolerance.decide(error, stage, place, isOutage && deadLetters === null)
    const letter = deadLetters?.ofSourceRecord(record, stage, part, error)
    const unheld = letter === undefined ? undefined : this.#addLetter(letter, batch, error, place)
    if (unheld !== undefined) return unheld
    if (verdict === 'stop') return toleranceExceeded(error, stage, place)
    if (letter === undefined) {
      batch.skipped += 1
      tolerance.skipped(1)
    }
    batch.polled += 1
    batch.reach(record)
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
}
