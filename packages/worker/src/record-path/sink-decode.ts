import type { FetchedPartition, FetchedRecords } from '@sluice/kafka'
import { NotReadyError, type Clock, type SinkRecord, type Stage, type Transform } from '@sluice/sdk'
import { ConversionFailure, type Part, type RecordDecoder } from './convert.ts'
import { fetchedOriginal, type DeadLetters } from './dead-letters.ts'
import { Readiness } from './readiness.ts'
import type { SinkContext } from './sink-context.ts'
import type { SinkPartition } from './sink-partition.ts'
import type { SinkPositions } from './sink-positions.ts'
import { toleranceExceeded, type Tolerance } from './tolerance.ts'

export interface SinkDecodeParts {
  readonly decoder: RecordDecoder
  /** Null: no transforms. */
  readonly chain: Transform | null
  readonly tolerance: Tolerance
  /** Null: no dead letter topic. */
  readonly deadLetters: DeadLetters | null
  readonly context: SinkContext
  readonly positions: SinkPositions
  readonly clock: Clock
  /** Called before each further try of a record: the task lives. */
  readonly onRetry: () => void
}

interface Failed {
  readonly at: number
  readonly stage: Stage
  readonly part: Part
  readonly error: unknown
  readonly isOutage?: boolean
}

/** Makes of what was fetched what is put: decode → transform, and a decision for each record that fails on the way. */
export class SinkDecode {
  readonly #parts: SinkDecodeParts

  constructor(parts: SinkDecodeParts) {
    this.#parts = parts
  }

  /** All that was fetched. Null: the signal was aborted first. @throws SluiceError what nobody tolerates */
  async decode(fetched: readonly FetchedPartition[], signal: AbortSignal): Promise<SinkRecord[] | null> {
    const out: SinkRecord[] = []
    for (const { topic, partition, batches } of fetched) {
      const at = this.#parts.positions.of({ topic, partition })
      for (const batch of batches) {
        at.took(batch)
        if (!(await this.#decodeBatch(at, batch, out, signal))) return null
      }
    }
    return out
  }

  async #decodeBatch(
    at: SinkPartition,
    batch: FetchedRecords,
    out: SinkRecord[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock, tolerance, onRetry } = this.#parts
    let next = 0
    let attempt = 0
    let since = 0
    const readiness = new Readiness()
    while (next < batch.count) {
      let failed = this.#decodeRun(at, batch, next, out)
      if (failed === undefined) return true
      if (failed.error instanceof NotReadyError) {
        onRetry()
        const ready = await readiness.wait(failed.at, failed.error, signal)
        if (ready === 'stopped') return false
        if (ready === 'again') {
          if (failed.at !== next) attempt = 0
          next = failed.at
          continue
        }
        failed = { ...failed, ...ready }
      }
      if (failed.at !== next || attempt === 0) {
        attempt = 0
        since = clock.monotonic()
      }
      next = failed.at
      const retry = await tolerance.retry(failed.error, since, attempt, signal)
      if (retry === 'stopped') return false
      if (retry === 'again') {
        attempt += 1
        onRetry()
        continue
      }
      this.#judge(at, batch, failed)
      next += 1
      attempt = 0
    }
    return true
  }

  /** The hot path: records of one batch from `from` on, until its end or the first failure. Synchronous. */
  #decodeRun(at: SinkPartition, batch: FetchedRecords, from: number, out: SinkRecord[]): Failed | undefined {
    const { decoder, chain } = this.#parts
    const { topic, partition } = at
    let i = from
    let stage: Stage = 'decode'
    try {
      for (; i < batch.count; i++) {
        stage = 'decode'
        const record = decoder.decode(topic, partition, batch, i)
        stage = 'transform'
        const changed = chain === null ? record : chain(record)
        if (changed === null) at.dropped(batch.offset(i), 'transform')
        else out.push(changed)
      }
      return undefined
    } catch (error) {
      if (error instanceof ConversionFailure) return { at: i, stage, part: error.part, error: error.error }
      return { at: i, stage, part: 'value', error }
    }
  }

  /** One failed record: a dead letter, a counted drop, or the error that stops the task. */
  #judge(at: SinkPartition, batch: FetchedRecords, failed: Failed): void {
    const { tolerance, deadLetters, context } = this.#parts
    const { at: i, stage, part, error, isOutage = false } = failed
    const { topic, partition } = at
    const offset = batch.offset(i)
    const place = { topic, partition, offset }
    const verdict = tolerance.decide(error, stage, place, isOutage && deadLetters === null)
    if (deadLetters !== null) {
      const letter = deadLetters.ofFetched(fetchedOriginal(topic, partition, batch, i), stage, part, error)
      context.addLetter(letter, at, offset, stage)
    } else if (verdict === 'go-on') at.dropped(offset, stage)
    if (verdict === 'stop') throw toleranceExceeded(error, stage, place)
    tolerance.skipped(1)
  }
}
