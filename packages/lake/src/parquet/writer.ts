/**
 * Rows to Parquet (https://parquet.apache.org/docs/file-format/), flat or nested, of every primitive and logical type.
 *
 * The way of a row: `appendRow` hands each value to its column (build-column.ts chooses one of six ways of storing, once per
 * schema; nested.ts takes nested values apart), which checks it and writes it straight into the open page: no row, and no value, is kept. A page that is full
 * (20,000 rows or about 1 MiB) is encoded, compressed and its bounds taken (pages.ts; dictionary-rule.ts says when values
 * become places in a dictionary). A row group that is full, or the end, puts the finished pages column by column into the
 * sink; the footer (footer.ts) comes last. So what is held at any time is one row group's compressed pages and one open
 * page per column.
 *
 * Equal rows and options give equal bytes: nothing here depends on time, chance, or how the rows were cut into calls.
 */
import { BoundsSum } from './bounds.ts'
import { compressorFor, type ParquetCodec } from './compression.ts'
import { checkColumns } from './check-columns.ts'
import type { ColumnBuilder, LeafColumn, ValueTaker } from './column.ts'
import { writeFooter, type Extent, type WrittenChunk, type WrittenRowGroup } from './footer.ts'
import { buildTopColumn } from './nested.ts'
import { columnIndex, offsetIndex } from './page-index.ts'
import { PageTools, type PageVersion } from './pages.ts'
import type { ParquetFile } from './parquet-file.ts'
import type { ParquetColumn } from './schema.ts'
import { presentBounds } from './statistics.ts'
import { SchemaError, SluiceError } from '@sluice/sdk'

/** Takes the file's bytes in order. The chunk belongs to the receiver: it is never written to again. */
export type ParquetSink = (chunk: Uint8Array) => void

export interface ParquetOptions {
  /** Default: zstd, as the Delta protocol asks for when a table says nothing. */
  readonly codec?: ParquetCodec
  /** Level of zstd (default 3) or gzip (default 6). */
  readonly compressionLevel?: number
  /** A row group ends when its encoded bytes, before compression, reach this. Default 128 MiB. It bounds the memory too. */
  readonly rowGroupBytesMax?: number
  /** A row group ends at this many rows. Default 1,048,576. */
  readonly rowGroupRowsMax?: number
  /** A page, the unit of compression, ends at this many rows (default 20,000) … */
  readonly pageRowsMax?: number
  /** … or bytes (default 1 MiB), whichever comes first. */
  readonly pageBytesMax?: number
  /**
   * Version of the data pages. Default: 1, which every reader has. 2 stands for version 2 of the format: smaller where numbers
   * grow slowly or texts begin alike, by delta encodings, which older readers do not have.
   */
  readonly pageVersion?: PageVersion
  /** Whether readers find the bounds and places of single pages. Default: true. */
  readonly pageIndex?: boolean
  /**
   * Columns that get a bloom filter, nested ones by the names that lead to them, joined by points (`lines.list.element.sku`).
   * For columns without order and with many values, by which rows are looked up. Default: none.
   */
  readonly bloomFilters?: readonly string[]
  /** Key-value metadata of the file. */
  readonly metadata?: Readonly<Record<string, string>>
}

export interface ChunkCollector {
  readonly sink: ParquetSink
  /** The bytes so far, as one piece. */
  bytes(): Uint8Array
}

/** A sink that keeps the file in memory. */
export function collectChunks(): ChunkCollector {
  const chunks: Uint8Array[] = []
  return { sink: (chunk) => void chunks.push(chunk), bytes: () => Buffer.concat(chunks) }
}

const MAGIC = 'PAR1'
/** Rows between two looks at how full the row group is. Pages that end are noticed at once, open pages only here. */
const ROWS_PER_LOOK = 256

/**
 * Writes one file. Order of calls: `appendRow` or `appendColumns` any number of times, then `finish` once. After an error of
 * the sink (which passes through) the file is lost and the writer with it.
 */
export class ParquetWriter {
  private readonly columns: readonly ParquetColumn[]
  private readonly names: readonly string[]
  /** One per top column. */
  private readonly heads: readonly Pick<ValueTaker, 'append'>[]
  /** The columns of the file, and what builds them. */
  private readonly leaves: readonly LeafColumn[]
  private readonly builders: readonly ColumnBuilder[]
  private readonly bounds: readonly BoundsSum[]
  private readonly nullCounts: number[]
  private readonly tools: PageTools
  private readonly sink: ParquetSink
  private readonly metadata: Readonly<Record<string, string>>
  private readonly hasPageIndex: boolean
  private readonly rowGroupBytesMax: number
  private readonly rowGroupRowsMax: number
  private readonly rowGroups: WrittenRowGroup[] = []
  private earlierRows = 0
  private rowsInGroup = 0
  /** Rows in the group at which to look again. */
  private nextLook: number
  private written = 0
  private finished = false

