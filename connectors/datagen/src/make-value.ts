/** An Avro schema, and Connect's of it → what makes values of it. */
import { defaultFromJson } from '@sluice/codecs'
import type { AvroRecord, AvroSchema, AvroUnion } from '@sluice/schema-registry'
import { LOGICAL, SchemaError } from '@sluice/sdk'
import type { Field, Schema, Value } from '@sluice/sdk'
import { ANNOTATIONS, Annotations, lengthWithin } from './annotations.ts'
import type { Make } from './make.ts'
import { makeDecimal, makeFloat, makeInteger } from './make-number.ts'
import { RecordRandom } from './record-random.ts'
import { regexText } from './regex-text.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** How often a text is drawn until its length is right. */
const DRAWS_MAX = 1000

/**
 * @param schema Connect's schema of the Avro schema
 * @param where what it is, for errors
 * @param given annotations that are said of it elsewhere: a field's, as a union has no attributes
 * @throws SchemaError for annotations that cannot be followed
 */
export function makeValue(avro: AvroSchema, schema: Schema, where: string, given?: unknown): Make {
  if (avro.type === 'union') return makeUnion(avro, schema, where, new Annotations(given, where))
  const notes = new Annotations(avro.props[ANNOTATIONS] ?? given, where)
  const { options } = notes
  if (options !== undefined) {
    const values = options.map((json) => optionOf(schema, json, where))
    return (random) => random.pick(values)
  }
  return makeOf(avro, schema, where, notes)
}

function makeOf(avro: Exclude<AvroSchema, AvroUnion>, schema: Schema, where: string, notes: Annotations): Make {
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
      return makeText(notes)
    case 'bytes':
    case 'fixed': {
      if (schema.name === LOGICAL.decimal) return makeDecimal(schema, precisionOf(avro.props), notes)
      const length = avro.type === 'fixed' ? { min: avro.size, max: avro.size } : notes.length
      return (random) => Uint8Array.from({ length: lengthWithin(length, random) }, () => random.below(256))
    }
    case 'enum':
      return (random) => random.pick(avro.symbols)
    case 'array':
      if (schema.type === 'map') return makeEntries(avro.items as AvroRecord, schema, where, notes)
      if (schema.type === 'array') return makeArray(makeValue(avro.items, schema.items, `the items of ${where}`), notes)
      break
    case 'map':
      if (schema.type === 'map')
        return makeMap(makeText(notes.keys), makeValue(avro.values, schema.values, `the values of ${where}`), notes)
      break
    case 'record':
    case 'error':
      if (schema.type === 'struct') return makeRecord(avro, schema.fields, where)
  }
  throw new SchemaError(`No values can be made for ${where}`)
}

function makeRecord(avro: AvroRecord, fields: readonly Field[], where: string): Make {
  const makes = avro.fields.map(({ name, type, props }, i) => {
    const place = `the field ${name} of ${where}`
    return [name, makeValue(type, fields[i]!.schema, place, props[ANNOTATIONS])] as const
  })
  return (random, number) => {
    const row: Record<string, Value> = {}
    for (const [name, make] of makes) row[name] = make(random, number)
    return row
  }
}

/** An optional type is the value or null; any other union a struct that has one of its fields. */
function makeUnion({ branches }: AvroUnion, schema: Schema, where: string, notes: Annotations): Make {
  if (notes.options !== undefined)
    throw new SchemaError(`options of ${where} are said of a union; say them of one of its types`)
  const position = notes.position(branches.length)
  const shares = notes.distribution(branches.length)
  const others = branches.filter(({ type }) => type !== 'null')
  const isSole = branches.length === 2 && others.length === 1
  const makes = branches.map((branch, i): Make => {
    const place = `the type ${i} of ${where}`
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

function makeText(notes: Annotations): Make & ((...given: Parameters<Make>) => string) {
  const { options, prefix, suffix, regex, givenLength } = notes
  const isBare = prefix === '' && suffix === ''
  if (options !== undefined) {
    const texts = options.map(String)
    return (random) => random.pick(texts)
  }
  if (regex === undefined) {
    const { length } = notes
    return (random) => {
      let text = prefix
      for (let left = lengthWithin(length, random); left > 0; left--)
        text += LETTERS.charAt(random.below(LETTERS.length))
      return text + suffix
    }
  }
  const draw = regexText(regex, givenLength?.max)
  if (givenLength === undefined) return isBare ? draw : (random) => prefix + draw(random) + suffix
  const { min, max } = givenLength
  // A number alone is the least length, as beside a regex it is to Confluent's.
  const last = min === max ? Infinity : max - 1
  const fitting = (random: RecordRandom): string | null => {
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      const text = draw(random)
      if (text.length >= min && text.length <= last) return text
    }
    return null
  }
  const example = fitting(new RecordRandom(regex).at(0, 0, 0))
  if (example === null)
    throw new SchemaError(`Hardly a text of the regex ${JSON.stringify(regex)} has the length that is wanted`)
  return (random) => prefix + (fitting(random) ?? example) + suffix
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
  where: string,
  notes: Annotations,
): Make {
  const [key, value] = ['key', 'value'].map((name) => entry.fields.find((field) => field.name === name)!)
  return makeMap(
    makeValue(key!.type, schema.keys, `the keys of ${where}`, key!.props[ANNOTATIONS]),
    makeValue(value!.type, schema.values, `the values of ${where}`, value!.props[ANNOTATIONS]),
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
