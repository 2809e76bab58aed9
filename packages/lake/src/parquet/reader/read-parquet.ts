/**
 * Rows back out of a Parquet file, ours or another writer's: every encoding and codec that Spark, delta-rs, DuckDB and we
 * write, nested columns included. The format is read by hyparquet; what is ours is the door, native codecs, and exact values.
 */
import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type AsyncBuffer, type FileMetaData } from 'hyparquet'
import { DataError } from '@sluice/sdk'
import { DECOMPRESSORS } from './decompress.ts'
import { asyncBufferOf, type RangedSource } from './source.ts'
import { PARSERS, convertOf, withoutConversions } from './values.ts'

/** One property per column, in the values that `ParquetType` names; a timestamp is always in microseconds. */
export type ParquetRow = Record<string, unknown>

export interface ReadOptions {
  /** The top columns to read; default: all. Names that the file does not have are passed over. */
  readonly columns?: readonly string[]
  /** What errors call the file. */
  readonly name?: string
}

/**
 * The rows in their order. One row group is held at a time. 64-bit integers beyond ±(2^53 − 1) are bigint, others numbers; maps
 * are `Map`; an absent value is null.
 * @throws DataError when the bytes are no Parquet file, or a damaged one
 */
export async function* readParquet(
  source: Uint8Array | RangedSource,
  options: ReadOptions = {},
): AsyncGenerator<ParquetRow, void, undefined> {
  const file = asyncBufferOf(source)
  const metadata = await readable(options, () => metadataOf(file))
  const wanted = parquetSchema(metadata).children.filter(
    ({ element }) => options.columns === undefined || options.columns.includes(element.name),
  )
  const columns = wanted.map((node) => ({ name: node.element.name, convert: convertOf(node) }))
  const names = columns.map(({ name }) => name)
  const stored = withoutConversions(metadata)
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    const range = { rowStart, rowEnd }
    const rows = await readable(options, () => readRows(file, stored, names, range))
    for (const found of rows) {
      const row: ParquetRow = {}
      for (const { name, convert } of columns) row[name] = convert(found[name])
      yield row
    }
    rowStart = rowEnd
  }
}

function metadataOf(file: AsyncBuffer): Promise<FileMetaData> {
  return parquetMetadataAsync(file, { parsers: PARSERS, geoparquet: false })
}

async function readRows(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: string[],
  { rowStart, rowEnd }: { readonly rowStart: number; readonly rowEnd: number },
): Promise<ParquetRow[]> {
  const rows = await parquetReadObjects({
    file,
    metadata,
    columns,
    rowStart,
    rowEnd,
    compressors: DECOMPRESSORS,
    parsers: PARSERS,
    utf8: false,
    geoparquet: false,
  })
  if (rows.length !== rowEnd - rowStart) throw new Error(`${rows.length} of ${rowEnd - rowStart} rows were found`)
  return rows
}

async function readable<T>({ name }: ReadOptions, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new DataError(`The Parquet file${name === undefined ? '' : ` ${name}`} cannot be read`, {
      cause,
      remedy: 'It is damaged, or of a kind that is not read here; look at it with DuckDB or restore it.',
    })
  }
}
