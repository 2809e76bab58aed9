/** Resolves a .proto file: what its messages are made of, wherever that is defined. */
import { SchemaError } from '@sluice/sdk'
import type protobuf from 'protobufjs'
import type { ResolvedReference } from '../../registry-port.ts'
import type {
  ProtobufEnum,
  ProtobufField,
  ProtobufMessage,
  ProtobufOneof,
  ProtobufScalar,
  ProtobufSchema,
} from './protobuf-schema.ts'
import { parsedProto, unreadable } from './proto-syntax.ts'
import { newRoot, protobufjs } from './protobufjs.ts'
import { addWellKnown } from './well-known-protos.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Base = Omit<ProtobufField, 'kind' | 'message' | 'enum'>

/** The option that Confluent's schemas say more about a field with. */
const FIELD_META = '(confluent.field_meta)'
/** What protobufjs notes with each definition of the file itself; no path of a file that it needs. */
const MAIN = ''

/** What protobufjs has and tells, but not in its types. */
type Parser = { filename: string | null }
type Definition = { readonly filename?: string | null; readonly group?: boolean }
type Featured = { readonly _features: Readonly<Record<string, unknown>> }

/**
 * @param dependencies the files that it imports, each behind those that it imports itself; well-known ones are known anyway
 * @throws SchemaError for what is no .proto file, or names what is nowhere defined
 */
export function parseProtobufSchema(
  text: string,
  dependencies: readonly Pick<ResolvedReference, 'name' | 'text'>[] = [],
): ProtobufSchema {
  const root = newRoot()
  const added = new Set(dependencies.map(({ name }) => name))
  const add = (source: string): protobuf.IParserResult => {
    const result = parsedProto(source, root)
    for (const path of result.imports ?? []) addWellKnown(root, path, added)
    return result
  }
  for (const dependency of dependencies) add(dependency.text)
  const parser = protobufjs().parse as unknown as Parser
  parser.filename = MAIN
  let name: string
  try {
    name = add(text).package ?? ''
  } finally {
    parser.filename = null
  }
  try {
    root.resolveAll()
  } catch (cause) {
    throw unreadable(cause)
  }
  const scope = name === '' ? root : root.lookup(name)
  return { package: name, messages: new Resolver().messagesOf(scope as protobuf.NamespaceBase) }
}

/** Makes each message once, so that one that contains itself does so here, too. */
class Resolver {
  readonly #messages = new Map<protobuf.Type, ProtobufMessage>()
  readonly #enums = new Map<protobuf.Enum, ProtobufEnum>()
  /** Messages that are known by name alone: a chain of any length must not become one of calls. */
  readonly #empty: (() => void)[] = []

