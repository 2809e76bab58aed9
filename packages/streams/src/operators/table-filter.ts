import { noAnswer, type Predicate } from './filter.ts'
import type { Operator } from './operator.ts'
import { tableMap, type RowMapper } from './table-map.ts'
import type { TableOutput } from './table-output.ts'

export interface TableFilterOptions {
  readonly predicate: Predicate<unknown, unknown>
  /** The answer for rows that stay: false for `filterNot`. */
  readonly wanted: boolean
  readonly table: TableOutput
}

/** Keeps the rows for which the predicate has the wanted answer; a row that loses it is deleted, by a tombstone. */
export function tableFilter(options: TableFilterOptions): Operator {
  return tableMap({
    kind: options.wanted ? 'filter' : 'filterNot',
    prefix: 'KTABLE-FILTER-',
    map: filterMapper(options.predicate, options.wanted),
    table: options.table,
    skipsNothing: true,
    calls: { predicate: options.predicate },
  })
}

/** For `mappedView`, where the table has no store. */
export function filterMapper(predicate: Predicate<unknown, unknown>, wanted: boolean): RowMapper {
  return (value, key) => {
    const answer = predicate(key, value)
    if (answer === wanted) return value
    if (answer === !wanted) return null
    throw noAnswer(answer)
  }
}
