/** What a caller may choose about a file, and what does not go. */
import { SchemaError } from '@sluice/sdk'
import type { ParquetCodec } from './compression.ts'
import type { LeafColumn } from './column.ts'
import type { PageVersion } from './pages.ts'

export interface ParquetOptions {
  /** Default: zstd, as the Delta protocol asks for when a table says nothing. */
  readonly codec?: ParquetCodec
  /** Level of zstd (default 3) or gzip (default 6). */
  readonly compressionLevel?: number
  /**
   * A row group ends when its pages reach this before compression, places in a dictionary counted with their bits and all else as
   * it is. Default 128 MiB. It bounds the memory too.
   */
  readonly rowGroupBytesMax?: number
  /** A row group ends at this many rows. Default 1,048,576. */
  readonly rowGroupRowsMax?: number
  /** A page, the unit of compression, ends at this many rows (default 20,000) … */
  readonly pageRowsMax?: number
  /** … or bytes (default 1 MiB), whichever comes first. */
  readonly pageBytesMax?: number
  /**
   * Version of the data pages. Default: 1, which every reader has. 2 stands for version 2 of the format: smaller where numbers
   * grow slowly or texts begin alike, by delta encodings, which older readers do not have.
   */
  readonly pageVersion?: PageVersion
  /** Whether readers find the bounds and places of single pages. Default: true. */
  readonly pageIndex?: boolean
  /**
   * Columns that get a bloom filter, nested ones by the names that lead to them, joined by points (`lines.list.element.sku`).
   * For columns without order and with many values, by which rows are looked up. Default: none.
   */
  readonly bloomFilters?: readonly string[]
  /** Key-value metadata of the file. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** @throws SchemaError for a name that is no column's, or that of one without order and hash */
export function checkBloomFilters(names: ReadonlySet<string>, columns: readonly LeafColumn[]): void {
  const able = columns.filter(({ type }) => type.kind !== 'boolean').map(({ path }) => path.join('.'))
  const odd = [...names].find((name) => !able.includes(name))
  if (odd === undefined) return
  throw new SchemaError(
    `The Parquet option bloomFilters names ${JSON.stringify(odd)}, which is no column that can have one`,
    {
      remedy: `Name some of: ${able.join(', ')}.`,
    },
  )
}

/** @throws SchemaError */
export function pageVersion(value: PageVersion): PageVersion {
  if (value === 1 || value === 2) return value
  throw new SchemaError(`The Parquet option pageVersion is ${String(value)}, neither 1 nor 2`, {
    remedy: 'Leave it out for 1.',
  })
}

/** @throws SchemaError */
export function positive(name: keyof ParquetOptions, value: number, max: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value > 0 && value <= max) return value
  throw new SchemaError(`The Parquet option ${name} is ${value}, not a whole number from 1 to ${max}`, {
    remedy: 'Leave it out for the default.',
  })
}
