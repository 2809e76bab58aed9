import type { Schema, Value } from '@sluice/sdk'

/** One file that is being made, in memory. */
export interface FileBuilder {
  /** @throws DataError for a value that does not fit; the file is as before then */
  append(value: Value): void
  /** The first half of `append`, which may throw; the second, which may not, is what it gives. Formats of keys and headers have it. */
  prepare?(value: Value): () => void
  /** About the size of the file if it ended now. */
  readonly bytes: number
  /** The file; nothing can be appended afterwards. Equal values give equal bytes. */
  finish(): Uint8Array
}

/** How values become a file. */
export interface FileFormat {
  /** With its dot, as in `.json`. */
  readonly extension: string
  /** Whether a file holds values of one schema alone. */
  readonly hasSchema: boolean
  /**
   * A file for values of that schema (null: without one).
   * @throws DataError, SluiceError TABLE_SCHEMA when no value of it can be in such a file
   */
  open(schema: Schema | null): FileBuilder
}
