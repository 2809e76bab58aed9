import type { ParquetType } from './schema.ts'

/**
 * A bound of a column in the column's own terms, exact and never truncated: `boolean`; `number`, or `bigint` beyond
 * ±2^53 (integers, dates in days, times in their unit, **timestamps always in microseconds**); `number` for float and
 * double; the full `string`; `Uint8Array`; decimals as text with exactly `scale` fraction digits.
 */
export type ParquetBound = boolean | number | bigint | string | Uint8Array

export interface ColumnStatistics {
  readonly name: string
  readonly type: ParquetType
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
  /** One per column, in the order of the columns, over all row groups. */
  readonly columns: readonly ColumnStatistics[]
}
