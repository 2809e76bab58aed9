import { describe, expect, test } from '@jest/globals'
import avsc from 'avsc'
import { AvroParser } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import { canonical } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import { AvroInput } from '../../src/avro/avro-input.ts'
import { compileSkip } from '../../src/avro/avro-skipping.ts'
import { converterOn, randomStruct, randomValue, ready, text } from './support.ts'

const SCHEMAS = 250
const SCHEMAS_OF_AVSC = 100
const VALUES = 24
const PREFIX_BYTES = 5

describe('schemas and values made at random', () => {
  test('come back as they went, and avsc reads and writes the same bytes', async () => {
    const random = new SeededRandom(20_261_128)
    const registry = await memoryRegistry()
    const converter = converterOn(registry)
    for (let s = 0; s < SCHEMAS; s++) {
      const schema = randomStruct(random, 0, false)
      const topic = `t${s}`
      const encode = converter.encoder(topic, schema)
      const first = randomValue(schema, random)
      await ready(() => encode(first))
      const peer = avsc.Type.forSchema(JSON.parse((await registry.latest(`${topic}-value`)).text) as avsc.Schema, {
        wrapUnions: 'always',
      })
      for (let v = 0; v < VALUES; v++) {
        const value = randomValue(schema, random)
        const bytes = Buffer.from(encode(value)!)
        const read = await ready(() => converter.decode(topic, bytes))
        expect(read.value).toEqual(value)
        expect(canonical(read.schema!)).toBe(canonical(schema))
        const payload = bytes.subarray(PREFIX_BYTES)
        expect(peer.toBuffer(peer.fromBuffer(payload)).equals(payload)).toBe(true)
      }
    }
  }, 60_000)

  const SUPPORT = ['none', 'enhanced.avro.schema.support', 'generalized.sum.type.support']
  test.each(SUPPORT)(
    'of avsc are read, and written again byte for byte; also by a schema of our own (%s)',
    async (support) => {
      const random = new SeededRandom(7 + SUPPORT.indexOf(support))
      const registry = await memoryRegistry()
      const reader = converterOn(registry, { [support]: 'true' })
      const writer = converterOn(registry, {
        [support]: 'true',
        'auto.register.schemas': 'false',
        'use.latest.version': 'true',
      })
      for (let s = 0; s < SCHEMAS_OF_AVSC; s++) {
        const json = recordOf(random, 0, { count: 0, isNullFirst: support.startsWith('generalized') })
        const topic = `t${s}`
        const { id } = await registry.register(`${topic}-value`, { type: 'AVRO', text: JSON.stringify(json) })
        const peer = avsc.Type.forSchema(json as avsc.Schema, { wrapUnions: 'always' })
        for (let v = 0; v < VALUES; v++) {
          const bytes = Buffer.alloc(PREFIX_BYTES)
          bytes.writeInt32BE(id, 1)
          const whole = Buffer.concat([bytes, peer.toBuffer(valueOf(json, random))])
          const { schema, value } = await ready(() => reader.decode(topic, whole))
          expect(Buffer.from((await ready(() => writer.encoder(topic, schema)(value)))!).equals(whole)).toBe(true)
          const own = await ready(() => reader.encoder(`${topic}-own`, schema)(value))
          const back = await ready(() => reader.decode(`${topic}-own`, own))
          expect(back.value).toEqual(value)
          expect(canonical(back.schema!)).toBe(canonical(schema!))
        }
      }
    },
    60_000,
  )

  test('of avsc are passed over to their very end', () => {
    const random = new SeededRandom(11)
    const input = new AvroInput()
    for (let s = 0; s < SCHEMAS_OF_AVSC; s++) {
      const json = recordOf(random, 0, { count: 0, isNullFirst: false })
      const skip = compileSkip(new AvroParser().parse(JSON.stringify(json)))
      const peer = avsc.Type.forSchema(json as avsc.Schema, { wrapUnions: 'always' })
      for (let v = 0; v < VALUES; v++) {
        input.begin(peer.toBuffer(valueOf(json, random)), 0)
        skip(input)
        expect(() => input.end()).not.toThrow()
      }
    }
  })
})

interface Names {
  count: number
  /** Where fields are called by the place of their branch, a schema of ours, with null first, has the same names only so. */
  readonly isNullFirst: boolean
}

type Avro = string | readonly Avro[] | { readonly type: string; readonly [attribute: string]: unknown }

function recordOf(random: SeededRandom, depth: number, names: Names): Avro {
  const fields = Array.from({ length: 1 + random.below(5) }, (_, i) => ({
    name: `f${i}`,
    type: typeOf(random, depth + 1, names),
  }))
  return { type: 'record', name: `R${names.count++}`, namespace: 'of.avsc', fields }
}

function typeOf(random: SeededRandom, depth: number, names: Names): Avro {
  const kind = random.below(depth > 3 ? 9 : 14)
  if (kind < 7) return (['boolean', 'int', 'long', 'float', 'double', 'string', 'bytes'] as const)[kind]!
  if (kind === 7) return { type: 'enum', name: `E${names.count++}`, symbols: ['A', 'B', 'C'] }
  if (kind === 8) return { type: 'fixed', name: `F${names.count++}`, size: 1 + random.below(5) }
  if (kind === 9) return { type: 'array', items: typeOf(random, depth + 1, names) }
  if (kind === 10) return { type: 'map', values: typeOf(random, depth + 1, names) }
  if (kind === 11) return ['null', recordOf(random, depth, names)]
  if (kind === 12)
    return [
      ...(names.isNullFirst ? ['null', 'string'] : ['string', 'null']),
      recordOf(random, depth, names),
      'long',
      { type: 'array', items: 'int' },
    ]
  return recordOf(random, depth, names)
}

/** A value in avsc's form. */
function valueOf(avro: Avro, random: SeededRandom): unknown {
  if (Array.isArray(avro)) {
    const branch = random.pick(avro as readonly Avro[])
    if (branch === 'null') return null
    return { [nameOf(branch)]: valueOf(branch, random) }
  }
  const { type, ...more } = typeof avro === 'string' ? { type: avro } : (avro as { readonly type: string })
  const { size, items, values, fields } = more as {
    readonly size?: number
    readonly items?: Avro
    readonly values?: Avro
    readonly fields?: readonly { readonly name: string; readonly type: Avro }[]
  }
  switch (type) {
    case 'boolean':
      return random.chance(0.5)
    case 'int':
      return random.pick([0, 1, -1, 2 ** 31 - 1, -(2 ** 31), random.below(1000)])
    case 'long':
      return random.pick([0, -64, 2 ** 40, -(2 ** 40) - 1, Number.MAX_SAFE_INTEGER - 1])
    case 'float':
      return Math.fround(random.next())
    case 'double':
      return random.next()
    case 'string':
      return text(random)
    case 'bytes':
      return Buffer.from(text(random))
    case 'enum':
      return random.pick(['A', 'B', 'C'])
    case 'fixed':
      return Buffer.alloc(size!, random.below(256))
    case 'array':
      return Array.from({ length: random.below(4) }, () => valueOf(items!, random))
    case 'map':
      return Object.fromEntries(Array.from({ length: random.below(4) }, (_, i) => [`k${i}`, valueOf(values!, random)]))
    default:
      return Object.fromEntries(fields!.map((field) => [field.name, valueOf(field.type, random)]))
  }
}

function nameOf(avro: Avro): string {
  if (typeof avro === 'string') return avro
  const { type, name } = avro as { readonly type: string; readonly name?: string }
  return name === undefined ? type : `of.avsc.${name}`
}
