import { checkColumns } from './check-columns.ts'
import type { ColumnBuilder, LeafColumn, ValueTaker } from './column.ts'
import { JsonColumns, type LocatedRow } from './json/index.ts'
import { buildTopColumn, type TopColumn } from './nested.ts'
import { checkBloomFilters, positive, type ParquetOptions } from './options.ts'
import { BuilderTools, type PageTarget } from './page-taker.ts'
import type { ParquetColumn } from './schema.ts'
import { SluiceError } from '@sluice/sdk'

/** Rows between two looks at how full the row group is. Pages that end are noticed at once, open pages only here. */
const ROWS_PER_LOOK = 256

/** Takes a file's rows apart into pages, and decides where row groups end: after the same rows whoever encodes the pages. */
export abstract class RowTaker {
  /** The columns of the file. */
  protected readonly leaves: readonly LeafColumn[]
  private readonly names: readonly string[]
  private readonly tops: readonly TopColumn[]
  /** One per top column. */
  private readonly heads: readonly Pick<ValueTaker, 'append'>[]
  private readonly builders: readonly ColumnBuilder[]
  private readonly target: PageTarget
  private readonly rowGroupBytesMax: number
  private readonly rowGroupRowsMax: number
  private earlierRows = 0
  private rowsInGroup = 0
  /** Rows in the group at which to look again. */
  private nextLook: number
  private finished = false
  /** For rows of the layout that came last. */
  private json: JsonColumns | undefined

  protected constructor(columns: readonly ParquetColumn[], options: ParquetOptions, target: PageTarget) {
    checkColumns(columns)
    const limits = {
      rowsMax: positive('pageRowsMax', options.pageRowsMax ?? 20_000, 2 ** 20),
      bytesMax: positive('pageBytesMax', options.pageBytesMax ?? 1024 * 1024, 2 ** 28),
    }
    const bloomFilters = new Set(options.bloomFilters)
    const tools = new BuilderTools(limits, target)
    const tops = columns.map((column) => buildTopColumn(column, bloomFilters, tools))
    const leaves = tops.flatMap((top) => top.leaves)
    this.leaves = leaves.map((leaf) => leaf.column)
    checkBloomFilters(bloomFilters, this.leaves)
    this.names = columns.map((column) => column.name)
    this.tops = tops
    this.heads = tops.map((top) => top.head)
    this.builders = leaves.map((leaf) => leaf.builder)
    this.target = target
    this.rowGroupBytesMax = positive('rowGroupBytesMax', options.rowGroupBytesMax ?? 128 * 1024 * 1024)
    this.rowGroupRowsMax = positive('rowGroupRowsMax', options.rowGroupRowsMax ?? 1_048_576)
    this.nextLook = Math.min(ROWS_PER_LOOK, this.rowGroupRowsMax)
  }

  /** Rows accepted so far. */
  get rows(): number {
    return this.earlierRows + this.rowsInGroup
  }

  /** About the size that the file would have if it ended now. Most of it is held in memory. */
  get bytes(): number {
    return this.target.bytes + this.openBytes
  }

  /**
   * Adds one row: one property per column name; others are not looked at, and a missing one is null. A value that does not
   * fit throws `ValueError` (code VALUE_INVALID; names column, value and remedy) and leaves the file as it was before the row.
   */
  appendRow(row: Readonly<Record<string, unknown>>): void {
    if (this.rowsInGroup >= this.nextLook || this.target.pageBytes >= this.rowGroupBytesMax) this.look()
    const { heads, names } = this
    try {
      for (let column = 0; column < heads.length; column++) heads[column]!.append(row[names[column]!])
    } catch (error) {
      this.undo()
      throw error
    }
    this.rowsInGroup++
  }

  /**
   * Adds `count` rows given by column: `values[c][r]`. A value that does not fit throws as in `appendRow`; the rows before
   * it stay (see `rows`), it and those after it are not added.
   */
  appendColumns(values: readonly ArrayLike<unknown>[], count: number): void {
    const { heads } = this
    for (let row = 0; row < count; row++) {
      if (this.rowsInGroup >= this.nextLook || this.target.pageBytes >= this.rowGroupBytesMax) this.look()
      try {
        for (let column = 0; column < heads.length; column++) heads[column]!.append(values[column]![row])
      } catch (error) {
        this.undo()
        throw error
      }
      this.rowsInGroup++
    }
  }

  /**
   * Adds a row whose values still stand in JSON text. `given`: those of columns that the layout has no field for. Throws `ValueError`
   * and leaves the file as it was when a value does not fit; `appendRow` says of the decoded row why.
   */
  appendLocated(row: LocatedRow, given: Readonly<Record<string, unknown>> | null): void {
    if (this.rowsInGroup >= this.nextLook || this.target.pageBytes >= this.rowGroupBytesMax) this.look()
    if (this.json?.layout !== row.layout) this.json = new JsonColumns(row.layout, this.tops, this.names)
    try {
      this.json.append(row, given)
    } catch (error) {
      this.undo()
      throw error
    }
    this.rowsInGroup++
  }

  /** Ends the last row group; no row is taken afterwards. No rows at all is a legal file. */
  protected endRows(): void {
    this.refuseFinished()
    if (this.rowsInGroup > 0) this.endRowGroup()
    this.finished = true
    this.nextLook = 0 // so that a further row is refused
  }

  /** Bytes of open pages and dictionaries. */
  private get openBytes(): number {
    let bytes = 0
    for (const builder of this.builders) bytes += builder.openBytes
    return bytes
  }

  /** Ends the row group if it is full, and decides when to look again. */
  private look(): void {
    this.refuseFinished()
    const bytes = this.target.pageBytes + this.openBytes
    if (bytes >= this.rowGroupBytesMax || this.rowsInGroup >= this.rowGroupRowsMax) this.endRowGroup()
    this.nextLook = Math.min(this.rowsInGroup + ROWS_PER_LOOK, this.rowGroupRowsMax)
  }

  private endRowGroup(): void {
    for (const builder of this.builders) builder.endChunk()
    this.target.endRowGroup(this.rowsInGroup)
    this.target.pageBytes = 0
    this.earlierRows += this.rowsInGroup
    this.rowsInGroup = 0
  }

  /** Takes the row at hand back from the columns that have begun it. */
  private undo(): void {
    for (const builder of this.builders) if (builder.rows > this.rowsInGroup) builder.undo()
  }

  private refuseFinished(): void {
    if (!this.finished) return
    throw new SluiceError('INTERNAL', 'The Parquet file is finished and takes no more rows', {
      remedy: 'Open a new writer for the next file.',
    })
  }
}
