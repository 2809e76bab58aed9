import { beforeEach, describe, expect, test } from '@jest/globals'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import {
  RetriableError,
  SluiceError,
  array,
  canonical,
  decimal,
  map,
  primitive,
  struct,
  structOf,
  timestamp,
} from '@sluice/sdk'
import type { RawSettings, Schema, Value } from '@sluice/sdk'
import { avroConverter, converterByName } from '@sluice/codecs'
import { converterOn, failure, ready } from './support.ts'

let registry: SchemaRegistry

beforeEach(async () => {
  registry = await memoryRegistry()
})

async function written(
  schema: Schema | null,
  value: Value,
  raw: RawSettings = {},
  topic = 't',
): Promise<Buffer | null> {
  const encode = await ready(() => converterOn(registry, raw).encoder(topic, schema))
  const bytes = await ready(() => encode(value))
  return bytes === null ? null : Buffer.from(bytes)
}

async function registered(avro: unknown, subject = 't-value'): Promise<number> {
  return (await registry.register(subject, { type: 'AVRO', text: JSON.stringify(avro) })).id
}

function behind(id: number, hex: string): Buffer {
  return Buffer.from(`00${id.toString(16).padStart(8, '0')}${hex}`, 'hex')
}

async function read(bytes: Buffer, raw: RawSettings = {}): Promise<{ schema: Schema | null; value: Value }> {
  const converter = converterOn(registry, raw)
  return ready(() => converter.decode('t', bytes))
}

async function schemaText(schema: Schema, raw: RawSettings = {}): Promise<unknown> {
  await written(schema, schema.type === 'struct' ? {} : null, raw).catch(() => undefined)
  return JSON.parse((await registry.latest('t-value')).text)
}

describe('the schema that is registered', () => {
  test('has what only Connect knows in attributes, as Confluent writes it', async () => {
    const schema = struct(
      {
        id: primitive('int16', { optional: true }),
        price: decimal(2),
        at: timestamp({ optional: true }),
        state: primitive('string', { default: 'new', doc: 'how far' }),
      },
      { name: 'shop.Order', optional: true },
    )
    await written(schema, { price: '1.50' })
    expect(JSON.parse((await registry.latest('t-value')).text)).toEqual([
      'null',
      {
        type: 'record',
        name: 'Order',
        namespace: 'shop',
        fields: [
          { name: 'id', type: ['null', { type: 'int', 'connect.type': 'int16' }], default: null },
          {
            name: 'price',
            type: {
              type: 'bytes',
              scale: 2,
              precision: 64,
              'connect.version': 1,
              'connect.parameters': { scale: '2' },
              'connect.name': 'org.apache.kafka.connect.data.Decimal',
              logicalType: 'decimal',
            },
          },
          {
            name: 'at',
            type: [
              'null',
              {
                type: 'long',
                'connect.version': 1,
                'connect.name': 'org.apache.kafka.connect.data.Timestamp',
                logicalType: 'timestamp-millis',
              },
            ],
            default: null,
          },
          {
            name: 'state',
            type: { type: 'string', 'connect.doc': 'how far', 'connect.default': 'new' },
            default: 'new',
          },
        ],
        'connect.name': 'shop.Order',
      },
    ])
  })

  test('has none of them with connect.meta.data=false', async () => {
    const schema = struct({ id: primitive('int8', { doc: 'x', version: 2 }) }, { name: 'A' })
    expect(await schemaText(schema, { 'connect.meta.data': 'false' })).toEqual({
      type: 'record',
      name: 'A',
      fields: [{ name: 'id', type: 'int' }],
    })
  })

  test('of structs without names calls them ConnectDefault, and numbers those that differ', async () => {
    const inner = struct({ n: primitive('int32') })
    const schema = struct({ one: inner, two: struct({ s: primitive('string') }), three: inner })
    const value = { one: { n: 1 }, two: { s: 'x' }, three: { n: 3 } }
    const back = await read((await written(schema, value))!)
    expect(back.value).toEqual(value)
    expect(canonical(back.schema!)).toBe(canonical(schema))
    expect(JSON.parse((await registry.latest('t-value')).text)).toMatchObject({
      name: 'ConnectDefault',
      namespace: 'io.confluent.connect.avro',
      fields: [
        { type: { name: 'ConnectDefault2' } },
        { type: { name: 'ConnectDefault3' } },
        { type: 'ConnectDefault2' },
      ],
    })
  })

  test('is refused when two different structs have one name', async () => {
    const named = (type: 'string' | 'int32'): Schema => struct({ inner: primitive(type) }, { name: 'n.Twice' })
    const schema = struct({ a: named('string'), b: named('int32') })
    expect(await failure(() => converterOn(registry).encoder('t', schema))).toMatchObject({
      code: 'SCHEMA_INVALID',
      message: "Can't redefine: n.Twice",
    })
  })

  test('that somebody else registered with a default of the wrong type is read without that default', async () => {
    const id = await registered({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'int', default: 'many' }] })
    const { schema, value } = await read(behind(id, '02'))
    expect(value).toEqual({ n: 1 })
    expect(schema!.type === 'struct' && schema!.fields[0]!.schema.default).toBeUndefined()
  })

  test('has its names scrubbed on request, and is refused otherwise', async () => {
    const schema = struct({ 'unit price': primitive('int32') }, { name: '1shop.Order' })
    expect(await failure(() => converterOn(registry).encoder('t', schema))).toMatchObject({ code: 'SCHEMA_INVALID' })
    const bytes = await written(schema, { 'unit price': 3 }, { 'scrub.invalid.names': 'true' })
    expect((await read(bytes!)).value).toEqual({ unit_price: 3 })
  })

  test('is under the subject that the strategy says', async () => {
    const schema = struct({ id: primitive('int32') }, { name: 'shop.Order' })
    for (const strategy of ['TopicRecordNameStrategy', 'io.confluent.kafka.serializers.subject.RecordNameStrategy'])
      await written(schema, { id: 1 }, { 'value.subject.name.strategy': strategy })
    expect(await registry.subjects()).toEqual(['shop.Order', 't-shop.Order'])
  })

  test('must be there with auto.register.schemas=false', async () => {
    expect(
      await failure(() =>
        converterOn(registry, { 'auto.register.schemas': 'false' }).encoder('t', primitive('string'))('x'),
      ),
    ).toMatchObject({
      code: 'SUBJECT_UNKNOWN',
    })
    await registered('string')
    expect(await written(primitive('string'), 'x', { 'auto.register.schemas': 'false' })).toEqual(behind(1, '0278'))
  })
})

