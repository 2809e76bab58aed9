import { ProtocolError } from '../protocol-error.ts'
import type { RecordHeader, TimestampType } from './batch-layout.ts'
import { RECORD_SIZE_MIN } from './batch-layout.ts'

/** What the records of a batch take from its header. */
export interface BatchContext {
  readonly baseOffset: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly timestampType: TimestampType
  readonly count: number
}

/** Integers kept per record, in this order. A length of -1 is null. */
const FIELDS = 7
const OFFSET_DELTA = 0
const KEY_AT = 1
const KEY_LENGTH = 2
const VALUE_AT = 3
const VALUE_LENGTH = 4
const HEADERS_AT = 5
const END = 6

/**
 * The records of one batch as positions in one buffer: nothing is copied and no object is made until it is asked for. What is
 * returned views the buffer; it stays valid as long as it is held, and holds the whole buffer.
 */
export class BatchRecords implements RecordPositions {
  readonly count: number
  /** The records section, decompressed. */
  readonly source: Uint8Array
  readonly timestampType: TimestampType
  #positions: Int32Array
  /** Milliseconds after `#baseTimestamp`: may be negative, may need more than 32 bits. */
  #timestampDeltas: Float64Array
  readonly #baseOffset: number
  readonly #baseTimestamp: number
  /** `source`, as a Buffer: whose views are made in half the time, and need no other one to be read as text. */
  readonly #text: Buffer

