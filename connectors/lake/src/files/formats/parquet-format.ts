import { DataError } from '@sluice/sdk'
import type { Schema, StructSchema, Value } from '@sluice/sdk'
import { ParquetWriter, bloomFiltersIn, collectChunks, deltaSchemaOf, parquetColumnsOf } from '@sluice/lake'
import type { ParquetCodec, ParquetOptions } from '@sluice/lake'
import type { FileBuilder, FileFormat } from './file-format.ts'

/** As Hadoop's writers name them. */
const EXTENSIONS: Readonly<Record<ParquetCodec, string>> = {
  none: '.parquet',
  snappy: '.snappy.parquet',
  gzip: '.gz.parquet',
  zstd: '.zstd.parquet',
  lz4_raw: '.lz4_raw.parquet',
}

/**
 * Parquet files, with the columns that a table would have for these records.
 * @param options bloom filters of columns that a file does not have are no mistake
 */
export function parquetFormat(options: ParquetOptions): FileFormat {
  return {
    extension: EXTENSIONS[options.codec ?? 'zstd'],
    hasSchema: true,
    open: (schema) => new ParquetBuilder(structSchemaOf(schema), options),
  }
}

class ParquetBuilder implements FileBuilder {
  readonly #chunks = collectChunks()
  readonly #writer: ParquetWriter

  constructor(schema: StructSchema, options: ParquetOptions) {
    const columns = deltaSchemaOf(schema)
    const bloomFilters = bloomFiltersIn(columns, options.bloomFilters ?? [])
    this.#writer = new ParquetWriter(
      parquetColumnsOf(columns, 'the file'),
      { ...options, bloomFilters },
      this.#chunks.sink,
    )
  }

  get bytes(): number {
    return this.#writer.bytes
  }

  append(value: Value): void {
    this.#writer.appendRow(value as Readonly<Record<string, unknown>>)
  }

  finish(): Uint8Array {
    this.#writer.finish()
    return this.#chunks.bytes()
  }
}

function structSchemaOf(schema: Schema | null): StructSchema {
  if (schema?.type === 'struct') return schema
  throw new DataError(
    schema === null
      ? 'The value has no schema, and a Parquet file needs one'
      : `The value is of type ${schema.type}; a row of a Parquet file needs a struct`,
    { remedy: 'Use a converter that gives structs, the transform HoistField, or format.class=json.' },
  )
}
