import { SeededRandom } from '@sluice/sdk/testing'
import { array, date, decimal, map, primitive, structOf, time, timestamp } from '@sluice/sdk'
import type { Converter, RawSettings, Schema, SchemaOptions, StructValue, Value } from '@sluice/sdk'
import { messageIndexBytes } from '@sluice/schema-registry'
import type { SchemaReference, SchemaRegistry } from '@sluice/schema-registry'
import { protobufConverterWith, protobufSettings } from '@sluice/codecs'
import { decimalText } from '../support/registry-conversions.ts'

export { failure, ready } from '../support/registry-conversions.ts'

export function converterOn(
  registry: SchemaRegistry,
  raw: RawSettings = {},
  side: 'key' | 'value' = 'value',
): Converter {
  const settings = protobufSettings.parse({ 'schema.registry.url': 'http://unused', ...raw })
  return protobufConverterWith(settings, side, registry)
}

export async function registered(
  registry: SchemaRegistry,
  text: string,
  subject = 't-value',
  references: readonly SchemaReference[] = [],
): Promise<number> {
  return (await registry.register(subject, { type: 'PROTOBUF', text, references })).id
}

/** A payload behind the id of its schema and the indexes of its message. */
export function behind(id: number, payload: Uint8Array | string, indexes: readonly number[] = [0]): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeInt32BE(id, 1)
  const bytes = typeof payload === 'string' ? Buffer.from(payload.replaceAll(' ', ''), 'hex') : payload
  return Buffer.concat([prefix, messageIndexBytes(indexes), bytes])
}

/** Behind the prefix of a file's first message. */
export const PREFIX_BYTES = 6

let names = 0

/** A schema of Connect that Protobuf has a form of, values of it included. */
export function randomSchema(random: SeededRandom, depth: number, isItem = false): Schema {
  const optional = random.chance(0.4)
  const options: SchemaOptions = { optional }
  const kind = random.below(depth > 3 ? 14 : 18)
  if (kind < 9) {
    const types = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string', 'bytes'] as const
    return primitive(types[kind]!, options)
  }
  if (kind === 9) return decimal(random.below(5), options)
  if (kind === 10) return date(options)
  if (kind === 11) return time(options)
  if (kind === 12) return timestamp(options)
  if (kind === 13) return enumSchema(optional)
  if (kind === 14 && !isItem) return array(required(randomSchema(random, depth + 1, true)), options)
  if (kind === 15 && !isItem) {
    const keys = primitive(random.pick(['string', 'int32', 'int64', 'boolean'] as const))
    return map(keys, required(randomSchema(random, depth + 1, true)), options)
  }
  return randomStruct(random, depth + 1, optional)
}

/** Lists hold no null, and a map's values none that would come back. */
function required(schema: Schema): Schema {
  return { ...schema, optional: false }
}

function enumSchema(optional: boolean): Schema {
  const name = `E${names++}`
  const prefix = 'io.confluent.connect.protobuf.Enum'
  const parameters = { [prefix]: name, [`${prefix}.ZERO_${name}`]: '0', [`${prefix}.MANY_${name}`]: '1000' }
  return primitive('string', { optional, name, parameters })
}

export function randomStruct(random: SeededRandom, depth: number, optional: boolean): Schema {
  const fields = Array.from({ length: 1 + random.below(6) }, (_, i): [string, Schema] => [
    `f${i}`,
    randomSchema(random, depth),
  ])
  if (depth > 0 && random.chance(0.2)) fields.push([`choice_${names++}`, union(random, depth)])
  return structOf(fields, { optional, name: `${depth === 0 ? 'random.' : ''}R${names++}` })
}

function union(random: SeededRandom, depth: number): Schema {
  const n = names++
  const branches = Array.from({ length: 1 + random.below(3) }, (_, i): [string, Schema] => {
    const branch = randomSchema(random, depth + 1, true)
    return [`b${n}_${i}`, { ...branch, optional: true }]
  })
  return structOf(branches, { name: `io.confluent.connect.protobuf.Union.u${n}`, optional: true })
}

export function isUnion(schema: Schema): boolean {
  return schema.name?.startsWith('io.confluent.connect.protobuf.Union') === true
}

export function randomValue(schema: Schema, random: SeededRandom): Value {
  return schema.optional && random.chance(0.3) ? null : randomPresent(schema, random)
}

