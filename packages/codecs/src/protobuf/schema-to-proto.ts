/** The .proto file that a Connect schema is written as: Confluent's mapping. */
import { LOGICAL, SchemaError, canonical } from '@sluice/sdk'
import type { Field, MapSchema, Schema, StructSchema } from '@sluice/sdk'
import { type LogicalType, logicalType } from '../logical-type.ts'
import { assertDepth, branchesOf, enumPrefix, isUnionStruct } from './proto-shapes.ts'
import { type ProtoEnumText, type ProtoFieldText, type ProtoMessageText, protoFileText } from './proto-text.ts'
import { KEYWORDS, KINDS, LOGICALS, META_PATH, TYPES, WRAPPERS_PATH } from './proto-types.ts'
import {
  GENERAL_UNION,
  KEY,
  META,
  PARAMETER,
  UNION,
  UNNAMED,
  VALUE,
  entryName,
  scrubbed,
  simpleName,
} from './protobuf-names.ts'
import type { ProtobufMapping } from './protobuf-settings.ts'

const NUMBER_MAX = 536_870_911

/** @throws SchemaError for what has no form in Protobuf */
export function schemaToProto(schema: StructSchema, mapping: ProtobufMapping): string {
  return new ProtoSchemaWriter(mapping).file(schema)
}

/** The full name of the message that a struct is written as. */
export function rootName({ name }: StructSchema, mapping: ProtobufMapping): string {
  const fullName = name === undefined || name === '' ? `${UNNAMED}1` : name
  return mapping['scrub.invalid.names'] ? fullName.split('.').map(scrubbed).join('.') : fullName
}

/** A message under way. */
interface Draft {
  readonly name: string
  readonly fields: ProtoFieldText[]
  readonly oneofs: { readonly name: string; readonly fields: readonly ProtoFieldText[] }[]
  readonly messages: ProtoMessageText[]
  readonly enums: ProtoEnumText[]
  /** What each type within it was made of, by name. */
  readonly made: Map<string, Schema>
  /** Numbers that schemas ask for; others get those between. */
  readonly numbers: Set<number>
  next: number
}

class ProtoSchemaWriter {
  readonly #mapping: ProtobufMapping
  readonly #imports = new Set<string>()
  #unnamed = 0
  #depth = 0

  constructor(mapping: ProtobufMapping) {
    this.#mapping = mapping
  }

