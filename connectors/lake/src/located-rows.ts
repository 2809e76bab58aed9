/** Which records become rows without being decoded: their fields are found in their bytes, and go from there into the columns. */
import { jsonConverter } from '@sluice/codecs'
import type { SinkRecord, Value } from '@sluice/sdk'
import { JsonLayout } from '@sluice/lake'
import type { JsonFieldType, LocatedRow } from '@sluice/lake'
import { isAsWritten } from './as-written.ts'
import type { ColumnType } from './inferred-shape.ts'
import { jsonText } from './json-text.ts'

type Row = Readonly<Record<string, Value>>

/** How rows of one shape are read from bytes. */
export interface LocatedRows {
  readonly layout: JsonLayout
  /** Values of columns that are not in the record's value, and of all that part the table; null: there are none. @throws DataError */
  readonly givenOf: ((record: SinkRecord, row: LocatedRow) => Row) | null
}

/** Of records without a schema, whose columns were inferred; undefined: there are none. */
export function layoutOfColumns(types: ReadonlyMap<string, ColumnType>): JsonLayout | undefined {
  if (types.size === 0) return undefined
  const fields = Array.from(types, ([name, type]) => ({ name, type: INFERRED[type], optional: true }))
  return new JsonLayout(fields, 'unsure')
}

const decode = jsonConverter.create({ 'schemas.enable': 'false' }, 'value')

const INFERRED: Readonly<Record<ColumnType, JsonFieldType>> = {
  boolean: { kind: 'boolean' },
  int64: { kind: 'whole' },
  float64: { kind: 'double' },
  string: {
    kind: 'text',
    text: (bytes, from, to) =>
      isAsWritten(bytes, from, to) ? null : jsonText(decode.decode('', bytes.subarray(from, to)).value),
  },
}
