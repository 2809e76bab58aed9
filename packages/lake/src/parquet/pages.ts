/**
 * The pages of one column chunk: each body is compressed as soon as it is complete and kept, with its header, until the
 * row group ends (a chunk's dictionary goes in front of its data, and the chunks of a row group one behind the other).
 * Data pages are of version 1, which every reader knows and the Delta protocol takes where a table names no other, or 2: its
 * levels are not compressed, and its values may be in delta encodings.
 */
import { BoundsSum, type Bounds, type RawBound } from './bounds.ts'
import { BloomFilter } from './bloom-filter.ts'
import type { Compressor } from './compression.ts'
import { encodeDeltas, type DeltaKind } from './delta-values.ts'
import { bitWidth, hybridBytesMax, writeHybrid } from './hybrid.ts'
import type { LevelWriter } from './levels.ts'
import { ThriftWriter } from './thrift.ts'

/** A page ends at so many rows or bytes, whichever comes first; a single larger value is a page of its own. */
export interface PageLimits {
  readonly rowsMax: number
  readonly bytesMax: number
}
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

/** What the columns of one writer share, since only one page is being put together at a time. */
export class PageTools {
  readonly compressor: Compressor
  readonly limits: PageLimits
  readonly version: PageVersion
  /** The columns that get a bloom filter, their names joined by points. */
  readonly bloomFilters: ReadonlySet<string>
  readonly thrift: ThriftWriter = new ThriftWriter()
  /** Pages of the row group at hand, before compression, over all columns. */
  pageBytes = 0
  #bodies: Uint8Array = new Uint8Array(0)
  #values: Uint8Array = new Uint8Array(0)
  #places: Int32Array = new Int32Array(0)

