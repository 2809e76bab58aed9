/** The Connect schema that a JSON Schema is read as: Confluent's mapping. */
import { JsonDocument } from '@sluice/schema-registry'
import type { Located, RegisteredSchema } from '@sluice/schema-registry'
import { DataError, SchemaError, array, map, primitive, structOf, withOptional } from '@sluice/sdk'
import type { Schema, SchemaOptions, Value } from '@sluice/sdk'
import { isJsonObject, JsonNumber, member } from '../json/json-node.ts'
import type { JsonNode, JsonObject } from '../json/json-node.ts'
import { parseExactly } from '../json/json-parser.ts'
import { enumSchema, plainType } from './json-enums.ts'
import { type Part, type Resolved, child, isNull, partsOf, resolve } from './json-parts.ts'
import { GENERAL_UNION, KEY, ONE_OF, PROP, VALUE } from './json-schema-names.ts'
import { compileReadValue } from './json-schema-reading.ts'
import type { JsonSchemaMapping } from './json-schema-settings.ts'
import { branchName } from './union-structs.ts'

type TypePart = Extract<Part, { kind: 'type' }>
type UnionPart = Extract<Part, { kind: 'union' }>

/** References may make few words mean much: of a schema that means more than this nobody wants a copy in each place. */
const SCHEMAS_MAX = 50_000

/** A schema with what it is built on; numbers in it are JsonNumbers. @throws SchemaError */
export function jsonDocument({ text, dependencies }: Pick<RegisteredSchema, 'text' | 'dependencies'>): JsonDocument {
  const parse = (json: string): unknown => parseExactly(json).root
  const others = new Map<string, JsonDocument>()
  for (const { name, text: other } of dependencies) others.set(name, new JsonDocument(other, others, parse))
  return new JsonDocument(text, others, parse)
}

/** Null for a schema that says nothing of its values. @throws SchemaError for one that Connect has no form of */
export function schemaFromJson(document: JsonDocument, mapping: JsonSchemaMapping): Schema | null {
  const at = { json: document.root, document }
  const root = resolve(at)
  if (root === undefined || partsOf(root).length === 0) return null
  return new ConnectSchemas(mapping).of(at, false)
}

class ConnectSchemas {
  readonly #mapping: JsonSchemaMapping
  readonly #isGeneral: boolean
  /** The schemas that enclose the one at hand. */
  readonly #open = new Set<JsonObject>()
  #unions = 0
  #count = 0

  constructor(mapping: JsonSchemaMapping) {
    this.#mapping = mapping
    this.#isGeneral = mapping['generalized.sum.type.support']
  }

  of(at: Located, isOptional: boolean): Schema {
    const resolved = resolve(at)
    if (resolved === undefined) throw unsupported()
    if (this.#open.has(resolved.identity))
      throw new SchemaError('The JSON Schema has itself among its properties; such values have no schema here', {
        remedy: 'Read these records with JsonConverter and schemas.enable=false, or with ByteArrayConverter.',
      })
    if (++this.#count > SCHEMAS_MAX)
      throw new SchemaError(`The JSON Schema means more than ${SCHEMAS_MAX} schemas, references followed`)
    this.#open.add(resolved.identity)
    const schema = this.#resolved(resolved)
    this.#open.delete(resolved.identity)
    return isOptional ? withOptional(schema, true) : schema
  }

  #resolved(at: Resolved): Schema {
    const parts = partsOf(at)
    const types = parts.filter((part) => part.kind === 'type')
    const objects = types.filter(({ type }) => type === 'object')
    const union = parts.find((part) => part.kind === 'union')
    if (objects.length > 0 && (union === undefined || objects.some(({ json }) => isJsonObject(json['properties']))))
      return this.#described(this.#object(objects), at.json, objects.length === 1 ? objects[0]!.json : {})
    if (union !== undefined) return this.#union(union, at.json)
    const named = TYPES.map((name) => types.find((part) => part.type === name))
    const type = named.find((part) => part !== undefined)
    const values = parts.find((part) => part.kind === 'enum')?.values
    if (values !== undefined && (type === undefined || (type.type === 'string' && type.json[PROP.type] !== 'bytes'))) {
      // What the type does not allow is none of its values.
      const symbols = type === undefined ? values : values.filter((value) => typeof value === 'string')
      return this.#described(enumSchema(symbols, this.#isGeneral), at.json, type?.json ?? {})
    }
    if (type !== undefined) return this.#described(this.#typed(type), at.json, type.json)
    const constant = parts.find((part) => part.kind === 'const')
    const only = constant === undefined ? undefined : plainType([constant.value])
    if (only === undefined) throw unsupported()
    return this.#described(primitive(only), at.json, {})
  }

  #typed({ type, json, document }: TypePart): Schema {
    const connectType = json[PROP.type]
    if (type === 'boolean') return primitive('boolean')
    if (type === 'array') return this.#array(json, document)
    if (type === 'string') return primitive(connectType === 'bytes' ? 'bytes' : 'string')
    if (connectType === undefined) return primitive(type === 'integer' ? 'int64' : 'float64')
    const named = NUMBERS.find((name) => name === connectType)
    if (named === undefined)
      throw new SchemaError(`Unsupported type ${JSON.stringify(connectType)}`, {
        remedy: `${PROP.type} of numbers is one of ${NUMBERS.join(', ')}.`,
      })
    return primitive(named)
  }

