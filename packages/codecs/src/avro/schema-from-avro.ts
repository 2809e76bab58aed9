/** The Connect schema that an Avro schema is read as: Confluent's mapping. */
import type { AvroEnum, AvroField, AvroRecord, AvroSchema, AvroUnion } from '@sluice/schema-registry'
import {
  DataError,
  SchemaError,
  array,
  date,
  decimal,
  map,
  primitive,
  structOf,
  time,
  timestamp,
  withOptional,
} from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { defaultFromJson } from './avro-defaults.ts'
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
} from './avro-names.ts'

/** Unions have no unions in them. */
type Branch = Exclude<AvroSchema, AvroUnion>

interface Context {
  readonly mapping: AvroMapping
  /** The records that enclose the one at hand. */
  readonly open: Set<AvroSchema>
  /** Unions so far: `generalized.sum.type.support` numbers them. */
  unions: number
}

/** @throws SchemaError for a schema that Connect has no form of: null alone, a record within itself */
export function schemaFromAvro(avro: AvroSchema, mapping: AvroMapping): Schema {
  return convert(avro, { mapping, open: new Set(), unions: 0 })
}

/** The one branch that is not null of a union that makes its type optional, or that is flattened. */
export function soleBranch(union: AvroUnion, mapping: AvroMapping): Branch | undefined {
  const { branches } = union
  if (branches.length === 1) return mapping['flatten.singleton.unions'] ? branches.find(isBranch) : undefined
  if (branches.length !== 2 || !branches.some(({ type }) => type === 'null')) return undefined
  return branches.find(isBranch)
}

function isBranch(avro: AvroSchema): avro is Branch {
  return avro.type !== 'union' && avro.type !== 'null'
}

/** Whether the items of an array are the entries of a map whose keys are no strings. */
export function isMapEntry(items: AvroSchema): items is AvroRecord {
  if (items.type !== 'record') return false
  return (items.namespace === NAMESPACE && items.name === MAP_ENTRY) || items.props[PROP.internalType] === MAP_ENTRY
}

function convert(avro: AvroSchema, context: Context, field?: AvroField): Schema {
  if (avro.type === 'union') return convertUnion(avro, context, field)
  const base = convertBase(avro, context)
  return described(base, avro, context.mapping, field?.default)
}

function convertUnion(union: AvroUnion, context: Context, field?: AvroField): Schema {
  const sole = soleBranch(union, context.mapping)
  const isNullable = union.branches.some(({ type }) => type === 'null')
  if (sole !== undefined) {
    // What is said of the branch comes first: Avro's default belongs to the union's first branch, the branch of the value.
    const isDefaultOfSole = union.branches[0] === sole
    const schema = described(
      convertBase(sole, context),
      sole,
      context.mapping,
      isDefaultOfSole ? field?.default : undefined,
    )
    return withOptional(schema, isNullable)
  }
  const isGeneral = context.mapping['generalized.sum.type.support']
  const name = isGeneral ? `connect_union_${context.unions++}` : UNION
  const pairs: [string, Schema][] = []
  union.branches.forEach((branch, i) => {
    if (branch.type === 'null') return
    const fieldName = unionFieldName(branch, i, context.mapping)
    if (pairs.some(([other]) => other === fieldName))
      throw new SchemaError(`Multiple union schemas map to the Connect union field name ${fieldName}`, {
        remedy: 'Set enhanced.avro.schema.support=true: the fields then have the namespaces of their types.',
      })
    pairs.push([fieldName, withOptional(convert(branch, context), true)])
  })
  const [first] = union.branches
  let fallback: Value | undefined
  if (first !== undefined && first.type !== 'null' && field !== undefined) {
    const value = soundDefault(pairs[0]![1], field.default)
    if (value !== undefined) fallback = { [pairs[0]![0]]: value }
  }
  return structOf(pairs, {
    name,
    optional: isNullable,
    default: fallback,
    parameters: isGeneral ? { [GENERAL_UNION]: name } : undefined,
  })
}

