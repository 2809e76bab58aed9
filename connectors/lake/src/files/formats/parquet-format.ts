import { DataError } from '@sluice/sdk'
import type { Schema, StructSchema, Value } from '@sluice/sdk'
import { ParquetWriter, collectChunks, deltaSchemaOf, parquetColumnsOf } from '@sluice/lake'
import type { ParquetCodec } from '@sluice/lake'
import type { FileBuilder, FileFormat } from './file-format.ts'

const EXTENSIONS: Readonly<Record<ParquetFormatCodec, string>> = {
  none: '.parquet',
  snappy: '.snappy.parquet',
  gzip: '.gz.parquet',
  zstd: '.zstd.parquet',
}

export type ParquetFormatCodec = Extract<ParquetCodec, 'none' | 'snappy' | 'gzip' | 'zstd'>

/** Parquet files, with the columns that a table would have for these records. */
export function parquetFormat(codec: ParquetFormatCodec): FileFormat {
  return {
    extension: EXTENSIONS[codec],
    hasSchema: true,
    open: (schema) => new ParquetBuilder(structSchemaOf(schema), codec),
  }
}

class ParquetBuilder implements FileBuilder {
  readonly #chunks = collectChunks()
  readonly #writer: ParquetWriter

  constructor(schema: StructSchema, codec: ParquetFormatCodec) {
    const columns = parquetColumnsOf(deltaSchemaOf(schema), 'the file')
    this.#writer = new ParquetWriter(columns, { codec }, this.#chunks.sink)
  }

  get bytes(): number {
    return this.#writer.writtenBytes + this.#writer.bufferedBytes
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
