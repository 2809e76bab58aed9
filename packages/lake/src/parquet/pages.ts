/**
 * The pages of one column chunk: each body is compressed as soon as it is complete and kept, with its header, until the
 * row group ends (a chunk's dictionary goes in front of its data, and the chunks of a row group one behind the other).
 * Data pages are version 1, which every reader knows; the Delta protocol takes them where a table names no other.
 */
import type { Compressor } from './compression.ts'
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
 * parquet.thrift's Encoding. Pages and dictionaries are called PLAIN_DICTIONARY, as version 1 of the format has it and as
 * every reader knows; version 2 calls the same bytes RLE_DICTIONARY and PLAIN.
 */
export const ENCODING = { PLAIN: 0, PLAIN_DICTIONARY: 2, RLE: 3 } as const
const DATA_PAGE = 0
const DICTIONARY_PAGE = 2

/** What the columns of one writer share, since only one page is being put together at a time. */
export class PageTools {
  readonly compressor: Compressor
  readonly limits: PageLimits
  readonly thrift: ThriftWriter = new ThriftWriter()
  /** Pages of the row group at hand, before compression, over all columns. */
  pageBytes = 0
  private buffer: Uint8Array = new Uint8Array(0)
  private places: Int32Array = new Int32Array(0)

  constructor(compressor: Compressor, limits: PageLimits) {
    this.compressor = compressor
    this.limits = limits
  }
  /** At least `bytes` of room, valid until the next call. */
  scratch(bytes: number): Uint8Array {
    if (this.buffer.length < bytes || this.buffer.length > KEPT_BYTES_MAX) {
      this.buffer = Buffer.allocUnsafeSlow(Math.max(bytes, 64 * 1024))
    }
    return this.buffer
  }
  /** Room for `count` places in a dictionary, valid until the next call. */
  indices(count: number): Int32Array {
    if (this.places.length < count) this.places = new Int32Array(Math.max(count, this.limits.rowsMax))
    return this.places
  }
}

/** A finished chunk without its statistics. */
export interface ChunkPages {
  /** The dictionary page, if there is one, then the data pages. */
  readonly parts: readonly Uint8Array[]
  /** The dictionary page with its header; 0 without. */
  readonly dictionaryBytes: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  readonly rows: number
  /** Values and absences. */
  readonly entries: number
  readonly nulls: number
  readonly plainPages: number
  readonly dictionaryPages: number
}

export class PageStore {
  readonly tools: PageTools
  private parts: Uint8Array[] = []
  /** Rows in the pages so far. */
  rows = 0
  private entries = 0
  private nulls = 0
  private plainPages = 0
  private dictionaryPages = 0
  /** Pages with their headers. */
  compressedBytes = 0
  uncompressedBytes = 0

  constructor(tools: PageTools) {
    this.tools = tools
  }

  /** How many data pages wait for the chunk's dictionary. */
  get dictionaryPageCount(): number {
    return this.dictionaryPages
  }

  /** A page of values that stand as they are. `values` may be written again afterwards. */
  addPlain(levels: LevelWriter, values: Uint8Array): void {
    let body = values
    const room = levels.bytesMax
    if (room !== 0) {
      const scratch = this.tools.scratch(room + values.length)
      const at = levels.write(scratch, 0)
      scratch.set(values, at)
      body = scratch.subarray(0, at + values.length)
    }
    this.addData(levels, body, ENCODING.PLAIN)
    this.plainPages++
  }

  /** A page of places in the chunk's dictionary, which has `entries` of them so far. */
  addIndices(levels: LevelWriter, indices: Int32Array, count: number, entries: number): void {
    const width = indexWidth(entries)
    const scratch = this.tools.scratch(levels.bytesMax + 1 + hybridBytesMax(count, width))
    let at = levels.write(scratch, 0)
    scratch[at++] = width
    at = writeHybrid(indices, count, width, scratch, at)
    this.addData(levels, scratch.subarray(0, at), ENCODING.PLAIN_DICTIONARY)
    this.dictionaryPages++
  }

  /** Ends the chunk. `dictionary`: the entries in PLAIN encoding, given exactly when pages of indices were added. */
  finish(dictionary: Uint8Array | undefined, entries: number): ChunkPages {
    let dictionaryBytes = 0
    if (dictionary !== undefined) {
      const before = this.compressedBytes
      const data = this.parts
      this.parts = []
      this.add(
        dictionary,
        (thrift) => {
          thrift.struct(7)
          thrift.i32(1, entries)
          thrift.i32(2, ENCODING.PLAIN_DICTIONARY)
          thrift.end()
        },
        DICTIONARY_PAGE,
      )
      dictionaryBytes = this.compressedBytes - before
      for (const part of data) this.parts.push(part)
    }
    const { parts, compressedBytes, uncompressedBytes, rows, entries: count, nulls, plainPages, dictionaryPages } = this
    this.parts = []
    this.compressedBytes = this.uncompressedBytes = 0
    this.rows = this.entries = this.nulls = this.plainPages = this.dictionaryPages = 0
    return {
      parts,
      dictionaryBytes,
      compressedBytes,
      uncompressedBytes,
      rows,
      entries: count,
      nulls,
      plainPages,
      dictionaryPages,
    }
  }

  private addData(levels: LevelWriter, body: Uint8Array, encoding: number): void {
    this.add(
      body,
      (thrift) => {
        thrift.struct(5)
        thrift.i32(1, levels.entries)
        thrift.i32(2, encoding)
        thrift.i32(3, ENCODING.RLE)
        thrift.i32(4, ENCODING.RLE)
        thrift.end()
      },
      DATA_PAGE,
    )
    this.rows += levels.rows
    this.entries += levels.entries
    this.nulls += levels.nulls
    levels.startPage()
  }

  private add(body: Uint8Array, details: (thrift: ThriftWriter) => void, kind: number): void {
    const { thrift, compressor } = this.tools
    const compressed = compressor.compress(body)
    thrift.i32(1, kind)
    thrift.i32(2, body.length)
    thrift.i32(3, compressed.length)
    details(thrift)
    const header = thrift.finish()
    this.parts.push(header, compressed)
    this.compressedBytes += header.length + compressed.length
    this.uncompressedBytes += header.length + body.length
    this.tools.pageBytes += header.length + body.length
  }
}

/** Bits of an index into a dictionary. Never 0, which some readers do not take. */
export function indexWidth(entries: number): number {
  return Math.max(1, bitWidth(entries - 1))
}
