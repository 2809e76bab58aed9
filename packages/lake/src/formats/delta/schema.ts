/**
 * A Delta table's columns: the `schemaString` of its metadata (PROTOCOL.md, "Schema Serialization Format"). Types that this
 * writer does not write are kept as they were read.
 */
import { SluiceError } from '@sluice/sdk'
import { parseExact, stringifyExact } from './exact-json.ts'
import type { Json, JsonObject } from './exact-json.ts'

/** A word such as `long` or `decimal(18,2)`, or the JSON of a nested type. */
export type DeltaType = string | JsonObject

export interface DeltaField {
  readonly name: string
  readonly type: DeltaType
  readonly nullable: boolean
  readonly metadata: JsonObject
}

export interface DeltaSchema {
  readonly fields: readonly DeltaField[]
}

/** @throws SluiceError DATA_INVALID when the text is no schema */
export function parseSchemaString(text: string, table: string): DeltaSchema {
  try {
    const { fields } = asObject(parseExact(text)) as { readonly fields?: Json }
    if (!Array.isArray(fields)) throw new TypeError('it has no fields')
    return { fields: fields.map((field: Json) => fieldOf(asObject(field))) }
  } catch (cause) {
    throw new SluiceError('DATA_INVALID', `The schema in the log of table ${table} cannot be read`, {
      cause,
      remedy: 'Open the table with the engine that wrote it; its metaData action is damaged.',
    })
  }
}

export function schemaStringOf(schema: DeltaSchema): string {
  return stringifyExact(structType(schema.fields))
}

/** A nested type taken apart; undefined for words, and for what is no type of this format. */
export type NestedDelta =
  | { readonly kind: 'struct'; readonly fields: readonly DeltaField[] }
  | { readonly kind: 'array'; readonly element: DeltaType; readonly containsNull: boolean }
  | { readonly kind: 'map'; readonly key: DeltaType; readonly value: DeltaType; readonly containsNull: boolean }

export function nestedOf(type: DeltaType): NestedDelta | undefined {
  if (typeof type === 'string') return undefined
  const { fields, elementType, containsNull, keyType, valueType, valueContainsNull } = type
  if (type['type'] === 'struct' && Array.isArray(fields)) {
    return { kind: 'struct', fields: fields.map((field: Json) => fieldOf(asObject(field))) }
  }
  if (type['type'] === 'array' && isType(elementType)) {
    return { kind: 'array', element: elementType, containsNull: containsNull !== false }
  }
  if (type['type'] === 'map' && isType(keyType) && isType(valueType)) {
    return { kind: 'map', key: keyType, value: valueType, containsNull: valueContainsNull !== false }
  }
  return undefined
}

export function structType(fields: readonly DeltaField[]): JsonObject {
  return {
    type: 'struct',
    fields: fields.map(({ name, type, nullable, metadata }) => ({ name, type, nullable, metadata })),
  }
}

export function arrayType(element: DeltaType, containsNull: boolean): JsonObject {
  return { type: 'array', elementType: element, containsNull }
}

export function mapType(key: DeltaType, value: DeltaType, containsNull: boolean): JsonObject {
  return { type: 'map', keyType: key, valueType: value, valueContainsNull: containsNull }
}

function isType(type: Json | undefined): type is DeltaType {
  return typeof type === 'string' || (typeof type === 'object' && type !== null && !Array.isArray(type))
}

/** The column's type as a reader would say it, for messages. */
export function typeName({ type }: Pick<DeltaField, 'type'>): string {
  if (typeof type === 'string') return type
  return typeof type['type'] === 'string' ? type['type'] : 'nested'
}

/** `[precision, scale]` of `decimal(p,s)`; undefined for other types. */
export function decimalOf(type: DeltaField['type']): readonly [number, number] | undefined {
  const match = typeof type === 'string' ? /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(type) : null
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

/** Without column mapping Spark refuses these in a name; a table that uses them cannot be read by everybody. */
const FORBIDDEN_IN_NAMES = /[ ,;{}()\n\t=]/

/** Why a name cannot be a column's, or undefined. */
export function nameProblem(name: string): string | undefined {
  const character = FORBIDDEN_IN_NAMES.exec(name)?.[0]
  if (character === undefined) return undefined
  return `its name holds ${JSON.stringify(character)}, and Delta readers allow none of " ,;{}()\\n\\t=" in names`
}

/** The name with each character that Delta readers refuse replaced by an underscore. */
export function plainName(name: string): string {
  return name.replaceAll(new RegExp(FORBIDDEN_IN_NAMES, 'g'), '_')
}

function fieldOf(field: JsonObject): DeltaField {
  const { name, type, nullable, metadata } = field as Record<string, Json>
  if (typeof name !== 'string') throw new TypeError('a field has no name')
  return {
    name,
    type: typeof type === 'string' ? type : asObject(type),
    nullable: nullable !== false,
    metadata: metadata === undefined || metadata === null ? {} : asObject(metadata),
  }
}

function asObject(value: Json | undefined): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new TypeError('an object was expected')
}
