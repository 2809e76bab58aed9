import { describe, expect, test } from '@jest/globals'
import { isDeepStrictEqual } from 'node:util'
import protobuf from 'protobufjs'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import type { Schema, StructValue, Value } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import {
  PREFIX_BYTES,
  asRead,
  behind,
  converterOn,
  isUnion,
  randomStruct,
  randomValue,
  ready,
  registered,
} from './support.ts'
import { WELL_KNOWN, randomFile, randomMessage, valueOf } from './random-messages.ts'

const SCHEMAS = 150
const FILES = 250
const VALUES = 6
const TO_OBJECT = { longs: String, enums: String, bytes: Buffer } as const

describe('schemas of Connect made at random', () => {
  test.each([
    ['nothing', {}],
    ['optional.for.nullables', { 'optional.for.nullables': 'true' }],
    ['wrapper.for.nullables', { 'wrapper.for.nullables': 'true' }],
  ])(
    'come back as they went, and protobufjs reads the same (with %s)',
    async (name, raw) => {
      const random = new SeededRandom(20_261_128)
      const registry = await memoryRegistry()
      const converter = converterOn(registry, raw)
      // There is no wrapper of an enum.
      const isKept = ({ name: named }: Schema): boolean =>
        name.startsWith('optional') || (name.startsWith('wrapper') && named === undefined)
      for (let s = 0; s < SCHEMAS; s++) {
        const schema = randomStruct(random, 0, false)
        const topic = `t${s}`
        const encode = converter.encoder(topic, schema)
        await ready(() => encode(randomValue(schema, random)))
        const { text } = await registry.latest(`${topic}-value`)
        const peer = peerOf(text, schema.name!)
        for (let v = 0; v < VALUES; v++) {
          const value = randomValue(schema, random)
          const bytes = Buffer.from(encode(value)!)
          const read = await ready(() => converter.decode(topic, bytes))
          same(read.value, asRead(schema, value, isKept))
          const payload = bytes.subarray(PREFIX_BYTES)
          same(
            peer.toObject(peer.decode(payload), TO_OBJECT),
            plain(
              schema,
              value,
              (field) => name !== 'optional.for.nullables' || !field.optional,
              name.startsWith('wrapper'),
            ),
          )
          // Written with the schema that was read, they are the same message again.
          const again = Buffer.from((await ready(() => converter.encoder(`${topic}-again`, read.schema)(read.value)))!)
          same((await ready(() => converter.decode(`${topic}-again`, again))).value, read.value)
        }
      }
    },
    120_000,
  )
})

describe('files made at random, in proto2 and proto3', () => {
  test('what protobufjs writes is read as what it reads, and written again with the same schema is the same to it', async () => {
    const random = new SeededRandom(7)
    const registry = await memoryRegistry()
    const reader = converterOn(registry)
    const writer = converterOn(registry, { 'auto.register.schemas': 'false', 'use.latest.version': 'true' })
    for (let f = 0; f < FILES; f++) {
      const topic = `t${f}`
      const text = randomFile(random)
      const id = await registered(registry, text, `${topic}-value`)
      const peer = peerOf(text, 'of.peer.M0')
      for (let v = 0; v < VALUES; v++) {
        const message = randomMessage(peer, random)
        const payload = peer.encode(message).finish()
        const expected = valueOf(peer, peer.decode(payload))
        const { schema, value } = await ready(() => reader.decode(topic, behind(id, payload)))
        same(value, expected)
        const own = Buffer.from((await ready(() => writer.encoder(topic, schema)(value)))!).subarray(PREFIX_BYTES)
        same(valueOf(peer, peer.decode(own)), expected)
      }
    }
  }, 120_000)
})

/** Jest compares slowly, and says well what differs. */
function same(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected)
}

function peerOf(text: string, name: string): protobuf.Type {
  const root = new protobuf.Root()
  for (const known of WELL_KNOWN) protobuf.parse(known, root, { keepCase: true })
  protobuf.parse(text, root, { keepCase: true })
  root.resolveAll()
  return root.lookupType(name)
}

