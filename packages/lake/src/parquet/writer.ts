/**
 * Rows to Parquet (https://parquet.apache.org/docs/file-format/), flat or nested, of every primitive and logical type.
 *
 * The way of a row: `appendRow` (row-taker.ts) hands each value to its column (build-column.ts chooses one of six ways of storing, once
 * per schema; nested.ts takes nested values apart), which checks it and writes it straight into the open page: no row, and no value, is
 * kept. A page that is full (20,000 rows or about 1 MiB) goes to the encoder (page-taker.ts is what stands between; dictionary-rule.ts
 * says when values become places in a dictionary), which takes its bounds, encodes and compresses it (pages.ts). A row group that is
 * full, or the end, puts the finished pages column by column into the sink; the footer (footer.ts) comes last (file-encoder.ts). So what
 * is held at any time is one row group's compressed pages and one open page per column.
 *
 * Equal rows and options give equal bytes: nothing here depends on time, chance, or how the rows were cut into calls. threads/ has the
 * same with the encoder on a thread of its own.
 */
import { FileEncoder, type ParquetSink } from './file-encoder.ts'
import type { ParquetOptions } from './options.ts'
import type { ParquetFile } from './parquet-file.ts'
import { RowTaker } from './row-taker.ts'
import type { ParquetColumn } from './schema.ts'

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

/**
 * Writes one file. Order of calls: `appendRow` or `appendColumns` any number of times, then `finish` once. After an error of
 * the sink (which passes through) the file is lost and the writer with it.
 */
export class ParquetWriter extends RowTaker {
  readonly #encoder: FileEncoder

  constructor(columns: readonly ParquetColumn[], options: ParquetOptions, sink: ParquetSink) {
    const encoder = new FileEncoder(columns, options, sink)
    super(columns, options, encoder)
    this.#encoder = encoder
  }

  /** Ends the last row group and writes the footer. The writer takes no rows afterwards. No rows at all is a legal file. */
  finish(): ParquetFile {
    this.endRows()
    return this.#encoder.finish()
  }
}
