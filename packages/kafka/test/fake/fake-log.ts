import { type RecordBatch, readBatches, stampOffset } from '@sluice/kafka-protocol'

const OFFSET_OUT_OF_RANGE = 1
const MESSAGE_TOO_LARGE = 10
const OUT_OF_ORDER_SEQUENCE_NUMBER = 45
const INVALID_PRODUCER_EPOCH = 47
const INVALID_RECORD = 87

/** How many batches of a producer a broker remembers per partition. */
const REMEMBERED = 5

interface ProducerMemory {
  epoch: number
  nextSequence: number
  readonly last: { readonly first: number; readonly count: number; readonly offset: number }[]
}

/** One partition: its batches, and what the broker remembers of producers (KIP-98). */
export class FakeLog {
  leader: number
  start = 0
  end = 0
  batchBytesMax = Infinity
  /** Values that are not for this topic. */
  isRefused: (value: string) => boolean = () => false
  aborted: { producerId: number; firstOffset: number }[] = []
  /** Grows with every election; where each began. */
  leaderEpoch = 0
  readonly epochStarts: number[] = [0]
  /** A replica that the leader sends readers to (KIP-392): it serves the same log. */
  readReplica = -1
  readonly batches: RecordBatch[] = []
  readonly #producers = new Map<string, ProducerMemory>()

  constructor(leader: number) {
    this.leader = leader
  }

  /** A new leader; what lies at `truncatedTo` and behind it is lost, as after an unclean election. */
  elect(leader: number, truncatedTo: number = this.end): void {
    this.leader = leader
    while (this.batches.length > 0 && this.batches.at(-1)!.lastOffset >= truncatedTo) this.batches.pop()
    this.end = truncatedTo
    this.leaderEpoch++
    this.epochStarts.push(truncatedTo)
  }

  /** The first offset that is not in an epoch; -1 for one that has not been. */
  endOfEpoch(epoch: number): number {
    return epoch > this.leaderEpoch || epoch < 0 ? -1 : (this.epochStarts[epoch + 1] ?? this.end)
  }

  /** Values of all data records in order. */
  get values(): string[] {
    return this.batches.filter(({ isControl }) => !isControl).flatMap(valuesOf)
  }

  /** What a broker that restarts without its state does. */
  forgetProducers(): void {
    this.#producers.clear()
  }

  append(bytes: Uint8Array): {
    errorCode: number
    baseOffset: number
    recordErrors?: { batchIndex: number; batchIndexErrorMessage: string }[]
  } {
    const [batch, ...more] = readBatches(bytes)
    if (batch === undefined || more.length > 0) throw new Error('a produce request holds one batch per partition')
    if (bytes.length > this.batchBytesMax) return { errorCode: MESSAGE_TOO_LARGE, baseOffset: -1 }
    const recordErrors = valuesOf(batch).flatMap((value, batchIndex) =>
      this.isRefused(value) ? [{ batchIndex, batchIndexErrorMessage: 'not for this topic' }] : [],
    )
    if (recordErrors.length > 0) return { errorCode: INVALID_RECORD, baseOffset: -1, recordErrors }
    const errorCode = this.#check(batch)
    if (typeof errorCode !== 'number') return { errorCode: 0, baseOffset: errorCode.offset }
    if (errorCode !== 0) return { errorCode, baseOffset: -1 }
    return { errorCode: 0, baseOffset: this.appendUnchecked(bytes) }
  }

  /** Appends a transaction's marker. From then on older epochs are refused. */
  mark(bytes: Uint8Array): void {
    const [marker] = readBatches(bytes)
    const id = String(marker!.producerId)
    const known = this.#producers.get(id)
    if (known === undefined || marker!.producerEpoch > known.epoch) {
      this.#producers.set(id, { epoch: marker!.producerEpoch, nextSequence: 0, last: [] })
    }
    this.appendUnchecked(bytes)
  }

  /** Appends whatever batch it is; returns its base offset. */
  appendUnchecked(bytes: Uint8Array): number {
    const stored = Uint8Array.from(bytes)
    stampOffset(stored, this.end, this.leaderEpoch)
    const [batch] = readBatches(stored)
    this.batches.push(batch!)
    const baseOffset = this.end
    this.end = batch!.lastOffset + 1
    return baseOffset
  }

  /** Cuts off the head of the log. */
  expireBefore(offset: number): void {
    this.start = offset
    while (this.batches.length > 0 && this.batches[0]!.lastOffset < offset) this.batches.shift()
  }

  rangeError(offset: number): number {
    return offset < this.start || offset > this.end ? OFFSET_OUT_OF_RANGE : 0
  }

  /** Whole batches from the one that holds the offset on, at least one if there is any. */
  read(offset: number, bytesMax: number): Uint8Array {
    const found: Uint8Array[] = []
    let left = bytesMax
    for (const { bytes, lastOffset } of this.batches) {
      if (lastOffset < offset) continue
      if (found.length > 0 && bytes.length > left) break
      found.push(bytes)
      left -= bytes.length
    }
    return Buffer.concat(found)
  }

  offsetAt(timestamp: number): number {
    if (timestamp === -2) return this.start
    if (timestamp === -1) return this.end
    return this.batches.find(({ maxTimestamp }) => maxTimestamp >= timestamp)?.baseOffset ?? -1
  }

  /** 0 to append, an error code, or the batch that this one repeats. */
  #check(batch: RecordBatch): number | ProducerMemory['last'][number] {
    const { producerId, producerEpoch: epoch, baseSequence: first, count } = batch
    if (Number(producerId) === -1) return 0
    const known = this.#producers.get(String(producerId))
    if (known !== undefined && epoch < known.epoch) return INVALID_PRODUCER_EPOCH
    if (known === undefined || epoch > known.epoch) {
      if (known !== undefined && first !== 0) return OUT_OF_ORDER_SEQUENCE_NUMBER
      const last = [{ first, count, offset: this.end }]
      this.#producers.set(String(producerId), { epoch, nextSequence: next(first, count), last })
      return 0
    }
    const repeated = known.last.find((one) => one.first === first && one.count === count)
    if (repeated !== undefined) return repeated
    if (first !== known.nextSequence) return OUT_OF_ORDER_SEQUENCE_NUMBER
    known.nextSequence = next(first, count)
    known.last.push({ first, count, offset: this.end })
    if (known.last.length > REMEMBERED) known.last.shift()
    return 0
  }
}

/** Sequences wrap from 2^31 - 1 to 0. */
function next(sequence: number, count: number): number {
  return Number((BigInt(sequence) + BigInt(count)) % 2147483648n)
}

function valuesOf(batch: RecordBatch): string[] {
  const records = batch.records()
  return Array.from({ length: records.count }, (_, i) => Buffer.from(records.value(i) ?? []).toString())
}
