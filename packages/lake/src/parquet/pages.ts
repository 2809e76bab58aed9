/**
 * The pages of one column chunk: each body is compressed as soon as it is complete and kept, with its header, until the
 * row group ends (a chunk's dictionary goes in front of its data, and the chunks of a row group one behind the other).
 * Data pages are of version 1, which every reader knows and the Delta protocol takes where a table names no other, or 2: its
 * levels are not compressed, and its values may be in delta encodings.
 */
import { BoundsSum, type Bounds, type RawBound } from './bounds.ts'
import { BloomFilter } from './bloom-filter.ts'
import type { LeafColumn } from './column.ts'
import type { Compressor } from './compression.ts'
import { encodeDeltas } from './delta-values.ts'
import { DictionaryBounds } from './dictionary-bounds.ts'
import { hybridBytesMax, writeHybrid } from './hybrid.ts'
import type { PageLevels } from './levels.ts'
import { indexWidth, PageTaker, type PageTarget } from './page-taker.ts'
import { ThriftWriter } from './thrift.ts'
import { boundsOf, valueKindOf, type ValueKind } from './value-kind.ts'

/** Buffers that one huge value has blown up beyond this are let go afterwards. */
export const KEPT_BYTES_MAX: number = 4 * 1024 * 1024

/**
 * parquet.thrift's Encoding. Version 1 of the format calls dictionaries and the pages that use them PLAIN_DICTIONARY, as every
 * reader knows; version 2 calls the same bytes PLAIN and RLE_DICTIONARY.
 */
export const ENCODING = {
  PLAIN: 0,
  PLAIN_DICTIONARY: 2,
  RLE: 3,
  DELTA_BINARY_PACKED: 5,
  DELTA_LENGTH_BYTE_ARRAY: 6,
  DELTA_BYTE_ARRAY: 7,
  RLE_DICTIONARY: 8,
} as const
const DATA_PAGE = 0
const DICTIONARY_PAGE = 2
const DATA_PAGE_V2 = 3

export type PageVersion = 1 | 2

/** What the columns of one file share, since only one page is being put together at a time. */
export class PageTools {
  readonly compressor: Compressor
  readonly version: PageVersion
  readonly thrift: ThriftWriter = new ThriftWriter()
  #bodies: Uint8Array = new Uint8Array(0)
  #values: Uint8Array = new Uint8Array(0)

  constructor(compressor: Compressor, version: PageVersion) {
    this.compressor = compressor
    this.version = version
  }
  /** At least `bytes` of room for a page's body, valid until the next call. */
  body(bytes: number): Uint8Array {
    return (this.#bodies = room(this.#bodies, bytes))
  }
  /** The same for encoded values, which become part of a body. */
  values(bytes: number): Uint8Array {
    return (this.#values = room(this.#values, bytes))
  }
}

function room(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length >= length && bytes.length <= KEPT_BYTES_MAX) return bytes
  return Buffer.allocUnsafeSlow(Math.max(length, 64 * 1024))
}

/** A data page, for the page indexes. */
export interface PageFacts {
  /** With its header. */
  readonly bytes: number
  readonly rows: number
  readonly entries: number
  readonly nulls: number
  readonly bounds: Bounds
}

/** A finished chunk. */
export interface ChunkPages {
  /** The dictionary page, if there is one, then the data pages. */
  readonly parts: readonly Uint8Array[]
  /** The dictionary page with its header; 0 without. */
  readonly dictionaryBytes: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  /** Values and absences. */
  readonly entries: number
  readonly nulls: number
  readonly bounds: Bounds
  readonly pages: readonly PageFacts[]
  /** How many data pages have which encoding. */
  readonly encodings: ReadonlyMap<number, number>
  /** With its header. */
  readonly bloomFilter: Uint8Array | undefined
}

/** Encodes the pages of one column as they come. */
export class PageStore extends PageTaker {
  readonly #tools: PageTools
  readonly #kind: ValueKind
  readonly #bloom: BloomFilter | undefined
  readonly #dictionaryBounds: DictionaryBounds
  /** Whether the values are to be tried in a delta encoding. */
  #deltas = true
  #bounds: BoundsSum
  #parts: Uint8Array[] = []
  #pages: PageFacts[] = []
  #encodings = new Map<number, number>()
  #dictionary: Uint8Array | undefined
  #entries = 0
  #ended: ChunkPages | undefined
  /** Pages with their headers. */
  compressedBytes = 0
  #uncompressedBytes = 0

  constructor(column: LeafColumn, target: PageTarget, tools: PageTools) {
    super(target)
    this.#tools = tools
    this.#kind = valueKindOf(column.type)
    this.#bloom = column.hasBloomFilter ? new BloomFilter() : undefined
    this.#dictionaryBounds = new DictionaryBounds(this.#kind, tools)
    this.#bounds = new BoundsSum(this.#kind.signed)
  }

  /** The chunk that ended last; given once. */
  takeChunk(): ChunkPages {
    const ended = this.#ended!
    this.#ended = undefined
    return ended
  }

