/**
 * Whether a value fits its schema: the rules of Connect's `ConnectSchema.validateValue` and `Struct.validate`, and those its
 * logical types check when they are converted. Compiled once per schema; a good value costs no allocation.
 */
import { ValueError } from './errors.ts'
import { decimalScale, LOGICAL } from './schema.ts'
import type { ArraySchema, Field, MapSchema, PrimitiveSchema, PrimitiveType, Schema, StructSchema } from './schema.ts'
import type { StructValue, Value } from './value.ts'

/** @throws ValueError naming the first offending value's place. `path` names the value itself in that place. */
export type ValueValidator = (value: Value | undefined, path?: string) => void

/**
 * Checks a value against a schema; a null schema asks only that it is a value at all.
 * @throws ValueError naming the first offending value's place, such as `items[3].price`
 */
export function validateValue(schema: Schema | null, value: Value | undefined, path?: string): void {
  if (schema === null) report(schemaless(value), path)
  else validatorFor(schema)(value, path)
}

/** The compiled check of a schema; remembered per schema object. */
export function validatorFor(schema: Schema): ValueValidator {
  let found = validators.get(schema)
  if (found === undefined) {
    const check = compile(schema, 'value')
    found = (value, path) => report(check(value ?? null), path)
    validators.set(schema, found)
  }
  return found
}

/** A field as a reader sees it: its default where it is missing or null (Connect's `Struct.get`). */
export function getWithDefault(struct: StructValue, field: Field): Value {
  const value = Object.hasOwn(struct, field.name) ? struct[field.name] : null
  return value ?? field.schema.default ?? null
}

const validators = new WeakMap<Schema, ValueValidator>()

/** What is wrong, and the path to it from where the check began: collected on the way back, so that a good value builds none. */
interface Problem {
  readonly message: string
  readonly path: string
}
type Check = (value: Value) => Problem | null

function report(problem: Problem | null, root: string | undefined): void {
  if (problem === null) return
  const path = root === undefined ? problem.path.replace(/^\./, '') : root + problem.path
  throw new ValueError(problem.message, path === '' ? {} : { place: { field: path } })
}

/** @param location Java's words for the place: `value`, `field: "x"`, `element of array field: "x"` */
function compile(schema: Schema, location: string): Check {
  const typed = compileType(schema, location)
  if (schema.optional) return (value) => (value === null || value === undefined ? null : typed(value))
  const missing = {
    message: `Invalid value: null used for required ${location}, schema type: ${schema.type.toUpperCase()}`,
    path: '',
  }
  return (value) => (value === null || value === undefined ? missing : typed(value))
}

function compileType(schema: Schema, location: string): Check {
  const mismatch = (value: Value): Problem => wrongType(schema, value, location)
  if (schema.type === 'struct') return compileStruct(schema, mismatch)
  if (schema.type === 'array') return compileArray(schema, mismatch, location)
  if (schema.type === 'map') return compileMap(schema, mismatch, location)
  const fits = fitsPrimitive(schema)
  return (value) => (fits(value) ? null : mismatch(value))
}

type Mismatch = (value: Value) => Problem

function compileArray(schema: ArraySchema, mismatch: Mismatch, location: string): Check {
  const element = compile(schema.items, `element of array ${location}`)
  return (value) => {
    if (!Array.isArray(value)) return mismatch(value)
    const items = value as readonly Value[]
    for (let i = 0; i < items.length; i++) {
      const problem = element(items[i]!)
      if (problem !== null) return under(`[${i}]`, problem)
    }
    return null
  }
}

function compileMap(schema: MapSchema, mismatch: Mismatch, location: string): Check {
  const key = compile(schema.keys, `key of map ${location}`)
  const item = compile(schema.values, `value of map ${location}`)
  return (value) => {
    if (!(value instanceof Map)) return mismatch(value)
    for (const [k, v] of value as ReadonlyMap<Value, Value>) {
      const problem = key(k) ?? item(v)
      if (problem !== null) return under(`[${keyText(k)}]`, problem)
    }
    return null
  }
}

function compileStruct(schema: StructSchema, mismatch: Mismatch): Check {
  const fields = schema.fields.map((field) => ({
    name: field.name,
    // A name that every object inherits would be found in an object that lacks it.
    inherited: field.name in Object.prototype,
    mayMiss: field.schema.optional || field.schema.default !== undefined,
    check: compile(field.schema, `field: "${field.name}"`),
  }))
  const names = new Set(fields.map(({ name }) => name))
  return (value) => {
    if (!isStruct(value)) return mismatch(value)
    let present = 0
    for (const field of fields) {
      const own = !field.inherited || Object.hasOwn(value, field.name)
      const item = own ? value[field.name] : undefined
      if (item === undefined || item === null) {
        if (item === null) present++
        if (field.mayMiss) continue
      } else present++
      const problem = field.check(item ?? null)
      if (problem !== null) return under(`.${field.name}`, problem)
    }
    const keys = Object.keys(value)
    if (keys.length === present) return null
    const unknown = keys.find((key) => !names.has(key))
    return unknown === undefined ? null : { message: `${unknown} is not a valid field name`, path: `.${unknown}` }
  }
}

