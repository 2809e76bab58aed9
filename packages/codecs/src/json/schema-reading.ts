/** Connect schemas from the JSON of JsonConverter's envelope. */
import { array, DataError, map, primitive, SchemaError, structOf } from '@sluice/sdk'
import type { PrimitiveType, Schema, SchemaOptions } from '@sluice/sdk'
import { isJsonObject, JsonNumber, member } from './json-node.ts'
import type { JsonNode, JsonObject } from './json-node.ts'
import { compileReadJson } from './json-reading.ts'
import type { JsonSettings } from './json-settings.ts'

/**
 * Reads a schema; JSON null is none (schemaless).
 * @param node from the exact parser, because defaults may be decimals
 * @throws DataError in Connect's words
 */
export function readSchema(node: JsonNode | undefined, settings: JsonSettings): Schema | null {
  if (node === null) return null
  const type = isJsonObject(node) ? member(node, 'type') : undefined
  if (!isJsonObject(node) || typeof type !== 'string') throw new DataError("Schema must contain 'type' field")
  const schema = withoutDefault(node, type, settings)
  const fallback = member(node, 'default')
  if (fallback === undefined) return schema
  const value = compileReadJson(schema, settings)(fallback)
  if (value === null && !schema.optional) throw new SchemaError('Invalid default value')
  return value === null ? schema : Object.freeze({ ...schema, default: value })
}

function withoutDefault(node: JsonObject, type: string, settings: JsonSettings): Schema {
  switch (type) {
    case 'array': {
      const items = member(node, 'items')
      if (items === undefined || items === null) throw new DataError('Array schema did not specify the element type')
      return array(required(items, settings, 'elementSchema'), options(node))
    }
    case 'map': {
      const [keys, values] = [member(node, 'keys'), member(node, 'values')]
      if (keys === undefined) throw new DataError('Map schema did not specify the key type')
      if (values === undefined) throw new DataError('Map schema did not specify the value type')
      return map(required(keys, settings, 'keySchema'), required(values, settings, 'valueSchema'), options(node))
    }
    case 'struct': {
      const fields = member(node, 'fields')
      if (!Array.isArray(fields)) throw new DataError('Struct schema\'s "fields" argument is not an array.')
      const pairs = fields.map((field): [string, Schema] => {
        const name = isJsonObject(field) ? member(field, 'field') : undefined
        if (typeof name !== 'string') throw new DataError("Struct schema's field name not specified properly")
        return [name, required(field, settings, 'schema')]
      })
      return structOf(pairs, options(node))
    }
    default: {
      const primitiveType = PRIMITIVES.get(type)
      if (primitiveType === undefined) throw new DataError(`Unknown schema type: ${type}`)
      return primitive(primitiveType, options(node))
    }
  }
}

function required(node: JsonNode, settings: JsonSettings, what: string): Schema {
  const schema = readSchema(node, settings)
  if (schema === null) throw new SchemaError(`${what} cannot be null.`)
  return schema
}

/** Members of another type than they should have are passed over, as in Connect; only parameters are looked at closely. */
function options(node: JsonObject): SchemaOptions {
  const text = (name: string): string | undefined => {
    const found = member(node, name)
    return typeof found === 'string' ? found : undefined
  }
  const version = member(node, 'version')
  const parameters = member(node, 'parameters')
  return {
    optional: member(node, 'optional') === true,
    name: text('name'),
    version:
      version instanceof JsonNumber && version.isIntegral ? Number(BigInt.asIntN(32, version.toLong())) : undefined,
    doc: text('doc'),
    parameters: isJsonObject(parameters) ? texts(parameters) : undefined,
  }
}

function texts(parameters: JsonObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      if (typeof value !== 'string') throw new DataError('Schema parameters must have string values.')
      return [name, value]
    }),
  )
}

const PRIMITIVES: ReadonlyMap<string, PrimitiveType> = new Map([
  ['boolean', 'boolean'],
  ['int8', 'int8'],
  ['int16', 'int16'],
  ['int32', 'int32'],
  ['int64', 'int64'],
  ['float', 'float32'],
  ['double', 'float64'],
  ['bytes', 'bytes'],
  ['string', 'string'],
])
