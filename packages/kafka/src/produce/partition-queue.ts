import { advanceSequence } from '@sluice/kafka-protocol'
import type { TopicPartition } from '@sluice/sdk'
import type { BatchIdentity, ProducerBatch } from './producer-batch.ts'

export const EPOCH_MAX = 32767

/**
 * The batches of one partition that are not settled, in the order of their sequences, and the producer's identity there.
 *
 * Order and idempotence (KIP-98, KIP-360) rest on five rules:
 * - Batches are numbered when they are first sent, and sent in order.
 * - The first batch of a producer id or epoch is in flight alone until it is acknowledged: a broker that does not know the
 *   producer yet takes whatever number comes first, so a second batch could get in before a first one that was refused.
 * - While a batch that has failed once is unsettled, the partition has one batch in flight at a time. Those sent behind it
 *   come back with OUT_OF_ORDER_SEQUENCE_NUMBER and follow again in their turn.
 * - A batch that is given up leaves a gap in the numbers. Then no new number is given out until it is clear what became of each
 *   batch that may have been written: it goes out again under the number it had. If one from behind the gap is acknowledged, the
 *   missing one was written too, and there is no gap.
 * - Else, nothing being in flight, what is left is numbered from 0 in the next producer epoch. The broker then refuses whatever
 *   of the old epoch may still arrive, so nothing that was given up or sent again can be written twice.
 */
