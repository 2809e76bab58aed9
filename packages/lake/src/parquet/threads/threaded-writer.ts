import type { SluiceError } from '@sluice/sdk'
import { MemoryWriter, type EncodedFile } from '../memory-writer.ts'
import type { ParquetOptions } from '../options.ts'
import type { ParquetColumn } from '../schema.ts'
import type { ThreadedFile } from './threaded-file.ts'

/** Takes rows in the caller's thread; another one makes a file of them. */
export class ThreadedWriter extends MemoryWriter {
  readonly #file: ThreadedFile

  constructor(columns: readonly ParquetColumn[], options: ParquetOptions, file: ThreadedFile) {
    super(columns, options, file)
    this.#file = file
  }

  get loss(): SluiceError | undefined {
    return this.#file.loss
  }

  finish(): Promise<EncodedFile> {
    this.endRows()
    return this.#file.finish()
  }

  drop(): void {
    this.#file.drop()
  }
}