  constructor(columns: readonly ParquetColumn[], options: ParquetOptions, sink: ParquetSink) {
    checkColumns(columns)
    this.tools = new PageTools(
      compressorFor(options.codec ?? 'zstd', options.compressionLevel),
      {
        rowsMax: positive('pageRowsMax', options.pageRowsMax ?? 20_000, 2 ** 20),
        bytesMax: positive('pageBytesMax', options.pageBytesMax ?? 1024 * 1024, 2 ** 28),
      },
      version(options.pageVersion ?? 1),
      new Set(options.bloomFilters),
    )

    this.columns = columns
    this.names = columns.map((column) => column.name)
    const tops = columns.map((column) => buildTopColumn(column, this.tools))
    const leaves = tops.flatMap((top) => top.leaves)
    checkBloomFilters(
      this.tools.bloomFilters,
      leaves.map((leaf) => leaf.column),
    )
    this.heads = tops.map((top) => top.head)
    this.leaves = leaves.map((leaf) => leaf.column)
    this.builders = leaves.map((leaf) => leaf.builder)
    this.bounds = leaves.map((leaf) => new BoundsSum(leaf.column.type.kind === 'decimal'))
    this.nullCounts = leaves.map(() => 0)
    this.sink = sink
    this.metadata = options.metadata ?? {}
    this.hasPageIndex = options.pageIndex ?? true
    this.rowGroupBytesMax = positive('rowGroupBytesMax', options.rowGroupBytesMax ?? 128 * 1024 * 1024)
    this.rowGroupRowsMax = positive('rowGroupRowsMax', options.rowGroupRowsMax ?? 1_048_576)
    this.nextLook = Math.min(ROWS_PER_LOOK, this.rowGroupRowsMax)
    this.write(Buffer.from(MAGIC))
  }

  /** Rows accepted so far. */
  get rows(): number {
    return this.earlierRows + this.rowsInGroup
  }

  /** Bytes held in memory now: finished pages (compressed), open pages and dictionaries. An estimate. */
  get bufferedBytes(): number {
    let bytes = 0
    for (const builder of this.builders) bytes += builder.bufferedBytes
    return bytes
  }

  /** Bytes given to the sink so far. `writtenBytes + bufferedBytes` estimates the size of the file. */
  get writtenBytes(): number {
    return this.written
  }

  /**
   * Adds one row: one property per column name; others are not looked at, and a missing one is null. A value that does not
   * fit throws `ValueError` (code VALUE_INVALID; names column, value and remedy) and leaves the file as it was before the row.
   */
  appendRow(row: Readonly<Record<string, unknown>>): void {
    if (this.rowsInGroup >= this.nextLook || this.tools.pageBytes >= this.rowGroupBytesMax) this.look()
    const { heads, names } = this
    try {
      for (let column = 0; column < heads.length; column++) heads[column]!.append(row[names[column]!])
    } catch (error) {
      this.undo()
      throw error
    }
    this.rowsInGroup++
  }

  /**
   * Adds `count` rows given by column: `values[c][r]`. A value that does not fit throws as in `appendRow`; the rows before
   * it stay (see `rows`), it and those after it are not added.
   */
  appendColumns(values: readonly ArrayLike<unknown>[], count: number): void {
    const { heads } = this
    for (let row = 0; row < count; row++) {
      if (this.rowsInGroup >= this.nextLook || this.tools.pageBytes >= this.rowGroupBytesMax) this.look()
      try {
        for (let column = 0; column < heads.length; column++) heads[column]!.append(values[column]![row])
      } catch (error) {
        this.undo()
        throw error
      }
      this.rowsInGroup++
    }
  }

