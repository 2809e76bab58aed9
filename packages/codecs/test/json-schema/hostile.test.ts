import { describe, expect, test } from '@jest/globals'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import { SluiceError } from '@sluice/sdk'
import type { SchemaAndValue } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import { converterOn, randomSchema, randomValue, ready } from './support.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const KEYWORDS = [
  'type',
  'properties',
  'items',
  'additionalProperties',
  'oneOf',
  'anyOf',
  'allOf',
  'enum',
  'const',
  '$ref',
  'definitions',
  'required',
  'default',
  'title',
  'connect.type',
  'connect.index',
  'connect.version',
  'connect.parameters',
]
const WORDS = [
  'null',
  'object',
  'array',
  'string',
  'integer',
  'number',
  'boolean',
  'map',
  'bytes',
  'int8',
  '#',
  '#/definitions/a',
]

/** Whatever comes out is a value or an error of ours. */
async function outcome(run: () => unknown): Promise<void> {
  try {
    await ready(run)
  } catch (error) {
    expect(error).toBeInstanceOf(SluiceError)
  }
}

describe('whatever the bytes and the schemas are, there is a value or an error that says why', () => {
  test('bytes with some of them changed, cut off or repeated', async () => {
    const random = new SeededRandom(1)
    const registry = await memoryRegistry({ entriesMax: 10_000 })
    const converter = converterOn(registry, { 'json.fail.invalid.schema': 'true' })
    const trusting = converterOn(registry)
    for (let s = 0; s < 200; s++) {
      const schema = randomSchema(random)
      const encode = trusting.encoder(`t${s}`, schema)
      for (let v = 0; v < 20; v++) {
        const bytes = Buffer.from((await ready(() => encode(randomValue(schema, random))))!)
        const at = 5 + random.below(Math.max(1, bytes.length - 5))
        const changed = random.pick([
          () => bytes.subarray(0, at),
          () => Buffer.concat([bytes, bytes.subarray(at)]),
          () => {
            if (at < bytes.length) bytes[at] = random.below(256)
            return bytes
          },
          () => Buffer.concat([bytes.subarray(0, 5), Buffer.from(JSON.stringify(anyJson(random, 0)))]),
        ])()
        await outcome(() => trusting.decode('t', changed))
        await outcome(() => converter.decode('t', changed))
      }
    }
  }, 60_000)

  test('schemas of keywords at random', async () => {
    const random = new SeededRandom(2)
    const registry = await memoryRegistry({ entriesMax: 10_000 })
    await registry.setCompatibility('NONE')
    const converters = [
      converterOn(registry),
      converterOn(registry, { 'generalized.sum.type.support': 'true', 'use.optional.for.nonrequired': 'true' }),
      converterOn(registry, { 'json.fail.invalid.schema': 'true', 'flatten.singleton.unions': 'false' }),
    ]
    let isRead = 0
    for (let s = 0; s < 2000; s++) {
      const text = JSON.stringify(anySchema(random, 0))
      const id = await registry.register(`s${s}`, { type: 'JSON', text }).then(
        (found) => found.id,
        (error: unknown) => {
          expect(error).toBeInstanceOf(SluiceError)
        },
      )
      if (id === undefined) continue
      const prefix = Buffer.alloc(5)
      prefix.writeInt32BE(id, 1)
      const bytes = Buffer.concat([prefix, Buffer.from(JSON.stringify(anyJson(random, 0)))])
      for (const converter of converters) {
        const found: SchemaAndValue[] = []
        await outcome(() => found.push(converter.decode('t', bytes)))
        isRead += found.length
        for (const { schema, value } of found) await outcome(() => converter.encoder(`w${s}`, schema)(value))
      }
    }
    expect(isRead).toBeGreaterThan(1000)
  }, 60_000)
})

function anySchema(random: SeededRandom, depth: number): Json {
  if (depth > 0 && random.chance(0.05)) return anyJson(random, 3)
  const members: [string, Json][] = [['type', random.pick(WORDS.slice(0, 7))]]
  for (let i = random.below(4); i > 0; i--) {
    const keyword = random.pick(KEYWORDS)
    members.push([keyword, keywordValue(keyword, random, depth)])
  }
  if (random.chance(0.4)) members.shift()
  if (depth === 0) members.push(['definitions', { a: anySchema(random, 1) }])
  return Object.fromEntries(members)
}

function keywordValue(keyword: string, random: SeededRandom, depth: number): Json {
  if (depth > 3 || random.chance(0.05)) return anyJson(random, 2)
  switch (keyword) {
    case 'type':
      return random.chance(0.5) ? random.pick(WORDS) : [random.pick(WORDS), 'null']
    case 'properties':
    case 'definitions':
      return { a: anySchema(random, depth + 1), key: anySchema(random, depth + 1), value: anySchema(random, depth + 1) }
    case 'items':
    case 'additionalProperties':
      return anySchema(random, depth + 1)
    case 'oneOf':
    case 'anyOf':
    case 'allOf':
      return Array.from({ length: 1 + random.below(3) }, () => anySchema(random, depth + 1))
    case 'enum':
      return Array.from({ length: random.below(4) }, () => anyJson(random, 2))
    default:
      return random.chance(0.6) ? random.pick(WORDS) : anyJson(random, 2)
  }
}

function anyJson(random: SeededRandom, depth: number): Json {
  const kind = random.below(depth > 2 ? 5 : 7)
  if (kind === 0) return null
  if (kind === 1) return random.chance(0.5)
  if (kind === 2) return random.pick([0, 1, -1, 1.5, 1e300, 2 ** 53, 1e21])
  if (kind === 3) return random.pick(['', 'a', 'AQ==', ...WORDS])
  if (kind === 4) return {}
  if (kind === 5) return Array.from({ length: random.below(4) }, () => anyJson(random, depth + 1))
  const names = ['a', 'b', 'key', 'value', '__proto__']
  return Object.fromEntries(names.slice(random.below(4)).map((name) => [name, anyJson(random, depth + 1)]))
}
