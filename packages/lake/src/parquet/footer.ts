/** The footer: parquet.thrift's FileMetaData, which names every column, row group, page place and bound of the file. */
import type { LeafColumn } from './column.ts'
import { writeSchema } from './footer-schema.ts'
import { ENCODING, type ChunkPages, type PageVersion } from './pages.ts'
import { PHYSICAL, physicalOf, type ParquetColumn } from './schema.ts'
import { footerBound } from './statistics.ts'
import type { ThriftWriter } from './thrift.ts'

/** Readers look here for the bugs of certain writers. It changes only when the encoder writes other bytes than before. */
const CREATED_BY = 'sluice version 1.2.0 (build parquet)'

/** What the footer has to say of a chunk that is already in the file: the chunk without its pages. */
export interface WrittenChunk extends Omit<ChunkPages, 'parts'> {
  readonly offset: number
  /** Of its bloom filter, once that is written. */
  bloomExtent?: Extent
  /** Of its page indexes, once they are written. */
  offsetIndex?: Extent
  columnIndex?: Extent
}

/** A place in the file. */
export interface Extent {
  readonly offset: number
  readonly length: number
}

export interface WrittenRowGroup {
  readonly rows: number
  readonly offset: number
  readonly compressedBytes: number
  readonly uncompressedBytes: number
  readonly chunks: readonly WrittenChunk[]
}

/** What holds for the whole file. */
export interface FileFacts {
  readonly codecId: number
  readonly version: PageVersion
  readonly metadata: Readonly<Record<string, string>>
}

export function writeFooter(
  thrift: ThriftWriter,
  columns: readonly ParquetColumn[],
  leaves: readonly LeafColumn[],
  rowGroups: readonly WrittenRowGroup[],
  facts: FileFacts,
): Uint8Array {
  thrift.i32(1, facts.version)
  writeSchema(thrift, columns)
  thrift.i64(
    3,
    rowGroups.reduce((rows, group) => rows + group.rows, 0),
  )
  thrift.list(4, 'struct', rowGroups.length)
  for (const [ordinal, group] of rowGroups.entries()) writeRowGroup(thrift, leaves, group, ordinal, facts)
  const pairs = Object.entries(facts.metadata)
  if (pairs.length > 0) {
    thrift.list(5, 'struct', pairs.length)
    for (const [key, value] of pairs) {
      thrift.structElement()
      thrift.binary(1, key)
      thrift.binary(2, value)
      thrift.end()
    }
  }
  thrift.binary(6, CREATED_BY)
  // Without a column order readers do not trust min_value and max_value.
  thrift.list(7, 'struct', leaves.length)
  for (let i = 0; i < leaves.length; i++) {
    thrift.structElement()
    thrift.emptyStruct(1) // TypeDefinedOrder
    thrift.end()
  }
  return thrift.finish()
}

function writeRowGroup(
  thrift: ThriftWriter,
  columns: readonly LeafColumn[],
  group: WrittenRowGroup,
  ordinal: number,
  facts: FileFacts,
): void {
  thrift.structElement()
  thrift.list(1, 'struct', columns.length)
  for (const [i, column] of columns.entries()) writeChunk(thrift, column, group.chunks[i]!, facts)
  thrift.i64(2, group.uncompressedBytes)
  thrift.i64(3, group.rows)
  thrift.i64(5, group.offset)
  thrift.i64(6, group.compressedBytes)
  if (ordinal <= 0x7fff) thrift.i16(7, ordinal)
  thrift.end()
}

function writeChunk(
  thrift: ThriftWriter,
  column: LeafColumn,
  chunk: WrittenChunk,
  { codecId, version }: FileFacts,
): void {
  const indexed = chunk.dictionaryBytes > 0
  thrift.structElement()
  thrift.i64(2, 0) // deprecated; 0 as the column's metadata stands nowhere but here
  thrift.struct(3)
  thrift.i32(1, PHYSICAL[physicalOf(column.type)])
  const encodings = encodingsOf(chunk)
  thrift.list(2, 'i32', encodings.size)
  for (const encoding of encodings) thrift.i32Element(encoding)
  thrift.list(3, 'binary', column.path.length)
  for (const name of column.path) thrift.binaryElement(name)
  thrift.i32(4, codecId)
  thrift.i64(5, chunk.entries)
  thrift.i64(6, chunk.uncompressedBytes)
  thrift.i64(7, chunk.compressedBytes)
  thrift.i64(9, chunk.offset + chunk.dictionaryBytes)
  if (indexed) thrift.i64(11, chunk.offset)
  writeStatistics(thrift, column, chunk)
  writeEncodingStatistics(thrift, chunk, version === 1 ? 0 : 3)
  if (chunk.bloomExtent !== undefined) {
    thrift.i64(14, chunk.bloomExtent.offset)
    thrift.i32(15, chunk.bloomExtent.length)
  }
  thrift.end()
  if (chunk.offsetIndex !== undefined) {
    thrift.i64(4, chunk.offsetIndex.offset)
    thrift.i32(5, chunk.offsetIndex.length)
  }
  if (chunk.columnIndex !== undefined) {
    thrift.i64(6, chunk.columnIndex.offset)
    thrift.i32(7, chunk.columnIndex.length)
  }
  thrift.end()
}

/** RLE is that of the levels; a dictionary has an encoding of its own in version 2. */
function encodingsOf({ dictionaryBytes, encodings }: WrittenChunk): Set<number> {
  const found = new Set<number>([ENCODING.RLE])
  if (dictionaryBytes > 0 && encodings.has(ENCODING.RLE_DICTIONARY)) found.add(ENCODING.PLAIN)
  for (const encoding of [...encodings.keys()].toSorted((a, b) => b - a)) found.add(encoding)
  return found
}

function writeStatistics(thrift: ThriftWriter, { type }: LeafColumn, { nulls, bounds }: WrittenChunk): void {
  const min = bounds.min === undefined ? undefined : footerBound(type, bounds.min, 'min')
  const max = bounds.max === undefined ? undefined : footerBound(type, bounds.max, 'max')
  thrift.struct(12)
  thrift.i64(3, nulls)
  if (max !== undefined) thrift.binary(5, max.bytes)
  if (min !== undefined) thrift.binary(6, min.bytes)
  if (max !== undefined) thrift.boolean(7, max.exact)
  if (min !== undefined) thrift.boolean(8, min.exact)
  thrift.end()
}

/** How many pages have which encoding: readers that prune by dictionary must know that every page uses it. */
function writeEncodingStatistics(
  thrift: ThriftWriter,
  { dictionaryBytes, encodings }: WrittenChunk,
  dataPage: number,
): void {
  const entries: [page: number, encoding: number, count: number][] = []
  if (dictionaryBytes > 0) {
    const isV1 = encodings.has(ENCODING.PLAIN_DICTIONARY)
    entries.push([2, isV1 ? ENCODING.PLAIN_DICTIONARY : ENCODING.PLAIN, 1])
  }
  for (const [encoding, count] of [...encodings].toSorted(([a], [b]) => b - a))
    entries.push([dataPage, encoding, count])
  thrift.list(13, 'struct', entries.length)
  for (const [page, encoding, count] of entries) {
    thrift.structElement()
    thrift.i32(1, page)
    thrift.i32(2, encoding)
    thrift.i32(3, count)
    thrift.end()
  }
}
