/** An Avro schema, and Connect's of it → what makes values of it. */
import { defaultFromJson } from '@sluice/codecs'
import type { AvroRecord, AvroSchema, AvroUnion } from '@sluice/schema-registry'
import { LOGICAL, SchemaError } from '@sluice/sdk'
import type { Field, Schema, Value } from '@sluice/sdk'
import { ANNOTATIONS, Annotations, lengthWithin } from './annotations.ts'
import { assertHolds, within, type Make, type Spot } from './make.ts'
import { makeDecimal, makeFloat, makeInteger } from './make-number.ts'
import { makeText } from './make-text.ts'

/**
 * @param schema Connect's schema of the Avro schema
 * @param spot what it is, for errors, and how many of it a record may have
 * @param given annotations that are said of it elsewhere: a field's, as a union has no attributes
 * @throws SchemaError for annotations that cannot be followed
 */
export function makeValue(avro: AvroSchema, schema: Schema, spot: Spot, given?: unknown): Make {
  const { where } = spot
  if (avro.type === 'union') return makeUnion(avro, schema, spot, new Annotations(given, where))
  const notes = new Annotations(avro.props[ANNOTATIONS] ?? given, where)
  const { options } = notes
  if (options !== undefined) {
    const values = options.map((json) => optionOf(schema, json, where))
    return (random) => random.pick(values)
  }
  return makeOf(avro, schema, spot, notes)
}

function makeOf(avro: Exclude<AvroSchema, AvroUnion>, schema: Schema, spot: Spot, notes: Annotations): Make {
  const { where } = spot
  switch (avro.type) {
    case 'null':
      return () => null
    case 'boolean':
      return makeBoolean(notes)
    case 'int':
    case 'long':
      return makeInteger(schema, schema.type as 'int32', notes, where)
    case 'float':
    case 'double':
      return makeFloat(avro.type === 'float', notes)
    case 'string':
      return makeText(notes, spot)
    case 'bytes':
    case 'fixed': {
      if (schema.name === LOGICAL.decimal) return makeDecimal(schema, precisionOf(avro.props), notes)
      const length = avro.type === 'fixed' ? { min: avro.size, max: avro.size } : notes.length
      assertHolds(spot, length.max)
      return (random) => Uint8Array.from({ length: lengthWithin(length, random) }, () => random.below(256))
    }
    case 'enum':
      return (random) => random.pick(avro.symbols)
    case 'array':
      if (schema.type === 'map') return makeEntries(avro.items as AvroRecord, schema, spot, notes)
      if (schema.type === 'array')
        return makeArray(makeValue(avro.items, schema.items, within(spot, 'items', notes.length.max)), notes)
      break
    case 'map':
      if (schema.type === 'map') {
        const [keys, values] = [within(spot, 'keys', notes.length.max), within(spot, 'values', notes.length.max)]
        return makeMap(makeText(notes.keys, keys), makeValue(avro.values, schema.values, values), notes)
      }
      break
    case 'record':
    case 'error':
      if (schema.type === 'struct') return makeRecord(avro, schema.fields, spot)
  }
  throw new SchemaError(`No values can be made for ${where}`)
}

function makeRecord(avro: AvroRecord, fields: readonly Field[], spot: Spot): Make {
  const makes = avro.fields.map(({ name, type, props }, i) => {
    const field = within(spot, `field ${name}`, 1)
    return [name, makeValue(type, fields[i]!.schema, field, props[ANNOTATIONS])] as const
  })
  return (random, number) => {
    const row: Record<string, Value> = {}
    for (const [name, make] of makes) row[name] = make(random, number)
    return row
  }
}

/** An optional type is the value or null; any other union a struct that has one of its fields. */
function makeUnion({ branches }: AvroUnion, schema: Schema, spot: Spot, notes: Annotations): Make {
  if (notes.options !== undefined)
    throw new SchemaError(`options of ${spot.where} are said of a union; say them of one of its types`)
  const position = notes.position(branches.length)
  const shares = notes.distribution(branches.length)
  const others = branches.filter(({ type }) => type !== 'null')
  const isSole = branches.length === 2 && others.length === 1
  const makes = branches.map((branch, i): Make => {
    const place = within(spot, `type ${i}`, 1)
    if (branch.type === 'null') return () => null
    if (isSole || schema.type !== 'struct') return makeValue(branch, schema, place)
    const field = schema.fields[others.indexOf(branch)]!
    const make = makeValue(branch, field.schema, place)
    const empty = Object.fromEntries(schema.fields.map(({ name }) => [name, null]))
    return (random, number) => ({ ...empty, [field.name]: make(random, number) })
  })
  if (position !== undefined) return makes[position]!
  if (shares === undefined) return (random, number) => random.pick(makes)(random, number)
  return (random, number) => {
    let left = random.next()
    const at = shares.findIndex((share) => (left -= share) < 0)
    return makes[at < 0 ? shares.findLastIndex((share) => share > 0) : at]!(random, number)
  }
}

function makeBoolean(notes: Annotations): Make {
  const { alternation } = notes
  if (alternation !== undefined) return (_random, number) => (number % 2 === 0) === alternation
  const { odds = 0.5 } = notes
  return (random) => random.next() < odds
}

function makeArray(make: Make, { length }: Annotations): Make {
  return (random, number) => Array.from({ length: lengthWithin(length, random) }, () => make(random, number))
}

/** Keys that are drawn twice count once: a map of few possible keys is smaller than it was to be. */
function makeMap(makeKey: Make, make: Make, { length }: Annotations): Make {
  return (random, number) => {
    const map = new Map<Value, Value>()
    for (let left = lengthWithin(length, random); left > 0; left--)
      map.set(makeKey(random, number), make(random, number))
    return map
  }
}

/** A map with keys of any type, which Avro has as an array of entries. */
function makeEntries(
  entry: AvroRecord,
  schema: Schema & { readonly type: 'map' },
  spot: Spot,
  notes: Annotations,
): Make {
  const [key, value] = ['key', 'value'].map((name) => entry.fields.find((field) => field.name === name)!)
  const [keys, values] = [within(spot, 'keys', notes.length.max), within(spot, 'values', notes.length.max)]
  return makeMap(
    makeValue(key!.type, schema.keys, keys, key!.props[ANNOTATIONS]),
    makeValue(value!.type, schema.values, values, value!.props[ANNOTATIONS]),
    notes,
  )
}

function optionOf(schema: Schema, json: unknown, where: string): Value {
  try {
    return defaultFromJson(schema, json) ?? null
  } catch (cause) {
    throw new SchemaError(`The option ${JSON.stringify(json)} of ${where} is no ${schema.type}`, { cause })
  }
}

function precisionOf(props: Readonly<Record<string, unknown>>): number | undefined {
  const { precision } = props
  return typeof precision === 'number' ? precision : undefined
}