describe('values', () => {
  test('of a megabyte, and texts with lone surrogates, go through', async () => {
    const long = '漢'.repeat(400_000)
    expect((await read((await written(primitive('string'), long))!)).value).toBe(long)
    expect((await read((await written(primitive('string'), `${'a'.repeat(70)}\uD800`))!)).value).toBe(
      `${'a'.repeat(70)}\uFFFD`,
    )
  })

  test('of 64 bits are numbers where these are exact, and bigints beyond', async () => {
    for (const value of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n]) {
      const bytes = await written(primitive('int64'), value)
      expect((await read(bytes!)).value).toBe(value)
    }
  })

  test('without a schema travel in a record that holds anything', async () => {
    const value = { text: 'ä', list: [1, null, true, 2.5, Buffer.from('x')], inner: { big: 2n ** 60n }, none: null }
    expect(await read((await written(null, value))!)).toEqual({ schema: null, value })
    expect((await read((await written(null, new Map<Value, Value>([[1, 'one']])))!)).value).toEqual(
      new Map([[1, 'one']]),
    )
  })

  test('of null are no bytes where the schema allows them, and bad where it does not', async () => {
    expect(await written(null, null)).toBeNull()
    expect(await written(primitive('string', { optional: true }), null)).toBeNull()
    await expect(written(primitive('string'), null)).rejects.toMatchObject({
      message: 'Found null value for non-optional schema',
    })
    expect(converterOn(registry).decode('t', null)).toEqual({ schema: null, value: null })
  })

  test('of a field that is missing or null become its default, unless nullables keep theirs', async () => {
    const schema = struct({ n: primitive('int32', { optional: true, default: 7 }) })
    expect((await read((await written(schema, { n: null }))!)).value).toEqual({ n: 7 })
    const kept = { 'ignore.default.for.nullables': 'true' }
    expect((await read((await written(schema, {}, kept))!, kept)).value).toEqual({ n: null })
  })

  test('with fields called as what every object has are read and written', async () => {
    const schema = structOf([
      ['__proto__', primitive('int32')],
      ['constructor', primitive('string', { optional: true })],
    ])
    const value = (await read((await written(schema, Object.fromEntries([['__proto__', 1]])))!)).value
    expect(Object.entries(value as object)).toEqual([
      ['__proto__', 1],
      ['constructor', null],
    ])
  })

  test('that do not fit their schema are refused, with the place', async () => {
    const schema = struct({
      rows: array(struct({ n: primitive('int8') }, { name: 'Row' })),
      by: map(primitive('string'), primitive('boolean'), { optional: true }),
    })
    await expect(written(schema, { rows: [{ n: 1 }, { n: 128 }] })).rejects.toMatchObject({
      place: { field: 'rows[1].n' },
    })
    await expect(written(schema, { rows: [], by: new Map([['k', 'no']]) })).rejects.toMatchObject({
      code: 'VALUE_INVALID',
      place: { field: 'by[k]' },
    })
    await expect(written(decimal(2), '1.5', {}, 'decimals')).rejects.toMatchObject({ code: 'DATA_INVALID' })
    await expect(written(primitive('int64'), 2n ** 63n, {}, 'longs')).rejects.toMatchObject({ code: 'VALUE_INVALID' })
    await expect(written(primitive('int32'), Number.NaN, {}, 'ints')).rejects.toMatchObject({ code: 'VALUE_INVALID' })
  })
})

