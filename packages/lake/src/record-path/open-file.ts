import type { Clock } from '@sluice/sdk'
import { parquetColumnsOf } from '../formats/delta/columns.ts'
import type { DeltaSchema } from '../formats/delta/schema.ts'
import { statsOf } from '../formats/delta/stats.ts'
import type { DataFile } from '../formats/delta/table.ts'
import { ParquetWriter, collectChunks } from '../parquet/index.ts'
import type { ChunkCollector, ParquetOptions } from '../parquet/index.ts'

/** A finished file: what the log will say of it, and its bytes, which go away once the store has them. */
export interface FinishedFile {
  readonly file: DataFile
  bytes: Uint8Array | undefined
}

/** A Parquet file that rows go into, in memory. */
export class OpenFile {
  readonly schema: DeltaSchema
  readonly #name: string
  readonly #chunks: ChunkCollector = collectChunks()
  readonly #parquet: ParquetWriter

  /** @param name the file's name below the table, unique for all time */
  constructor(name: string, schema: DeltaSchema, table: string, options: ParquetOptions) {
    this.schema = schema
    this.#name = name
    this.#parquet = new ParquetWriter(parquetColumnsOf(schema, table), options, this.#chunks.sink)
  }

  /** Throws ValueError and leaves the file as it was when the row does not fit; see `ParquetWriter.appendRow`. */
  append(row: Readonly<Record<string, unknown>>): void {
    this.#parquet.appendRow(row)
  }

  /** About the size that the file would have if it ended now. */
  get bytes(): number {
    return this.#parquet.writtenBytes + this.#parquet.bufferedBytes
  }

  finish(clock: Clock, configuration: Readonly<Record<string, string>>): FinishedFile {
    const facts = this.#parquet.finish()
    return {
      file: {
        path: this.#name,
        size: facts.size,
        modifiedMs: Math.trunc(clock.now()),
        stats: statsOf(facts, configuration),
        schema: this.schema,
      },
      bytes: this.#chunks.bytes(),
    }
  }
}
