import type { ValueMapper } from './map-values.ts'
import type { Operator } from './operator.ts'
import { tableMap } from './table-map.ts'
import type { TableOutput } from './table-output.ts'

export interface TableMapValuesOptions {
  /** Never given null: a deleted row is passed on as such. What it makes null of is deleted. */
  readonly mapper: ValueMapper<unknown, unknown, unknown>
  readonly table: TableOutput
}

/** Makes a new value of each row's value. */
export function tableMapValues({ mapper, table }: TableMapValuesOptions): Operator {
  return tableMap({
    kind: 'mapValues',
    prefix: 'KTABLE-MAPVALUES-',
    map: mapper,
    table,
    skipsNothing: false,
    calls: { mapper },
  })
}