describe('unions and enums', () => {
  const UNION = ['null', 'string', { type: 'record', name: 'A', namespace: 'n', fields: [{ name: 'x', type: 'int' }] }]

  test('are structs with one field a branch, and go back', async () => {
    const id = await registered({ type: 'record', name: 'R', fields: [{ name: 'u', type: UNION }] })
    const bytes = behind(id, '040a')
    const { schema, value } = await read(bytes)
    expect(value).toEqual({ u: { A: { x: 5 } } })
    const field = schema!.type === 'struct' ? schema!.fields[0]!.schema : null
    expect(field).toMatchObject({
      name: 'io.confluent.connect.avro.Union',
      optional: true,
      fields: [{ name: 'string' }, { name: 'A' }],
    })
    const latest = { 'auto.register.schemas': 'false', 'use.latest.version': 'true' }
    expect(await written(schema, value, latest)).toEqual(bytes)
    expect((await read(bytes, { 'enhanced.avro.schema.support': 'true' })).value).toEqual({ u: { 'n.A': { x: 5 } } })
    expect((await read(bytes, { 'generalized.sum.type.support': 'true' })).value).toEqual({
      u: { connect_union_field_2: { x: 5 } },
    })
  })

  test('of one type are that type with flatten.singleton.unions', async () => {
    const bytes = behind(await registered(['string']), '000278')
    expect((await read(bytes)).value).toEqual({ string: 'x' })
    expect((await read(bytes, { 'flatten.singleton.unions': 'true' })).value).toBe('x')
  })

  test('are texts with the symbols in parameters, and enums again with enhanced support', async () => {
    const avro = { type: 'enum', name: 'E', namespace: 'n', symbols: ['A', 'B'] }
    const { schema, value } = await read(behind(await registered(avro), '02'))
    expect(value).toBe('B')
    expect(schema!.parameters).toEqual({
      'io.confluent.connect.avro.Enum': 'n.E',
      'io.confluent.connect.avro.Enum.A': 'A',
      'io.confluent.connect.avro.Enum.B': 'B',
    })
    const bytes = await written(schema, value, { 'enhanced.avro.schema.support': 'true' }, 'other')
    expect(bytes!.subarray(5).toString('hex')).toBe('02')
    expect(JSON.parse((await registry.latest('other-value')).text)).toMatchObject(avro)
    await expect(written(schema, 'C', { 'enhanced.avro.schema.support': 'true' }, 'other')).rejects.toMatchObject({
      code: 'DATA_INVALID',
    })
  })
})

