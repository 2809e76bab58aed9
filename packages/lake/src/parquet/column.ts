import type { LeafPlace } from './levels.ts'
import type { LeafType } from './schema.ts'

/** A column of the file: what is left of the schema once its groups are taken away. */
export interface LeafColumn {
  /** Its place, for messages: `address.city`, `items[].price`, `labels{}`. */
  readonly name: string
  /** The names from the top down, groups of lists and maps included: its `path_in_schema`. */
  readonly path: readonly string[]
  /** How many of the names lead to the outermost list or map around it; 0 without one. */
  readonly repeatedFrom: number
  readonly type: LeafType
  /** Whether it may be null where all around it is there. */
  readonly optional: boolean
  readonly place: LeafPlace
  readonly hasBloomFilter: boolean
}

/** Takes values of one kind, nested or not. */
export interface ValueTaker {
  /** Adds a value where all around it is there. Throws `ValueError` for one that does not fit. */
  append(value: unknown): void
  /** Adds that there is none, because something around it is not there. `level`: how much of the way is. */
  absent(level: number): void
}

/**
 * Takes one column's values row by row. There is one implementation per way of storing, so that each `append` meets values
 * of one kind only and stays fast. A value that is refused leaves the builder as it was before the value.
 */
export interface ColumnBuilder extends ValueTaker {
  /** Takes the row begun last back. Legal once after its first entry. */
  undo(): void
  /** Rows of the chunk so far. */
  readonly rows: number
  /** Bytes of the open page and of the dictionary. */
  readonly openBytes: number
  /** Ends page and chunk; the next row begins others. */
  endChunk(): void
}
