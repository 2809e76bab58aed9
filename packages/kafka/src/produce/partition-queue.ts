import { advanceSequence } from '@sluice/kafka-protocol'
import type { TopicPartition } from '@sluice/sdk'
import type { BatchIdentity, ProducerBatch } from './producer-batch.ts'

const EPOCH_MAX = 32767

/**
 * The batches of one partition that are not settled, in the order of their sequences, and the producer's identity there.
 *
 * Order and idempotence (KIP-98) rest on four rules:
 * - Batches are numbered when they are first sent, and sent in order.
 * - The first batch of a producer id or epoch is in flight alone until it is acknowledged: a broker that does not know the
 *   producer yet takes whatever number comes first, so a second batch could get in before a first one that was refused.
 * - While a batch that has failed once is unsettled, the partition has one batch in flight at a time. Those sent behind it
 *   come back with OUT_OF_ORDER_SEQUENCE_NUMBER and follow again in their turn.
 * - When a number can no longer be used (a batch was given up, or the broker lost its memory of us), the partition waits until
 *   nothing is in flight, goes to the next producer epoch and numbers what is left from 0. The broker then refuses whatever
 *   of the old epoch may still arrive, so nothing that was given up or sent again can be written twice.
 */
export class PartitionQueue implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly batches: ProducerBatch[] = []
  /** The batch that takes records; the last of `batches`. */
  open: ProducerBatch | null = null
  inFlight = 0
  /** The broker that those in flight went to. */
  inFlightAt = -1
  /** Not before this monotonic time: back-off after a failure. */
  retryAt = 0
  #failed = 0
  #needsEpoch = false
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

  /** Whether a batch must be numbered by a producer id that this partition does not have yet. */
  get needsProducerId(): boolean {
    return this.#producerId === -1 || (this.#needsEpoch && this.#producerEpoch === EPOCH_MAX)
  }

  /** The batch that may be sent to this broker next, if the rules allow one now; null if not. */
  next(brokerId: number): ProducerBatch | null {
    const isAlone = this.#needsEpoch || !this.#isKnown || this.#failed > 0 || this.inFlightAt !== brokerId
    if (this.inFlight > 0 && isAlone) return null
    for (const batch of this.batches) if (!batch.isInFlight) return batch
    return null
  }

  /** Uses a fresh producer id from its epoch 0 on. */
  useProducerId(producerId: number): void {
    this.#producerId = producerId
    this.#producerEpoch = -1
    this.#nextEpoch()
  }

  /** The identity for a batch that `next` gave and that is about to be sent. */
  identify(batch: ProducerBatch): BatchIdentity {
    if (this.#needsEpoch) this.#nextEpoch()
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

  /** The broker has written the batch, so it knows the producer by the identity that the batch has. */
  acknowledged({ identity }: ProducerBatch): void {
    this.#isKnown = identity?.producerEpoch === this.#producerEpoch && identity.producerId === this.#producerId
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
  }

  /** Puts two batches in the place of one that was too large; they share its numbers. */
  replace(batch: ProducerBatch, head: ProducerBatch, tail: ProducerBatch): void {
    const at = this.batches.indexOf(batch)
    this.batches.splice(at, 1, head, tail)
    if (batch.failures > 0) this.#failed--
    if (head.failures > 0) this.#failed++
    if (tail.failures > 0) this.#failed++
  }

  /** Whether a batch is the oldest that is not settled: no other can be the reason that the broker refuses its number. */
  isFirst(batch: ProducerBatch): boolean {
    return this.batches[0] === batch
  }

  /** The numbers given out can no longer be used: a new epoch before anything else is sent. */
  requireEpoch(): void {
    this.#needsEpoch = true
  }

  #nextEpoch(): void {
    this.#needsEpoch = false
    this.#isKnown = false
    this.#producerEpoch++
    this.#nextSequence = 0
    for (const batch of this.batches) batch.identity = null
  }
}
