/** Walks through a column chunk entry by entry, one page decoded at a time. */
import { bitWidth } from '../hybrid.ts'
import { ENCODING } from '../pages.ts'
import { PHYSICAL } from '../schema.ts'
import { decompress } from './decompress.ts'
import type { ChunkMetadata } from './file-metadata.ts'
import { readHybrid } from './hybrid-reader.ts'
import {
  lengthValues,
  packedValues,
  plainValues,
  prefixedValues,
  runValues,
  splitValues,
  type Values,
} from './plain-values.ts'
import type { StoredType } from './stored-type.ts'
import { ThriftReader, numberOf, required, structOf, type ThriftStruct } from './thrift-reader.ts'

/** A column as the reader sees it. */
export interface StoredLeaf {
  readonly path: readonly string[]
  readonly type: StoredType
  /** Levels of a value that is there. */
  readonly definition: number
  readonly repetition: number
}

const DATA_PAGE = 0
const DICTIONARY_PAGE = 2
const DATA_PAGE_V2 = 3
const BYTE_STREAM_SPLIT = 9

export class ChunkCursor {
  readonly #bytes: Uint8Array
  readonly #chunk: ChunkMetadata
  readonly #leaf: StoredLeaf
  #at = 0
  /** Entries behind the page at hand. */
  #left: number
  #dictionary: Values | undefined
  #definitions: Uint8Array = new Uint8Array(0)
  #repetitions: Uint8Array = new Uint8Array(0)
  #values: Values = []
  #entries = 0
  #entry = 0
  #value = 0

  /** `bytes`: the whole chunk. */
  constructor(bytes: Uint8Array, chunk: ChunkMetadata, leaf: StoredLeaf) {
    this.#bytes = bytes
    this.#chunk = chunk
    this.#leaf = leaf
    this.#left = chunk.entries
  }