describe('with use.latest.version', () => {
  const V1 = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'a', type: 'int' },
      { name: 'gone', type: 'string' },
    ],
  }
  const V2 = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'added', type: 'string', default: 'd' },
      { name: 'b', type: 'double', aliases: ['a'] },
    ],
  }

  test('records of an older schema are read as the latest: promoted, renamed, completed, fields left out', async () => {
    const id = await registered(V1)
    await registry.setCompatibility('NONE')
    await registered(V2)
    const { schema, value } = await read(behind(id, '060278'), { 'use.latest.version': 'true' })
    expect(value).toEqual({ added: 'd', b: 3 })
    expect(schema!.type === 'struct' && schema!.fields.map(({ name }) => name)).toEqual(['added', 'b'])
    expect((await read(behind(id, '060278'))).value).toEqual({ a: 3, gone: 'x' })
  })

  test('a schema that cannot be read as the latest is a named outcome', async () => {
    const id = await registered(V1)
    await registry.setCompatibility('NONE')
    await registered({ ...V1, fields: [{ name: 'a', type: 'string' }] })
    await expect(read(behind(id, '060278'), { 'use.latest.version': 'true' })).rejects.toMatchObject({
      code: 'SCHEMA_PROJECTION',
      place: { field: 'a' },
    })
  })
})

describe('bad bytes', () => {
  const RECORD = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'n', type: 'long' },
      { name: 's', type: 'string' },
    ],
  }

  test.each([
    ['a length beyond the bytes', '02fe', /longer than its record/],
    ['a text that is cut off', '020a6162', /claims 5 bytes where 2 are left/],
    ['a negative length', '0201', /claims a length of -1 bytes/],
    ['a length of 2^40', '02808080808040', /bytes where 0 are left|more than/],
    ['more than 64 bits', 'ffffffffffffffffffff7f', /more than 64 bits/],
    ['bytes left over', '02026100ff', /ends 2 bytes before its record does/],
    ['no UTF-8', '0204c328', /not UTF-8/],
  ])('%s are a DataError', async (_, hex, message) => {
    const id = await registered(RECORD)
    const error = await failure(() => converterOn(registry).decode('t', behind(id, hex)))
    expect(error).toBeInstanceOf(SluiceError)
    expect(error).toMatchObject({
      name: 'DataError',
      code: 'DATA_INVALID',
      message: expect.stringMatching(message) as unknown,
    })
  })

  test('a block that claims more items than there are bytes is a DataError, and no memory is taken for it', async () => {
    for (const items of ['int', { type: 'record', name: 'Empty', fields: [] }]) {
      const id = await registered({ type: 'array', items }, `t${JSON.stringify(items).length}-value`)
      await expect(read(behind(id, 'feffffffff1f'))).rejects.toMatchObject({
        message: expect.stringMatching(/claims \d+ items/) as unknown,
      })
    }
  })

  test('a union, an enum or a boolean that has no such index is a DataError', async () => {
    await expect(read(behind(await registered(['null', 'int'], 'a'), '04'))).rejects.toMatchObject({
      code: 'DATA_INVALID',
    })
    await expect(
      read(behind(await registered({ type: 'enum', name: 'E', symbols: ['A'] }, 'b'), '02')),
    ).rejects.toMatchObject({ code: 'DATA_INVALID' })
    await expect(read(behind(await registered('boolean', 'c'), '02'))).rejects.toMatchObject({ code: 'DATA_INVALID' })
  })

  test('an int8 beyond its type is a DataError, where Java would go on with another number', async () => {
    const id = await registered({ type: 'int', 'connect.type': 'int8' })
    await expect(read(behind(id, '8002'))).rejects.toMatchObject({
      message: expect.stringMatching(/^128 is no int8/) as unknown,
    })
  })

  test('a wrong magic byte, an unknown id, and a schema of another format are named outcomes', async () => {
    await expect(read(Buffer.from('0100000001', 'hex'))).rejects.toMatchObject({
      name: 'DataError',
      message: expect.stringMatching(/magic byte 1/) as unknown,
    })
    await expect(read(behind(99, '00'))).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
    const { id } = await registry.register('j', { type: 'JSON', text: '{"type":"string"}' })
    await expect(read(behind(id, '00'))).rejects.toMatchObject({
      message: expect.stringMatching(/is JSON, not Avro/) as unknown,
    })
  })

  test('a registry that cannot be reached is told as such, and may be tried again', async () => {
    const away = await memoryRegistry({
      onRequest: () => {
        throw new RetriableError('REGISTRY_UNREACHABLE', 'Nobody is there')
      },
    })
    const expected = { code: 'REGISTRY_UNREACHABLE', retriable: true, message: 'Nobody is there' }
    expect(await failure(() => converterOn(away).decode('t', behind(1, '00')))).toMatchObject(expected)
    expect(await failure(() => converterOn(away).encoder('t', null)('x'))).toMatchObject(expected)
  })

  test('of lists in lists in lists without a schema end in a DataError, read and written', async () => {
    let deep: Value = []
    for (let i = 0; i < 1100; i++) deep = [deep]
    await expect(written(null, deep)).rejects.toMatchObject({
      message: expect.stringMatching(/1000 levels deep/) as unknown,
    })
    const id = (await written(null, [1]))!.readInt32BE(1)
    const level = '000000000000000202'
    await expect(read(behind(id, level.repeat(2000)))).rejects.toMatchObject({
      message: expect.stringMatching(/1000 levels deep/) as unknown,
    })
  })
})

