import { RetriableError, SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { backoffMs } from '../deadline.ts'
import { KAFKA_ERROR, isRetriableCode, isStaleMetadata, refused } from '../kafka-errors.ts'
import type { Accumulator } from './accumulator.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerBatch } from './producer-batch.ts'
import { splitBatch } from './split-batch.ts'

/** A batch in a request, and where it belongs. */
export interface Entry {
  readonly queue: PartitionQueue
  readonly batch: ProducerBatch
}

/**
 * What becomes of a batch after an answer, or without one: settled, sent again, split, or given up. Decides per error code as
 * Kafka's own producer does for an idempotent producer without transactions.
 */
export class Delivery {
  readonly #context: ClusterContext
  readonly #accumulator: Accumulator
  readonly #timeoutMs: number
  /** Memory has become free. */
  readonly #onRelease: () => void

  constructor(context: ClusterContext, accumulator: Accumulator, timeoutMs: number, onRelease: () => void) {
    this.#context = context
    this.#accumulator = accumulator
    this.#timeoutMs = timeoutMs
    this.#onRelease = onRelease
  }

  /** The broker has answered for this batch. */
  answered(entry: Entry, errorCode: number, baseOffset: number, message: string | null): void {
    const { queue, batch } = entry
    queue.answered(batch)
    if (batch.isSettled) return this.#release(batch)
    switch (errorCode) {
      case KAFKA_ERROR.NONE:
        return this.#succeed(entry, baseOffset)
      case KAFKA_ERROR.DUPLICATE_SEQUENCE_NUMBER:
        // Written by an earlier attempt, so long ago that the broker has forgotten where.
        return this.#succeed(entry, -1)
      case KAFKA_ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER:
      case KAFKA_ERROR.UNKNOWN_PRODUCER_ID:
        // Behind a batch that is to be sent again this is expected. For the first one it says that the broker has lost what
        // came before; it has not written this one, so a new epoch cannot double it.
        if (queue.isFirst(batch)) queue.requireEpoch()
        return this.#retry(entry, this.#refusal(entry, errorCode, message))
      case KAFKA_ERROR.MESSAGE_TOO_LARGE:
      case KAFKA_ERROR.RECORD_LIST_TOO_LARGE:
        if (batch.count > 1) return this.#split(entry)
        return this.giveUp(entry, this.#refusal(entry, errorCode, message))
      default:
        if (isStaleMetadata(errorCode)) this.#context.metadata.refreshSoon()
        if (isRetriableCode(errorCode)) return this.#retry(entry, this.#refusal(entry, errorCode, message))
        return this.giveUp(entry, this.#refusal(entry, errorCode, message))
    }
  }

  /** No answer came: whether the batch was written is unknown, and sending it again tells. */
  lost(entry: Entry, error: SluiceError): void {
    entry.queue.answered(entry.batch)
    if (entry.batch.isSettled) return this.#release(entry.batch)
    if (error.retriable) this.#retry(entry, error)
    else this.giveUp(entry, error)
  }

  /** Whether the delivery timeout of a batch is over; gives it up if so. */
  expire(entry: Entry, now: number, lastError: SluiceError | undefined): boolean {
    const { queue, batch } = entry
    if (now - batch.createdAt < this.#timeoutMs) return false
    const place = { topic: queue.topic, partition: queue.partition }
    const facts = { place, cause: batch.lastError ?? lastError }
    const what = `${batch.count} records for partition ${queue.partition} of ${queue.topic}`
    const within = `within ${this.#timeoutMs} ms`
    if (batch.failures === 0) {
      this.giveUp(entry, new RetriableError('KAFKA_UNREACHABLE', `${what} could not be sent ${within}`, facts))
    } else {
      this.giveUp(entry, new RetriableError('KAFKA_TIMEOUT', `${what} were sent, but not confirmed ${within}`, facts))
    }
    return true
  }

  /** Settles a batch as failed. Its numbers will be missing, so those behind it need a new epoch. */
  giveUp({ queue, batch }: Entry, error: SluiceError): void {
    queue.remove(batch)
    if (batch.identity !== null) queue.requireEpoch()
    batch.fail(error)
    if (!batch.isInFlight) this.#release(batch)
  }

  #succeed({ queue, batch }: Entry, baseOffset: number): void {
    queue.acknowledged(batch)
    queue.remove(batch)
    batch.succeed(queue, baseOffset)
    this.#release(batch)
  }

  #retry({ queue, batch }: Entry, error: SluiceError): void {
    batch.lastError = error
    queue.retry(batch, this.#context.clock.monotonic() + backoffMs(batch.failures + 1, this.#context.random))
    this.#accumulator.waiting.add(queue)
    this.#context.logger.debug('Sending a batch again', {
      topic: queue.topic,
      partition: queue.partition,
      failures: batch.failures,
      error: error.message,
    })
  }

  #split({ queue, batch }: Entry): void {
    const [head, tail] = splitBatch(batch, this.#accumulator.pool)
    queue.replace(batch, head, tail)
    const topic = this.#accumulator.topics.get(queue.topic)
    if (topic !== undefined) topic.batchBytesMax = Math.min(topic.batchBytesMax, Math.ceil(batch.length / 2))
    this.#accumulator.waiting.add(queue)
    this.#release(batch)
  }

  #release(batch: ProducerBatch): void {
    this.#accumulator.pool.release(batch.buffer)
    this.#onRelease()
  }

  #refusal({ queue: { topic, partition } }: Entry, code: number, message: string | null): SluiceError {
    return refused(code, `Partition ${partition} of ${topic} refused a batch`, { topic, partition }, message)
  }
}
