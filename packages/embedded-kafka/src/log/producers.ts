import { batchLayout } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { ProducerDescription } from '../broker.ts'
import { type BatchHeader, isTransactional } from './batch-header.ts'
import { ProducerEntry, type WrittenBatch } from './producer-entry.ts'

/** A transaction that was aborted. `read_committed` readers of offsets from `firstOffset` to `lastOffset` (its marker) skip it. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  /** The stable offset while it was being aborted: no transaction aborted later began before it. */
  readonly stableOffset: number
}

export interface ProducerEnd {
  /** -1 if its epoch has written no data. */
  readonly lastDataOffset: number
  readonly epoch: number
}

/** A marker's control record. */
export interface Marker {
  readonly type: 'commit' | 'abort'
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
}

/** Entries as a checkpoint stores them. */
export type StoredProducer = readonly [
  producerId: number,
  epoch: number,
  coordinatorEpoch: number,
  transactionOffset: number,
  lastTimestamp: number,
  batches: readonly WrittenBatch[],
]

/** The producers of one log: who may write what next (KIP-98), which transactions are open, and how far readers may go. */
export class Producers {
  readonly #entries = new Map<number, ProducerEntry>()
  /** Producer id → first offset. In the order they were opened, which is the order of their offsets. */
  readonly #open = new Map<number, number>()
  #firstOpenOffset = Infinity

  /** The first offset of the oldest open transaction; Infinity if none is open. */
  get firstOpenOffset(): number {
    return this.#firstOpenOffset
  }

  get(producerId: number): ProducerEntry | undefined {
    return this.#entries.get(producerId)
  }

  /** A batch already written that this one repeats. */
  duplicateOf(header: BatchHeader): WrittenBatch | undefined {
    return this.#entries
      .get(header.producerId)
      ?.duplicateOf(header.producerEpoch, header.baseSequence, lastSequenceOf(header))
  }

  /**
   * Throws if the producer may not write this batch. A log that knows nothing of a producer takes any sequence, since it may have
   * forgotten it; with `isStrict` (transactions v2, KIP-890) a transaction's first batch begins with 0.
   */
  check(header: BatchHeader, isStrict: boolean): void {
    const { producerId, producerEpoch, baseSequence } = header
    const entry = this.#entries.get(producerId)
    checkEpoch(entry, producerId, producerEpoch)
    if (entry === undefined || entry.epoch === -1) {
      if (isStrict && isTransactional(header) && baseSequence !== 0) throw outOfOrder(header, 'nothing')
    } else if (producerEpoch === entry.epoch ? !entry.isNext(baseSequence) : baseSequence !== 0) {
      throw outOfOrder(header, `epoch ${entry.epoch}, sequence ${entry.lastSequence}`)
    }
    this.#checkTransaction(entry, header)
  }

  /** As `check`, for what a coordinator writes on behalf of a producer: it has no sequences. */
  checkOwn(header: BatchHeader): void {
    const entry = this.#entries.get(header.producerId)
    checkEpoch(entry, header.producerId, header.producerEpoch)
    this.#checkTransaction(entry, header)
  }

  checkMarker(marker: Marker): void {
    const entry = this.#entries.get(marker.producerId)
    checkEpoch(entry, marker.producerId, marker.producerEpoch)
    if (entry === undefined || entry.coordinatorEpoch <= marker.coordinatorEpoch) return
    throw new ApiError(
      'TRANSACTION_COORDINATOR_FENCED',
      `A marker of producer ${marker.producerId} comes from coordinator epoch ${marker.coordinatorEpoch}; epoch ${entry.coordinatorEpoch} has written here.`,
    )
  }

