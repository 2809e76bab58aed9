/**
 * Rows of records without a schema. A table's columns follow from a sample; what does not fit them later stands as JSON in the column
 * `_rescued`, so nothing is lost and no record is refused for what it holds.
 */
import { primitive, structOf } from '@sluice/sdk'
import type { PrimitiveType, SinkRecord, StructSchema, Value } from '@sluice/sdk'
import { plainName } from '@sluice/lake'
import { jsonText } from './json-text.ts'

export const RESCUED = '_rescued'

type Row = Readonly<Record<string, Value>>
/** What a field of records without a schema can be. */
export type ColumnType = Extract<PrimitiveType, 'boolean' | 'int64' | 'float64' | 'string'>

const INT64_MAX = 2n ** 63n

export interface InferredRows {
  /** All optional; the last column is `_rescued`. */
  readonly schema: StructSchema
  /** By name, without `_rescued`. */
  readonly types: ReadonlyMap<string, ColumnType>
  readonly rowOf: (record: SinkRecord) => Row
}

/** Whether a value without a schema can be a row: a JSON object. */
export function isObject(value: Value): value is Row {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Uint8Array)
  )
}

/** @param held the columns of the table, if there is one: they are not inferred anew */
export function inferredRows(sample: readonly SinkRecord[], held: StructSchema | undefined): InferredRows {
  const types = held === undefined ? typesOf(sample) : heldTypes(held)
  const columns = Array.from(types, ([name, type]) => [name, primitive(type, { optional: true })] as const)
  return {
    schema: structOf([...columns, [RESCUED, primitive('string', { optional: true })]]),
    types,
    rowOf: (record) => split(record.value as Row, types),
  }
}

function split(value: Row, types: ReadonlyMap<string, ColumnType>): Row {
  const row: Record<string, Value> = {}
  let rescued: Record<string, Value> | undefined
  for (const [name, item] of Object.entries(value)) {
    const type = types.get(name)
    const taken = type === undefined ? undefined : fitting(item, type)
    if (taken === undefined) (rescued ??= {})[name] = item
    else row[name] = taken
  }
  row[RESCUED] = rescued === undefined ? null : jsonText(rescued)
  return row
}

/** The value as one of the column; undefined: it does not fit. A text takes everything. */
function fitting(value: Value, type: ColumnType): Value | undefined {
  if (value === null) return null
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'int64':
      return isInt64(value) ? value : undefined
    case 'float64':
      return typeof value === 'number' ? value : undefined
    case 'string':
    default:
      return typeof value === 'string' ? value : jsonText(value)
  }
}

/** The narrowest type that takes all of a field's values. Fields that cannot be columns are left to `_rescued`. */
function typesOf(sample: readonly SinkRecord[]): Map<string, ColumnType> {
  const types = new Map<string, ColumnType>()
  const lower = new Map<string, string>()
  for (const { value } of sample) {
    if (!isObject(value)) continue
    for (const [name, item] of Object.entries(value)) {
      if (item === null || name === '' || name === RESCUED || plainName(name) !== name) continue
      if ((lower.get(name.toLowerCase()) ?? name) !== name) continue
      lower.set(name.toLowerCase(), name)
      const type = typeOf(item)
      const before = types.get(name) ?? type
      types.set(name, before === type ? type : isNumber(before) && isNumber(type) ? 'float64' : 'string')
    }
  }
  return types
}

function heldTypes(held: StructSchema): Map<string, ColumnType> {
  const plain = held.fields.flatMap(({ name, schema }): (readonly [string, ColumnType])[] => {
    const { type } = schema
    const isPlain = type === 'boolean' || type === 'int64' || type === 'float64' || type === 'string'
    return isPlain && schema.name === undefined && name !== RESCUED ? [[name, type]] : []
  })
  return new Map(plain)
}

function typeOf(value: Value): ColumnType {
  if (typeof value === 'boolean') return 'boolean'
  if (isInt64(value)) return 'int64'
  return typeof value === 'number' ? 'float64' : 'string'
}

function isNumber(type: ColumnType): boolean {
  return type === 'int64' || type === 'float64'
}

function isInt64(value: Value): boolean {
  if (typeof value === 'bigint') return value >= -INT64_MAX && value < INT64_MAX
  return Number.isSafeInteger(value)
}