  #array(json: JsonObject, document: JsonDocument): Schema {
    const items = child(json, 'items', document)
    if (items === undefined) throw new SchemaError('Array schema did not specify the items type')
    const entry = json[PROP.type] === 'map' ? resolve(items) : undefined
    const properties = entry === undefined ? undefined : entry.json['properties']
    if (entry === undefined || !isJsonObject(properties)) return array(this.of(items, false))
    const [key, value] = [KEY, VALUE].map((name) => child(properties, name, entry.document))
    if (key === undefined) throw new SchemaError('keySchema cannot be null.')
    if (value === undefined) throw new SchemaError('valueSchema cannot be null.')
    return map(this.of(key, false), this.of(value, false))
  }

  #object(parts: readonly TypePart[]): Schema {
    const [first] = parts
    if (parts.length === 1 && first!.json[PROP.type] === 'map') {
      const values = child(first!.json, 'additionalProperties', first!.document)
      if (values === undefined) throw new SchemaError('valueSchema cannot be null.')
      return map(primitive('string'), this.of(values, false))
    }
    const required = new Set(parts.flatMap(({ json }) => (Array.isArray(json['required']) ? json['required'] : [])))
    const properties = new Map<string, Located>()
    for (const { json, document } of parts) {
      const own = json['properties']
      if (!isJsonObject(own)) continue
      for (const name of Object.keys(own)) {
        const property = child(own, name, document)
        if (property === undefined) throw new SchemaError(`The property ${name} of the JSON Schema is no schema`)
        properties.set(name, property)
      }
    }
    const areOptional = this.#mapping['use.optional.for.nonrequired']
    return structOf(
      inOrder([...properties]).map(([name, at]) => [name, this.of(at, areOptional && !required.has(name))]),
    )
  }

  #union({ branches }: UnionPart, json: JsonObject): Schema {
    const others = branches.filter((branch) => !isNull(branch))
    const isNullable = others.length < branches.length
    const [sole] = others
    if (sole === undefined) throw unsupported()
    if (others.length === 1 && (isNullable || this.#mapping['flatten.singleton.unions'])) {
      const schema = this.of(sole, isNullable)
      return this.#described(schema, json, {})
    }
    const name = this.#isGeneral ? `connect_union_${this.#unions++}` : ONE_OF
    const pairs = others.map((at, i) => [branchName(i, this.#isGeneral), this.of(at, true)] as const)
    const parameters = this.#isGeneral ? { [GENERAL_UNION]: name } : undefined
    return this.#described(structOf(pairs, { name, optional: isNullable, parameters }), { ...json, title: null }, {})
  }

  /** What keywords add to a type: those of the schema itself go before those of the part that names the type. */
  #described(base: Schema, json: JsonObject, part: JsonObject): Schema {
    const all = { ...part, ...json }
    const text = (keyword: string): string | undefined => {
      const found = all[keyword]
      return typeof found === 'string' ? found : undefined
    }
    const version = all[PROP.version]
    const { name, version: baseVersion, doc, default: baseDefault, parameters, ...type } = base
    const given = all['default']
    const options: SchemaOptions = {
      name: text('title') ?? name,
      version: version instanceof JsonNumber && version.isIntegral ? Number(version.text) : baseVersion,
      doc: text('description') ?? doc,
      parameters: mergedParameters(parameters, all[PROP.parameters]),
    }
    const said = Object.entries(options).filter(([, value]) => value !== undefined)
    const schema = Object.freeze({ ...type, ...Object.fromEntries(said) } as Schema)
    const fallback = given === undefined || given === null ? baseDefault : this.#soundDefault(schema, given)
    if (fallback === undefined) return schema
    // In this order, in which all schemas have them: they are compared as texts.
    const { parameters: last, ...rest } = schema
    return Object.freeze({
      ...rest,
      default: fallback,
      ...(last !== undefined && { parameters: last }),
    } as Schema)
  }

  /** A default that is none of its type is left aside: records do not depend on it. */
  #soundDefault(schema: Schema, given: JsonNode): Value | undefined {
    try {
      return compileReadValue(withOptional(schema, false), this.#mapping)(copyOf(given)) ?? undefined
    } catch (error) {
      if (error instanceof DataError) return undefined
      throw error
    }
  }
}

/** Which of several goes first: a number may have a format, which is one of texts. */
const TYPES = ['integer', 'number', 'string', 'boolean', 'array'] as const
const NUMBERS = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'bytes'] as const

function unsupported(): SchemaError {
  return new SchemaError('A JSON Schema that does not say of what type its values are has no schema of Connect', {
    remedy: 'Give it a type; several types in oneOf.',
  })
}

/** By `connect.index`; those without one stay where they are. */
function inOrder(properties: (readonly [string, Located])[]): readonly (readonly [string, Located])[] {
  const placed = properties.map((property, i) => {
    const index = typeof property[1].json === 'boolean' ? undefined : member(property[1].json as JsonObject, PROP.index)
    return { property, place: index instanceof JsonNumber ? index.toNumber() : i }
  })
  return placed.toSorted((a, b) => a.place - b.place).map(({ property }) => property)
}

function mergedParameters(
  own: Readonly<Record<string, string>> | undefined,
  given: JsonNode | undefined,
): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(given)) return own
  const texts = Object.entries(given).map(([name, value]) => {
    if (typeof value !== 'string') throw new SchemaError(`The parameter ${name} in ${PROP.parameters} is no string`)
    return [name, value] as const
  })
  return Object.freeze({ ...own, ...Object.fromEntries(texts) })
}

/** A tree that may become a value; the one in the document may be needed again. */
function copyOf(node: JsonNode): JsonNode {
  if (Array.isArray(node)) return node.map(copyOf)
  if (!isJsonObject(node)) return node
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, copyOf(value)]))
}
