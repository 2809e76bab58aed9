/** Where in JSON the fields of records of a schema are, and which texts are surely read as the JSON converter reads them. */
import { LOGICAL } from '@sluice/sdk'
import type { Schema, StructSchema } from '@sluice/sdk'
import { JsonLayout } from '../parquet/index.ts'
import type { JsonField, JsonFieldType } from '../parquet/index.ts'

/**
 * Undefined for schemas with what is left to the converter: lists, maps, bytes, decimals, structs without fields.
 * @param columnOf the column's name for a field of the record
 */
export function layoutOfSchema(
  schema: StructSchema,
  columnOf: (field: string) => string = (field) => field,
): JsonLayout | undefined {
  const fields = fieldsOf(schema)
  if (fields === undefined) return undefined
  return new JsonLayout(
    fields.map((field) => ({ ...field, column: columnOf(field.name) })),
    'left out',
  )
}

function fieldsOf(schema: StructSchema): JsonField[] | undefined {
  if (schema.fields.length === 0) return undefined
  const fields: JsonField[] = []
  for (const { name, schema: of } of schema.fields) {
    const type = fieldTypeOf(of)
    if (type === undefined) return undefined
    // In place of null a default may have to stand.
    fields.push({ name, type, optional: of.optional && of.default === undefined })
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
