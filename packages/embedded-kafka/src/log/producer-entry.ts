import { batchLayout } from '@sluice/kafka-protocol'

/** Kafka keeps as many; a client has at most as many in flight. */
const BATCHES_MAX = 5

/** A batch that a producer wrote, as far as a duplicate of it can be told. */
export interface WrittenBatch {
  readonly baseSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly timestamp: number
}

/** What a log knows of one producer id. */
export class ProducerEntry {
  readonly producerId: number
  /** -1: nothing is known. */
  epoch = -1
  /** The newest batches of this epoch, oldest first. */
  batches: WrittenBatch[] = []
  lastTimestamp = -1
  /** Of the last marker; -1 before the first. */
  coordinatorEpoch = -1
  /** -1 without an open transaction. */
  transactionOffset = -1

  constructor(producerId: number) {
    this.producerId = producerId
  }

  /** -1 if no batch of this epoch is known. */
  get lastSequence(): number {
    return this.batches.at(-1)?.lastSequence ?? -1
  }

  duplicateOf(epoch: number, baseSequence: number, lastSequence: number): WrittenBatch | undefined {
    if (epoch !== this.epoch) return undefined
    return this.batches.find((batch) => batch.baseSequence === baseSequence && batch.lastSequence === lastSequence)
  }

  /** Whether this is the sequence behind the last one: after 2^31 - 1 comes 0. */
  isNext(sequence: number): boolean {
    const last = this.lastSequence
    return sequence === (last < 0 ? 0 : batchLayout.advanceSequence(last, 1))
  }

  useEpoch(epoch: number): void {
    if (epoch === this.epoch) return
    this.epoch = epoch
    this.batches = []
  }

  wrote(batch: WrittenBatch): void {
    this.batches.push(batch)
    if (this.batches.length > BATCHES_MAX) this.batches.shift()
    this.lastTimestamp = batch.timestamp
  }
}
