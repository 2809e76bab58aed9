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
 * | Decimal | decimal(p, scale), p from the parameter `connect.decimal.precision` or 38 | by precision |
 */
import { LOGICAL, SluiceError, date, decimal, decimalScale, primitive, structOf, timestamp } from '@sluice/sdk'
import type { PrimitiveType, Schema, SchemaOptions, StructSchema } from '@sluice/sdk'
import type { ParquetColumn, ParquetType } from '../../parquet/index.ts'
import { decimalOf, nameProblem, typeName } from './schema.ts'
import type { DeltaField, DeltaSchema } from './schema.ts'

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
])

/**
 * The table columns for records of this schema.
 * @throws SluiceError TABLE_SCHEMA naming the column: nested, named as Delta does not allow, or a decimal that is too wide
 */
export function deltaSchemaOf(record: StructSchema): DeltaSchema {
  const fields = record.fields.map(({ name, schema }): DeltaField => {
    const problem = nameProblem(name)
    if (problem !== undefined)
      throw refused(
        name,
        problem,
        'Rename it: column.names=underscore in the lake sink, or the transform ReplaceField.',
      )
    const type = deltaTypeOf(name, schema)
    const comment = schema.doc ?? (schema.name === LOGICAL.time ? 'milliseconds since midnight' : undefined)
    return { name, type, nullable: schema.optional, metadata: comment === undefined ? {} : { comment } }
  })
  const seen = new Map<string, string>()
  for (const { name } of fields) {
    const twin = seen.get(name.toLowerCase())
    if (twin !== undefined)
      throw refused(
        name,
        `it differs from column ${twin} only in case, and Delta does not tell them apart`,
        'Rename one.',
      )
    seen.set(name.toLowerCase(), name)
  }
  return { fields }
}

/**
 * The columns of a data file of this table. Nullable columns of types that this writer does not write are left out of its
 * files, which means null.
 * @throws SluiceError TABLE_UNSUPPORTED for such a column that may not be null
 */
export function parquetColumnsOf(schema: DeltaSchema, table: string): ParquetColumn[] {
  const columns: ParquetColumn[] = []
  for (const field of schema.fields) {
    const type = parquetTypeOf(field)
    if (type !== undefined) columns.push({ name: field.name, type, optional: field.nullable })
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
export function parquetTypeOf(field: DeltaField): ParquetType | undefined {
  const digits = decimalOf(field.type)
  if (digits !== undefined) return { kind: 'decimal', precision: digits[0], scale: digits[1] }
  return typeof field.type === 'string' ? PARQUET.get(field.type) : undefined
}

/** The schema of records that hold a row of the table; columns of types that are not written are left out. */
export function recordSchemaOf(schema: DeltaSchema): StructSchema {
  return structOf(
    schema.fields.flatMap((field): (readonly [string, Schema])[] => {
      const comment = field.metadata['comment']
      const options: SchemaOptions = {
        optional: field.nullable,
        ...(typeof comment === 'string' ? { doc: comment } : {}),
      }
      const found = fieldSchemaOf(field, options)
      return found === undefined ? [] : [[field.name, found]]
    }),
  )
}

function fieldSchemaOf(field: DeltaField, options: SchemaOptions): Schema | undefined {
  const digits = decimalOf(field.type)
  if (digits !== undefined) return decimal(digits[1], { ...options, parameters: { [PRECISION]: String(digits[0]) } })
  if (field.type === 'date') return date(options)
  if (field.type === 'timestamp') return timestamp(options)
  for (const [type, word] of PLAIN) if (word === field.type) return primitive(type, options)
  return undefined
}

/** Where Kafka Connect's JDBC and Debezium's connectors say how many digits a Decimal has; its schema knows only the scale. */
const PRECISION = 'connect.decimal.precision'

function deltaTypeOf(name: string, schema: Schema): string {
  if (schema.type === 'struct' || schema.type === 'array' || schema.type === 'map')
    throw refused(
      name,
      `it is a ${schema.type}, and nested columns are not written yet`,
      'Flatten it with the transform Flatten, or drop it with ReplaceField.',
    )
  if (schema.name === LOGICAL.date) return 'date'
  if (schema.name === LOGICAL.timestamp) return 'timestamp'
  if (schema.name === LOGICAL.decimal) return decimalTypeOf(name, schema)
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