/** Under which name a struct that stands for a union has this branch. */
export function unionFieldName(branch: AvroSchema, index: number, mapping: AvroMapping): string {
  if (mapping['generalized.sum.type.support']) return `connect_union_field_${index}`
  if (branch.type === 'record' || branch.type === 'error' || branch.type === 'enum')
    return mapping['enhanced.avro.schema.support'] ? branch.fullName : branch.name
  return branch.type
}

function convertBase(avro: Branch, context: Context): Schema {
  const logical = avro.props['logicalType']
  switch (avro.type) {
    case 'boolean':
      return primitive('boolean')
    case 'int':
      return convertInt(avro.props[PROP.type], logical)
    case 'long':
      return logical === 'timestamp-millis' ? timestamp() : primitive('int64')
    case 'float':
      return primitive('float32')
    case 'double':
      return primitive('float64')
    case 'string':
      return primitive('string')
    case 'bytes':
      return logical === 'decimal' ? convertDecimal(avro.props, {}) : primitive('bytes')
    case 'fixed': {
      const parameters = { [PARAMETER.fixedSize]: String(avro.size) }
      return logical === 'decimal' ? convertDecimal(avro.props, parameters) : primitive('bytes', { parameters })
    }
    case 'enum':
      return primitive('string', { parameters: enumParameters(avro, context.mapping) })
    case 'array':
      return isMapEntry(avro.items) ? convertEntries(avro.items, context) : array(convert(avro.items, context))
    case 'map':
      return map(primitive('string'), convert(avro.values, context))
    case 'record':
    case 'error':
      return convertRecord(avro, context)
    case 'null':
      break
  }
  throw new SchemaError('Standalone null schemas are not supported by this converter')
}

function convertInt(connectType: unknown, logical: unknown): Schema {
  if (logical === 'date') return date()
  if (logical === 'time-millis') return time()
  if (logical !== undefined || connectType === undefined) return primitive('int32')
  if (connectType === 'int8' || connectType === 'int16') return primitive(connectType)
  throw new SchemaError(
    `The attribute ${PROP.type} of an Avro int is ${JSON.stringify(connectType)}, not int8 or int16`,
  )
}

function convertDecimal(props: Readonly<Record<string, unknown>>, more: Readonly<Record<string, string>>): Schema {
  const { scale = 0, precision } = props
  if (!Number.isInteger(scale)) throw new SchemaError('scale must be specified and must be a number.')
  if (precision !== undefined && !Number.isInteger(precision))
    throw new SchemaError('precision property must be a JSON Integer.')
  const own =
    precision === undefined || precision === PRECISION_DEFAULT
      ? {}
      : { [PARAMETER.precision]: JSON.stringify(precision) }
  return decimal(scale as number, { parameters: { ...own, ...more } })
}

function enumParameters(avro: AvroEnum, mapping: AvroMapping): Readonly<Record<string, string>> {
  const isGeneral = mapping['generalized.sum.type.support']
  const prefix = isGeneral ? GENERAL_ENUM : ENUM
  const hasMeta = mapping['connect.meta.data']
  return {
    ...(hasMeta && avro.doc !== undefined && { [PARAMETER.enumDoc + avro.name]: avro.doc }),
    ...(hasMeta && avro.default !== undefined && { [PARAMETER.enumDefault + avro.name]: avro.default }),
    [prefix]: avro.fullName,
    ...Object.fromEntries(avro.symbols.map((symbol, i) => [`${prefix}.${symbol}`, isGeneral ? String(i) : symbol])),
  }
}

function convertEntries(entry: AvroRecord, context: Context): Schema {
  const [key, value] = ['key', 'value'].map((name) => entry.fields.find((field) => field.name === name))
  if (entry.fields.length !== 2 || key === undefined || value === undefined)
    throw new SchemaError(
      'Found map encoded as array of key-value pairs, but array elements do not match the expected format.',
    )
  return map(convert(key.type, context), convert(value.type, context))
}