export class PartitionQueue implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly batches: ProducerBatch[] = []
  /** The batch that takes records; the last of `batches`. */
  open: ProducerBatch | null = null
  /** A batch had to be followed by another before it was sent. */
  isBusy = false
  inFlight = 0
  /** The broker that those in flight went to. */
  inFlightAt = -1
  /** Not before this monotonic time: back-off after a failure. */
  retryAt = 0
  /** The transaction, by its running number, that this partition takes part in; -1: none. */
  transaction = -1
  #failed = 0
  #hasGap = false
  /** Whether the broker has acknowledged a batch of this producer id and epoch. */
  #isKnown = false
  #producerId = -1
  #producerEpoch = 0
  #nextSequence = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** -1 before the first. */
  get producerId(): number {
    return this.#producerId
  }

  get producerEpoch(): number {
    return this.#producerEpoch
  }

  /** Whether a batch must be numbered by a producer id that this partition does not have yet. */
  get needsProducerId(): boolean {
    return this.#producerId === -1 || (this.#hasGap && this.#producerEpoch === EPOCH_MAX && this.#doubtful() === null)
  }

  /** The batch that may be sent to this broker next, if the rules allow one now; null if not. */
  next(brokerId: number): ProducerBatch | null {
    if (this.inFlight > 0) {
      const isAlone = this.#hasGap || !this.#isKnown || this.#failed > 0 || this.inFlightAt !== brokerId
      if (isAlone) return null
    } else if (this.#hasGap) {
      const doubtful = this.#doubtful()
      if (doubtful !== null) return doubtful
    }
    for (const batch of this.batches) if (!batch.isInFlight) return batch
    return null
  }

  /** Numbers from 0 under another identity: nothing may be in flight, and what is left be certain not to be written. */
  useIdentity(producerId: number, producerEpoch: number): void {
    this.#producerId = producerId
    this.#producerEpoch = producerEpoch
    this.#hasGap = false
    this.#isKnown = false
    this.#nextSequence = 0
    for (const batch of this.batches) {
      batch.identity = null
      batch.isBehindGap = false
    }
  }

  /** The identity for a batch that `next` gave and that is about to be sent. */
  identify(batch: ProducerBatch): BatchIdentity {
    if (this.#hasGap && !batch.mayBeWritten) this.useIdentity(this.#producerId, this.#producerEpoch + 1)
    if (batch.identity !== null) return batch.identity
    const baseSequence = this.#nextSequence
    this.#nextSequence = advanceSequence(baseSequence, batch.count)
    return { producerId: this.#producerId, producerEpoch: this.#producerEpoch, baseSequence }
  }

  sent(batch: ProducerBatch, brokerId: number): void {
    batch.isInFlight = true
    this.inFlight++
    this.inFlightAt = brokerId
    if (batch === this.open) this.open = null
  }

  /** An answer, or the loss of one, has come for a batch in flight. */
  answered(batch: ProducerBatch): void {
    batch.isInFlight = false
    this.inFlight--
  }

  /** The broker has written the batch, so it knows the producer by the identity that the batch has, and its next number. */
  acknowledged({ identity, isBehindGap }: ProducerBatch): void {
    this.#isKnown = identity?.producerEpoch === this.#producerEpoch && identity.producerId === this.#producerId
    if (!isBehindGap) return
    this.#hasGap = false
    for (const batch of this.batches) batch.isBehindGap = false
  }

  /** The batch stays and will be sent again. */
  retry(batch: ProducerBatch, retryAt: number): void {
    if (batch.failures++ === 0) this.#failed++
    this.retryAt = retryAt
  }

  /** The batch is settled. */
  remove(batch: ProducerBatch): void {
    const at = this.batches.indexOf(batch)
    if (at >= 0) this.batches.splice(at, 1)
    if (batch.failures > 0) this.#failed--
    if (batch === this.open) this.open = null
    // The pause was for a batch that had failed: those that come after it need not sit it out.
    if (this.#failed === 0) this.retryAt = 0
  }

  /** The batch is settled without having been acknowledged: its numbers are missing from now on. */
  abandon(batch: ProducerBatch): void {
    const at = this.batches.indexOf(batch)
    this.remove(batch)
    if (batch.identity !== null) this.#openGap(at, batch.mayBeWritten)
  }

  /**
   * The broker misses what came before this batch, and that is not the fault of a batch that is still here: it has lost its
   * memory of the producer, or what was given up was not written. So neither was this batch, nor one behind it.
   */
  missesNumber(batch: ProducerBatch): void {
    this.#openGap(this.batches.indexOf(batch), false)
  }

  /** Puts two batches in the place of one that was too large; they share its numbers. */
  replace(batch: ProducerBatch, head: ProducerBatch, tail: ProducerBatch): void {
    head.isBehindGap = tail.isBehindGap = batch.isBehindGap
    this.#putInPlace(batch, head, tail)
  }

  /** Puts what is left of a batch in its place; its numbers are missing from now on. */
  shrink(batch: ProducerBatch, rest: ProducerBatch): void {
    const at = this.batches.indexOf(batch)
    this.#putInPlace(batch, rest)
    this.#openGap(at, false)
  }

  /** Whether a batch is the oldest that is not settled: no other can be the reason that the broker refuses its number. */
  isFirst(batch: ProducerBatch): boolean {
    return this.batches[0] === batch
  }

  /** The broker does not know the producer any more: the partition is another one now, as after its topic was recreated. */
  forgotten(): void {
    this.#isKnown = false
  }

  /** Numbers from `at` on are not the ones that the broker expects, unless what is missing was written after all. */
  #openGap(at: number, mayBeWritten: boolean): void {
    this.#hasGap = true
    for (const [i, batch] of this.batches.entries()) {
      batch.isBehindGap = i >= at && batch.identity !== null
      if (i >= at && !mayBeWritten && !batch.isInFlight) batch.mayBeWritten = false
    }
  }

  #doubtful(): ProducerBatch | null {
    for (const batch of this.batches) if (batch.mayBeWritten) return batch
    return null
  }

  #putInPlace(batch: ProducerBatch, ...others: readonly ProducerBatch[]): void {
    this.batches.splice(this.batches.indexOf(batch), 1, ...others)
    if (batch.failures > 0) this.#failed--
    for (const { failures } of others) if (failures > 0) this.#failed++
  }
}
