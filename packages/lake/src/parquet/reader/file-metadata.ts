/** The footer of a file: parquet.thrift's FileMetaData, as far as rows and statistics need it. */
import type { RangedSource } from './source.ts'
import {
  ThriftReader,
  bytesOf,
  listOf,
  numberOf,
  required,
  structOf,
  structsOf,
  textOf,
  type ThriftStruct,
} from './thrift-reader.ts'

export interface SchemaElement {
  readonly name: string
  /** parquet.thrift's Type; undefined for groups. */
  readonly physical: number | undefined
  readonly typeLength: number
  /** 0 required, 1 optional, 2 repeated. */
  readonly repetition: number
  readonly childCount: number
  readonly converted: number | undefined
  readonly scale: number
  readonly precision: number
  readonly logical: ThriftStruct | undefined
}

export interface ChunkMetadata {
  readonly path: readonly string[]
  readonly codec: number
  readonly entries: number
  /** Where its first page is, dictionary included. */
  readonly start: number
  readonly length: number
  readonly nullCount: number | undefined
  readonly min: Uint8Array | undefined
  readonly max: Uint8Array | undefined
}

export interface RowGroupMetadata {
  readonly rows: number
  readonly chunks: readonly ChunkMetadata[]
}

export interface FileMetadata {
  readonly rows: number
  readonly schema: readonly SchemaElement[]
  readonly rowGroups: readonly RowGroupMetadata[]
  readonly createdBy: string | undefined
  readonly keyValues: ReadonlyMap<string, string>
}

/** The first fetch: most footers are in it. */
const TAIL_BYTES = 64 * 1024
const MAGIC = 'PAR1'

export async function readFileMetadata(source: RangedSource): Promise<FileMetadata> {
  const { size } = source
  if (size < 12) throw new RangeError(`${size} bytes are no Parquet file`)
  let tail = await source.read(Math.max(0, size - TAIL_BYTES), size)
  const end = Buffer.from(tail.buffer, tail.byteOffset, tail.length)
  if (end.toString('latin1', end.length - 4) !== MAGIC) throw new RangeError('it does not end as a Parquet file does')
  const length = end.readUInt32LE(end.length - 8)
  if (length > size - 12) throw new RangeError('its footer is longer than the file')
  if (length + 8 > tail.length) tail = await source.read(size - 8 - length, size)
  return metadataOf(new ThriftReader(tail.subarray(tail.length - 8 - length, tail.length - 8)).struct())
}

function metadataOf(fields: ThriftStruct): FileMetadata {
  return {
    rows: required(numberOf(fields, 3), 'the number of rows'),
    schema: structsOf(fields, 2).map((element) => schemaElement(element)),
    rowGroups: structsOf(fields, 4).map((group) => ({
      rows: required(numberOf(group, 3), 'the rows of a row group'),
      chunks: structsOf(group, 1).map((chunk) => chunkMetadata(chunk)),
    })),
    createdBy: textOf(fields, 6),
    keyValues: new Map(structsOf(fields, 5).map((pair) => [textOf(pair, 1) ?? '', textOf(pair, 2) ?? ''])),
  }
}

function schemaElement(fields: ThriftStruct): SchemaElement {
  return {
    name: required(textOf(fields, 4), 'the name of a column'),
    physical: numberOf(fields, 1),
    typeLength: numberOf(fields, 2) ?? 0,
    repetition: numberOf(fields, 3) ?? 0,
    childCount: numberOf(fields, 5) ?? 0,
    converted: numberOf(fields, 6),
    scale: numberOf(fields, 7) ?? 0,
    precision: numberOf(fields, 8) ?? 0,
    logical: structOf(fields, 10),
  }
}

function chunkMetadata(fields: ThriftStruct): ChunkMetadata {
  if (fields.has(1)) throw new RangeError('a column is in another file')
  if (fields.has(8) || fields.has(9)) throw new RangeError('a column is encrypted')
  const column = required(structOf(fields, 3), 'the metadata of a column')
  const data = required(numberOf(column, 9), 'the place of a column')
  const dictionary = numberOf(column, 11)
  const statistics: ThriftStruct = structOf(column, 12) ?? new Map()
  return {
    path: listOf(column, 3).map((name) => Buffer.from(name as Uint8Array).toString()),
    codec: required(numberOf(column, 4), 'the codec of a column'),
    entries: required(numberOf(column, 5), 'the values of a column'),
    // Some writers say 0 where there is no dictionary.
    start: dictionary === undefined || dictionary === 0 ? data : Math.min(dictionary, data),
    length: required(numberOf(column, 7), 'the size of a column'),
    nullCount: numberOf(statistics, 3),
    min: bytesOf(statistics, 6),
    max: bytesOf(statistics, 5),
  }
}
