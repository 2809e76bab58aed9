import type { ChunkBounds } from './bounds.ts'
import type { ChunkPages } from './pages.ts'

/** A finished column chunk: what a row group puts into the file. */
export interface ColumnChunk extends ChunkPages {
  readonly bounds: ChunkBounds
}

/**
 * Takes one column's values row by row. There is one implementation per way of storing, so that each `append` meets values
 * of one kind only and stays fast.
 */
export interface ColumnBuilder {
  /** Adds one row. Throws `ValueError` for a value that does not fit, having added nothing. */
  append(value: unknown): void
  /** Takes the row added last back. Legal once after an `append`. */
  undo(): void
  /** Bytes held now: compressed pages, the open page, the dictionary. */
  readonly bufferedBytes: number
  /** What the chunk so far takes before compression. */
  readonly encodedBytes: number
  /** Ends the chunk; the next row begins another. */
  finish(): ColumnChunk
}