/** What protobufjs makes of a value: what is not written is not there. */
function plain(
  schema: Schema,
  value: Value,
  isImplicit: (schema: Schema) => boolean,
  isWrapped: boolean,
): Record<string, unknown> {
  if (schema.type !== 'struct') throw new Error('no struct')
  const given = value as StructValue
  const found: Record<string, unknown> = {}
  for (const field of schema.fields) {
    const item = given[field.name] ?? null
    if (item === null) continue
    if (isUnion(field.schema)) {
      const [name, branch] = Object.entries(item as StructValue)[0]!
      const branchSchema =
        field.schema.type === 'struct' ? field.schema.fields.find((one) => one.name === name)!.schema : field.schema
      found[name] = plainItem({ ...branchSchema, optional: false }, branch, isImplicit, isWrapped)
      continue
    }
    const written = plainItem(field.schema, item, isImplicit, isWrapped)
    const isScalar = typeof written !== 'object' || Buffer.isBuffer(written)
    if (Array.isArray(written) && written.length === 0) continue
    if (isScalar && isImplicit(field.schema) && isZero(written, field.schema)) continue
    found[field.name] = written
  }
  return found
}

function isZero(written: unknown, schema: Schema): boolean {
  if (Buffer.isBuffer(written)) return written.length === 0
  if (schema.type === 'int64') return written === '0'
  return Object.is(written, 0) || written === '' || written === false || String(written) === `ZERO_${schema.name}`
}

function plainItem(schema: Schema, value: Value, isImplicit: (schema: Schema) => boolean, isWrapped: boolean): unknown {
  const logical = schema.name?.split('.').at(-1)
  const some = (fields: Readonly<Record<string, unknown>>): unknown =>
    Object.fromEntries(Object.entries(fields).filter(([, one]) => one !== 0 && one !== '0'))
  if (logical === 'Decimal') {
    const digits = (value as string)
      .replace('.', '')
      .replace(/^-?0*(?=\d)/, (zeros) => (zeros.startsWith('-') ? '-' : ''))
    const scale = Number(schema.parameters!['scale'])
    return some({ value: twosComplement(BigInt(digits)), precision: digits.replace('-', '').length, scale })
  }
  const ms = value as number
  if (logical === 'Date') {
    const [year, month, day] = new Date(ms * 86_400_000).toISOString().slice(0, 10).split('-').map(Number)
    return some({ year, month, day })
  }
  if (logical === 'Time') {
    const at = new Date(ms)
    const [hours, minutes, seconds] = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]
    return some({ hours, minutes, seconds, nanos: at.getUTCMilliseconds() * 1_000_000 })
  }
  if (logical === 'Timestamp')
    return some({ seconds: String(Math.floor(ms / 1000)), nanos: new Date(ms).getUTCMilliseconds() * 1_000_000 })
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others are alike
  switch (schema.type) {
    case 'int64':
      return wrapped(schema, `${value as bigint}`, '0', isWrapped)
    case 'bytes':
      return wrapped(schema, Buffer.from(value as Uint8Array), Buffer.alloc(0), isWrapped)
    case 'array':
      return (value as readonly Value[]).map((item) => plainItem(schema.items, item, isImplicit, isWrapped))
    case 'map':
      return [...(value as ReadonlyMap<Value, Value>)].map(([key, item]) =>
        plain(
          {
            type: 'struct',
            optional: false,
            fields: [
              { name: 'key', index: 0, schema: schema.keys },
              { name: 'value', index: 1, schema: schema.values },
            ],
          },
          { key, value: item },
          isImplicit,
          isWrapped,
        ),
      )
    case 'struct':
      return plain(schema, value, isImplicit, isWrapped)
    default: {
      const zero = schema.type === 'string' ? '' : schema.type === 'boolean' ? false : 0
      return schema.name === undefined ? wrapped(schema, value, zero, isWrapped) : value
    }
  }
}

function wrapped(schema: Schema, value: unknown, zero: unknown, isWrapped: boolean): unknown {
  if (!isWrapped || !schema.optional) return value
  const isDefault = Buffer.isBuffer(value) ? value.length === 0 : Object.is(value, zero)
  return isDefault ? {} : { value }
}

function twosComplement(value: bigint): Buffer {
  for (let bytes = 1; ; bytes++)
    if (BigInt.asIntN(bytes * 8, value) === value)
      return Buffer.from(
        BigInt.asUintN(bytes * 8, value)
          .toString(16)
          .padStart(bytes * 2, '0'),
        'hex',
      )
}
