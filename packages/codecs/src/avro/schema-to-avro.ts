/** The Avro schema that a Connect schema is written as: Confluent's mapping, attribute by attribute. */
import { LOGICAL, SchemaError, canonical, decimalScale, withOptional } from '@sluice/sdk'
import type { Field, MapSchema, Schema, StructSchema } from '@sluice/sdk'
import { defaultToJson } from './avro-defaults.ts'
import type { AvroMapping } from './avro-settings.ts'
import {
  ENUM,
  GENERAL_ENUM,
  GENERAL_UNION,
  MAP_ENTRY,
  NAMESPACE,
  PARAMETER,
  PRECISION_DEFAULT,
  PROP,
  UNION,
  UNNAMED,
  scrubbed,
  scrubbedFullName,
  splitName,
} from './avro-names.ts'

type Json = Record<string, unknown>

const TYPES = {
  int8: 'int',
  int16: 'int',
  int32: 'int',
  int64: 'long',
  float32: 'float',
  float64: 'double',
  boolean: 'boolean',
} as const

/** Logical types that an attribute says; decimals have more to say. */
const LOGICAL_TYPES: ReadonlyMap<string | undefined, string> = new Map([
  [LOGICAL.date, 'date'],
  [LOGICAL.time, 'time-millis'],
  [LOGICAL.timestamp, 'timestamp-millis'],
])

/** The schema as JSON text. @throws SchemaError for two schemas of one name */
export function schemaToAvro(schema: Schema, mapping: AvroMapping): string {
  return JSON.stringify(new AvroSchemaWriter(mapping).convert(schema, false))
}

/** Whether a struct stands for a union: each of its fields is a branch, and values have one of them. */
export function isUnionStruct(schema: Schema): boolean {
  return schema.type === 'struct' && (schema.name === UNION || schema.parameters?.[GENERAL_UNION] !== undefined)
}

/** Whether Avro's map takes it; otherwise it is an array of entries. */
export function isAvroMap(schema: MapSchema, mapping: AvroMapping): boolean {
  return schema.keys.type === 'string' && (!schema.keys.optional || mapping['allow.optional.map.keys'])
}

class AvroSchemaWriter {
  readonly #mapping: AvroMapping
  /** The named types so far, by full name, with the schema that each was made of. */
  readonly #defined = new Map<string, string>()
  #unnamed = 0

  constructor(mapping: AvroMapping) {
    this.#mapping = mapping
  }

  /** @param isBranch the schema is a branch of a union, which itself can be null or not */
  convert(schema: Schema, isBranch: boolean): unknown {
    if (schema.type === 'struct' && isUnionStruct(schema)) return this.#union(schema)
    if (schema.optional && !isBranch) {
      const base = this.#base(withOptional(schema, false))
      return schema.default === undefined || schema.type === 'struct' ? ['null', base] : [base, 'null']
    }
    return this.#base(withOptional(schema, false))
  }

