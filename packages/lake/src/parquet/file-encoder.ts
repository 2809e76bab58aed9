/** Pages, as the columns fill them, to the bytes of a file: everything of the format that is below rows. */
import { BoundsSum } from './bounds.ts'
import type { LeafColumn } from './column.ts'
import { compressorFor } from './compression.ts'
import { writeFooter, type Extent, type WrittenChunk, type WrittenRowGroup } from './footer.ts'
import { pageVersion, type ParquetOptions } from './options.ts'
import { columnIndex, offsetIndex } from './page-index.ts'
import type { PageTarget } from './page-taker.ts'
import { PageStore, PageTools } from './pages.ts'
import type { ParquetFile } from './parquet-file.ts'
import type { ParquetColumn } from './schema.ts'
import { presentBounds } from './statistics.ts'

/** Takes the file's bytes in order. The chunk belongs to the receiver: it is never written to again. */
export type ParquetSink = (chunk: Uint8Array) => void

/** What of a file's options its encoder has to know. */
export type EncoderOptions = Pick<
  ParquetOptions,
  'codec' | 'compressionLevel' | 'pageVersion' | 'pageIndex' | 'metadata'
>

const MAGIC = 'PAR1'

export class FileEncoder implements PageTarget {
  pageBytes = 0
  readonly #columns: readonly ParquetColumn[]
  readonly #tools: PageTools
  readonly #metadata: Readonly<Record<string, string>>
  readonly #hasPageIndex: boolean
  readonly #sink: ParquetSink
  readonly #leaves: LeafColumn[] = []
  readonly #stores: PageStore[] = []
  readonly #bounds: BoundsSum[] = []
  readonly #nullCounts: number[] = []
  readonly #rowGroups: WrittenRowGroup[] = []
  #written = 0

  constructor(columns: readonly ParquetColumn[], options: EncoderOptions, sink: ParquetSink) {
    this.#columns = columns
    this.#tools = new PageTools(
      compressorFor(options.codec ?? 'zstd', options.compressionLevel),
      pageVersion(options.pageVersion ?? 1),
    )
    this.#metadata = options.metadata ?? {}
    this.#hasPageIndex = options.pageIndex ?? true
    this.#sink = sink
    this.#write(Buffer.from(MAGIC))
  }

  takerOf(leaf: LeafColumn): PageStore {
    const store = new PageStore(leaf, this, this.#tools)
    this.#leaves.push(leaf)
    this.#stores.push(store)
    this.#bounds.push(new BoundsSum(leaf.type.kind === 'decimal'))
    this.#nullCounts.push(0)
    return store
  }

  /** Bytes given to the sink so far. */
  get writtenBytes(): number {
    return this.#written
  }
  /** Bytes of pages that wait for the end of their row group, compressed. */
  get heldBytes(): number {
    let bytes = 0
    for (const store of this.#stores) bytes += store.compressedBytes
    return bytes
  }
  get bytes(): number {
    return this.writtenBytes + this.heldBytes
  }

  endRowGroup(rows: number): void {
    const offset = this.#written
    const chunks: WrittenChunk[] = []
    let uncompressedBytes = 0
    for (const [i, store] of this.#stores.entries()) {
      const { parts, ...chunk } = store.takeChunk()
      chunks.push({ ...chunk, offset: this.#written })
      uncompressedBytes += chunk.uncompressedBytes
      this.#nullCounts[i]! += chunk.nulls
      this.#bounds[i]!.add(chunk.bounds)
      for (const part of parts) this.#write(part)
    }
    const compressedBytes = this.#written - offset
    this.#rowGroups.push({ rows, offset, compressedBytes, uncompressedBytes, chunks })
  }

  /** Writes what stands behind the row groups. */
  finish(): ParquetFile {
    for (const { chunks } of this.#rowGroups) {
      for (const chunk of chunks)
        if (chunk.bloomFilter !== undefined) chunk.bloomExtent = this.#writeAt(chunk.bloomFilter)
    }
    if (this.#hasPageIndex) this.#writePageIndexes()
    const tools = this.#tools
    const footer = writeFooter(tools.thrift, this.#columns, this.#leaves, this.#rowGroups, {
      codecId: tools.compressor.id,
      version: tools.version,
      metadata: this.#metadata,
    })
    const tail = Buffer.alloc(8)
    tail.writeUInt32LE(footer.length)
    tail.write(MAGIC, 4)
    this.#write(footer)
    this.#write(tail)
    return this.#facts()
  }

  #facts(): ParquetFile {
    return {
      rows: this.#rowGroups.reduce((sum, { rows }) => sum + rows, 0),
      size: this.#written,
      rowGroups: this.#rowGroups.map(({ rows, offset, compressedBytes, uncompressedBytes }) => {
        return { rows, offset, compressedBytes, uncompressedBytes }
      }),
      columns: this.#leaves.map(({ path, type, repeatedFrom }, i) => {
        return {
          path,
          type,
          repeatedFrom,
          nullCount: this.#nullCounts[i]!,
          ...presentBounds(type, this.#bounds[i]!.bounds),
        }
      }),
    }
  }

  /** All column indexes, then all offset indexes: a reader fetches each kind at once. */
  #writePageIndexes(): void {
    const { thrift } = this.#tools
    for (const { chunks } of this.#rowGroups) {
      for (const [i, chunk] of chunks.entries()) {
        const index = columnIndex(thrift, this.#leaves[i]!, chunk)
        if (index !== undefined) chunk.columnIndex = this.#writeAt(index)
      }
    }
    for (const { chunks } of this.#rowGroups) {
      for (const chunk of chunks) chunk.offsetIndex = this.#writeAt(offsetIndex(thrift, chunk))
    }
  }

  #writeAt(bytes: Uint8Array): Extent {
    const extent = { offset: this.#written, length: bytes.length }
    this.#write(bytes)
    return extent
  }

  #write(chunk: Uint8Array): void {
    this.#written += chunk.length
    this.#sink(chunk)
  }
}