  /** Ends the last row group and writes the footer. The writer takes no rows afterwards. No rows at all is a legal file. */
  finish(): ParquetFile {
    this.refuseFinished()
    if (this.rowsInGroup > 0) this.endRowGroup()
    for (const { chunks } of this.rowGroups) {
      for (const chunk of chunks)
        if (chunk.bloomFilter !== undefined) chunk.bloomExtent = this.writeAt(chunk.bloomFilter)
    }
    if (this.hasPageIndex) this.writePageIndexes()
    const { columns, leaves, rowGroups, tools } = this
    const footer = writeFooter(tools.thrift, columns, leaves, rowGroups, {
      codecId: tools.compressor.id,
      version: tools.version,
      metadata: this.metadata,
    })
    const tail = Buffer.alloc(8)
    tail.writeUInt32LE(footer.length)
    tail.write(MAGIC, 4)
    this.write(footer)
    this.write(tail)
    this.finished = true
    this.nextLook = 0 // so that a further row is refused
    return {
      rows: this.rows,
      size: this.written,
      rowGroups: rowGroups.map(({ rows, offset, compressedBytes, uncompressedBytes }) => {
        return { rows, offset, compressedBytes, uncompressedBytes }
      }),
      columns: leaves.map(({ path, type, repeatedFrom }, i) => {
        return {
          path,
          type,
          repeatedFrom,
          nullCount: this.nullCounts[i]!,
          ...presentBounds(type, this.bounds[i]!.bounds),
        }
      }),
    }
  }

  /** Ends the row group if it is full, and decides when to look again. */
  private look(): void {
    this.refuseFinished()
    let bytes = 0
    for (const builder of this.builders) bytes += builder.encodedBytes
    if (bytes >= this.rowGroupBytesMax || this.rowsInGroup >= this.rowGroupRowsMax) this.endRowGroup()
    this.nextLook = Math.min(this.rowsInGroup + ROWS_PER_LOOK, this.rowGroupRowsMax)
  }

  private endRowGroup(): void {
    const offset = this.written
    const chunks: WrittenChunk[] = []
    let uncompressedBytes = 0
    for (const [i, builder] of this.builders.entries()) {
      const { parts, ...chunk } = builder.finish()
      chunks.push({ ...chunk, offset: this.written })
      uncompressedBytes += chunk.uncompressedBytes
      this.nullCounts[i]! += chunk.nulls
      this.bounds[i]!.add(chunk.bounds)
      for (const part of parts) this.write(part)
    }
    this.rowGroups.push({
      rows: this.rowsInGroup,
      offset,
      compressedBytes: this.written - offset,
      uncompressedBytes,
      chunks,
    })
    this.tools.pageBytes = 0
    this.earlierRows += this.rowsInGroup
    this.rowsInGroup = 0
  }

  /** All column indexes, then all offset indexes: a reader fetches each kind at once. */
  private writePageIndexes(): void {
    const { thrift } = this.tools
    for (const { chunks } of this.rowGroups) {
      for (const [i, chunk] of chunks.entries()) {
        const index = columnIndex(thrift, this.leaves[i]!, chunk)
        if (index !== undefined) chunk.columnIndex = this.writeAt(index)
      }
    }
    for (const { chunks } of this.rowGroups) {
      for (const chunk of chunks) chunk.offsetIndex = this.writeAt(offsetIndex(thrift, chunk))
    }
  }

  private writeAt(bytes: Uint8Array): Extent {
    const extent = { offset: this.written, length: bytes.length }
    this.write(bytes)
    return extent
  }

  /** Takes the row at hand back from the columns that have begun it. */
  private undo(): void {
    for (const builder of this.builders) if (builder.rows > this.rowsInGroup) builder.undo()
  }

  private write(chunk: Uint8Array): void {
    this.written += chunk.length
    this.sink(chunk)
  }

  private refuseFinished(): void {
    if (!this.finished) return
    throw new SluiceError('INTERNAL', 'The Parquet file is finished and takes no more rows', {
      remedy: 'Open a new writer for the next file.',
    })
  }
}

function checkBloomFilters(names: ReadonlySet<string>, columns: readonly LeafColumn[]): void {
  const able = columns.filter(({ type }) => type.kind !== 'boolean').map(({ path }) => path.join('.'))
  const odd = [...names].find((name) => !able.includes(name))
  if (odd === undefined) return
  throw new SchemaError(
    `The Parquet option bloomFilters names ${JSON.stringify(odd)}, which is no column that can have one`,
    {
      remedy: `Name some of: ${able.join(', ')}.`,
    },
  )
}

function version(value: PageVersion): PageVersion {
  if (value === 1 || value === 2) return value
  throw new SchemaError(`The Parquet option pageVersion is ${String(value)}, neither 1 nor 2`, {
    remedy: 'Leave it out for 1.',
  })
}

function positive(name: keyof ParquetOptions, value: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value > 0 && value <= max) return value
  throw new SchemaError(`The Parquet option ${name} is ${value}, not a whole number from 1 to ${max}`, {
    remedy: 'Leave it out for the default.',
  })
}