  constructor(source: Uint8Array, batch: BatchContext) {
    const { count } = batch
    if (count * RECORD_SIZE_MIN > source.length) {
      throw new ProtocolError('MALFORMED', `A batch announces ${count} records in ${source.length} bytes`)
    }
    this.count = count
    this.source = source
    this.timestampType = batch.timestampType
    const index = takeIndex(count)
    this.#positions = index.positions
    this.#timestampDeltas = index.timestampDeltas
    this.#baseOffset = batch.baseOffset
    this.#baseTimestamp = batch.timestampType === 'append' ? batch.maxTimestamp : batch.baseTimestamp
    this.#text = Buffer.from(source.buffer, source.byteOffset, source.length)
    const failed = indexRecords(source, count, this.#positions, this.#timestampDeltas)
    if (failed >= 0) throw malformed(failed, this.#positions[failed * FIELDS + END]!)
    if (batch.timestampType === 'append') this.#timestampDeltas.fill(0)
  }

  /** Nothing more is asked of them, or a RangeError says so: where they lie is forgotten, in memory that is used for the next ones. */
  release(): void {
    giveBackIndex({ positions: this.#positions, timestampDeltas: this.#timestampDeltas })
    this.#positions = NO_INDEX.positions
    this.#timestampDeltas = NO_INDEX.timestampDeltas
  }

  offset(i: number): number {
    return this.#baseOffset + this.#positions[i * FIELDS + OFFSET_DELTA]!
  }

  timestamp(i: number): number {
    return this.#baseTimestamp + this.#timestampDeltas[i]!
  }

  key(i: number): Uint8Array | null {
    return this.#view(this.#positions[i * FIELDS + KEY_AT]!, this.#positions[i * FIELDS + KEY_LENGTH]!)
  }

  value(i: number): Uint8Array | null {
    return this.#view(this.#positions[i * FIELDS + VALUE_AT]!, this.#positions[i * FIELDS + VALUE_LENGTH]!)
  }

  /** In their order; null if there are none. */
  headers(i: number): readonly RecordHeader[] | null {
    const { source } = this
    const at = this.#positions[i * FIELDS + HEADERS_AT]!
    if (source[at] === 0) return null
    if (at === undefined) throw released()
    const end = this.#positions[i * FIELDS + END]!
    const cursor = { position: at }
    const count = readVarint(source, cursor)
    if (count < 0 || count * 2 > end - cursor.position) throw malformed(i, at)
    const headers: RecordHeader[] = []
    for (let h = 0; h < count; h++) {
      const keyLength = readVarint(source, cursor)
      const keyAt = cursor.position
      if (keyLength < 0 || keyLength > end - keyAt) throw malformed(i, keyAt)
      cursor.position += keyLength
      const valueLength = readVarint(source, cursor)
      const valueAt = cursor.position
      if (valueLength < -1 || valueLength > end - valueAt) throw malformed(i, valueAt)
      if (valueLength > 0) cursor.position += valueLength
      headers.push({
        key: this.#text.toString('utf8', keyAt, keyAt + keyLength),
        value: this.#view(valueAt, valueLength),
      })
    }
    if (cursor.position !== end) throw malformed(i, cursor.position)
    return headers
  }

  /** Where the key lies in `source`, and its length: -1 is null. For code that reads without making views. */
  keyPosition(i: number): number {
    return this.#positions[i * FIELDS + KEY_AT]!
  }

  keyLength(i: number): number {
    return this.#positions[i * FIELDS + KEY_LENGTH]!
  }

  valuePosition(i: number): number {
    return this.#positions[i * FIELDS + VALUE_AT]!
  }

  valueLength(i: number): number {
    return this.#positions[i * FIELDS + VALUE_LENGTH]!
  }

  #view(at: number, length: number): Uint8Array | null {
    if (length >= 0) return this.#text.subarray(at, at + length)
    if (length === undefined) throw released()
    return null
  }
}

/** Where the records of one batch lie. */
interface Index {
  readonly positions: Int32Array
  readonly timestampDeltas: Float64Array
}

const NO_INDEX: Index = { positions: new Int32Array(0), timestampDeltas: new Float64Array(0) }

/** Of batches that were released: an index lives long enough to be taken for something that stays, and is a quarter of what records take. */
const spareIndexes: Index[] = []
const SPARE_INDEXES_MOST = 32
/** Larger ones are rather garbage. */
const SPARE_RECORDS_MOST = 16_384

/** One for so many records, with anything in it. */
function takeIndex(count: number): Index {
  const spare = spareIndexes.findLastIndex(({ timestampDeltas }) => timestampDeltas.length >= count)
  if (spare !== -1) return spareIndexes.splice(spare, 1)[0]!
  return { positions: new Int32Array(count * FIELDS), timestampDeltas: new Float64Array(count) }
}

function giveBackIndex(index: Index): void {
  const { length } = index.timestampDeltas
  if (length > 0 && length <= SPARE_RECORDS_MOST && spareIndexes.length < SPARE_INDEXES_MOST) spareIndexes.push(index)
}

/** Reads without views: positions and lengths in `source`. */
export interface RecordPositions {
  readonly source: Uint8Array
  keyPosition(i: number): number
  keyLength(i: number): number
  valuePosition(i: number): number
  valueLength(i: number): number
}

/**
 * One pass over `count` records. Returns -1, or the first record that is not one; its END then is where it begins. Reading past
 * the end of the buffer reads zeros, so a record that lies about its length is found when its fields do not end where it does.
 */
function indexRecords(b: Uint8Array, count: number, positions: Int32Array, timestampDeltas: Float64Array): number {
  const limit = b.length
  let p = 0
  for (let i = 0, at = 0; i < count; i++, at += FIELDS) {
    const start = p
    let x = b[p++]!
    let v = x & 127
    for (let shift = 7; x > 127; shift += 7) {
      x = b[p++]!
      v |= (x & 127) << shift
    }
    const end = p + ((v >>> 1) ^ -(v & 1))
    p++
    x = b[p++]!
    if (x < 128) timestampDeltas[i] = (x >>> 1) ^ -(x & 1)
    else {
      let zigzag = x & 127
      let scale = 128
      do {
        x = b[p++]!
        zigzag += (x & 127) * scale
        scale *= 128
      } while (x > 127)
      timestampDeltas[i] = zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2
    }
    x = b[p++]!
    v = x & 127
    for (let shift = 7; x > 127; shift += 7) {
      x = b[p++]!
      v |= (x & 127) << shift
    }
    positions[at + OFFSET_DELTA] = v >>> 1
    x = b[p++]!
    v = x & 127
    for (let shift = 7; x > 127; shift += 7) {
      x = b[p++]!
      v |= (x & 127) << shift
    }
    let length = (v >>> 1) ^ -(v & 1)
    let isBad = length < -1
    positions[at + KEY_AT] = p
    positions[at + KEY_LENGTH] = length
    if (length > 0) p += length
    x = b[p++]!
    v = x & 127
    for (let shift = 7; x > 127; shift += 7) {
      x = b[p++]!
      v |= (x & 127) << shift
    }
    length = (v >>> 1) ^ -(v & 1)
    isBad ||= length < -1
    positions[at + VALUE_AT] = p
    positions[at + VALUE_LENGTH] = length
    if (length > 0) p += length
    positions[at + HEADERS_AT] = p
    if (isBad || end > limit || p >= end || (b[p] === 0 && p + 1 !== end)) {
      positions[at + END] = start
      return i
    }
    positions[at + END] = end
    p = end
  }
  return p === limit ? -1 : count - 1
}

function readVarint(bytes: Uint8Array, cursor: { position: number }): number {
  let x = bytes[cursor.position++]!
  let v = x & 127
  for (let shift = 7; x > 127; shift += 7) {
    x = bytes[cursor.position++]!
    v |= (x & 127) << shift
  }
  return (v >>> 1) ^ -(v & 1)
}

function released(): RangeError {
  return new RangeError('Records are read that have been released')
}

function malformed(record: number, position: number): ProtocolError {
  return new ProtocolError('MALFORMED', `Record ${record} of a batch does not fit the length it announces`, {
    position,
  })
}
