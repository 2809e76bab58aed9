/**
 * Rows and facts back out of a Parquet file, ours or another writer's: every encoding and codec that Spark, delta-rs, DuckDB
 * and we write, nested columns included.
 *
 * Per row group the wanted columns' bytes are fetched; a cursor per column (chunk-cursor.ts) decodes one page at a time, and a
 * tree of readers (assembly.ts) puts the values of all columns together, row by row. So what is held is one row group as it is
 * compressed, and one page of each column.
 */
import { DataError } from '@sluice/sdk'
import { storedColumns, type StoredColumn } from './assembly.ts'
import { ChunkCursor, type StoredLeaf } from './chunk-cursor.ts'
import { readFileMetadata, type FileMetadata, type RowGroupMetadata } from './file-metadata.ts'
import { singleValue } from './plain-values.ts'
import { rangedSource, type RangedSource } from './source.ts'

/** One property per column, in the values that `ParquetType` names; a timestamp is always in microseconds. */
export type ParquetRow = Record<string, unknown>

export interface ReadOptions {
  /** The top columns to read; default: all. Names that the file does not have are passed over. */
  readonly columns?: readonly string[]
  /** What errors call the file. */
  readonly name?: string
}

/** What a file says of itself. */
export interface ParquetFacts {
  readonly rows: number
  readonly createdBy: string | undefined
  readonly metadata: ReadonlyMap<string, string>
  readonly rowGroups: readonly {
    readonly rows: number
    readonly columns: readonly {
      /** The names from the top down; groups of lists and maps are among them. */
      readonly path: readonly string[]
      readonly nullCount: number | undefined
      /** They bound the values; long ones need not be values themselves. */
      readonly min: unknown
      readonly max: unknown
    }[]
  }[]
}

/**
 * The rows in their order. 64-bit integers beyond ±(2^53 − 1) are bigint, others numbers; maps are `Map`; an absent value is
 * null.
 * @throws DataError when the bytes are no Parquet file, or a damaged one
 */
export async function* readParquet(
  source: Uint8Array | RangedSource,
  options: ReadOptions = {},
): AsyncGenerator<ParquetRow, void, undefined> {
  const file = rangedSource(source)
  const metadata = await readMetadata(file, options)
  const columns = columnsOf(metadata, options)
  for (const group of metadata.rowGroups) {
    yield* rowsOf(columns, await cursorsOf(file, group, columns, options), group.rows, options)
  }
}

/** @throws DataError as `readParquet` */
export async function readParquetFacts(
  source: Uint8Array | RangedSource,
  options: ReadOptions = {},
): Promise<ParquetFacts> {
  const metadata = await readMetadata(rangedSource(source), options)
  const leaves = columnsOf(metadata, options).flatMap((column) => column.leaves)
  return readable(options, () => ({
    rows: metadata.rows,
    createdBy: metadata.createdBy,
    metadata: metadata.keyValues,
    rowGroups: metadata.rowGroups.map(({ rows, chunks }) => ({
      rows,
      columns: leaves.map(({ path, type }) => {
        const chunk = chunks.find((found) => samePath(found.path, path))
        const bound = (bytes: Uint8Array | undefined): unknown => bytes && singleValue(bytes, type)
        return { path, nullCount: chunk?.nullCount, min: bound(chunk?.min), max: bound(chunk?.max) }
      }),
    })),
  }))
}

/** Errors of the source pass through: a store that is away is no damaged file. */
async function readMetadata(file: RangedSource, options: ReadOptions): Promise<FileMetadata> {
  try {
    return await readFileMetadata(file)
  } catch (cause) {
    throw cause instanceof RangeError ? unreadable(options, cause) : cause
  }
}

function columnsOf(metadata: FileMetadata, options: ReadOptions): StoredColumn[] {
  return readable(options, () => storedColumns(metadata.schema)).filter(
    ({ name }) => options.columns === undefined || options.columns.includes(name),
  )
}

type Cursors = (leaf: StoredLeaf) => ChunkCursor

/** Fetches the chunks of a row group; answers cursors at their beginnings. */
async function cursorsOf(
  file: RangedSource,
  group: RowGroupMetadata,
  columns: readonly StoredColumn[],
  options: ReadOptions,
): Promise<Cursors> {
  const fetched = columns
    .flatMap((column) => column.leaves)
    .map(async (leaf): Promise<readonly [StoredLeaf, ChunkCursor]> => {
      const chunk = group.chunks.find(({ path }) => samePath(path, leaf.path))
      if (chunk === undefined || chunk.start < 0 || chunk.length < 0 || chunk.start + chunk.length > file.size) {
        throw unreadable(options, new RangeError(`column ${leaf.path.join('.')} is not in the file`))
      }
      return [leaf, new ChunkCursor(await file.read(chunk.start, chunk.start + chunk.length), chunk, leaf)]
    })
  const cursors = new Map(await Promise.all(fetched))
  return (leaf) => cursors.get(leaf)!
}

function* rowsOf(
  columns: readonly StoredColumn[],
  cursors: Cursors,
  count: number,
  options: ReadOptions,
): Generator<ParquetRow, void, undefined> {
  const names = columns.map(({ name }) => name)
  const readers = columns.map(({ assemble }) => assemble(cursors))
  for (let i = 0; i < count; i++) {
    const row: ParquetRow = {}
    try {
      for (let c = 0; c < readers.length; c++) row[names[c]!] = readers[c]!.read()
    } catch (cause) {
      throw unreadable(options, cause)
    }
    yield row
  }
}

function samePath(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, i) => name === right[i])
}

function readable<T>(options: ReadOptions, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw unreadable(options, cause)
  }
}

function unreadable({ name }: ReadOptions, cause: unknown): DataError {
  return new DataError(`The Parquet file${name === undefined ? '' : ` ${name}`} cannot be read`, {
    cause,
    remedy: 'It is damaged, or of a kind that is not read here; look at it with DuckDB or restore it.',
  })
}
