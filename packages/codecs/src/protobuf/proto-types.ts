/** What Connect's types are called in Protobuf, and where that is defined. */
import { SchemaError } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import { type LogicalType, logicalType } from '../logical-type.ts'
import { DATE, DECIMAL, TIME, TIMESTAMP } from './protobuf-names.ts'

interface TypeText {
  readonly scalar: string
  readonly wrapper: string
}

export const TYPES: Readonly<Record<string, TypeText>> = {
  int8: { scalar: 'int32', wrapper: 'Int32Value' },
  int16: { scalar: 'int32', wrapper: 'Int32Value' },
  int32: { scalar: 'int32', wrapper: 'Int32Value' },
  int64: { scalar: 'int64', wrapper: 'Int64Value' },
  float32: { scalar: 'float', wrapper: 'FloatValue' },
  float64: { scalar: 'double', wrapper: 'DoubleValue' },
  boolean: { scalar: 'bool', wrapper: 'BoolValue' },
  string: { scalar: 'string', wrapper: 'StringValue' },
  bytes: { scalar: 'bytes', wrapper: 'BytesValue' },
}
/** Kinds of integers that a parameter may ask for, and what wraps them. */
export const KINDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  int32: { int32: 'Int32Value', sint32: 'Int32Value', sfixed32: 'Int32Value' },
  int64: {
    uint32: 'UInt32Value',
    fixed32: 'UInt32Value',
    uint64: 'UInt64Value',
    fixed64: 'UInt64Value',
    int64: 'Int64Value',
    sint64: 'Int64Value',
    sfixed64: 'Int64Value',
  },
}

export const LOGICALS: Readonly<Record<LogicalType, readonly [type: string, path: string]>> = {
  decimal: [DECIMAL, 'confluent/type/decimal.proto'],
  date: [DATE, 'google/type/date.proto'],
  time: [TIME, 'google/type/timeofday.proto'],
  timestamp: [TIMESTAMP, 'google/protobuf/timestamp.proto'],
}
export const META_PATH = 'confluent/meta.proto'
export const WRAPPERS_PATH = 'google/protobuf/wrappers.proto'

/** Words that mean something else where a field's type stands. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'double float int32 int64 uint32 uint64 sint32 sint64 fixed32 fixed64 sfixed32 sfixed64 bool string bytes map group ' +
    'message enum oneof option optional repeated required reserved extend extensions stream export local'
  ).split(' '),
)

/** The wrappers' own file: a key or value that is no struct is one of them. */
export const WRAPPERS_TEXT: string = `syntax = "proto3";
package google.protobuf;

option java_package = "com.google.protobuf";
option java_outer_classname = "WrappersProto";
option java_multiple_files = true;

${[
  'Double double',
  'Float float',
  'Int64 int64',
  'UInt64 uint64',
  'Int32 int32',
  'UInt32 uint32',
  'Bool bool',
  'String string',
  'Bytes bytes',
]
  .map((pair) => pair.split(' '))
  .map(([name, type]) => `message ${name}Value {\n  ${type} value = 1;\n}\n`)
  .join('')}`

/** The message that a key or value is which is no struct. @throws SchemaError for one that has no form */
export function wrapperOf(schema: Schema): string {
  const logical = logicalType(schema)
  const wrapper = logical === undefined ? TYPES[schema.type]?.wrapper : undefined
  if (wrapper !== undefined) return wrapper
  throw new SchemaError(`Unsupported root schema of type ${schema.name ?? schema.type.toUpperCase()}`, {
    remedy: 'Put it into a struct: Protobuf has messages only (the transform HoistField does so).',
  })
}
