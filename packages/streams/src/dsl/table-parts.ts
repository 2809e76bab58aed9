import type { Place } from './place.ts'
import type { TableRows } from './table-rows.ts'

/** The place of a table. */
export interface TablePlace extends Place {
  /** Of windowed tables: how long behind the end of a window its row is final. Null: never, or the table has no windows. */
  readonly closedAfterMs: number | null
}

/** What a table is made of. Every `KTable` is one, whatever its types: the functions behind its methods take and return these. */
export interface TableParts {
  readonly place: TablePlace
  readonly rows: TableRows
}
