/** Whether values are what their JSON Schema says, with all of it: bounds, patterns, required members. */
import { createRequire } from 'node:module'
import type { RegisteredSchema } from '@sluice/schema-registry'
import { DataError, SchemaError } from '@sluice/sdk'
import type { Ajv, AnySchemaObject, ErrorObject, Options, ValidateFunction } from 'ajv'
import { isJsonObject, JsonNumber } from '../json/json-node.ts'
import type { JsonNode } from '../json/json-node.ts'

/** @throws DataError that names the first place where the value is not what the schema says */
export type Validate = (value: unknown) => void

const require = createRequire(import.meta.url)

/**
 * Compiles the check by a schema.
 * @param isDraft7 whatever draft the schema names
 * @throws SchemaError for a schema that Ajv does not take
 */
export function compileValidate(
  { text, dependencies }: Pick<RegisteredSchema, 'text' | 'dependencies'>,
  isDraft7: boolean,
): Validate {
  const schema = JSON.parse(text) as boolean | Record<string, unknown>
  const ajv = ajvOf(isDraft7 ? undefined : dialectOf(schema))
  let check: ValidateFunction
  try {
    for (const { name, text: other } of dependencies)
      for (const key of new Set([name, absolute(name, schema)])) ajv.addSchema(withoutDialect(JSON.parse(other)), key)
    check = ajv.compile(withoutDialect(schema))
  } catch (cause) {
    throw new SchemaError(`The JSON Schema cannot be validated by: ${(cause as Error).message}`, { cause })
  }
  return (value) => {
    if (isValid(check, value)) return
    throw invalid(check.errors?.[0])
  }
}

function isValid(check: (value: unknown) => unknown, value: unknown): boolean {
  try {
    return check(value) === true
  } catch (cause) {
    // Schemas within themselves are checked by calls within calls, of which Node has not so many.
    if (cause instanceof RangeError) throw new DataError('The value is too deep to be validated', { cause })
    throw cause
  }
}

function invalid(error: ErrorObject | undefined): DataError {
  // A pointer, /rows/0/n.
  const steps = (error?.instancePath ?? '').split('/').slice(1)
  const path = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join('')
  return new DataError(`The value is not what its JSON Schema says: ${error?.message ?? 'it is refused'}`, {
    remedy: 'Correct the value, or set json.fail.invalid.schema=false.',
    place: { ...(path !== '' && { field: path.replace(/^\./, '') }), keyword: error?.schemaPath ?? '' },
  })
}

/** Loaded when it is needed first: most never validate. */
function ajvOf(dialect: string | undefined): Ajv {
  const module = dialect?.includes('2020-12')
    ? 'ajv/dist/2020.js'
    : dialect?.includes('2019-09')
      ? 'ajv/dist/2019.js'
      : 'ajv'
  const draft = require(module) as { readonly default: new (options: Options) => Ajv }
  // Schemas are not validated by that of schemas, which takes most of the time: the registry has read them, and so have we.
  const trusting = { meta: false, validateSchema: false, addUsedSchema: false }
  return new draft.default({ ...trusting, strict: false, validateFormats: false, logger: false })
}

function dialectOf(schema: boolean | Record<string, unknown>): string | undefined {
  const dialect = typeof schema === 'boolean' ? undefined : schema['$schema']
  return typeof dialect === 'string' ? dialect : undefined
}

/** References are made of the name and the id of the schema that they stand in, if it has one. */
function absolute(name: string, schema: boolean | Record<string, unknown>): string {
  const id = typeof schema === 'boolean' ? undefined : schema['$id']
  return typeof id === 'string' && URL.canParse(name, id) ? new URL(name, id).href : name
}

/** Which one it is has been looked at; Ajv would refuse those that it has no text of. */
function withoutDialect(schema: unknown): AnySchemaObject | boolean {
  if (typeof schema === 'boolean') return schema
  const { $schema: _, ...rest } = schema as AnySchemaObject
  return rest
}

/** A tree with numbers as JSON.parse gives them. */
export function plainJson(node: JsonNode): unknown {
  if (node instanceof JsonNumber) return node.toNumber()
  if (Array.isArray(node)) return node.map(plainJson)
  if (!isJsonObject(node)) return node
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, plainJson(value)]))
}