function convertRecord(avro: AvroRecord, context: Context): Schema {
  if (context.open.has(avro))
    throw new SchemaError(
      `The Avro record ${avro.fullName} has itself among its fields, which a schema of Connect’s model cannot say`,
      {
        remedy:
          'Register a version without that field and set use.latest.version=true, or read the records with ByteArrayConverter.',
      },
    )
  context.open.add(avro)
  const pairs = avro.fields.map((field) => [field.name, convert(field.type, context, field)] as const)
  context.open.delete(avro)
  if (!context.mapping['connect.meta.data']) return structOf(pairs)
  const docs = avro.fields.flatMap(({ name, doc }) => (doc === undefined ? [] : [[PARAMETER.fieldDoc + name, doc]]))
  const parameters = {
    ...(avro.doc !== undefined && { [PARAMETER.recordDoc]: avro.doc }),
    ...(Object.fromEntries(docs) as Record<string, string>),
  }
  return structOf(pairs, Object.keys(parameters).length === 0 ? {} : { parameters })
}

/** What the attributes of an Avro schema add to its type. */
function described(base: Schema, avro: Branch, mapping: AvroMapping, fieldDefault: unknown): Schema {
  const { props } = avro
  const hasMeta = mapping['connect.meta.data']
  const parameters: Record<string, string> = { ...base.parameters }
  if (hasMeta) Object.assign(parameters, parametersIn(props[PROP.parameters]))
  for (const [key, value] of Object.entries(props))
    if (key.startsWith(PARAMETER.avro)) parameters[key] = typeof value === 'string' ? value : JSON.stringify(value)
  // A default of null is none; Avro's own, of the field, goes before the attribute.
  const isFields = fieldDefault !== undefined && fieldDefault !== null
  const json = isFields ? fieldDefault : props[PROP.default]
  if (hasMeta && isFields && props[PROP.default] === undefined) parameters[PARAMETER.fieldDefault] = 'true'
  const doc = props[PROP.doc]
  const { name: _name, version: _version, doc: _doc, default: _default, parameters: _parameters, ...type } = base
  const options = {
    name: nameOf(base, avro),
    version: versionOf(base, props[PROP.version]),
    doc: hasMeta && typeof doc === 'string' ? doc : undefined,
    default: soundDefault(base, json),
    parameters: Object.keys(parameters).length > 0 ? Object.freeze(parameters) : undefined,
  }
  // In this order, in which all schemas have them: they are compared as texts.
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.freeze({ ...type, ...Object.fromEntries(given) } as Schema)
}

/** A default that is none of its type is left aside, as by Confluent's: records do not depend on it. */
function soundDefault(base: Schema, json: unknown): Value | undefined {
  try {
    return defaultFromJson(base, json)
  } catch (error) {
    if (error instanceof DataError) return undefined
    throw error
  }
}

function nameOf(base: Schema, avro: Branch): string | undefined {
  const given = avro.props[PROP.name]
  if (given !== undefined && typeof given !== 'string')
    throw new SchemaError(`Invalid schema name: ${JSON.stringify(given)}`)
  const name = given ?? ('fullName' in avro && base.name === undefined ? avro.fullName : undefined)
  if (name === undefined || name.startsWith(UNNAMED)) return base.name
  if (base.name === undefined || base.name === name) return name
  throw new SchemaError(
    `Mismatched names: name already added to SchemaBuilder (${base.name}) differs from name in source schema (${name})`,
  )
}

function versionOf(base: Schema, given: unknown): number | undefined {
  if (given === undefined) return base.version
  if (!Number.isInteger(given)) throw new SchemaError(`Invalid Connect version found: ${JSON.stringify(given)}`)
  if (base.version === undefined || base.version === given) return given as number
  throw new SchemaError(
    `Mismatched versions: version already added to SchemaBuilder (${base.version}) differs from version in source schema (${given as number})`,
  )
}

function parametersIn(given: unknown): Readonly<Record<string, string>> {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new SchemaError(`Expected JSON object for schema parameters but found: ${JSON.stringify(given)}`)
  const wrong = Object.values(given).find((value) => typeof value !== 'string')
  if (wrong === undefined) return given as Readonly<Record<string, string>>
  throw new SchemaError(`Expected schema parameter values to be strings but found: ${JSON.stringify(wrong)}`)
}