  protected takeValues(levels: PageLevels, plain: Uint8Array): void {
    this.#bloom?.addAll(plain, this.#kind.fixedLength)
    const { deltas } = this.#kind
    const bounds = boundsOf(this.#kind, plain, levels.entries - levels.nulls)
    const tried = this.#tools.version === 2 && this.#deltas && deltas !== undefined && plain.length > 0
    const encoded = tried ? encodeDeltas(plain, deltas, this.#tools) : undefined
    if (tried && encoded === undefined) this.#deltas = false
    this.#addPage(levels, encoded?.values ?? plain, encoded?.encoding ?? ENCODING.PLAIN, bounds)
  }

  protected takeIndices(
    levels: PageLevels,
    indices: Int32Array,
    count: number,
    dictionary: Uint8Array,
    entries: number,
  ): void {
    this.#dictionary = dictionary
    this.#entries = entries
    const bounds = this.#dictionaryBounds.of(indices, count, dictionary, entries)
    const width = indexWidth(entries)
    const out = this.#tools.values(1 + hybridBytesMax(count, width))
    out[0] = width
    const end = writeHybrid(indices, count, width, out, 1)
    const encoding = this.#tools.version === 1 ? ENCODING.PLAIN_DICTIONARY : ENCODING.RLE_DICTIONARY
    this.#addPage(levels, out.subarray(0, end), encoding, bounds)
  }

  #addPage(levels: PageLevels, values: Uint8Array, encoding: number, bounds: Bounds): void {
    const before = this.compressedBytes
    if (this.#tools.version === 1) this.#addV1(levels, values, encoding)
    else this.#addV2(levels, values, encoding)
    const { rows, entries, nulls } = levels
    this.#pages.push({ bytes: this.compressedBytes - before, rows, entries, nulls, bounds: shortened(bounds) })
    this.#encodings.set(encoding, (this.#encodings.get(encoding) ?? 0) + 1)
    this.#bounds.add(bounds)
  }

  protected takeEnd(): void {
    const dictionaryBytes = this.#dictionary === undefined ? 0 : this.#addDictionary(this.#dictionary, this.#entries)
    const pages = this.#pages
    this.#ended = {
      parts: this.#parts,
      dictionaryBytes,
      compressedBytes: this.compressedBytes,
      uncompressedBytes: this.#uncompressedBytes,
      entries: pages.reduce((sum, page) => sum + page.entries, 0),
      nulls: pages.reduce((sum, page) => sum + page.nulls, 0),
      bounds: this.#bounds.bounds,
      pages,
      encodings: this.#encodings,
      bloomFilter: this.#bloom?.finish(this.#tools.thrift),
    }
    this.#parts = []
    this.#pages = []
    this.#encodings = new Map()
    this.#bounds = new BoundsSum(this.#kind.signed)
    this.#dictionary = undefined
    this.#dictionaryBounds.clear()
    this.#deltas = true
    this.compressedBytes = this.#uncompressedBytes = 0
  }

  /** Puts it in front of the data; answers its bytes. */
  #addDictionary(dictionary: Uint8Array, entries: number): number {
    const before = this.compressedBytes
    const data = this.#parts
    this.#parts = []
    const encoding = this.#tools.version === 1 ? ENCODING.PLAIN_DICTIONARY : ENCODING.PLAIN
    const compressed = this.#tools.compressor.compress(dictionary)
    this.#add(DICTIONARY_PAGE, dictionary.length, compressed, (thrift) => {
      thrift.struct(7)
      thrift.i32(1, entries)
      thrift.i32(2, encoding)
      thrift.end()
    })
    this.#bloom?.addAll(dictionary, this.#kind.fixedLength)
    for (const part of data) this.#parts.push(part)
    return this.compressedBytes - before
  }

  /** Levels and values compressed together. */
  #addV1(levels: PageLevels, values: Uint8Array, encoding: number): void {
    let body = values
    const levelBytes = levels.bytesMax
    if (levelBytes !== 0) {
      const out = this.#tools.body(levelBytes + values.length)
      const at = levels.write(out, 0)
      out.set(values, at)
      body = out.subarray(0, at + values.length)
    }
    const { entries } = levels
    this.#add(DATA_PAGE, body.length, this.#tools.compressor.compress(body), (thrift) => {
      thrift.struct(5)
      thrift.i32(1, entries)
      thrift.i32(2, encoding)
      thrift.i32(3, ENCODING.RLE)
      thrift.i32(4, ENCODING.RLE)
      thrift.end()
    })
  }

  /** Only the values compressed, so that a reader sees which rows there are without it. */
  #addV2(levels: PageLevels, values: Uint8Array, encoding: number): void {
    const tools = this.#tools
    const out = tools.body(levels.bytesMax)
    const repetitionEnd = levels.writeRepetitions(out, 0)
    const definitionEnd = levels.writeDefinitions(out, repetitionEnd)
    const compressed = tools.compressor.compress(values)
    const body = new Uint8Array(definitionEnd + compressed.length)
    body.set(out.subarray(0, definitionEnd))
    body.set(compressed, definitionEnd)
    const { entries, nulls, rows } = levels
    this.#add(DATA_PAGE_V2, definitionEnd + values.length, body, (thrift) => {
      thrift.struct(8)
      thrift.i32(1, entries)
      thrift.i32(2, nulls)
      thrift.i32(3, rows)
      thrift.i32(4, encoding)
      thrift.i32(5, definitionEnd - repetitionEnd)
      thrift.i32(6, repetitionEnd)
      thrift.end()
    })
  }

  #add(kind: number, length: number, compressed: Uint8Array, details: (thrift: ThriftWriter) => void): void {
    const { thrift } = this.#tools
    thrift.i32(1, kind)
    thrift.i32(2, length)
    thrift.i32(3, compressed.length)
    details(thrift)
    const header = thrift.finish()
    this.#parts.push(header, compressed)
    this.compressedBytes += header.length + compressed.length
    this.#uncompressedBytes += header.length + length
  }
}

/** Page indexes show less than this of long values, which must not be kept whole for each page. */
const PAGE_BOUND_BYTES = 256

function shortened({ min, max, unordered }: Bounds): Bounds {
  return { min: short(min), max: short(max), unordered }
}

function short(bound: RawBound | undefined): RawBound | undefined {
  return typeof bound === 'object' && bound.length > PAGE_BOUND_BYTES ? bound.slice(0, PAGE_BOUND_BYTES) : bound
}
