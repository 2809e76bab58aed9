/** The schema in the footer: what the columns are, and what their groups mean (parquet-format's LogicalTypes.md). */
import { decimalBytes } from './decimal.ts'
import { PHYSICAL, physicalOf, type LeafType, type ParquetColumn, type ParquetType } from './schema.ts'
import type { ThriftWriter } from './thrift.ts'

/** parquet.thrift's ConvertedType, for readers from before logical types. */
const CONVERTED = { string: 0, map: 1, list: 3, decimal: 5, date: 6, timestamp: 10, int8: 15, int16: 16 } as const

/** parquet.thrift's FieldRepetitionType. */
const REQUIRED = 0
const OPTIONAL = 1
const REPEATED = 2

/** The tree of the columns, each group in front of what it holds. */
export function writeSchema(thrift: ThriftWriter, columns: readonly ParquetColumn[]): void {
  thrift.list(2, 'struct', 1 + columns.reduce((count, { type }) => count + elementCount(type), 0))
  thrift.structElement()
  thrift.binary(4, 'schema')
  thrift.i32(5, columns.length)
  thrift.end()
  for (const column of columns) writeColumn(thrift, column)
}

function elementCount(type: ParquetType): number {
  if (type.kind === 'struct') return 1 + type.fields.reduce((count, field) => count + elementCount(field.type), 0)
  if (type.kind === 'list') return 2 + elementCount(type.element.type)
  if (type.kind === 'map') return 2 + elementCount(type.key.type) + elementCount(type.value.type)
  return 1
}

function writeColumn(thrift: ThriftWriter, column: ParquetColumn): void {
  const { type } = column
  const repetition = column.optional ? OPTIONAL : REQUIRED
  if (type.kind === 'struct') {
    writeGroup(thrift, column, repetition, type.fields.length)
    for (const field of type.fields) writeColumn(thrift, field)
  } else if (type.kind === 'list') {
    writeGroup(thrift, column, repetition, 1, type.kind)
    writeGroup(thrift, { name: 'list' }, REPEATED, 1)
    writeColumn(thrift, { ...type.element, name: 'element' })
  } else if (type.kind === 'map') {
    writeGroup(thrift, column, repetition, 1, type.kind)
    writeGroup(thrift, { name: 'key_value' }, REPEATED, 2)
    writeColumn(thrift, { ...type.key, name: 'key' })
    writeColumn(thrift, { ...type.value, name: 'value' })
  } else {
    writeLeaf(thrift, column, type, repetition)
  }
}

/** `kind`: what the group stands for; without, it is a struct or what a list or map repeats. */
function writeGroup(
  thrift: ThriftWriter,
  { name, fieldId }: Pick<ParquetColumn, 'name' | 'fieldId'>,
  repetition: number,
  children: number,
  kind?: 'list' | 'map',
): void {
  thrift.structElement()
  thrift.i32(3, repetition)
  thrift.binary(4, name)
  thrift.i32(5, children)
  if (kind !== undefined) thrift.i32(6, CONVERTED[kind])
  if (fieldId !== undefined) thrift.i32(9, fieldId)
  if (kind !== undefined) {
    thrift.struct(10)
    thrift.emptyStruct(kind === 'map' ? 2 : 3)
    thrift.end()
  }
  thrift.end()
}

function writeLeaf(thrift: ThriftWriter, { name, fieldId }: ParquetColumn, type: LeafType, repetition: number): void {
  const physical = physicalOf(type)
  thrift.structElement()
  thrift.i32(1, PHYSICAL[physical])
  if (type.kind === 'decimal' && physical === 'FIXED_LEN_BYTE_ARRAY') thrift.i32(2, decimalBytes(type.precision))
  thrift.i32(3, repetition)
  thrift.binary(4, name)
  const converted = convertedType(type)
  if (converted !== undefined) thrift.i32(6, converted)
  if (type.kind === 'decimal') {
    thrift.i32(7, type.scale)
    thrift.i32(8, type.precision)
  }
  if (fieldId !== undefined) thrift.i32(9, fieldId)
  writeLogicalType(thrift, type)
  thrift.end()
}

/** Time has none: the old types mean UTC, and ours has no zone. So has a timestamp without one. */
function convertedType(type: LeafType): number | undefined {
  if (type.kind === 'timestamp') return type.utc ? CONVERTED.timestamp : undefined
  return type.kind in CONVERTED ? CONVERTED[type.kind as keyof typeof CONVERTED] : undefined
}

/** Field 10 of SchemaElement: a union, so a struct with one field. */
function writeLogicalType(thrift: ThriftWriter, type: LeafType): void {
  if (type.kind === 'string') {
    thrift.struct(10)
    thrift.emptyStruct(1)
    thrift.end()
  } else if (type.kind === 'decimal') {
    thrift.struct(10)
    thrift.struct(5)
    thrift.i32(1, type.scale)
    thrift.i32(2, type.precision)
    thrift.end()
    thrift.end()
  } else if (type.kind === 'date') {
    thrift.struct(10)
    thrift.emptyStruct(6)
    thrift.end()
  } else if (type.kind === 'time' || type.kind === 'timestamp') {
    thrift.struct(10)
    thrift.struct(type.kind === 'time' ? 7 : 8)
    thrift.boolean(1, type.kind === 'timestamp' && type.utc)
    thrift.struct(2)
    thrift.emptyStruct(type.kind === 'time' && type.unit === 'ms' ? 1 : 2)
    thrift.end()
    thrift.end()
    thrift.end()
  } else if (type.kind === 'int8' || type.kind === 'int16') {
    thrift.struct(10)
    thrift.struct(10)
    thrift.i8(1, type.kind === 'int8' ? 8 : 16)
    thrift.boolean(2, true)
    thrift.end()
    thrift.end()
  }
}