  /** The definition level of the entry at hand. */
  get definition(): number {
    if (this.#entry === this.#entries) this.#nextPage()
    return this.#leaf.definition === 0 ? 0 : this.#definitions[this.#entry]!
  }
  /** The repetition level of the entry at hand; 0 behind the last one. */
  get repetition(): number {
    if (this.#leaf.repetition === 0) return 0
    if (this.#entry === this.#entries) {
      if (this.#left === 0) return 0
      this.#nextPage()
    }
    return this.#repetitions[this.#entry]!
  }
  /** Takes the entry: its value, or null where it is not there. */
  next(): unknown {
    if (this.#entry === this.#entries) this.#nextPage()
    const entry = this.#entry++
    if (this.#leaf.definition !== 0 && this.#definitions[entry] !== this.#leaf.definition) return null
    return this.#values[this.#value++]
  }

  #nextPage(): void {
    for (;;) {
      if (this.#left === 0) throw new RangeError(`column ${this.#leaf.path.join('.')} has fewer values than rows`)
      const reader = new ThriftReader(this.#bytes, this.#at)
      const header = reader.struct()
      const length = required(numberOf(header, 3), 'the size of a page')
      const end = reader.at + length
      if (length < 0 || end > this.#bytes.length) throw new RangeError('a page ends behind its column')
      const body = this.#bytes.subarray(reader.at, end)
      this.#at = end
      const kind = numberOf(header, 1)
      if (kind === DICTIONARY_PAGE) this.#readDictionary(header, body)
      else if (kind === DATA_PAGE || kind === DATA_PAGE_V2) {
        this.#readData(header, body, kind)
        if (this.#entries > 0) return
      }
    }
  }

  #readDictionary(header: ThriftStruct, body: Uint8Array): void {
    const facts = required(structOf(header, 7), 'the header of a dictionary')
    const count = required(numberOf(facts, 1), 'the size of a dictionary')
    this.#dictionary = plainValues(decompress(this.#chunk.codec, body, sizeOf(header)), count, this.#leaf.type)
  }

  #readData(header: ThriftStruct, body: Uint8Array, kind: number): void {
    const facts = required(structOf(header, kind === DATA_PAGE ? 5 : 8), 'the header of a page')
    const entries = required(numberOf(facts, 1), 'the values of a page')
    if (entries < 0 || entries > this.#left) throw new RangeError('pages have more values than their column')
    this.#left -= entries
    this.#entries = entries
    this.#entry = this.#value = 0
    const values = kind === DATA_PAGE ? this.#levelsV1(header, facts, body) : this.#levelsV2(header, facts, body)
    const encoding = required(numberOf(facts, kind === DATA_PAGE ? 2 : 4), 'the encoding of a page')
    this.#values = this.#decode(values, this.#countValues(), encoding)
  }

  /** Reads the levels, each kind behind its length; answers the bytes behind them. */
  #levelsV1(header: ThriftStruct, facts: ThriftStruct, body: Uint8Array): Uint8Array {
    const page = decompress(this.#chunk.codec, body, sizeOf(header))
    const { repetition, definition } = this.#leaf
    let at = 0
    for (const [max, field] of [
      [repetition, 4],
      [definition, 3],
    ] as const) {
      if (max === 0) continue
      if (numberOf(facts, field) !== ENCODING.RLE) throw new RangeError('levels are in an encoding that is not read')
      if (page.length < at + 4) throw new RangeError('a page ends within its levels')
      const length = page[at]! | (page[at + 1]! << 8) | (page[at + 2]! << 16) | (page[at + 3]! << 24)
      const end = at + 4 + length
      if (length < 0 || end > page.length) throw new RangeError('a page ends within its levels')
      this.#levels(page, at + 4, end, max, field === 4)
      at = end
    }
    return page.subarray(at)
  }

  #levelsV2(header: ThriftStruct, facts: ThriftStruct, body: Uint8Array): Uint8Array {
    const repetitionBytes = numberOf(facts, 6) ?? 0
    const levelBytes = repetitionBytes + (numberOf(facts, 5) ?? 0)
    if (repetitionBytes < 0 || levelBytes < repetitionBytes || levelBytes > body.length) {
      throw new RangeError('a page ends within its levels')
    }
    const { repetition, definition } = this.#leaf
    if (repetition !== 0) this.#levels(body, 0, repetitionBytes, repetition, true)
    if (definition !== 0) this.#levels(body, repetitionBytes, levelBytes, definition, false)
    const values = body.subarray(levelBytes)
    if (facts.get(7) === false) return values
    return decompress(this.#chunk.codec, values, sizeOf(header) - levelBytes)
  }

  #levels(bytes: Uint8Array, start: number, end: number, max: number, areRepetitions: boolean): void {
    const entries = this.#entries
    let levels = areRepetitions ? this.#repetitions : this.#definitions
    if (levels.length < entries) levels = new Uint8Array(entries)
    if (entries > 0) readHybrid(bytes, start, end, bitWidth(max), entries, levels)
    for (let i = 0; i < entries; i++) if (levels[i]! > max) throw new RangeError('a level is above the highest')
    if (areRepetitions) this.#repetitions = levels
    else this.#definitions = levels
  }

  #countValues(): number {
    const { definition } = this.#leaf
    if (definition === 0) return this.#entries
    let count = 0
    for (let i = 0; i < this.#entries; i++) if (this.#definitions[i] === definition) count++
    return count
  }

  #decode(bytes: Uint8Array, count: number, encoding: number): Values {
    const { type } = this.#leaf
    if (count === 0) return []
    switch (encoding) {
      case ENCODING.PLAIN:
        return plainValues(bytes, count, type)
      case ENCODING.PLAIN_DICTIONARY:
      case ENCODING.RLE_DICTIONARY:
        return this.#looked(bytes, count)
      case ENCODING.RLE:
        if (type.physical !== PHYSICAL.BOOLEAN) break
        return runValues(bytes, count)
      case ENCODING.DELTA_BINARY_PACKED:
        return packedValues(bytes, count, type)
      case ENCODING.DELTA_LENGTH_BYTE_ARRAY:
        return lengthValues(bytes, count, type)
      case ENCODING.DELTA_BYTE_ARRAY:
        return prefixedValues(bytes, count, type)
      case BYTE_STREAM_SPLIT:
        return splitValues(bytes, count, type)
      default:
    }
    throw new RangeError(`encoding ${encoding} is not read`)
  }

  #looked(bytes: Uint8Array, count: number): unknown[] {
    const dictionary = required(this.#dictionary, 'the dictionary of a column')
    const places = new Int32Array(count)
    readHybrid(bytes, 1, bytes.length, bytes[0] ?? 0, count, places)
    const values: unknown[] = []
    for (let i = 0; i < count; i++) {
      const place = places[i]!
      if (place < 0 || place >= dictionary.length) throw new RangeError('a place is not in its dictionary')
      values.push(dictionary[place])
    }
    return values
  }
}

/** Of a page's body before compression. */
function sizeOf(header: ThriftStruct): number {
  const size = required(numberOf(header, 2), 'the size of a page')
  if (size < 0 || size > 2 ** 31) throw new RangeError('a page has a size that cannot be')
  return size
}
