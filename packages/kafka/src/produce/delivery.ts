import type { ResponseBody } from '@sluice/kafka-protocol'
import { RetriableError, SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { pauseMs } from '../deadline.ts'
import { KAFKA_ERROR, isRetriableCode, isStaleMetadata, refused } from '../kafka-errors.ts'
import type { Accumulator } from './accumulator.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerBatch } from './producer-batch.ts'
import type { ProducerIdentity } from './producer-identity.ts'
import type { ProducerMetrics } from './producer-metrics.ts'
import { splitBatch, withoutRefused } from './split-batch.ts'

/** A batch in a request, and where it belongs. */
export interface Entry {
  readonly queue: PartitionQueue
  readonly batch: ProducerBatch
}

export type PartitionAnswer = ResponseBody<'Produce'>['responses'][number]['partitionResponses'][number]

/** Grid of the times at which batches are sent again. */
const TOGETHER_MS = 20

/**
 * What becomes of a batch after an answer, or without one: settled, sent again, split, or given up. Decides per error code as
 * Kafka's own producer does (KIP-360, KIP-467, KIP-890), and never gives a batch another identity while it may be written
 * under the one it had.
 */
export class Delivery {
  readonly #context: ClusterContext
  readonly #accumulator: Accumulator
  readonly #identity: ProducerIdentity
  readonly #metrics: ProducerMetrics
  readonly #timeoutMs: number
  /** Memory has become free. */
  readonly #onRelease: () => void

  constructor(
    context: ClusterContext,
    accumulator: Accumulator,
    identity: ProducerIdentity,
    metrics: ProducerMetrics,
    timeoutMs: number,
    onRelease: () => void,
  ) {
    this.#context = context
    this.#accumulator = accumulator
    this.#identity = identity
    this.#metrics = metrics
    this.#timeoutMs = timeoutMs
    this.#onRelease = onRelease
  }

  /** The broker has answered for this batch. */
  answered(entry: Entry, answer: PartitionAnswer): void {
    const { queue, batch } = entry
    const { errorCode } = answer
    queue.answered(batch)
    if (batch.isSettled) return this.#release(batch)
    switch (errorCode) {
      case KAFKA_ERROR.NONE:
        return this.#succeed(entry, Number(answer.baseOffset))
      case KAFKA_ERROR.DUPLICATE_SEQUENCE_NUMBER:
        // Written by an earlier attempt, so long ago that the broker has forgotten where.
        return this.#succeed(entry, -1)
      case KAFKA_ERROR.UNKNOWN_PRODUCER_ID:
        // Who has forgotten the producer cannot tell whether an earlier attempt was written.
        if (batch.mayBeWritten) return this.giveUp(entry, refusalOf(entry, answer))
        return this.#outOfOrder(entry, refusalOf(entry, answer))
      case KAFKA_ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER:
        return this.#outOfOrder(entry, refusalOf(entry, answer))
      case KAFKA_ERROR.MESSAGE_TOO_LARGE:
      case KAFKA_ERROR.RECORD_LIST_TOO_LARGE:
        if (batch.count > 1 && !batch.mayBeWritten) return this.#split(entry)
        return this.giveUp(entry, refusalOf(entry, answer))
      case KAFKA_ERROR.REQUEST_TIMED_OUT:
      case KAFKA_ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND:
        // The leader has it; whether it stays is open.
        batch.mayBeWritten = true
        return this.#retry(entry, refusalOf(entry, answer))
      default:
        // Something went wrong inside the broker: before or after it wrote.
        if (errorCode === KAFKA_ERROR.UNKNOWN_SERVER_ERROR || errorCode === KAFKA_ERROR.KAFKA_STORAGE_ERROR) {
          batch.mayBeWritten = true
        }
        if (isStaleMetadata(errorCode)) this.#context.metadata.refreshSoon()
        if (isRetriableCode(errorCode)) return this.#retry(entry, refusalOf(entry, answer))
        if (this.#canGoOnWithout(entry, answer)) return this.#dropRefused(entry, answer)
        return this.giveUp(entry, refusalOf(entry, answer))
    }
  }

  /** No answer came: whether the batch was written is unknown, and sending it again tells. */
  lost(entry: Entry, error: SluiceError): void {
    const { queue, batch } = entry
    queue.answered(batch)
    if (batch.isSettled) return this.#release(batch)
    batch.mayBeWritten = true
    this.#identity.disturbed()
    if (error.retriable) this.#retry(entry, error)
    else this.giveUp(entry, error)
  }

  /** Whether the delivery timeout of a batch is over; gives it up if so. */
  expire(entry: Entry, now: number, lastError: SluiceError | undefined): boolean {
    const { queue, batch } = entry
    if (now - batch.createdAt < this.#timeoutMs) return false
    const place = { topic: queue.topic, partition: queue.partition }
    const what = `${batch.count} records for partition ${queue.partition} of ${queue.topic}`
    const within = `within ${this.#timeoutMs} ms`
    const last = batch.lastError ?? lastError
    const facts = { place, cause: last }
    if (batch.mayBeWritten) {
      this.giveUp(entry, new RetriableError('KAFKA_TIMEOUT', `${what} were sent, but not confirmed ${within}`, facts))
    } else if (batch.failures > 0 && last?.code === 'KAFKA_REFUSED') {
      const refusal = { ...facts, place: { ...place, ...last.place } }
      this.giveUp(entry, new RetriableError('KAFKA_REFUSED', `${what} were not written: refused ${within}`, refusal))
    } else {
      this.giveUp(entry, new RetriableError('KAFKA_UNREACHABLE', `${what} could not be sent ${within}`, facts))
    }
    return true
  }

  /** Settles a batch as failed. */
  giveUp({ queue, batch }: Entry, error: SluiceError): void {
    if (batch.isInFlight) batch.mayBeWritten = true
    queue.abandon(batch)
    if (batch.identity !== null) this.#identity.disturbed()
    this.#metrics.failed.add(batch.count)
    batch.fail(this.#identity.failed(batch.mayBeWritten ? unknownOutcome(error) : error))
    if (!batch.isInFlight) this.#release(batch)
  }

  #succeed({ queue, batch }: Entry, baseOffset: number): void {
    queue.acknowledged(batch)
    queue.remove(batch)
    batch.succeed(queue, baseOffset)
    this.#release(batch)
  }

  /** The broker misses what came before this batch: so it has not written it, now or by an earlier attempt. */
  #outOfOrder(entry: Entry, error: SluiceError): void {
    const { queue, batch } = entry
    batch.mayBeWritten = false
    // Behind a batch that is to be sent again this is expected.
    if (!queue.isFirst(batch)) return this.#retry(entry, error)
    // In a transaction it may be that something of it was lost.
    if (this.#identity.transactionalId !== null) return this.giveUp(entry, error)
    queue.missesNumber(batch)
    this.#retry(entry, error)
  }

  #retry(entry: Entry, error: SluiceError): void {
    const { queue, batch } = entry
    const { doom } = this.#identity
    if (doom !== undefined && !batch.mayBeWritten) return this.giveUp(entry, doom)
    batch.lastError = error
    this.#metrics.retried.add(batch.count)
    const { clock, random, logger } = this.#context
    queue.retry(batch, together(clock.monotonic(), pauseMs(error, batch.failures + 1, random)))
    this.#accumulator.waiting.add(queue)
    logger.debug('Sending a batch again', {
      topic: queue.topic,
      partition: queue.partition,
      failures: batch.failures,
      error: error.message,
    })
  }

  #split({ queue, batch }: Entry): void {
    this.#metrics.split.add()
    const [head, tail] = splitBatch(batch, this.#accumulator.pool)
    queue.replace(batch, head, tail)
    const topic = this.#accumulator.topics.get(queue.topic)
    if (topic !== undefined) topic.batchBytesMax = Math.min(topic.batchBytesMax, Math.ceil(batch.length / 2))
    this.#accumulator.waiting.add(queue)
    this.#release(batch)
  }

  /** Whether some records alone are at fault (KIP-467). A transaction that lost one must be aborted, so there it is all the same. */
  #canGoOnWithout({ batch }: Entry, { recordErrors }: PartitionAnswer): boolean {
    if (this.#identity.transactionalId !== null || batch.mayBeWritten) return false
    const named = new Set(recordErrors.map(({ batchIndex }) => batchIndex))
    const isIndex = (index: number): boolean => index >= 0 && index < batch.count
    return named.size > 0 && named.size < batch.count && [...named].every(isIndex)
  }

  #dropRefused(entry: Entry, answer: PartitionAnswer): void {
    const { queue, batch } = entry
    const errors = new Map<number, SluiceError>()
    for (const { batchIndex, batchIndexErrorMessage } of answer.recordErrors) {
      errors.set(batchIndex, refusalOf(entry, answer, batchIndexErrorMessage ?? answer.errorMessage))
    }
    const rest = withoutRefused(batch, errors, this.#accumulator.pool)
    queue.shrink(batch, rest)
    this.#metrics.failed.add(errors.size)
    this.#accumulator.waiting.add(queue)
    this.#release(batch)
  }

  #release(batch: ProducerBatch): void {
    this.#accumulator.pool.release(batch.buffer)
    this.#onRelease()
  }
}

/** When a pause is over: partitions that failed at the same time are sent again in the same requests, unless that is soon. */
function together(now: number, pause: number): number {
  return pause <= TOGETHER_MS ? now + pause : Math.ceil((now + pause) / TOGETHER_MS) * TOGETHER_MS
}

function refusalOf(
  { queue: { topic, partition } }: Entry,
  { errorCode, recordErrors, errorMessage }: PartitionAnswer,
  message: string | null = recordErrors[0]?.batchIndexErrorMessage ?? errorMessage,
): SluiceError {
  return refused(errorCode, `Partition ${partition} of ${topic} refused a batch`, { topic, partition }, message)
}

/** Codes of failures that leave nothing behind. */
const UNWRITTEN: ReadonlySet<SluiceError['code']> = new Set(['KAFKA_REFUSED', 'KAFKA_UNREACHABLE', 'RECORD_TOO_LARGE'])

/** The same, saying that the records may be there all the same. */
function unknownOutcome(error: SluiceError): SluiceError {
  if (error.code === 'KAFKA_TIMEOUT') return error
  const code = UNWRITTEN.has(error.code) ? 'KAFKA_TIMEOUT' : error.code
  return new SluiceError(code, 'Records were sent, not confirmed, and given up: they may be written, or not', {
    cause: error,
    retriable: error.retriable,
    ...(error.place === undefined ? {} : { place: error.place }),
  })
}
