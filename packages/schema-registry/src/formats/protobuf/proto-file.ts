/** .proto files, as far as it matters who can read what was written with them. */
import { SchemaError } from '@sluice/sdk'
import type protobuf from 'protobufjs'
import { parsedProto } from './proto-syntax.ts'
import { protobufjs } from './protobufjs.ts'
import { isWellKnown } from './well-known-protos.ts'

export interface ProtoField {
  readonly number: number
  readonly name: string
  /** A scalar's name, `map<…>`, or the full name of a message or enum; as it was written where that is defined elsewhere. */
  readonly type: string
  readonly isMessage: boolean
  readonly isEnum: boolean
  readonly isRepeated: boolean
  readonly isRequired: boolean
  /** The oneof that it belongs to; those that only say `optional` are none. */
  readonly oneof: string | undefined
  /** Of a map: the types of its keys and its values. */
  readonly entry: { readonly key: ProtoField; readonly value: ProtoField } | undefined
}

export interface ProtoMessage {
  /** Within the package, as in `Outer.Inner`. */
  readonly name: string
  readonly fields: ReadonlyMap<number, ProtoField>
}

export interface ProtoFile {
  readonly imports: readonly string[]
  readonly messages: ReadonlyMap<string, ProtoMessage>
}

const SCALARS: ReadonlySet<string> = new Set([
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
])

/**
 * @param known the paths of files that it may import
 * @throws SchemaError for what is no .proto file, or imports what is not known
 */
export function protoFile(text: string, known: ReadonlySet<string>): ProtoFile {
  const { root, imports = [], package: packageName = '' } = parsedProto(text)
  const missing = imports.find((path) => !known.has(path) && !isWellKnown(path))
  if (missing !== undefined) {
    throw new SchemaError(`The Protobuf schema imports '${missing}', which is not there`, {
      remedy: 'Give the file that it imports as a reference of this name.',
    })
  }
  const messages = new Map<string, ProtoMessage>()
  const start = packageName === '' ? 1 : packageName.length + 2
  const visit = (namespace: protobuf.NamespaceBase): void => {
    for (const nested of namespace.nestedArray) {
      if (nested instanceof protobufjs().Type) {
        const name = nested.fullName.slice(start)
        messages.set(name, { name, fields: new Map(nested.fieldsArray.map((field) => [field.id, fieldOf(field)])) })
      }
      if (nested instanceof protobufjs().Namespace) visit(nested)
    }
  }
  visit(root)
  return { imports, messages }
}

function fieldOf(field: protobuf.Field): ProtoField {
  const { id: number, name, partOf } = field
  const named = field.parent === null || SCALARS.has(field.type) ? null : found(field.parent, field.type)
  const isOptional = field.options?.['proto3_optional'] === true
  const entry =
    field instanceof protobufjs().MapField
      ? { key: scalar('key', field.keyType), value: valueOf(field, named) }
      : undefined
  return {
    number,
    name,
    type: entry === undefined ? typeName(field.type, named) : `map<${entry.key.type}, ${entry.value.type}>`,
    isMessage: entry === undefined && !SCALARS.has(field.type) && !(named instanceof protobufjs().Enum),
    isEnum: entry === undefined && named instanceof protobufjs().Enum,
    isRepeated: field.rule === 'repeated',
    isRequired: field.rule === 'required' || field.options?.['features.field_presence'] === 'LEGACY_REQUIRED',
    oneof: partOf === null || isOptional ? undefined : partOf.name,
    entry,
  }
}

function valueOf({ type }: protobuf.Field, named: protobuf.ReflectionObject | null): ProtoField {
  const isEnum = named instanceof protobufjs().Enum
  return { ...scalar('value', typeName(type, named)), isEnum, isMessage: !isEnum && !SCALARS.has(type) }
}

function scalar(name: string, type: string): ProtoField {
  const flags = { isMessage: false, isEnum: false, isRepeated: false, isRequired: false }
  return { number: name === 'key' ? 1 : 2, name, type, ...flags, oneof: undefined, entry: undefined }
}

function typeName(type: string, named: protobuf.ReflectionObject | null): string {
  return (named?.fullName ?? type).replace(/^\./, '')
}

function found(scope: protobuf.NamespaceBase, type: string): protobuf.ReflectionObject | null {
  try {
    return scope.lookup(type, [protobufjs().Type, protobufjs().Enum])
  } catch {
    return null
  }
}
