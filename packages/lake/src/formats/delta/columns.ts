/**
 * Which Delta type a record's field becomes, and how the column is written to Parquet. One table, read from both sides.
 *
 * | record field (sdk schema) | Delta | Parquet |
 * |---|---|---|
 * | int8, int16, int32, int64 | byte, short, integer, long | INT32 with INT(8), INT(16); INT32; INT64 |
 * | float32, float64 | float, double | FLOAT, DOUBLE |
 * | boolean, string, bytes | boolean, string, binary | BOOLEAN, STRING, BYTE_ARRAY |
 * | Date | date | INT32 DATE |
 * | Time | integer: milliseconds since midnight (Delta has no type for it) | INT32 |
 * | Timestamp | timestamp | INT64 TIMESTAMP(MICROS, UTC): milliseconds become microseconds |
 * | Timestamp with the parameter `sluice.timestamp.zone` = `none` | timestamp_ntz | INT64 TIMESTAMP(MICROS) without UTC |
 * | Decimal | decimal(p, scale), p from the parameter `connect.decimal.precision` or 38 | by precision |
 * | array, map, struct | array, map, struct, to any depth | LIST, MAP, group |
 *
 * A table's timestamp_ntz is written as INT64 TIMESTAMP(MICROS) without UTC.
 */
import {
  LOGICAL,
  SluiceError,
  array,
  date,
  decimal,
  decimalScale,
  map,
  primitive,
  structOf,
  timestamp,
} from '@sluice/sdk'
import type { PrimitiveType, Schema, SchemaOptions, StructSchema } from '@sluice/sdk'
import type { ParquetColumn, ParquetType } from '../../parquet/index.ts'
import { fieldId } from './column-mapping.ts'
import { arrayType, decimalOf, mapType, nameProblem, nestedOf, structType, typeName } from './schema.ts'
import type { DeltaField, DeltaSchema, DeltaType } from './schema.ts'

const PLAIN: ReadonlyMap<PrimitiveType, string> = new Map([
  ['int8', 'byte'],
  ['int16', 'short'],
  ['int32', 'integer'],
  ['int64', 'long'],
  ['float32', 'float'],
  ['float64', 'double'],
  ['boolean', 'boolean'],
  ['string', 'string'],
  ['bytes', 'binary'],
])

const PARQUET: ReadonlyMap<string, ParquetType> = new Map<string, ParquetType>([
  ['byte', { kind: 'int8' }],
  ['short', { kind: 'int16' }],
  ['integer', { kind: 'int32' }],
  ['long', { kind: 'int64' }],
  ['float', { kind: 'float' }],
  ['double', { kind: 'double' }],
  ['boolean', { kind: 'boolean' }],
  ['string', { kind: 'string' }],
  ['binary', { kind: 'binary' }],
  ['date', { kind: 'date' }],
  ['timestamp', { kind: 'timestamp', unit: 'ms', utc: true }],
  ['timestamp_ntz', { kind: 'timestamp', unit: 'ms', utc: false }],
])

/**
 * The table columns for records of this schema.
 * @throws SluiceError TABLE_SCHEMA naming the column: named as Delta does not allow, a struct without fields, or a decimal that
 * is too wide
 */
export function deltaSchemaOf(record: StructSchema): DeltaSchema {
  return { fields: fieldsOf(record, '', false) }
}

/**
 * @param outer the names of the structs around these fields, with points behind them
 * @param isWithinNull whether a struct around them may be null. Then so may they: Spark takes "must have a value" for the row and
 * not for the struct, and could not write any row again whose struct is null.
 */
function fieldsOf(record: StructSchema, outer: string, isWithinNull: boolean): DeltaField[] {
  const seen = new Map<string, string>()
  return record.fields.map(({ name, schema }): DeltaField => {
    const place = `${outer}${name}`
    const problem = nameProblem(name)
    if (problem !== undefined)
      throw refused(
        place,
        problem,
        'Rename it: column.names=underscore in the lake sink, or the transform ReplaceField.',
      )
    const twin = seen.get(name.toLowerCase())
    if (twin !== undefined)
      throw refused(
        place,
        `it differs from column ${outer}${twin} only in case, and Delta does not tell them apart`,
        'Rename one.',
      )
    seen.set(name.toLowerCase(), name)
    const nullable = schema.optional || isWithinNull
    const type = deltaTypeOf(place, schema, nullable)
    const comment = schema.doc ?? (schema.name === LOGICAL.time ? 'milliseconds since midnight' : undefined)
    return { name, type, nullable, metadata: comment === undefined ? {} : { comment } }
  })
}

/**
 * The columns of a data file of this table. Nullable columns of types that this writer does not write are left out of its
 * files, which means null; so are such fields of structs.
 * @throws SluiceError TABLE_UNSUPPORTED for such a column that may not be null
 */
export function parquetColumnsOf(schema: DeltaSchema, table: string): ParquetColumn[] {
  const columns: ParquetColumn[] = []
  for (const field of schema.fields) {
    const type = parquetTypeOf(field)
    if (type !== undefined) columns.push(columnOf(field, type))
    else if (!field.nullable)
      throw new SluiceError(
        'TABLE_UNSUPPORTED',
        `Column ${field.name} of table ${table} must have a value, but is of type ${typeName(field)}, which is not written yet`,
        {
          remedy: 'Make the column nullable, or write to another table.',
        },
      )
  }
  return columns
}