  constructor(compressor: Compressor, limits: PageLimits, version: PageVersion, bloomFilters: ReadonlySet<string>) {
    this.bloomFilters = bloomFilters
    this.compressor = compressor
    this.limits = limits
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
  /** Room for `count` places in a dictionary, valid until the next call. */
  indices(count: number): Int32Array {
    if (this.#places.length < count) this.#places = new Int32Array(Math.max(count, this.limits.rowsMax))
    return this.#places
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

/** What the values of a store are. */
export interface StoreKind {
  /** Bytes of a value; 0 where each stands behind its length. */
  readonly fixedLength: number
  /** Whether bytes are two's complement, most significant first. */
  readonly signed: boolean
  /** How they may be written as differences; undefined: not at all. */
  readonly deltas: DeltaKind | undefined
}

export class PageStore {
  readonly tools: PageTools
  readonly #kind: StoreKind
  readonly #bloom: BloomFilter | undefined
  /** Whether the values are to be tried in a delta encoding. */
  #deltas = true
  #bounds: BoundsSum
  #parts: Uint8Array[] = []
  #pages: PageFacts[] = []
  #encodings = new Map<number, number>()
  /** Rows in the pages so far. */
  rows = 0
  /** How many data pages wait for the chunk's dictionary. */
  dictionaryPageCount = 0
  /** Pages with their headers. */
  compressedBytes = 0
  uncompressedBytes = 0

  constructor(tools: PageTools, kind: StoreKind, hasBloomFilter: boolean) {
    this.tools = tools
    this.#kind = kind
    this.#bloom = hasBloomFilter ? new BloomFilter() : undefined
    this.#bounds = new BoundsSum(kind.signed)
  }

  /** A page of values. `plain`: in PLAIN encoding; may be written again afterwards. */
  addValues(levels: LevelWriter, plain: Uint8Array, bounds: Bounds): void {
    this.#bloom?.addAll(plain, this.#kind.fixedLength)
    const { deltas } = this.#kind
    const tried = this.tools.version === 2 && this.#deltas && deltas !== undefined && plain.length > 0
    const encoded = tried ? encodeDeltas(plain, deltas, this.tools) : undefined
    if (tried && encoded === undefined) this.#deltas = false
    this.#addPage(levels, encoded?.values ?? plain, encoded?.encoding ?? ENCODING.PLAIN, bounds)
  }

  #addPage(levels: LevelWriter, values: Uint8Array, encoding: number, bounds: Bounds): void {
    const before = this.compressedBytes
    if (this.tools.version === 1) this.#addV1(levels, values, encoding)
    else this.#addV2(levels, values, encoding)
    const { rows, entries, nulls } = levels
    this.#pages.push({ bytes: this.compressedBytes - before, rows, entries, nulls, bounds: shortened(bounds) })
    this.#encodings.set(encoding, (this.#encodings.get(encoding) ?? 0) + 1)
    this.#bounds.add(bounds)
    this.rows += rows
    levels.startPage()
  }

  /** A page of places in the chunk's dictionary, which has `entries` of them so far. */
  addIndices(levels: LevelWriter, indices: Int32Array, count: number, entries: number, bounds: Bounds): void {
    const width = indexWidth(entries)
    const out = this.tools.values(1 + hybridBytesMax(count, width))
    out[0] = width
    const end = writeHybrid(indices, count, width, out, 1)
    const encoding = this.tools.version === 1 ? ENCODING.PLAIN_DICTIONARY : ENCODING.RLE_DICTIONARY
    this.#addPage(levels, out.subarray(0, end), encoding, bounds)
    this.dictionaryPageCount++
  }

  /** Ends the chunk. `dictionary`: the entries in PLAIN encoding, given exactly when pages of indices were added. */
  finish(dictionary: Uint8Array | undefined, entries: number): ChunkPages {
    let dictionaryBytes = 0
    if (dictionary !== undefined) {
      const before = this.compressedBytes
      const data = this.#parts
      this.#parts = []
      const encoding = this.tools.version === 1 ? ENCODING.PLAIN_DICTIONARY : ENCODING.PLAIN
      const compressed = this.tools.compressor.compress(dictionary)
      this.#add(DICTIONARY_PAGE, dictionary.length, compressed, (thrift) => {
        thrift.struct(7)
        thrift.i32(1, entries)
        thrift.i32(2, encoding)
        thrift.end()
      })
      dictionaryBytes = this.compressedBytes - before
      this.#bloom?.addAll(dictionary, this.#kind.fixedLength)
      for (const part of data) this.#parts.push(part)
    }
    const pages = this.#pages
    const chunk = {
      parts: this.#parts,
      dictionaryBytes,
      compressedBytes: this.compressedBytes,
      uncompressedBytes: this.uncompressedBytes,
      entries: pages.reduce((sum, page) => sum + page.entries, 0),
      nulls: pages.reduce((sum, page) => sum + page.nulls, 0),
      bounds: this.#bounds.bounds,
      pages,
      encodings: this.#encodings,
      bloomFilter: this.#bloom?.finish(this.tools.thrift),
    }
    this.#parts = []
    this.#pages = []
    this.#encodings = new Map()
    this.#bounds = new BoundsSum(this.#kind.signed)
    this.#deltas = true
    this.compressedBytes = this.uncompressedBytes = this.rows = this.dictionaryPageCount = 0
    return chunk
  }

  /** Levels and values compressed together. */
  #addV1(levels: LevelWriter, values: Uint8Array, encoding: number): void {
    let body = values
    const levelBytes = levels.bytesMax
    if (levelBytes !== 0) {
      const out = this.tools.body(levelBytes + values.length)
      const at = levels.write(out, 0)
      out.set(values, at)
      body = out.subarray(0, at + values.length)
    }
    const { entries } = levels
    this.#add(DATA_PAGE, body.length, this.tools.compressor.compress(body), (thrift) => {
      thrift.struct(5)
      thrift.i32(1, entries)
      thrift.i32(2, encoding)
      thrift.i32(3, ENCODING.RLE)
      thrift.i32(4, ENCODING.RLE)
      thrift.end()
    })
  }

  /** Only the values compressed, so that a reader sees which rows there are without it. */
  #addV2(levels: LevelWriter, values: Uint8Array, encoding: number): void {
    const { tools } = this
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
    const { thrift } = this.tools
    thrift.i32(1, kind)
    thrift.i32(2, length)
    thrift.i32(3, compressed.length)
    details(thrift)
    const header = thrift.finish()
    this.#parts.push(header, compressed)
    this.compressedBytes += header.length + compressed.length
    this.uncompressedBytes += header.length + length
    this.tools.pageBytes += header.length + length
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

/** Bits of an index into a dictionary. Never 0, which some readers do not take. */
export function indexWidth(entries: number): number {
  return Math.max(1, bitWidth(entries - 1))
}
