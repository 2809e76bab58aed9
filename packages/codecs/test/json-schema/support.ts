import { jsonSchemaConverterWith, jsonSchemaSettings } from '@sluice/codecs'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { array, date, decimal, map, primitive, structOf, time, timestamp, withOptional } from '@sluice/sdk'
import type { RawSettings, Schema, SchemaOptions, Value } from '@sluice/sdk'
import type { SeededRandom } from '@sluice/sdk/testing'
import { text } from '../avro/support.ts'
import { decimalText } from '../support/registry-conversions.ts'

export { failure, ready } from '../support/registry-conversions.ts'

export function converterOn(
  registry: SchemaRegistry,
  raw: RawSettings = {},
  side: 'key' | 'value' = 'value',
): ReturnType<typeof jsonSchemaConverterWith> {
  const settings = jsonSchemaSettings.parse({ 'schema.registry.url': 'http://unused', ...raw })
  return jsonSchemaConverterWith(settings, side, registry)
}

const ONE_OF = 'io.confluent.connect.json.OneOf'
const ENUM = 'io.confluent.connect.json.Enum'
let names = 0

/** A schema of Connect, of every kind that JSON Schema has a form of. */
export function randomSchema(random: SeededRandom, depth = 0): Schema {
  const optional = random.chance(0.3)
  const options: SchemaOptions = {
    optional,
    ...(random.chance(0.1) && { doc: 'some "words"' }),
    ...(random.chance(0.1) && { version: 1 + random.below(5), name: `named.N${names++}` }),
    ...(random.chance(0.1) && { parameters: { one: '1', zwei: 'é' } }),
  }
  const kind = random.below(depth > 2 ? 14 : 20)
  if (kind < 9) {
    const type = (['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string', 'bytes'] as const)[
      kind
    ]!
    const plain = primitive(type, options)
    return random.chance(0.15) ? primitive(type, { ...options, default: randomPresent(plain, random) }) : plain
  }
  if (kind === 9) return decimal(random.below(5), { optional })
  if (kind === 10) return date({ optional })
  if (kind === 11) return time({ optional, ...(random.chance(0.2) && { default: 5 }) })
  if (kind === 12) return timestamp({ optional })
  if (kind === 13)
    return primitive('string', { optional, parameters: { [ENUM]: '', [`${ENUM}.A`]: 'A', [`${ENUM}.b c`]: 'b c' } })
  if (kind === 14) return array(randomSchema(random, depth + 1), options)
  if (kind === 15) return map(primitive('string'), randomSchema(random, depth + 1), options)
  if (kind === 16) return map(primitive('int32'), randomSchema(random, depth + 1), options)
  if (kind === 17) return map(primitive('string', { optional: true }), randomSchema(random, depth + 1), options)
  if (kind === 18) return randomUnion(random, optional)
  return randomStruct(random, depth + 1, optional)
}

export function randomStruct(random: SeededRandom, depth: number, optional: boolean): Schema {
  const fields = Array.from({ length: 1 + random.below(6) }, (_, i) => [`f${i}`, randomSchema(random, depth)] as const)
  return structOf(fields, { optional, ...(random.chance(0.7) && { name: `random.R${names++}` }) })
}

/** Branches that can be told apart: a validator takes no value that fits two. */
function randomUnion(random: SeededRandom, optional: boolean): Schema {
  const number = random.pick(['int8', 'int64', 'float64'] as const)
  const all = [
    primitive(number),
    random.chance(0.8) ? primitive('string') : primitive('bytes'),
    primitive('boolean'),
    array(primitive('int32')),
    structOf([['only', primitive('string')]]),
  ]
  const branches = all.slice(random.below(3))
  return structOf(
    branches.map((branch, i) => [`${ONE_OF}.field.${i}`, withOptional(branch, true)]),
    { name: ONE_OF, optional },
  )
}

export function randomValue(schema: Schema, random: SeededRandom): Value {
  return schema.optional && schema.default === undefined && random.chance(0.3) ? null : randomPresent(schema, random)
}

function randomPresent(schema: Schema, random: SeededRandom): Value {
  const whole = (bits: number): number =>
    random.pick([0, -1, 1, 63, -65, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), random.below(2 ** (bits - 1))])
  if (schema.name?.endsWith('.Decimal') === true) return decimalText(random, Number(schema.parameters!['scale']))
  if (schema.name?.endsWith('.Time') === true) return random.below(86_400_000)
  if (schema.name?.endsWith('.Timestamp') === true) return random.pick([0, -1, 1_700_000_000_123, 2 ** 52])
  switch (schema.type) {
    case 'int8':
      return whole(8)
    case 'int16':
      return whole(16)
    case 'int32':
      return whole(32)
    case 'int64':
      return random.pick<Value>([whole(32), whole(52), 2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_993n])
    case 'float32':
      return random.pick([0, 1.5, -2.25, Math.fround(3.4e38), Math.fround(random.next())])
    case 'float64':
      return random.pick([0, 3, random.next() * 1e9, -1e300, 5e-324, 2 ** 60])
    case 'boolean':
      return random.chance(0.5)
    case 'string':
      return schema.parameters?.[ENUM] === undefined ? text(random) : random.pick(['A', 'b c'])
    case 'bytes':
      return Buffer.from(text(random))
    case 'array':
      return Array.from({ length: random.below(4) }, () => randomValue(schema.items, random))
    case 'map':
      return new Map(
        Array.from({ length: random.below(4) }, (_, i) => [
          schema.keys.type !== 'string' ? i - 1 : schema.keys.optional && i === 0 ? null : `k "${i}`,
          randomValue(schema.values, random),
        ]),
      )
    case 'struct':
      break
  }
  if (schema.name !== ONE_OF)
    return Object.fromEntries(schema.fields.map((field) => [field.name, randomValue(field.schema, random)]))
  const chosen = random.below(schema.fields.length)
  return Object.fromEntries(
    schema.fields.map((field, i) => [field.name, i === chosen ? randomPresent(field.schema, random) : null]),
  )
}