/** How values of the column are written; undefined for types that are not. */
export function parquetTypeOf({ type }: Pick<DeltaField, 'type'>): ParquetType | undefined {
  const digits = decimalOf(type)
  if (digits !== undefined) return { kind: 'decimal', precision: digits[0], scale: digits[1] }
  if (typeof type === 'string') return PARQUET.get(type)
  const nested = nestedOf(type)
  if (nested?.kind === 'array') {
    const element = parquetTypeOf({ type: nested.element })
    return element && { kind: 'list', element: { type: element, optional: nested.containsNull } }
  }
  if (nested?.kind === 'map') {
    const [key, value] = [parquetTypeOf({ type: nested.key }), parquetTypeOf({ type: nested.value })]
    if (key === undefined || value === undefined) return undefined
    return { kind: 'map', key: { type: key, optional: false }, value: { type: value, optional: nested.containsNull } }
  }
  return nested && structOfFields(nested.fields)
}

function structOfFields(fields: readonly DeltaField[]): ParquetType | undefined {
  const written: ParquetColumn[] = []
  for (const field of fields) {
    const type = parquetTypeOf(field)
    if (type !== undefined) written.push(columnOf(field, type))
    else if (!field.nullable) return undefined
  }
  return written.length === 0 ? undefined : { kind: 'struct', fields: written }
}

function columnOf(field: DeltaField, type: ParquetType): ParquetColumn {
  const id = fieldId(field)
  return { name: field.name, type, optional: field.nullable, ...(id === undefined ? {} : { fieldId: id }) }
}

/** The schema of records that hold a row of the table; columns of types that are not written are left out. */
export function recordSchemaOf(schema: DeltaSchema): StructSchema {
  return structOf(recordFields(schema.fields))
}

function recordFields(fields: readonly DeltaField[]): (readonly [string, Schema])[] {
  return fields.flatMap((field): (readonly [string, Schema])[] => {
    const comment = field.metadata['comment']
    const found = fieldSchemaOf(field.type, {
      optional: field.nullable,
      ...(typeof comment === 'string' ? { doc: comment } : {}),
    })
    return found === undefined ? [] : [[field.name, found]]
  })
}

function fieldSchemaOf(type: DeltaType, options: SchemaOptions): Schema | undefined {
  const digits = decimalOf(type)
  if (digits !== undefined) return decimal(digits[1], { ...options, parameters: { [PRECISION]: String(digits[0]) } })
  if (type === 'date') return date(options)
  if (type === 'timestamp') return timestamp(options)
  if (type === 'timestamp_ntz') return timestamp({ ...options, parameters: { [ZONE]: 'none' } })
  for (const [word, delta] of PLAIN) if (delta === type) return primitive(word, options)
  const nested = nestedOf(type)
  if (nested?.kind === 'array') {
    const items = fieldSchemaOf(nested.element, { optional: nested.containsNull })
    return items && array(items, options)
  }
  if (nested?.kind === 'map') {
    const keys = fieldSchemaOf(nested.key, {})
    const values = fieldSchemaOf(nested.value, { optional: nested.containsNull })
    return keys && values && map(keys, values, options)
  }
  if (nested === undefined) return undefined
  const fields = recordFields(nested.fields)
  return fields.length === 0 ? undefined : structOf(fields, options)
}

/** Where Kafka Connect's JDBC and Debezium's connectors say how many digits a Decimal has; its schema knows only the scale. */
const PRECISION = 'connect.decimal.precision'
/** `none`: the Timestamp is a wall clock's, as databases have them without a time zone, and no instant. */
const ZONE = 'sluice.timestamp.zone'

function deltaTypeOf(place: string, schema: Schema, nullable: boolean): DeltaType {
  if (schema.type === 'array') {
    const { items } = schema
    return arrayType(deltaTypeOf(`${place}[]`, items, items.optional), items.optional)
  }
  if (schema.type === 'map') {
    // A null key is refused value by value.
    const key = deltaTypeOf(`${place}{key}`, schema.keys, false)
    return mapType(key, deltaTypeOf(`${place}{}`, schema.values, schema.values.optional), schema.values.optional)
  }
  if (schema.type === 'struct') {
    if (schema.fields.length === 0)
      throw refused(place, 'it is a struct without fields', 'Drop it with the transform ReplaceField.')
    return structType(fieldsOf(schema, `${place}.`, nullable))
  }
  if (schema.name === LOGICAL.date) return 'date'
  if (schema.name === LOGICAL.timestamp) return schema.parameters?.[ZONE] === 'none' ? 'timestamp_ntz' : 'timestamp'
  if (schema.name === LOGICAL.decimal) return decimalTypeOf(place, schema)
  return PLAIN.get(schema.type)!
}

function decimalTypeOf(name: string, schema: Schema): string {
  const scale = decimalScale(schema)
  const precision = Number(schema.parameters?.[PRECISION] ?? 38)
  if (!Number.isInteger(precision) || precision < 1 || precision > 38 || scale < 0 || scale > precision)
    throw refused(
      name,
      `Delta has no decimal(${precision},${scale}): 1 to 38 digits, of which 0 to all may be behind the point`,
      'Convert the field to a string or a float64, or rescale it at the source.',
    )
  return `decimal(${precision},${scale})`
}

function refused(column: string, why: string, remedy: string): SluiceError {
  return new SluiceError(
    'TABLE_SCHEMA',
    `Column ${JSON.stringify(column)} cannot be written to a Delta table: ${why}`,
    { remedy },
  )
}