function fitsPrimitive(schema: PrimitiveSchema): (value: Value) => boolean {
  if (schema.name === LOGICAL.decimal && schema.type === 'bytes') return fitsDecimal(decimalScale(schema))
  if (schema.name === LOGICAL.time && schema.type === 'int32') return (value) => isInteger(value, 0, 86_399_999)
  if (schema.name === LOGICAL.timestamp && schema.type === 'int64') return Number.isSafeInteger
  return FITS[schema.type]
}

const FITS: Readonly<Record<PrimitiveType, (value: Value) => boolean>> = {
  int8: (value) => isInteger(value, -128, 127),
  int16: (value) => isInteger(value, -32_768, 32_767),
  int32: (value) => isInteger(value, -2_147_483_648, 2_147_483_647),
  int64: (value) => Number.isSafeInteger(value) || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value),
  float32: (value) => typeof value === 'number',
  float64: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string',
  bytes: (value) => value instanceof Uint8Array,
}

/** Plain decimal text with exactly `scale` digits behind the point; a negative scale asks for that many zeros before it. */
function fitsDecimal(scale: number): (value: Value) => boolean {
  const zeros = `(?:0|-?\\d+0{${-scale}})`
  const pattern = new RegExp(scale > 0 ? `^-?\\d+\\.\\d{${scale}}$` : scale === 0 ? '^-?\\d+$' : `^${zeros}$`)
  return (value) => typeof value === 'string' && pattern.test(value)
}

function isInteger(value: Value, least: number, most: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}

function isStruct(value: Value): value is StructValue {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Map)
}

function wrongType(schema: Schema, value: Value, location: string): Problem {
  const name = schema.name === undefined ? '' : ` "${schema.name}"`
  const expected = expectation(schema)
  const message = `Invalid value for schema${name} with type ${schema.type.toUpperCase()}: ${kindOf(value)} for ${location}`
  return { message: expected === '' ? message : `${message}; it takes ${expected}`, path: '' }
}

/** What would be right, where the type's name does not say it. */
function expectation(schema: Schema): string {
  if (schema.name === LOGICAL.decimal)
    return `decimal text with ${schema.parameters?.['scale'] ?? '?'} digits behind the point`
  if (schema.name === LOGICAL.date) return 'whole days since 1970-01-01'
  if (schema.name === LOGICAL.time) return 'milliseconds of the day, 0 to 86399999'
  if (schema.name === LOGICAL.timestamp) return 'whole milliseconds since 1970-01-01T00:00:00Z'
  return schema.type.startsWith('int') ? `whole numbers of ${schema.type.slice(3)} bits` : ''
}

/** The kind of a value, never the value: messages end up in logs. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (value instanceof Uint8Array) return 'Uint8Array'
  if (value instanceof Map) return 'Map'
  if (typeof value === 'number' && !Number.isInteger(value)) return 'number with a fraction'
  return typeof value === 'object' && value !== null
    ? value.constructor.name.replace(/^Object$/, 'object')
    : typeof value
}

function under(step: string, problem: Problem): Problem {
  return { message: problem.message, path: step + problem.path }
}

function keyText(key: Value): string {
  return typeof key === 'string' || typeof key === 'number' ? String(key) : kindOf(key)
}

const PLAIN_TYPES: ReadonlySet<string> = new Set(['boolean', 'number', 'bigint', 'string'])

/** Without a schema: only what `Value` lists, all the way down. */
function schemaless(value: Value | undefined): Problem | null {
  if (value === null || PLAIN_TYPES.has(typeof value) || value instanceof Uint8Array) return null
  if (typeof value !== 'object') return { message: `Invalid value without a schema: ${typeof value}`, path: '' }
  if (value instanceof Map) {
    for (const [key, item] of value as ReadonlyMap<Value, Value>) {
      const problem = schemaless(key) ?? schemaless(item)
      if (problem !== null) return under(`[${keyText(key)}]`, problem)
    }
    return null
  }
  const isArray = Array.isArray(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!isArray && prototype !== Object.prototype && prototype !== null && !isForeignPlain(value))
    return { message: `Invalid value without a schema: ${kindOf(value)}`, path: '' }
  for (const [key, item] of Object.entries(value as StructValue)) {
    const problem = schemaless(item)
    if (problem !== null) return under(isArray ? `[${key}]` : `.${key}`, problem)
  }
  return null
}

/** A plain object of another realm (a vm context, a test runner's): its prototype is an `Object.prototype`, not ours. */
function isForeignPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype !== null && Object.getPrototypeOf(prototype) === null
}