function randomPresent(schema: Schema, random: SeededRandom): Value {
  const whole = (bits: number): number =>
    random.pick([0, -1, 1, 63, 64, -64, -65, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), random.below(2 ** (bits - 1))])
  if (schema.name?.endsWith('.Decimal') === true) return decimalText(random, Number(schema.parameters!['scale']))
  if (schema.name?.endsWith('.Time') === true) return random.below(86_400_000)
  if (schema.name?.endsWith('.Date') === true) return random.pick([0, -1, -141_427, 2_932_896, random.below(40_000)])
  if (schema.name?.endsWith('.Timestamp') === true)
    return random.pick([0, -1, -62_135_596_800_000, 253_402_300_799_999, 1_700_000_000_123])
  switch (schema.type) {
    case 'int8':
      return whole(8)
    case 'int16':
      return whole(16)
    case 'int32':
      return whole(32)
    case 'int64':
      return random.pick<Value>([
        whole(32),
        whole(52),
        Number.MAX_SAFE_INTEGER,
        Number.MIN_SAFE_INTEGER,
        2n ** 63n - 1n,
        -(2n ** 63n),
        2n ** 53n,
      ])
    case 'float32':
      return random.pick([0, -0, 1.5, -2.25, Infinity, NaN, Math.fround(random.next())])
    case 'float64':
      return random.pick([0, -0, random.next() * 1e9, -Infinity, NaN, 5e-324])
    case 'boolean':
      return random.chance(0.5)
    case 'string': {
      const values = Object.keys(schema.parameters ?? {}).flatMap((key) =>
        /\.Enum\./.test(key) ? [key.split('.').at(-1)!] : [],
      )
      return values.length > 0 ? random.pick(values) : text(random)
    }
    case 'bytes':
      return Buffer.from(text(random))
    case 'array':
      return Array.from({ length: random.pick(schema.items.type === 'struct' ? [0, 1, 2] : [0, 1, 2, 20]) }, () =>
        randomPresent(schema.items, random),
      )
    case 'map': {
      const keys = { string: ['', 'k', 'ä'], int32: [0, -1, 77], int64: [0, 1, 2n ** 60n], boolean: [false, true] }
      const all = keys[schema.keys.type as keyof typeof keys] as readonly Value[]
      return new Map(all.slice(random.below(4)).map((key) => [key, randomPresent(schema.values, random)]))
    }
    case 'struct':
      break
  }
  if (isUnion(schema)) {
    const branch = random.pick(schema.fields)
    return { [branch.name]: randomPresent(branch.schema, random) }
  }
  return Object.fromEntries(schema.fields.map((field) => [field.name, randomValue(field.schema, random)]))
}

/**
 * How a value comes back: null in a list, a map or, unless absence is kept, in what is no message, is the default of its type; a oneof is
 * called after its place.
 */
export function asRead(schema: Schema, value: Value, isNullKept: (schema: Schema) => boolean): Value {
  if (schema.type === 'array')
    return (value as readonly Value[] | null)?.map((item) => asRead(schema.items, item, isNullKept)) ?? []
  if (schema.type === 'map') {
    const entries = [...((value as ReadonlyMap<Value, Value> | null) ?? [])]
    return new Map(entries.map(([key, item]) => [key, asRead(schema.values, item, isNullKept)]))
  }
  const isMessage = schema.type === 'struct' || /\.(Decimal|Date|Time|Timestamp)$/.test(schema.name ?? '')
  if (value === null) return isMessage || isNullKept(schema) ? null : defaultOf(schema)
  if (schema.type !== 'struct') return value
  const given = value as StructValue
  if (isUnion(schema)) {
    const [name, item] = Object.entries(given)[0]!
    const branch = schema.fields.find((field) => field.name === name)!
    return { [name]: asRead(branch.schema, item, isNullKept) }
  }
  const unions = schema.fields.filter((field) => isUnion(field.schema))
  const others = schema.fields.filter((field) => !isUnion(field.schema))
  return Object.fromEntries([
    ...unions.map((field, i) => [
      `${field.schema.name!.split('.').at(-1)!}_${i}`,
      asRead(field.schema, given[field.name] ?? null, isNullKept),
    ]),
    ...others.map((field) => [field.name, asRead(field.schema, given[field.name] ?? null, isNullKept)]),
  ]) as Value
}

function defaultOf(schema: Schema): Value {
  if (schema.type === 'string') return schema.name === undefined ? '' : `ZERO_${schema.name}`
  if (schema.type === 'bytes') return Buffer.alloc(0)
  return schema.type === 'boolean' ? false : 0
}

export function text(random: SeededRandom): string {
  return Array.from({ length: random.pick([0, 3, 20, 42, 43, 63, 64, 200]) }, () =>
    random.pick(['a', 'ß', '漢', '😀', '�']),
  ).join('')
}