  #union(schema: StructSchema): unknown {
    const branches = schema.fields.map((field) => this.convert(field.schema, true))
    return schema.optional ? ['null', ...branches] : branches
  }

  #base(schema: Schema): unknown {
    const json = this.#typed(schema)
    if (typeof json === 'string') return json
    Object.assign(json, this.#attributes(schema))
    const keys = Object.keys(json)
    return keys.length === 1 ? json['type'] : json
  }

  #typed(schema: Schema): Json | string {
    switch (schema.type) {
      case 'string':
        return this.#string(schema)
      case 'bytes':
        return this.#bytes(schema)
      case 'array':
        return { type: 'array', items: this.convert(schema.items, false) }
      case 'map':
        return this.#map(schema)
      case 'struct':
        return this.#record(schema)
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
      case 'float32':
      case 'float64':
      case 'boolean':
        break
    }
    return { type: TYPES[schema.type] }
  }

  #string(schema: Schema): Json | string {
    const { parameters = {} } = schema
    const general = this.#mapping['generalized.sum.type.support'] ? parameters[GENERAL_ENUM] : undefined
    const own = this.#mapping['enhanced.avro.schema.support'] ? parameters[ENUM] : undefined
    const name = general ?? own
    if (name === undefined) return { type: 'string' }
    const prefix = `${general === undefined ? ENUM : GENERAL_ENUM}.`
    const symbols = Object.keys(parameters).flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []))
    const simple = splitName(name).name
    const doc = parameters[PARAMETER.enumDoc + simple]
    const fallback = parameters[PARAMETER.enumDefault + simple]
    return this.#named(name, schema, {
      type: 'enum',
      ...(doc !== undefined && { doc }),
      symbols,
      ...(fallback !== undefined && { default: fallback }),
    })
  }

  #bytes(schema: Schema): Json | string {
    if (schema.name === LOGICAL.decimal) {
      const precision = Number(schema.parameters?.[PARAMETER.precision] ?? PRECISION_DEFAULT)
      return { type: 'bytes', scale: decimalScale(schema), precision }
    }
    const size = schema.parameters?.[PARAMETER.fixedSize]
    if (size === undefined || schema.name === undefined) return { type: 'bytes' }
    return this.#named(schema.name, schema, { type: 'fixed', size: Number(size) })
  }

  #map(schema: MapSchema): Json {
    if (isAvroMap(schema, this.#mapping)) return { type: 'map', values: this.convert(schema.values, false) }
    const entry = this.#named(schema.name ?? `${NAMESPACE}.${MAP_ENTRY}`, schema, { type: 'record' }, () => ({
      fields: [this.#field('key', schema.keys, undefined), this.#field('value', schema.values, undefined)],
      ...(schema.name !== undefined && { [PROP.internalType]: MAP_ENTRY }),
    }))
    return { type: 'array', items: entry }
  }

  #record(schema: StructSchema): Json | string {
    const doc = schema.parameters?.[PARAMETER.recordDoc]
    const head = { type: 'record', ...(doc !== undefined && { doc }) }
    return this.#named(schema.name ?? this.#nameOfUnnamed(schema), schema, head, () => ({
      fields: schema.fields.map((field) => this.#fieldOf(field, schema)),
    }))
  }

  #nameOfUnnamed(schema: StructSchema): string {
    const text = canonical(schema)
    for (const [name, known] of this.#defined) if (known === text && name.startsWith(UNNAMED)) return name
    this.#unnamed++
    return this.#unnamed === 1 ? UNNAMED : `${UNNAMED}${this.#unnamed}`
  }

  #fieldOf(field: Field, schema: StructSchema): Json {
    return this.#field(field.name, field.schema, schema.parameters?.[PARAMETER.fieldDoc + field.name])
  }

  #field(name: string, schema: Schema, doc: string | undefined): Json {
    return {
      name: this.#mapping['scrub.invalid.names'] ? scrubbed(name) : name,
      type: this.convert(schema, false),
      ...(doc !== undefined && { doc }),
      ...defaultOf(schema),
    }
  }

  /** The definition of a named type, or its name where it is defined already. */
  #named(given: string, schema: Schema, head: Json, rest: () => Json = () => ({})): Json | string {
    const fullName = this.#mapping['scrub.invalid.names'] ? scrubbedFullName(given) : given
    const text = canonical(schema)
    const known = this.#defined.get(fullName)
    if (known === text) return fullName
    if (known !== undefined)
      throw new SchemaError(`Can't redefine: ${fullName}`, {
        remedy: 'Give each of the different structs, and maps with keys other than strings, a name of its own.',
      })
    this.#defined.set(fullName, text)
    const { namespace, name } = splitName(fullName)
    const { type, ...others } = head
    return { type, name, namespace, ...others, ...rest() }
  }

  #attributes(schema: Schema): Json {
    const attributes: Json = {}
    if (this.#mapping['connect.meta.data']) {
      const { doc, version, name } = schema
      const parameters = Object.entries(schema.parameters ?? {}).filter(([key]) => key !== PARAMETER.fieldDefault)
      if (doc !== undefined) attributes[PROP.doc] = doc
      if (version !== undefined) attributes[PROP.version] = version
      if (parameters.length > 0) attributes[PROP.parameters] = Object.fromEntries(parameters)
      if (hasDefault(schema) && schema.parameters?.[PARAMETER.fieldDefault] === undefined)
        attributes[PROP.default] = defaultToJson(schema, schema.default)
      if (name !== undefined) attributes[PROP.name] = name
      if (schema.type === 'int8' || schema.type === 'int16') attributes[PROP.type] = schema.type
    }
    const logical = schema.name === LOGICAL.decimal ? 'decimal' : LOGICAL_TYPES.get(schema.name)
    if (logical !== undefined) attributes['logicalType'] = logical
    for (const [key, value] of Object.entries(schema.parameters ?? {}))
      if (key.startsWith(PARAMETER.avro)) attributes[key] = value
    return attributes
  }
}

function hasDefault(schema: Schema): boolean {
  return schema.default !== undefined && schema.default !== null
}

function defaultOf(schema: Schema): Json {
  // Avro's default of a union is one of its first branch, which such a struct may not have.
  if (hasDefault(schema) && !isUnionStruct(schema) && !(schema.type === 'struct' && schema.optional))
    return { default: defaultToJson(schema, schema.default) }
  return schema.optional ? { default: null } : {}
}
