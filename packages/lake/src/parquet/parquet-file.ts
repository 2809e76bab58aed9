import type { LeafType } from './schema.ts'

/**
 * A bound of a column in the column's own terms, exact and never truncated: `boolean`; `number`, or `bigint` beyond
 * ±2^53 (integers, dates in days, times in their unit, **timestamps always in microseconds**); `number` for float and
 * double; the full `string`; `Uint8Array`; decimals as text with exactly `scale` fraction digits.
 */
export type ParquetBound = boolean | number | bigint | string | Uint8Array

export interface ColumnStatistics {
  /** The names from the top down; groups of lists (`list`, `element`) and maps (`key_value`) are among them. */
  readonly path: readonly string[]
  readonly type: LeafType
  /**
   * How many names lead to the outermost list or map that it is below, so that a row has any number of values; 0 where it is
   * below none.
   */
  readonly repeatedFrom: number
  /** Rows without a value; where repeated, entries without one (of which an empty list is one). */
  readonly nullCount: number
  /**
   * Smallest and largest value of all rows. Absent when every value is null, and for a float or double column that holds
   * a NaN, which has no place in the order. Strings and binary compare by their bytes (UTF-8), as readers do.
   */
  readonly min?: ParquetBound
  readonly max?: ParquetBound
}

export interface RowGroupSummary {
  readonly rows: number
  /** Where its first page starts in the file. */
  readonly offset: number
  /** Its pages with their headers, as they are in the file. */
  readonly compressedBytes: number
  /** The same before compression: what a reader has to hold. */
  readonly uncompressedBytes: number
}

/** What `finish()` answers: the facts of a complete file. */
export interface ParquetFile {
  readonly rows: number
  /** Size of the whole file in bytes. */
  readonly size: number
  readonly rowGroups: readonly RowGroupSummary[]
  /** One per column that is no group, in the order of the columns, over all row groups. */
  readonly columns: readonly ColumnStatistics[]
}