  messagesOf(scope: protobuf.NamespaceBase): readonly ProtobufMessage[] {
    const messages = this.#messagesIn(scope)
    for (let fill = this.#empty.pop(); fill !== undefined; fill = this.#empty.pop()) fill()
    return messages
  }

  #messagesIn(scope: protobuf.NamespaceBase): readonly ProtobufMessage[] {
    return scope.nestedArray.flatMap((nested) =>
      nested instanceof protobufjs().Type && isCounted(nested) ? [this.#message(nested)] : [],
    )
  }

  #message(type: protobuf.Type): ProtobufMessage {
    const known = this.#messages.get(type)
    if (known !== undefined) return known
    const fields: ProtobufField[] = []
    const oneofs: (ProtobufOneof & { readonly fields: ProtobufField[] })[] = []
    const nested: ProtobufMessage[] = []
    const message = { fullName: type.fullName.slice(1), name: type.name, fields, oneofs, nested, isMapEntry: false }
    this.#messages.set(type, message)
    this.#empty.push(() => {
      oneofs.push(...oneofsOf(type, message.fullName))
      for (const field of type.fieldsArray) {
        // An extension of it: whoever reads with this file alone does not know it.
        if (field.declaringField !== null) continue
        const oneof = oneofs.find(({ name }) => name === field.partOf?.name)
        const resolved = this.#field(field, message.fullName, oneof)
        fields.push(resolved)
        oneof?.fields.push(resolved)
      }
      nested.push(...this.#messagesIn(type))
    })
    return message
  }

  #field(field: protobuf.Field, scope: string, oneof: ProtobufOneof | undefined): ProtobufField {
    const isMap = field instanceof protobufjs().MapField
    const { resolvedType } = field
    const isMessage = isMap || resolvedType instanceof protobufjs().Type
    const base: Mutable<Base> = {
      // A group's field is called after its message, which protobufjs does not lower but for the first letter.
      name: (resolvedType as Definition | null)?.group === true ? field.name.toLowerCase() : field.name,
      number: field.id,
      isRepeated: isMap || field.rule === 'repeated',
      isRequired: field.required,
      isPacked: field.rule === 'repeated' && field.packed && isNumeric(field),
      hasPresence: !isMap && field.rule !== 'repeated' && (isMessage || field.partOf !== null || field.hasPresence),
      isProto3Optional: isProto3Optional(field),
      oneof,
      default: undefined,
      meta: metaOf(field),
    }
    if (isMap) return { ...base, kind: 'message', message: this.#entry(field, scope) }
    if (resolvedType instanceof protobufjs().Type)
      return { ...base, kind: field.delimited ? 'group' : 'message', message: this.#message(resolvedType) }
    base.default = defaultOf(field)
    if (resolvedType instanceof protobufjs().Enum) return { ...base, kind: 'enum', enum: this.#enum(resolvedType) }
    return { ...base, kind: field.type as ProtobufScalar }
  }

  /** What a map is in the end: a repeated message. */
  #entry(map: protobuf.MapField, scope: string): ProtobufMessage {
    const name = `${map.name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()).replaceAll('_', '')}Entry`
    const plain = {
      isRepeated: false,
      isRequired: false,
      isPacked: false,
      hasPresence: false,
      isProto3Optional: false,
      oneof: undefined,
      default: undefined,
      meta: new Map<string, string>(),
    }
    const key: ProtobufField = { ...plain, name: 'key', number: 1, kind: map.keyType as ProtobufScalar }
    const base = { ...plain, name: 'value', number: 2 }
    const { resolvedType } = map
    const value: ProtobufField =
      resolvedType instanceof protobufjs().Type
        ? { ...base, hasPresence: true, kind: 'message', message: this.#message(resolvedType) }
        : resolvedType instanceof protobufjs().Enum
          ? { ...base, kind: 'enum', enum: this.#enum(resolvedType) }
          : { ...base, kind: map.type as ProtobufScalar }
    return { fullName: `${scope}.${name}`, name, fields: [key, value], oneofs: [], nested: [], isMapEntry: true }
  }

  #enum(type: protobuf.Enum): ProtobufEnum {
    const known = this.#enums.get(type)
    if (known !== undefined) return known
    const values = Object.entries(type.values).map(([name, number]) => ({ name, number }))
    if (values.length === 0) throw new SchemaError(`The Protobuf enum ${type.fullName.slice(1)} has no values`)
    const made = { fullName: type.fullName.slice(1), name: type.name, values, isClosed: isClosed(type) }
    this.#enums.set(type, made)
    return made
  }
}

function oneofsOf(
  type: protobuf.Type,
  scope: string,
): readonly (ProtobufOneof & { readonly fields: ProtobufField[] })[] {
  const real = type.oneofsArray.filter(({ fieldsArray }) => !fieldsArray.every(isProto3Optional))
  return real.map(({ name }, index) => ({ fullName: `${scope}.${name}`, name, index, fields: [] }))
}

function isProto3Optional(field: protobuf.Field): boolean {
  return field.options?.['proto3_optional'] === true
}

/** Whether values of it can stand together, behind one length. */
function isNumeric({ type, resolvedType }: protobuf.Field): boolean {
  return resolvedType instanceof protobufjs().Enum || (resolvedType === null && type !== 'string' && type !== 'bytes')
}

/** Whether it is a message of the file itself, and no group. */
function isCounted(type: protobuf.Type): boolean {
  const { filename, group } = type as Definition
  return filename === MAIN && group !== true
}

function isClosed(type: protobuf.Enum): boolean {
  return (type as unknown as Featured)._features['enum_type'] === 'CLOSED'
}

function defaultOf(field: protobuf.Field): ProtobufField['default'] {
  const stated: unknown = field.options?.['default']
  if (typeof stated === 'string') {
    if (field.resolvedType instanceof protobufjs().Enum) return field.resolvedType.values[stated]
    return field.type === 'bytes' ? Buffer.from(stated, 'latin1') : stated
  }
  return typeof stated === 'number' || typeof stated === 'boolean' ? stated : undefined
}

/** Both forms of the option: a list of keys and values, and an object. */
function metaOf(field: protobuf.Field): ReadonlyMap<string, string> {
  const params: unknown = field.parsedOptions
    ?.map((option: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => option[FIELD_META])
    .find((meta) => meta !== undefined)?.['params']
  const list: readonly unknown[] = Array.isArray(params) ? params : [params]
  return new Map(
    list.flatMap((entry): (readonly [string, string])[] => {
      if (typeof entry !== 'object' || entry === null) return []
      if ('key' in entry && 'value' in entry) return [[String(entry.key), String(entry.value)]]
      return Object.entries(entry).map(([key, value]) => [key, String(value)])
    }),
  )
}
