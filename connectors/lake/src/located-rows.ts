/** Which records become rows without being decoded: their fields are found in their bytes, and go from there into the columns. */
import { jsonConverter } from '@sluice/codecs'
import { LOGICAL } from '@sluice/sdk'
import type { Schema, SinkRecord, StructSchema, Value } from '@sluice/sdk'
import { JsonLayout } from '@sluice/lake'
import type { JsonField, JsonFieldType } from '@sluice/lake'
import { isAsWritten } from './as-written.ts'
import type { ColumnType } from './inferred-shape.ts'
import { jsonText } from './json-text.ts'

type Row = Readonly<Record<string, Value>>

/** How rows of one shape are read from bytes. */
export interface LocatedRows {
  readonly layout: JsonLayout
  /** Values of columns that are not in the record's value; null: there are none. */
  readonly givenOf: ((record: SinkRecord) => Row) | null
}

/**
 * Of records with a schema; undefined when it has types that are left to the converter.
 * @param columnOf the column's name for a field
 */
export function layoutOfSchema(schema: StructSchema, columnOf: (field: string) => string): JsonLayout | undefined {
  const fields = fieldsOf(schema)
  if (fields === undefined) return undefined
  return new JsonLayout(
    fields.map((field) => ({ ...field, column: columnOf(field.name) })),
    'left out',
  )
}

/** Of records without one, whose columns were inferred. */
export function layoutOfColumns(types: ReadonlyMap<string, ColumnType>): JsonLayout {
  const fields = Array.from(types, ([name, type]) => ({ name, type: INFERRED[type], optional: true }))
  return new JsonLayout(fields, 'unsure')
}

function fieldsOf(schema: StructSchema): JsonField[] | undefined {
  const fields: JsonField[] = []
  for (const { name, schema: of } of schema.fields) {
    const type = fieldTypeOf(of)
    // In place of null a default would have to stand.
    if (type === undefined || of.default !== undefined) return undefined
    fields.push({ name, type, optional: of.optional })
  }
  return fields
}

function fieldTypeOf(schema: Schema): JsonFieldType | undefined {
  if (schema.type === 'struct') {
    const fields = fieldsOf(schema)
    return fields && { kind: 'struct', fields }
  }
  const logical = LOGICAL_TYPES.get(schema.name)
  if (logical !== undefined) return logical[0] === schema.type ? logical[1] : undefined
  return schema.name === LOGICAL.decimal ? undefined : PLAIN.get(schema.type)
}

const PLAIN: ReadonlyMap<Schema['type'], JsonFieldType> = new Map<Schema['type'], JsonFieldType>([
  ['boolean', { kind: 'boolean' }],
  ['string', { kind: 'string' }],
  ['int8', { kind: 'whole', low: -(2 ** 7), high: 2 ** 7 - 1 }],
  ['int16', { kind: 'whole', low: -(2 ** 15), high: 2 ** 15 - 1 }],
  ['int32', { kind: 'whole', low: -(2 ** 31), high: 2 ** 31 - 1 }],
  ['int64', { kind: 'whole' }],
  ['float32', { kind: 'float' }],
  ['float64', { kind: 'double' }],
])

const DAY_MS = 86_400_000
const LOGICAL_TYPES: ReadonlyMap<string | undefined, readonly [Schema['type'], JsonFieldType]> = new Map([
  [LOGICAL.date, ['int32', { kind: 'whole', low: -(2 ** 31), high: 2 ** 31 - 1 }]],
  [LOGICAL.time, ['int32', { kind: 'whole', low: 0, high: DAY_MS }]],
  // Whole numbers of 15 digits, which is thousands of years.
  [LOGICAL.timestamp, ['int64', { kind: 'whole', low: -1e15, high: 1e15 }]],
])

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
