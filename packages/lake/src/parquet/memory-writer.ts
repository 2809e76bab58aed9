import type { SluiceError } from '@sluice/sdk'
import { FileEncoder } from './file-encoder.ts'
import type { ParquetOptions } from './options.ts'
import type { ParquetFile } from './parquet-file.ts'
import { RowTaker } from './row-taker.ts'
import type { ParquetColumn } from './schema.ts'

export interface EncodedFile {
  readonly facts: ParquetFile
  readonly bytes: Uint8Array
}

/** Rows to a file in memory, whichever thread encodes it. */
export abstract class MemoryWriter extends RowTaker {
  /** The file, once. Rejects with `ENCODER_LOST` when it is lost. */
  abstract finish(): Promise<EncodedFile>
  /** Gives the file up; nothing is to be called afterwards. */
  abstract drop(): void
  /** Why its rows are gone, and `finish` will reject; undefined: they are not. */
  abstract readonly loss: SluiceError | undefined
}

/** Encodes in the caller's thread, page by page as rows come. */
export class SameThreadWriter extends MemoryWriter {
  readonly loss: SluiceError | undefined = undefined
  readonly #encoder: FileEncoder
  readonly #chunks: Uint8Array[]

  constructor(columns: readonly ParquetColumn[], options: ParquetOptions) {
    const chunks: Uint8Array[] = []
    const encoder = new FileEncoder(columns, options, (chunk) => void chunks.push(chunk))
    super(columns, options, encoder)
    this.#encoder = encoder
    this.#chunks = chunks
  }

  async finish(): Promise<EncodedFile> {
    this.endRows()
    const facts = this.#encoder.finish()
    return { facts, bytes: Buffer.concat(this.#chunks) }
  }

  drop(): void {
    // Nobody else holds anything of it.
  }
}
