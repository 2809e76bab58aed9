import { SeededRandom } from '@sluice/sdk/testing'
import { array, date, decimal, map, primitive, structOf, time, timestamp } from '@sluice/sdk'
import type { Converter, RawSettings, Schema, SchemaOptions, Value } from '@sluice/sdk'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { avroConverterWith, avroSettings } from '@sluice/codecs'
import { decimalText } from '../support/registry-conversions.ts'

export { failure, ready } from '../support/registry-conversions.ts'

export function converterOn(
  registry: SchemaRegistry,
  raw: RawSettings = {},
  side: 'key' | 'value' = 'value',
): Converter {
  return avroConverterWith(avroSettings.parse({ 'schema.registry.url': 'http://unused', ...raw }), side, registry)
}

let names = 0

/** A schema of Connect that Avro has a form of, values of it included. */
export function randomSchema(random: SeededRandom, depth = 0): Schema {
  const optional = random.chance(0.3)
  const options: SchemaOptions = {
    optional,
    ...(random.chance(0.1) && { doc: 'some words' }),
    ...(random.chance(0.1) && { version: 1 + random.below(5), name: `named.N${names++}` }),
    ...(random.chance(0.1) && { parameters: { one: '1', two: 'zwei' } }),
  }
  const kind = random.below(depth > 2 ? 14 : 18)
  if (kind < 9) {
    const type = (['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string', 'bytes'] as const)[
      kind
    ]!
    const plain = primitive(type, options)
    return random.chance(0.15) ? primitive(type, { ...options, default: finite(randomPresent(plain, random)) }) : plain
  }
  if (kind === 9) return decimal(random.below(5), { optional, ...(random.chance(0.2) && { default: undefined }) })
  if (kind === 10) return date({ optional })
  if (kind === 11) return time({ optional, ...(random.chance(0.2) && { default: 5 }) })
  if (kind === 12) return timestamp({ optional })
  if (kind === 13) return primitive('string', { ...options, default: 'é' })
  if (kind === 14) return array(randomSchema(random, depth + 1), options)
  if (kind === 15) return map(primitive('string'), randomSchema(random, depth + 1), options)
  if (kind === 16)
    return map(primitive('int32'), randomSchema(random, depth + 1), { optional, name: `entries.E${names++}` })
  return randomStruct(random, depth + 1, optional)
}

export function randomStruct(random: SeededRandom, depth: number, optional: boolean): Schema {
  const fields = Array.from({ length: 1 + random.below(6) }, (_, i) => [`f${i}`, randomSchema(random, depth)] as const)
  return structOf(fields, { optional, name: `random.R${names++}` })
}

/** JSON, which holds defaults, has no other numbers. */
function finite(value: Value): Value {
  return typeof value === 'number' && !Number.isFinite(value) ? 1 : typeof value === 'bigint' ? 1 : value
}

export function randomValue(schema: Schema, random: SeededRandom): Value {
  return schema.optional && schema.default === undefined && random.chance(0.3) ? null : randomPresent(schema, random)
}

function randomPresent(schema: Schema, random: SeededRandom): Value {
  const whole = (bits: number): number =>
    random.pick([0, -1, 1, 63, 64, -64, -65, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), random.below(2 ** (bits - 1))])
  if (schema.name?.endsWith('.Decimal') === true) return decimalText(random, Number(schema.parameters!['scale']))
  if (schema.name?.endsWith('.Time') === true) return random.below(86_400_000)
  switch (schema.type) {
    case 'int8':
      return whole(8)
    case 'int16':
      return whole(16)
    case 'int32':
      return whole(32)
    case 'int64':
      // Beyond these avsc is not exact.
      return random.pick([whole(32), whole(52), 2 ** 51, -(2 ** 51), 2 ** 30, -(2 ** 30) - 1, 1_700_000_000_123])
    case 'float32':
      return random.pick([0, 1.5, -2.25, Infinity, NaN, Math.fround(random.next())])
    case 'float64':
      return random.pick([0, -0, random.next() * 1e9, -Infinity, NaN, 5e-324])
    case 'boolean':
      return random.chance(0.5)
    case 'string':
      return text(random)
    case 'bytes':
      return Buffer.from(text(random))
    case 'array':
      return Array.from({ length: random.below(4) }, () => randomValue(schema.items, random))
    case 'map':
      return new Map(
        Array.from({ length: random.below(4) }, (_, i) => [
          schema.keys.type === 'string' ? `k${i}` : i - 1,
          randomValue(schema.values, random),
        ]),
      )
    case 'struct':
      break
  }
  return Object.fromEntries(schema.fields.map((field) => [field.name, randomValue(field.schema, random)]))
}

export function text(random: SeededRandom): string {
  return Array.from({ length: random.pick([0, 3, 20, 21, 22, 63, 64, 200]) }, () =>
    random.pick(['a', 'ß', '漢', '😀', '�']),
  ).join('')
}