  file(schema: StructSchema): string {
    const fullName = rootName(schema, this.#mapping)
    const dot = fullName.lastIndexOf('.')
    if (schema.name === undefined || schema.name === '') this.#unnamed++
    const message = this.#struct(fullName.slice(dot + 1), schema.fields)
    return protoFileText({
      package: fullName.slice(0, Math.max(0, dot)),
      imports: [...this.#imports].toSorted(),
      message,
    })
  }

  #struct(name: string, fields: readonly Field[]): ProtoMessageText {
    const flat = fields.flatMap((field) => (isUnionStruct(field.schema) ? branchesOf(field.schema) : [field]))
    const draft: Draft = {
      name,
      fields: [],
      oneofs: [],
      messages: [],
      enums: [],
      made: new Map(),
      numbers: new Set(flat.flatMap(({ schema }) => askedNumber(schema) ?? [])),
      next: 1,
    }
    this.#depth++
    assertDepth(this.#depth)
    for (const field of fields) {
      if (isUnionStruct(field.schema)) this.#union(draft, field)
      else draft.fields.push(this.#field(draft, field.name, field.schema))
    }
    this.#depth--
    return draft
  }

  #union(draft: Draft, { name: fieldName, schema }: Field): void {
    const own = schema.name?.startsWith(`${UNION}.`) === true ? simpleName(schema.name) : fieldName
    const fields = branchesOf(schema).map((field): ProtoFieldText => {
      // Which branch there is tells null from 0: neither a label nor a wrapper is needed.
      const branch = this.#field(draft, field.name, { ...field.schema, optional: false })
      if (branch.label !== 'repeated') return branch
      throw new SchemaError(
        `The branch ${field.name} of a union is a list or a map, which a Protobuf oneof cannot have`,
      )
    })
    draft.oneofs.push({ name: this.#scrub(schema.parameters?.[GENERAL_UNION] ?? own), fields })
  }

  #field(draft: Draft, givenName: string, schema: Schema): ProtoFieldText {
    const name = this.#scrub(givenName)
    const number = askedNumber(schema) ?? nextNumber(draft)
    const isRepeated = schema.type === 'array' || schema.type === 'map'
    const isMarked = this.#mapping['optional.for.nullables'] && schema.optional
    const meta: Record<string, string> = {}
    const type = this.#type(draft, name, schema.type === 'array' ? schema.items : schema, meta, schema.type === 'array')
    if (Object.keys(meta).length > 0) this.#imports.add(META_PATH)
    return { label: isRepeated ? 'repeated' : isMarked ? 'optional' : '', type, name, number, meta }
  }

  #type(draft: Draft, fieldName: string, schema: Schema, meta: Record<string, string>, isItem: boolean): string {
    const logical = logicalType(schema)
    if (logical !== undefined) return this.#logical(logical, schema, meta)
    switch (schema.type) {
      case 'array':
        throw nested()
      case 'map':
        if (isItem) throw nested()
        return this.#map(draft, fieldName, schema)
      case 'struct': {
        if (isUnionStruct(schema)) throw new SchemaError('A union can be a field of a struct only, for Protobuf')
        const name = this.#typeName(this.#nameOf(schema), fieldName)
        if (isNew(draft, name, schema)) draft.messages.push(this.#struct(name, schema.fields))
        return name
      }
      case 'int8':
      case 'int16':
        meta[META.type] = schema.type
        break
      case 'int32':
      case 'string': {
        const prefix = enumPrefix(schema)
        if (prefix !== undefined) return this.#enum(draft, fieldName, schema, prefix)
        break
      }
      case 'int64':
      case 'float32':
      case 'float64':
      case 'boolean':
      case 'bytes':
        break
    }
    return this.#scalar(schema)
  }

  #scalar(schema: Schema): string {
    const kinds = KINDS[schema.type]
    const asked = schema.parameters?.[PARAMETER.type]
    const kind = asked !== undefined && kinds !== undefined && Object.hasOwn(kinds, asked) ? asked : undefined
    const { scalar, wrapper } = TYPES[schema.type]!
    if (!this.#mapping['wrapper.for.nullables'] || !schema.optional) return kind ?? scalar
    this.#imports.add(WRAPPERS_PATH)
    return `google.protobuf.${kind === undefined ? wrapper : kinds![kind]!}`
  }

  #logical(logical: LogicalType, schema: Schema, meta: Record<string, string>): string {
    const [type, path] = LOGICALS[logical]
    this.#imports.add(path)
    if (schema.name === LOGICAL.decimal) {
      const { [PARAMETER.precision]: precision, [PARAMETER.scale]: scale } = schema.parameters ?? {}
      if (precision !== undefined) meta[META.precision] = precision
      if (scale !== undefined) meta[META.scale] = scale
    }
    return type
  }

  /** Not the `map<…>` of Protobuf, though written alike: its keys may be anything. */
  #map(draft: Draft, fieldName: string, schema: MapSchema): string {
    const name = this.#typeName(entryName(simpleName(this.#nameOf(schema))), fieldName)
    if (!isNew(draft, name, schema)) return name
    const pairs = [
      { name: KEY, index: 0, schema: schema.keys },
      { name: VALUE, index: 1, schema: schema.values },
    ].map((field) => ({ ...field, schema: withoutNumber(field.schema) }))
    const entry = this.#struct(name, pairs)
    draft.messages.push({ ...entry, fields: entry.fields.map(unmarked) })
    return name
  }

  #enum(draft: Draft, fieldName: string, schema: Schema, prefix: string): string {
    const name = this.#typeName(schema.parameters![prefix]!, fieldName)
    const values = enumValues(schema, prefix)
    if (values.some(({ number }) => !Number.isInteger(number)))
      throw new SchemaError(`The parameters of the enum ${name} do not say the number of each value`)
    const zero = values.find(({ number }) => number === 0)
    if (zero === undefined)
      throw new SchemaError(`The enum ${name} has no value with the number 0, which proto3 wants to be the first`)
    const ordered = [zero, ...values.filter((value) => value !== zero)]
    if (isNew(draft, name, schema)) draft.enums.push({ name, values: ordered })
    return name
  }

