/** What a field of a message is for Connect, and a schema for Protobuf: shared by those who make schemas, readers and writers, who must agree. */
import type { ProtobufField, ProtobufMessage, ProtobufOneof } from '@sluice/schema-registry'
import { SchemaError } from '@sluice/sdk'
import type { Field, Schema } from '@sluice/sdk'
import {
  DATE,
  DECIMAL,
  ENUM,
  GENERAL_ENUM,
  GENERAL_UNION,
  KEY,
  MAP_ENTRY,
  TIME,
  TIMESTAMP,
  UNION,
  VALUE,
} from './protobuf-names.ts'
import type { ProtobufMapping } from './protobuf-settings.ts'

export type LogicalMessage = typeof DECIMAL | typeof DATE | typeof TIME | typeof TIMESTAMP

const LOGICAL_MESSAGES: ReadonlySet<string> = new Set([DECIMAL, DATE, TIME, TIMESTAMP])

/** Java's reader of Protobuf follows as many messages within messages. */
export const DEPTH_MAX = 100

const WRAPPER = /^google\.protobuf\.(?:Double|Float|U?Int64|U?Int32|Bool|String|Bytes)Value$/

export function logicalMessage({ fullName }: ProtobufMessage): LogicalMessage | undefined {
  return LOGICAL_MESSAGES.has(fullName) ? (fullName as LogicalMessage) : undefined
}

/** The field of a message such as google.protobuf.Int32Value. */
export function wrappedField({ fullName, fields }: ProtobufMessage): ProtobufField | undefined {
  return WRAPPER.test(fullName) ? fields[0] : undefined
}

/** Key and value, when a repeated field is a map: declared as one, or as a message that looks like the entry of one. */
export function mapEntry(field: ProtobufField): readonly [ProtobufField, ProtobufField] | undefined {
  if (field.kind !== 'message' || !field.isRepeated || !field.message.name.endsWith(MAP_ENTRY)) return undefined
  const [key, value, ...more] = field.message.fields
  const isEntry =
    key?.name === KEY && value?.name === VALUE && !key.isRepeated && !value.isRepeated && more.length === 0
  return isEntry ? [key, value] : undefined
}

/** Whether a field that is not there is null, instead of its default. */
export function isNullable(field: ProtobufField, mapping: ProtobufMapping): boolean {
  return field.isProto3Optional || (mapping['optional.for.proto2'] && hasOptionalKeyword(field))
}

/** Proto3's `optional`, and proto2's. */
export function hasOptionalKeyword(field: ProtobufField): boolean {
  return (
    field.isProto3Optional ||
    (field.hasPresence && !field.isRequired && field.oneof === undefined && field.kind !== 'message')
  )
}

/** Under which name a struct has a oneof. */
export function unionFieldName({ name, index }: ProtobufOneof, mapping: ProtobufMapping): string {
  return mapping['generate.index.for.unions'] ? `${name}_${index}` : name
}

/** @throws SchemaError for messages nobody could read */
export function assertDepth(depth: number): void {
  if (depth > DEPTH_MAX)
    throw new SchemaError(`The Protobuf schema has messages more than ${DEPTH_MAX} levels deep`, {
      remedy: 'Give the schema fewer levels: readers of Protobuf refuse such messages.',
    })
}

/** Whether a struct stands for a oneof: each of its fields is a branch, and values have one of them. */
export function isUnionStruct(schema: Schema): boolean {
  if (schema.type !== 'struct') return false
  return schema.name?.startsWith(UNION) === true || schema.parameters?.[GENERAL_UNION] !== undefined
}

/** The prefix of the parameters that say which values an enum has; undefined for what is no enum. */
export function enumPrefix(schema: Schema): string | undefined {
  if (schema.type !== 'string' && schema.type !== 'int32') return undefined
  return [GENERAL_ENUM, ENUM].find((prefix) => schema.parameters?.[prefix] !== undefined)
}

/** The fields of a struct that stands for a oneof; of any other schema none. */
export function branchesOf(schema: Schema): readonly Field[] {
  return schema.type === 'struct' && isUnionStruct(schema) ? schema.fields : []
}