  /** A batch with a producer id is in the log, at the offset its header now says. */
  wrote(header: BatchHeader): void {
    const entry = this.#entryOf(header.producerId)
    const { baseOffset, lastOffsetDelta, baseSequence, maxTimestamp } = header
    entry.useEpoch(header.producerEpoch)
    entry.wrote({
      baseSequence,
      lastSequence: lastSequenceOf(header),
      baseOffset,
      lastOffset: baseOffset + lastOffsetDelta,
      timestamp: maxTimestamp,
    })
    if (!isTransactional(header) || entry.transactionOffset !== -1) return
    entry.transactionOffset = baseOffset
    this.#open.set(header.producerId, baseOffset)
    if (baseOffset < this.#firstOpenOffset) this.#firstOpenOffset = baseOffset
  }

  /** A marker is in the log. Returns the transaction it aborted, if there was one. */
  ended(marker: Marker, offset: number, timestamp: number): AbortedTransaction | undefined {
    const { producerId } = marker
    const entry = this.#entryOf(producerId)
    entry.useEpoch(marker.producerEpoch)
    entry.coordinatorEpoch = marker.coordinatorEpoch
    entry.lastTimestamp = timestamp
    const firstOffset = entry.transactionOffset
    if (firstOffset === -1) return undefined
    entry.transactionOffset = -1
    this.#open.delete(producerId)
    this.#findFirstOpen()
    if (marker.type === 'commit') return undefined
    const stableOffset = Math.min(this.#firstOpenOffset, offset + 1)
    return { producerId, firstOffset, lastOffset: offset, stableOffset }
  }

  /** Forgets producers that have been silent for longer, unless a transaction of theirs is open. */
  expire(now: number, expirationMs: number): void {
    for (const [id, entry] of this.#entries) {
      if (entry.transactionOffset === -1 && now - entry.lastTimestamp >= expirationMs) this.#entries.delete(id)
    }
  }

  /** How far each producer has come: compaction keeps the batch, or the marker, that tells it. */
  ends(): Map<number, ProducerEnd> {
    const ends = new Map<number, ProducerEnd>()
    for (const [id, { batches, epoch }] of this.#entries) {
      ends.set(id, { lastDataOffset: batches.at(-1)?.lastOffset ?? -1, epoch })
    }
    return ends
  }

  describe(): ProducerDescription[] {
    return Array.from(this.#entries.values(), (entry) => ({
      producerId: entry.producerId,
      producerEpoch: entry.epoch,
      lastSequence: entry.lastSequence,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnStartOffset: entry.transactionOffset,
    }))
  }

  store(): StoredProducer[] {
    return Array.from(this.#entries.values(), (entry) => [
      entry.producerId,
      entry.epoch,
      entry.coordinatorEpoch,
      entry.transactionOffset,
      entry.lastTimestamp,
      entry.batches,
    ])
  }

  load(stored: readonly StoredProducer[]): void {
    this.#entries.clear()
    this.#open.clear()
    const open: [number, number][] = []
    for (const [producerId, epoch, coordinatorEpoch, transactionOffset, lastTimestamp, batches] of stored) {
      const entry = new ProducerEntry(producerId)
      Object.assign(entry, { epoch, coordinatorEpoch, transactionOffset, lastTimestamp, batches: [...batches] })
      this.#entries.set(producerId, entry)
      if (transactionOffset !== -1) open.push([producerId, transactionOffset])
    }
    open.sort(([, a], [, b]) => a - b)
    for (const [producerId, offset] of open) this.#open.set(producerId, offset)
    this.#findFirstOpen()
  }

  #entryOf(producerId: number): ProducerEntry {
    let entry = this.#entries.get(producerId)
    if (entry === undefined) this.#entries.set(producerId, (entry = new ProducerEntry(producerId)))
    return entry
  }

  #findFirstOpen(): void {
    const first = this.#open.values().next()
    this.#firstOpenOffset = first.done === true ? Infinity : first.value
  }

  #checkTransaction(entry: ProducerEntry | undefined, header: BatchHeader): void {
    if (entry === undefined || entry.transactionOffset === -1 || isTransactional(header)) return
    throw new ApiError(
      'INVALID_TXN_STATE',
      `Producer ${header.producerId} has a transaction open here and sent a batch outside of it.`,
    )
  }
}

function checkEpoch(entry: ProducerEntry | undefined, producerId: number, epoch: number): void {
  if (entry === undefined || epoch >= entry.epoch) return
  throw new ApiError('INVALID_PRODUCER_EPOCH', `Producer ${producerId} has epoch ${entry.epoch} here, not ${epoch}.`)
}

function outOfOrder(header: BatchHeader, known: string): ApiError {
  return new ApiError(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `Producer ${header.producerId} sent epoch ${header.producerEpoch}, sequence ${header.baseSequence}; written last: ${known}.`,
  )
}

function lastSequenceOf(header: BatchHeader): number {
  return batchLayout.advanceSequence(header.baseSequence, header.lastOffsetDelta)
}
