/** The JSON Schema that a Connect schema is written as: Confluent's mapping, keyword by keyword. */
import { LOGICAL, withOptional } from '@sluice/sdk'
import type { ArraySchema, MapSchema, PrimitiveSchema, Schema, StructSchema } from '@sluice/sdk'
import { JsonWriter } from '../json/json-writer.ts'
import { ENUM, GENERAL_ENUM, KEY, NAMESPACE, NULL_SYMBOL, PROP, VALUE } from './json-schema-names.ts'
import type { JsonSchemaMapping } from './json-schema-settings.ts'
import { compileWriteValue, isObjectMap } from './json-schema-writing.ts'
import { isUnion } from './union-structs.ts'

/** Members of an object; their values are JSON already, since not every number of ours is one of JavaScript's. */
type Members = (readonly [name: string, json: string])[]

const NULL_SCHEMA = '{"type":"null"}'

/** None for draft 7: that is what schemas without it are. */
const DIALECTS: Readonly<Record<string, string>> = {
  draft_2019_09: 'https://json-schema.org/draft/2019-09/schema',
  draft_2020_12: 'https://json-schema.org/draft/2020-12/schema',
}

/** The schema as JSON text. */
export function schemaToJson(schema: Schema, mapping: JsonSchemaMapping): string {
  const dialect = DIALECTS[mapping['json.schema.spec.version']]
  const text = new JsonSchemaText(mapping).of(schema)
  return dialect === undefined ? text : `{"$schema":${JSON.stringify(dialect)},${text.slice(1)}`
}

class JsonSchemaText {
  readonly #mapping: JsonSchemaMapping
  readonly #out = new JsonWriter()

  constructor(mapping: JsonSchemaMapping) {
    this.#mapping = mapping
  }

  /** @param index of the field, entry or branch that the schema is of */
  of(schema: Schema, index?: number): string {
    const place: Members = index === undefined ? [] : [[PROP.index, String(index)]]
    if (schema.type === 'struct' && isUnion(schema)) return object([['oneOf', this.#branches(schema)], ...place])
    if (!schema.optional) return object([...this.#type(schema), ...this.#attributes(schema), ...place])
    return object([['oneOf', `[${NULL_SCHEMA},${this.of(withoutNull(schema))}]`], ...place])
  }

  /** The union can be null or not, not its branches. */
  #branches(schema: StructSchema): string {
    const branches = schema.fields.map((field) => this.of(withOptional(field.schema, false), field.index))
    return `[${(schema.optional ? [NULL_SCHEMA, ...branches] : branches).join(',')}]`
  }

  #type(schema: Schema): Members {
    if (schema.type === 'array') return this.#array(schema)
    if (schema.type === 'map') return this.#map(schema)
    if (schema.type === 'struct') return this.#struct(schema)
    return this.#primitive(schema)
  }

  #primitive(schema: PrimitiveSchema): Members {
    switch (schema.type) {
      case 'boolean':
        return [['type', '"boolean"']]
      case 'string':
        return stringType(schema, this.#mapping)
      case 'bytes':
        return ofType(schema.name === LOGICAL.decimal ? 'number' : 'string', 'bytes')
      case 'float32':
      case 'float64':
        return ofType('number', schema.type)
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
        break
    }
    return ofType('integer', schema.type)
  }

  #array(schema: ArraySchema): Members {
    return [
      ['type', '"array"'],
      ['items', this.of(schema.items)],
    ]
  }

  #map(schema: MapSchema): Members {
    if (isObjectMap(schema)) return [...ofType('object', 'map'), ['additionalProperties', this.of(schema.values)]]
    const properties = object([
      [KEY, this.of(schema.keys, 0)],
      [VALUE, this.of(schema.values, 1)],
    ])
    const entry: Members = [
      ['type', '"object"'],
      ['properties', properties],
    ]
    return [...ofType('array', 'map'), ['items', object(entry)]]
  }

  #struct(schema: StructSchema): Members {
    const properties = object(schema.fields.map((field) => [field.name, this.of(field.schema, field.index)]))
    const isOpen = this.#mapping['object.additional.properties']
    return [
      ['type', '"object"'],
      ['properties', properties],
      ...(isOpen ? [] : ([['additionalProperties', 'false']] as const)),
    ]
  }

  #attributes(schema: Schema): Members {
    const { name, version, doc } = schema
    // What begins so is said by keywords of JSON Schema.
    const parameters = Object.entries(schema.parameters ?? {}).filter(([key]) => !key.startsWith(NAMESPACE))
    const members: Members = []
    if (name !== undefined) members.push(['title', JSON.stringify(name)])
    if (doc !== undefined) members.push(['description', JSON.stringify(doc)])
    if (schema.default !== undefined && schema.default !== null) members.push(['default', this.#default(schema)])
    if (version !== undefined) members.push([PROP.version, String(version)])
    if (parameters.length > 0)
      members.push([PROP.parameters, object(parameters.map(([key, value]) => [key, JSON.stringify(value)]))])
    return members
  }

  #default(schema: Schema): string {
    const out = this.#out
    out.begin()
    compileWriteValue(schema, this.#mapping)(out, schema.default)
    return Buffer.from(out.finish()).toString()
  }
}

/** The same schema for values other than null: it must not allow what the branch beside it allows. */
function withoutNull(schema: Schema): Schema {
  const parameters = Object.entries(schema.parameters ?? {}).filter(([key]) => !key.endsWith(`.${NULL_SYMBOL}`))
  return {
    ...schema,
    optional: false,
    ...(schema.parameters !== undefined && { parameters: Object.fromEntries(parameters) }),
  }
}

function stringType(schema: PrimitiveSchema, mapping: JsonSchemaMapping): Members {
  const { parameters = {} } = schema
  const [own, other] = mapping['generalized.sum.type.support'] ? [GENERAL_ENUM, ENUM] : [ENUM, GENERAL_ENUM]
  const prefix = [own, other].find((name) => parameters[name] !== undefined)
  if (prefix === undefined) return [['type', '"string"']]
  const symbols = Object.keys(parameters).flatMap((key) =>
    key.startsWith(`${prefix}.`) ? [key.slice(prefix.length + 1)] : [],
  )
  return [
    ['enum', `[${symbols.map((symbol) => (symbol === NULL_SYMBOL ? 'null' : JSON.stringify(symbol))).join(',')}]`],
  ]
}

function ofType(type: string, connectType: string): Members {
  return [
    ['type', JSON.stringify(type)],
    [PROP.type, JSON.stringify(connectType)],
  ]
}

function object(members: Members): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`
}