describe('a record within itself', () => {
  const node = (next: unknown): object => ({
    type: 'record',
    name: 'Node',
    fields: [
      { name: 'next', type: next, default: null },
      { name: 'value', type: 'int' },
    ],
  })
  const LIST = node(['null', 'Node'])
  const latest = { 'auto.register.schemas': 'false', 'use.latest.version': 'true' }

  test.each<[string, object]>([
    ['a list', LIST],
    ['a tree', { ...node(null), fields: [{ name: 'kids', type: { type: 'array', items: 'Node' } }] }],
    ['a map of its kind', { ...node(null), fields: [{ name: 'kids', type: { type: 'map', values: 'Node' } }] }],
    ['one without end', { ...node(null), fields: [{ name: 'self', type: 'Node' }] }],
    ['one of several types', node(['null', 'int', 'Node'])],
    ['one within another', { type: 'record', name: 'Top', fields: [{ name: 'first', type: LIST }] }],
  ])('%s has no schema in Connect, and the first record says so', async (_what, avro) => {
    const id = await registered(avro)
    await expect(read(behind(id, '0002'))).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
      message: expect.stringContaining('The Avro record Node has itself among its fields') as unknown,
      remedy: expect.stringContaining('use.latest.version') as unknown,
    })
  })

  test('is read where the latest schema leaves the field out, however long the list is', async () => {
    const id = await registered(LIST)
    await registered({ type: 'record', name: 'Node', fields: [{ name: 'value', type: 'int' }] })
    for (const length of [1, 2, 500]) {
      const list = '02'.repeat(length - 1) + '00' + '0e'.repeat(length)
      expect((await read(behind(id, list), latest)).value).toEqual({ value: 7 })
    }
  })

  test('that goes on for too long, or has no end, is a DataError', async () => {
    const id = await registered(LIST)
    const endless = await registered({ ...node(null), fields: [{ name: 'self', type: 'Node' }] }, 'endless')
    await registered({ type: 'record', name: 'Node', fields: [{ name: 'value', type: 'int', default: 0 }] })
    const expected = { code: 'DATA_INVALID', message: expect.stringContaining('1000 levels deep') as unknown }
    const long = behind(id, `${'02'.repeat(3000)}00${'0e'.repeat(3001)}`)
    await expect(read(long, latest)).rejects.toMatchObject(expected)
    await expect(read(behind(endless, ''), latest)).rejects.toMatchObject(expected)
  })

  test('is written from structs that do not have the field', async () => {
    await registered(LIST)
    const bytes = await written(struct({ value: primitive('int32') }), { value: 7 }, latest)
    expect(bytes!.subarray(5).toString('hex')).toBe('000e')
  })
})

test('a schema is read once: all records of it have the same schema object', async () => {
  const converter = converterOn(registry)
  const bytes = (await written(struct({ a: primitive('int32') }), { a: 1 }))!
  const first = await ready(() => converter.decode('t', bytes))
  expect(converter.decode('t', bytes).schema).toBe(first.schema)
  expect(canonical(first.schema!)).toBe(canonical(struct({ a: primitive('int32') })))
})

test('it is found by its Java class, and does not convert headers', () => {
  expect(converterByName('io.confluent.connect.avro.AvroConverter')).toBe(avroConverter)
  expect(() => avroConverter.create({ 'schema.registry.url': 'http://localhost:1' }, 'header')).toThrow(/not headers/)
  expect(() => avroConverter.create({}, 'value')).toThrow(/schema.registry.url/)
})
