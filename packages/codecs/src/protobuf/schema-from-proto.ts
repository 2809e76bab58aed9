/** The Connect schema that a Protobuf message is read as: Confluent's mapping. */
import type { ProtobufEnum, ProtobufField, ProtobufMessage, ProtobufOneof } from '@sluice/schema-registry'
import { SchemaError, array, date, decimal, map, primitive, structOf, time, timestamp, withOptional } from '@sluice/sdk'
import type { PrimitiveType, Schema, SchemaOptions } from '@sluice/sdk'
import {
  assertDepth,
  hasOptionalKeyword,
  type LogicalMessage,
  logicalMessage,
  mapEntry,
  unionFieldName,
  wrappedField,
} from './proto-shapes.ts'
import {
  DATE,
  DECIMAL,
  ENUM,
  GENERAL_ENUM,
  GENERAL_UNION,
  META,
  PARAMETER,
  TIME,
  UNION,
  mapName,
} from './protobuf-names.ts'
import type { ProtobufMapping } from './protobuf-settings.ts'

/** What a scalar becomes; a kind that Connect's type alone would not become again is noted in a parameter. */
const TYPES: Readonly<Record<string, PrimitiveType>> = {
  double: 'float64',
  float: 'float32',
  int32: 'int32',
  sint32: 'int32',
  sfixed32: 'int32',
  uint32: 'int64',
  fixed32: 'int64',
  int64: 'int64',
  uint64: 'int64',
  sint64: 'int64',
  fixed64: 'int64',
  sfixed64: 'int64',
  bool: 'boolean',
  string: 'string',
  bytes: 'bytes',
}
const UNNOTED: ReadonlySet<string> = new Set(['double', 'float', 'int32', 'int64', 'bool', 'string', 'bytes'])

type Pair = readonly [string, Schema]

/** @throws SchemaError for a message within itself: schemas hold no circles */
export function schemaFromProto(message: ProtobufMessage, mapping: ProtobufMapping): Schema {
  const wrapped = mapping['wrapper.for.raw.primitives'] ? wrappedField(message) : undefined
  if (wrapped !== undefined) return primitive(TYPES[wrapped.kind]!)
  return new ProtoSchemaReader(mapping).struct(message)
}

class ProtoSchemaReader {
  readonly #mapping: ProtobufMapping
  /** The messages that enclose the one at hand. */
  readonly #open = new Set<ProtobufMessage>()
  readonly #structs = new Map<ProtobufMessage, Schema>()

  constructor(mapping: ProtobufMapping) {
    this.#mapping = mapping
  }

  /** Each message's schema is made once, however often it is met. */
  struct(message: ProtobufMessage): Schema {
    const known = this.#structs.get(message)
    if (known !== undefined) return known
    if (this.#open.has(message))
      throw new SchemaError(
        `The Protobuf message ${message.fullName} has itself among its fields; such values have no schema here`,
        { remedy: 'Read these records with ByteArrayConverter.' },
      )
    this.#open.add(message)
    assertDepth(this.#open.size)
    const unions = message.oneofs.flatMap((oneof) => this.#oneof(oneof))
    const fields = message.fields.flatMap((field): Pair[] =>
      field.oneof === undefined ? [[field.name, this.#field(field)]] : [],
    )
    this.#open.delete(message)
    const made = structOf([...unions, ...fields], { name: this.#nameOf(message) })
    this.#structs.set(message, made)
    return made
  }

  #nameOf({ fullName, name }: { readonly fullName: string; readonly name: string }): string {
    return this.#mapping['enhanced.protobuf.schema.support'] ? fullName : name
  }

  #oneof(oneof: ProtobufOneof): readonly Pair[] {
    const branches = oneof.fields.map((field): Pair => [field.name, withOptional(this.#field(field), true)])
    if (this.#mapping['flatten.unions']) return branches
    const isGeneral = this.#mapping['generalized.sum.type.support']
    const schema = structOf(branches, {
      name: isGeneral ? oneof.name : `${UNION}.${this.#nameOf(oneof)}`,
      optional: true,
      parameters: isGeneral ? { [GENERAL_UNION]: oneof.name } : undefined,
    })
    return [[unionFieldName(oneof, this.#mapping), schema]]
  }

  #field(field: ProtobufField): Schema {
    const base = this.#base(field)
    const schema = field.isRepeated && base.type !== 'map' ? array(withOptional(base, true), { optional: true }) : base
    const isMarked = this.#mapping['optional.for.nullables']
      ? hasOptionalKeyword(field)
      : !this.#mapping['wrapper.for.nullables']
    return withParameters(schema, isMarked || schema.optional, { [PARAMETER.tag]: String(field.number) })
  }

  #base(field: ProtobufField): Schema {
    if (field.kind === 'enum') return this.#enum(field.enum)
    if (field.kind === 'message' || field.kind === 'group')
      return withOptional(this.#message(field, field.message), true)
    const small = field.kind.endsWith('32') ? field.meta.get(META.type) : undefined
    const type = TYPES[field.kind]!
    if (type === 'int32' && (small === 'int8' || small === 'int16')) return primitive(small)
    return primitive(type, UNNOTED.has(field.kind) ? {} : { parameters: { [PARAMETER.type]: field.kind } })
  }

  #enum(type: ProtobufEnum): Schema {
    const prefix = this.#mapping['generalized.sum.type.support'] ? GENERAL_ENUM : ENUM
    const options: SchemaOptions = {
      optional: true,
      name: this.#nameOf(type),
      parameters: {
        [prefix]: type.name,
        ...Object.fromEntries(type.values.map(({ name, number }) => [`${prefix}.${name}`, String(number)])),
      },
    }
    return primitive(this.#mapping['int.for.enums'] ? 'int32' : 'string', options)
  }

  #message(field: ProtobufField, message: ProtobufMessage): Schema {
    const logical = logicalMessage(message)
    if (logical !== undefined) return logicalSchema(logical, field)
    const wrapped = this.#mapping['wrapper.for.nullables'] ? wrappedField(message) : undefined
    if (wrapped !== undefined) return primitive(TYPES[wrapped.kind]!)
    const entry = mapEntry(field)
    if (entry === undefined) return this.struct(message)
    const [key, value] = entry
    return map(this.#field(key), this.#field(value), { name: mapName(this.#nameOf(message)) })
  }
}

function logicalSchema(logical: LogicalMessage, { meta }: ProtobufField): Schema {
  if (logical === DATE) return date()
  if (logical === TIME) return time()
  if (logical !== DECIMAL) return timestamp()
  const precision = integerText(meta.get(META.precision))
  return decimal(Number(integerText(meta.get(META.scale)) ?? 0), {
    parameters: precision === undefined ? {} : { [PARAMETER.precision]: precision },
  })
}

/** What is no integer says nothing, as for Confluent's. */
function integerText(text: string | undefined): string | undefined {
  return text !== undefined && /^[+-]?\d{1,9}$/.test(text) ? String(Number(text)) : undefined
}

/** In the order in which all schemas have what they are made of: they are compared as texts. */
function withParameters(schema: Schema, optional: boolean, more: Readonly<Record<string, string>>): Schema {
  const { name, version, doc, default: fallback, parameters, optional: _optional, ...type } = schema
  const options = { name, version, doc, default: fallback, parameters: Object.freeze({ ...parameters, ...more }) }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.freeze({ ...type, optional, ...Object.fromEntries(given) } as Schema)
}