  #nameOf({ name }: Schema): string {
    return name === undefined || name === '' ? `${UNNAMED}${++this.#unnamed}` : name
  }

  /** Fields and types share their names; and no type is called like one of Protobuf's own. */
  #typeName(fullName: string, fieldName: string): string {
    const name = this.#scrub(simpleName(fullName))
    return name === fieldName || KEYWORDS.has(name) ? `${name}Message` : name
  }

  #scrub(name: string): string {
    return this.#mapping['scrub.invalid.names'] ? scrubbed(name) : name
  }
}

/** Whether the type is to be defined: it may be already. */
function isNew({ made, name: outer }: Draft, name: string, schema: Schema): boolean {
  const known = made.get(name)
  if (known === undefined) {
    made.set(name, schema)
    return true
  }
  assertShallow(schema, 0)
  if (content(known) === content(schema)) return false
  throw new SchemaError(`Can't redefine: ${name}, in the Protobuf message ${outer}`, {
    remedy: 'Give each of the different structs, maps and enums a name of its own.',
  })
}

/** What a type is made of, wherever it stands: not its number there, its default, nor whether it may be null. */
function content(schema: Schema): string {
  const prefix = enumPrefix(schema)
  if (prefix !== undefined) return JSON.stringify(enumValues(schema, prefix))
  if (schema.type === 'struct') return canonical({ type: 'struct', optional: false, fields: schema.fields })
  if (schema.type !== 'map') return canonical(schema)
  return canonical({
    type: 'map',
    optional: false,
    keys: withoutNumber(schema.keys),
    values: withoutNumber(schema.values),
  })
}

function enumValues({ parameters = {} }: Schema, prefix: string): readonly { name: string; number: number }[] {
  return Object.entries(parameters).flatMap(([key, number]) =>
    key.startsWith(`${prefix}.`) ? [{ name: key.slice(prefix.length + 1), number: Number(number) }] : [],
  )
}

/** Before it is made a text, which knows no end. */
function assertShallow(schema: Schema, depth: number): void {
  assertDepth(depth)
  if (schema.type === 'struct') for (const field of schema.fields) assertShallow(field.schema, depth + 1)
  else if (schema.type === 'array') assertShallow(schema.items, depth)
  else if (schema.type === 'map') assertShallow(schema.values, depth + 1)
}

function askedNumber(schema: Schema): number | undefined {
  const text = schema.parameters?.[PARAMETER.tag]
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isInteger(number) && number > 0 && number <= NUMBER_MAX && !isReserved(number)) return number
  throw new SchemaError(`The parameter ${PARAMETER.tag} is ${text}, which is no number of a Protobuf field`)
}

function nextNumber(draft: Draft): number {
  while (draft.numbers.has(draft.next) || isReserved(draft.next)) draft.next++
  return draft.next++
}

function isReserved(number: number): boolean {
  return number >= 19_000 && number <= 19_999
}

/** Key and value of an entry are numbered 1 and 2, whatever they were elsewhere. */
function withoutNumber(schema: Schema): Schema {
  if (schema.parameters?.[PARAMETER.tag] === undefined) return schema
  const { [PARAMETER.tag]: _, ...parameters } = schema.parameters
  return { ...schema, parameters }
}

function unmarked(field: ProtoFieldText): ProtoFieldText {
  return field.label === 'optional' ? { ...field, label: '' } : field
}

function nested(): SchemaError {
  return new SchemaError('Array cannot be nested: Protobuf has no list of lists or of maps', {
    remedy: 'Put the inner list or map into a struct.',
  })
}
