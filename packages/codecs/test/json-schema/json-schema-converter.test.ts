import { beforeEach, describe, expect, test } from '@jest/globals'
import { converterByName, jsonSchemaConverter } from '@sluice/codecs'
import type { SchemaReference, SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import { array, canonical, date, decimal, map, primitive, struct, structOf, time, timestamp } from '@sluice/sdk'
import type { RawSettings, Schema, Value } from '@sluice/sdk'
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

/** The JSON behind the id. */
async function json(schema: Schema | null, value: Value, raw: RawSettings = {}, topic?: string): Promise<string> {
  return (await written(schema, value, raw, topic))!.subarray(5).toString()
}

async function registered(
  schema: unknown,
  subject = 't-value',
  references: readonly SchemaReference[] = [],
): Promise<number> {
  return (await registry.register(subject, { type: 'JSON', text: JSON.stringify(schema), references })).id
}

function behind(id: number, payload: string | Uint8Array): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeInt32BE(id, 1)
  return Buffer.concat([prefix, Buffer.from(payload)])
}

async function read(bytes: Buffer, raw: RawSettings = {}): Promise<{ schema: Schema | null; value: Value }> {
  const converter = converterOn(registry, raw)
  return ready(() => converter.decode('t', bytes))
}

/** What a JSON Schema is read as, and a value of it. */
async function readAs(
  schema: unknown,
  payload: string,
  raw: RawSettings = {},
): Promise<{ schema: Schema | null; value: Value }> {
  return read(behind(await registered(schema, JSON.stringify(schema).slice(0, 200)), payload), raw)
}

let topics = 0

/** The JSON Schema that a Connect schema is registered as. */
async function schemaOf(schema: Schema, value: Value, raw: RawSettings = {}): Promise<unknown> {
  const topic = `schema-${topics++}`
  await written(schema, value, raw, topic)
  return JSON.parse((await registry.latest(`${topic}-value`)).text)
}

describe('the schema that is registered', () => {
  test('has what only Connect knows in keywords of its own, as Confluent writes it', async () => {
    const schema = struct(
      {
        id: primitive('int16', { optional: true }),
        price: decimal(2),
        at: timestamp({ optional: true }),
        state: primitive('string', { default: 'new', doc: 'how far' }),
      },
      { name: 'shop.Order', version: 3, parameters: { a: 'b' } },
    )
    expect(await schemaOf(schema, { price: '1.50' })).toEqual({
      type: 'object',
      title: 'shop.Order',
      properties: {
        id: { oneOf: [{ type: 'null' }, { type: 'integer', 'connect.type': 'int16' }], 'connect.index': 0 },
        price: {
          type: 'number',
          title: 'org.apache.kafka.connect.data.Decimal',
          'connect.type': 'bytes',
          'connect.version': 1,
          'connect.parameters': { scale: '2' },
          'connect.index': 1,
        },
        at: {
          oneOf: [
            { type: 'null' },
            {
              type: 'integer',
              title: 'org.apache.kafka.connect.data.Timestamp',
              'connect.type': 'int64',
              'connect.version': 1,
            },
          ],
          'connect.index': 2,
        },
        state: { type: 'string', description: 'how far', default: 'new', 'connect.index': 3 },
      },
      'connect.version': 3,
      'connect.parameters': { a: 'b' },
    })
  })

  test.each<[string, Schema, Value, unknown]>([
    ['int8', primitive('int8'), 1, { type: 'integer', 'connect.type': 'int8' }],
    ['int64', primitive('int64'), 1, { type: 'integer', 'connect.type': 'int64' }],
    ['float32', primitive('float32'), 1, { type: 'number', 'connect.type': 'float32' }],
    ['float64', primitive('float64'), 1, { type: 'number', 'connect.type': 'float64' }],
    ['boolean', primitive('boolean'), true, { type: 'boolean' }],
    ['string', primitive('string'), '', { type: 'string' }],
    ['bytes', primitive('bytes'), Buffer.of(1), { type: 'string', 'connect.type': 'bytes' }],
    ['array', array(primitive('string')), [], { type: 'array', items: { type: 'string' } }],
    [
      'map with texts as keys',
      map(primitive('string'), primitive('boolean')),
      new Map(),
      { type: 'object', 'connect.type': 'map', additionalProperties: { type: 'boolean' } },
    ],
    [
      'map with other keys',
      map(primitive('int32'), primitive('boolean')),
      new Map(),
      {
        type: 'array',
        'connect.type': 'map',
        items: {
          type: 'object',
          properties: {
            key: { type: 'integer', 'connect.type': 'int32', 'connect.index': 0 },
            value: { type: 'boolean', 'connect.index': 1 },
          },
        },
      },
    ],
  ])('of a %s', async (_, schema, value, expected) => {
    expect(await schemaOf(schema, value)).toEqual(expected)
  })

  test('says with object.additional.properties=false that there is nothing else, in every struct', async () => {
    const schema = struct({ in: struct({ a: primitive('boolean') }) })
    expect(await schemaOf(schema, { in: { a: true } }, { 'object.additional.properties': 'false' })).toMatchObject({
      additionalProperties: false,
      properties: { in: { additionalProperties: false } },
    })
  })

  test('names its draft when that is not draft 7', async () => {
    const schema = primitive('string')
    expect(await schemaOf(schema, 'x', { 'json.schema.spec.version': 'draft_2020_12' })).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'string',
    })
    expect(await schemaOf(schema, 'x', { 'json.schema.spec.version': 'draft_2019_09' })).toHaveProperty(
      '$schema',
      'https://json-schema.org/draft/2019-09/schema',
    )
  })

  test('has defaults in the form of values, beyond the numbers of JavaScript too', async () => {
    const schema = struct({
      n: primitive('int64', { default: 9_007_199_254_740_993n }),
      b: primitive('bytes', { default: Buffer.of(1, 2) }),
      list: array(primitive('int32'), { default: [1, 2] }),
      price: decimal(2, { default: '1.50' }),
    })
    const bytes = (await written(schema, {}))!
    expect(bytes.subarray(5).toString()).toBe('{"n":9007199254740993,"b":"AQI=","list":[1,2],"price":"AJY="}')
    expect((await registry.latest('t-value')).text).toContain('"default":9007199254740993')
    const back = await read(bytes)
    expect(canonical(back.schema!)).toBe(canonical(schema))
  })
})

describe('values', () => {
  const LOGICAL = struct({ d: date(), t: time(), ts: timestamp(), price: decimal(2) })
  const VALUE = { d: 1, t: 2, ts: 1_700_000_000_000, price: '-1.50' }

  test('of logical types are numbers, decimals bytes or numbers by decimal.format; both are read', async () => {
    expect(await json(LOGICAL, VALUE)).toBe('{"d":1,"t":2,"ts":1700000000000,"price":"/2o="}')
    expect(await json(LOGICAL, VALUE, { 'decimal.format': 'numeric' })).toBe(
      '{"d":1,"t":2,"ts":1700000000000,"price":-1.50}',
    )
    for (const format of ['BASE64', 'NUMERIC'])
      expect((await read((await written(LOGICAL, VALUE, { 'decimal.format': format }))!)).value).toEqual(VALUE)
  })

  test('of maps are objects, or lists of entries where a key is no text or may be null', async () => {
    const entries = new Map<Value, Value>([['a', 1]])
    expect(await json(map(primitive('string'), primitive('int32')), entries, {}, 'm1')).toBe('{"a":1}')
    const optional = map(primitive('string', { optional: true }), primitive('int32'))
    expect(await json(optional, new Map<Value, Value>([...entries, [null, 2]]), {}, 'm2')).toBe(
      '[{"key":"a","value":1},{"key":null,"value":2}]',
    )
    expect(await json(map(primitive('int8'), primitive('int32')), new Map([[1, 2]]), {}, 'm3')).toBe(
      '[{"key":1,"value":2}]',
    )
  })

  test('without a schema are registered as one that says nothing, and come back without one', async () => {
    const value = { a: [1, 'x', null, 2.5], b: { c: true } }
    const bytes = (await written(null, value))!
    expect((await registry.latest('t-value')).text).toBe('{}')
    expect(await read(bytes)).toEqual({ schema: null, value })
  })

  test('that a schema does not name are left out, and those that are missing are null or the default', async () => {
    const id = await registered({
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'integer', default: 7 }, __proto__x: { type: 'boolean' } },
    })
    expect((await read(behind(id, '{"other":1,"a":"x"}'))).value).toEqual({ a: 'x', b: 7, __proto__x: null })
    expect((await read(behind(id, '{}'))).value).toEqual({ a: null, b: 7, __proto__x: null })
  })

  test('that are called like what every object has are members like any other', async () => {
    const schema = structOf([
      ['__proto__', primitive('int32')],
      ['constructor', primitive('string', { optional: true })],
    ])
    const value = Object.fromEntries([['__proto__', 1]])
    const back = (await read((await written(schema, value))!)).value
    expect(Object.entries(back as object)).toEqual([
      ['__proto__', 1],
      ['constructor', null],
    ])
  })

  test('that do not fit their schema are refused, with the place', async () => {
    const schema = struct({
      rows: array(struct({ n: primitive('int8') })),
      by: map(primitive('int32'), primitive('boolean'), { optional: true }),
    })
    await expect(written(schema, { rows: [{ n: 1 }, { n: 128 }] })).rejects.toMatchObject({
      code: 'DATA_INVALID',
      place: { field: 'rows[1].n' },
    })
    await expect(written(schema, { rows: [], by: new Map([[1, 'no']]) })).rejects.toMatchObject({
      place: { field: 'by[entry 0]' },
    })
    await expect(written(decimal(2), '1.5', {}, 'decimals')).rejects.toMatchObject({ code: 'DATA_INVALID' })
    await expect(written(primitive('int64'), 2n ** 63n, {}, 'longs')).rejects.toMatchObject({ code: 'DATA_INVALID' })
    await expect(written(primitive('int32'), Number.NaN, {}, 'ints')).rejects.toMatchObject({ code: 'DATA_INVALID' })
  })
})

describe('null', () => {
  test('is a tombstone without a schema, or where the schema does not allow it; JSON null where it does', async () => {
    expect(await written(null, null)).toBeNull()
    expect(await written(primitive('string'), null)).toBeNull()
    expect(await registry.subjects()).toEqual([])
    expect(await json(primitive('string', { optional: true }), null, {}, 'optional')).toBe('null')
    expect(await json(primitive('string', { default: 'd' }), null, {}, 'default')).toBe('"d"')
    expect(converterOn(registry).decode('t', null)).toEqual({ schema: null, value: null })
  })

  test('in a field is the default, null where that is allowed, or left out', async () => {
    const schema = struct({
      required: primitive('string'),
      optional: primitive('string', { optional: true }),
      fallback: primitive('string', { default: 'd' }),
      both: primitive('string', { optional: true, default: 'e' }),
    })
    expect(await json(schema, {})).toBe('{"optional":null,"fallback":"d","both":"e"}')
    const ignoring = { 'ignore.default.for.nullables': 'true' }
    expect(await json(schema, { required: null }, ignoring)).toBe('{"optional":null,"both":null}')
    expect((await read((await written(schema, {}))!)).value).toEqual({
      required: null,
      optional: null,
      fallback: 'd',
      both: 'e',
    })
  })

  test('that is there but not allowed is a DataError that names the place', async () => {
    const id = await registered({ type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } })
    await expect(read(behind(id, '{"a":["x",null]}'))).rejects.toMatchObject({
      message: expect.stringMatching(/^Invalid null value for required STRING field/) as unknown,
      place: { field: 'a[1]' },
    })
  })
})

describe('JSON Schemas of others', () => {
  test.each<[string, unknown, string, Partial<Schema> | null, Value]>([
    ['integer', { type: 'integer' }, '5', { type: 'int64' }, 5],
    ['number', { type: 'number' }, '5', { type: 'float64' }, 5],
    [
      'a number that connect.type narrows',
      { type: 'number', 'connect.type': 'float32' },
      '0.1',
      { type: 'float32' },
      Math.fround(0.1),
    ],
    ['bytes', { type: 'string', 'connect.type': 'bytes' }, '"AQ=="', { type: 'bytes' }, Buffer.of(1)],
    ['anything', true, '{"a":[1]}', null, { a: [1] }],
    ['nothing said', { title: 'free' }, '"x"', null, 'x'],
    ['a type that only keywords tell', { maxLength: 3 }, '"x"', { type: 'string' }, 'x'],
    [
      'several types with null',
      { type: ['null', 'integer'], 'connect.type': 'int8' },
      '5',
      { type: 'int8', optional: true },
      5,
    ],
    ['a const', { const: 'a' }, '"a"', { type: 'string' }, 'a'],
    ['a const of a type', { const: 5, type: 'integer' }, '5', { type: 'int64' }, 5],
    ['an enum of numbers', { enum: [1, 2] }, '2', { type: 'int64' }, 2],
    ['an enum of a number type', { enum: [1, 2], type: 'number' }, '2', { type: 'float64' }, 2],
    [
      'a date-time',
      { type: 'string', format: 'date-time' },
      '"2026-01-01T00:00:00Z"',
      { type: 'string' },
      '2026-01-01T00:00:00Z',
    ],
    [
      'anyOf with null',
      { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
      'null',
      { type: 'boolean', optional: true },
      null,
    ],
    [
      'a default',
      { type: 'integer', default: 3, title: 'T', description: 'D' },
      'null',
      { type: 'int64', default: 3, name: 'T', doc: 'D' },
      3,
    ],
    [
      'a default that is none of its type',
      { type: 'string', 'connect.type': 'bytes', default: '*' },
      '""',
      { type: 'bytes' },
      Buffer.of(),
    ],
    [
      'a definition',
      { $ref: '#/definitions/a', definitions: { a: { type: 'boolean', title: 'A' } } },
      'true',
      { type: 'boolean', name: 'A' },
      true,
    ],
    [
      'a definition of later drafts, described where it is used',
      { $ref: '#/$defs/a', $defs: { a: { type: 'boolean' } }, description: 'here' },
      'true',
      { type: 'boolean', doc: 'here' },
      true,
    ],
    [
      'allOf of one',
      { allOf: [{ $ref: '#/definitions/a' }], definitions: { a: { type: 'integer' } } },
      '1',
      { type: 'int64' },
      1,
    ],
    ['a number with a format', { allOf: [{ type: 'integer' }, { format: 'int32' }] }, '1', { type: 'int64' }, 1],
  ])('%s', async (_, schema, payload, expected, value) => {
    const back = await readAs(schema, payload)
    expect(back.value).toEqual(value)
    if (expected === null) expect(back.schema).toBeNull()
    else expect(back.schema).toMatchObject(expected)
    if (expected !== null && expected.optional === undefined) expect(back.schema!.optional).toBe(false)
  })

  test('are called as they are called where they are used, and as what they are made of otherwise', async () => {
    const inner = { type: 'integer', title: 'Inner', description: 'inner' }
    const { schema } = await readAs({ title: 'Outer', allOf: [inner] }, '1')
    expect(schema).toMatchObject({ type: 'int64', name: 'Outer', doc: 'inner' })
  })

  test('that are all of each other in a circle end', async () => {
    const [a, b] = ['a', 'b'].map((name) => ({ $ref: `#/definitions/${name}` }))
    const circle = { type: 'string', allOf: [a], definitions: { a: { allOf: [b] }, b: { allOf: [a] } } }
    expect((await readAs(circle, '"x"')).value).toBe('x')
  })

  test('have a default of their own in each place where they are used', async () => {
    const used = {
      type: 'object',
      properties: { b: { type: 'string', 'connect.type': 'bytes' } },
      default: { b: 'AQ==' },
    }
    const two = {
      properties: { x: { $ref: '#/definitions/d' }, y: { $ref: '#/definitions/d' } },
      definitions: { d: used },
    }
    const expected = { b: Buffer.of(1) }
    expect((await readAs(two, '{}')).value).toEqual({ x: expected, y: expected })
  })

  test('have fields in the order of connect.index, the others where they stand', async () => {
    const property = (index?: number): unknown => ({
      type: 'string',
      ...(index !== undefined && { 'connect.index': index }),
    })
    const { schema } = await readAs(
      { type: 'object', properties: { c: property(2), a: property(0), b: property(1) } },
      '{}',
    )
    expect(schema!.type === 'struct' && schema!.fields.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    const plain = await readAs({ properties: { z: property(), a: property() } }, '{}')
    expect(plain.schema!.type === 'struct' && plain.schema!.fields.map(({ name }) => name)).toEqual(['z', 'a'])
  })

  test('have optional fields for what is not required with use.optional.for.nonrequired', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['a'] }
    const optional = (s: Schema | null): unknown => s!.type === 'struct' && s!.fields.map((f) => f.schema.optional)
    expect(optional((await readAs(schema, '{}')).schema)).toEqual([false, false])
    const raw = { 'use.optional.for.nonrequired': 'true' }
    expect(optional((await readAs(schema, '{"b":null}', raw)).schema)).toEqual([false, true])
  })

  test('that are all of several have the properties of all', async () => {
    const { schema, value } = await readAs(
      {
        title: 'Both',
        properties: { own: { type: 'integer' } },
        allOf: [{ $ref: '#/definitions/base' }, { type: 'object', properties: { more: { type: 'string' } } }],
        oneOf: [{ required: ['own'] }, { required: ['more'] }],
        definitions: { base: { type: 'object', properties: { id: { type: 'string' } } } },
      },
      '{"own":1,"id":"x","more":"y"}',
    )
    expect(value).toEqual({ own: 1, id: 'x', more: 'y' })
    expect(schema!.name).toBe('Both')
  })

  test('that are built on schemas of other subjects are read with those', async () => {
    await registered({ type: 'string', title: 'Money' }, 'money')
    await registered({ type: 'object', title: 'Line', properties: { price: { $ref: 'money.json' } } }, 'line', [
      { name: 'money.json', subject: 'money', version: 1 },
    ])
    const id = await registered(
      { $id: 'http://example.com/order.json', type: 'array', items: { $ref: 'line.json' } },
      't-value',
      [
        { name: 'line.json', subject: 'line', version: 1 },
        { name: 'money.json', subject: 'money', version: 1 },
      ],
    )
    const { schema, value } = await read(behind(id, '[{"price":"5 EUR"}]'), { 'json.fail.invalid.schema': 'true' })
    expect(value).toEqual([{ price: '5 EUR' }])
    expect(schema).toMatchObject({ items: { name: 'Line', fields: [{ schema: { name: 'Money' } }] } })
    await expect(read(behind(id, '[{"price":5}]'), { 'json.fail.invalid.schema': 'true' })).rejects.toMatchObject({
      place: { field: '[0].price' },
    })
  })

  test.each<[string, unknown, RegExp]>([
    ['within itself', { type: 'object', properties: { next: { $ref: '#' } } }, /has itself among its properties/],
    ['of nothing in a field', { type: 'object', properties: { a: {} } }, /does not say of what type/],
    ['of null alone', { type: 'null' }, /does not say of what type/],
    ['that allows nothing', { type: 'object', properties: { a: false } }, /allows no value/],
    ['of arrays without items', { type: 'array' }, /did not specify the items type/],
    ['with a connect.type that is none', { type: 'integer', 'connect.type': 'int7' }, /Unsupported type "int7"/],
    ['of a map without values', { type: 'object', 'connect.type': 'map' }, /valueSchema cannot be null/],
    [
      'with parameters that are no texts',
      { type: 'string', 'connect.parameters': { a: 1 } },
      /a in connect.parameters is no string/,
    ],
  ])('%s have no schema in Connect, and say so', async (_, schema, message) => {
    await expect(readAs(schema, '{}')).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
      message: expect.stringMatching(message) as unknown,
    })
  })

  test('whose references multiply without end are refused before they take the memory', async () => {
    const definitions = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        `d${i}`,
        {
          type: 'object',
          properties: { a: { $ref: `#/definitions/d${i + 1}` }, b: { $ref: `#/definitions/d${i + 1}` } },
        },
      ]),
    )
    const schema = { $ref: '#/definitions/d0', definitions: { ...definitions, d40: { type: 'string' } } }
    await expect(readAs(schema, '{}')).rejects.toMatchObject({
      message: expect.stringMatching(/more than 50000/) as unknown,
    })
  })
})

describe('unions and enums', () => {
  const UNION = {
    oneOf: [
      { type: 'null' },
      { type: 'integer' },
      { type: 'number' },
      { type: 'string' },
      { type: 'object', properties: { a: { type: 'string' } } },
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } },
    ],
  }
  const FIELD = 'io.confluent.connect.json.OneOf.field.'

  test.each<[string, number | null, Value]>([
    ['1', 0, 1],
    ['1.0', 1, 1],
    ['12345678901234567', 0, 12345678901234567n],
    ['"x"', 2, 'x'],
    ['{"a":"1"}', 3, { a: '1' }],
    ['{"b":"2","a":"1"}', 4, { a: '1', b: '2' }],
  ])('are structs with one field a branch: %s', async (payload, index, value) => {
    const { schema, value: found } = await readAs(UNION, payload)
    expect(schema).toMatchObject({ name: 'io.confluent.connect.json.OneOf', optional: true })
    const expected = Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`${FIELD}${i}`, i === index ? value : null]))
    expect(found).toEqual(expected)
    const written = await json(schema, found)
    expect(JSON.parse(written)).toEqual(JSON.parse(payload))
  })

  test('have the general form with generalized.sum.type.support', async () => {
    const raw = { 'generalized.sum.type.support': 'true' }
    const { schema, value } = await readAs({ type: 'array', items: UNION }, '["x",null]', raw)
    expect(schema).toMatchObject({
      items: { name: 'connect_union_0', parameters: { 'org.apache.kafka.connect.data.Union': 'connect_union_0' } },
    })
    expect(value).toMatchObject([{ connect_union_field_2: 'x' }, null])
    const enums = await readAs({ enum: ['A', 'B'] }, '"B"', raw)
    expect(enums.schema!.parameters).toEqual({
      'org.apache.kafka.connect.data.Enum': '',
      'org.apache.kafka.connect.data.Enum.A': '0',
      'org.apache.kafka.connect.data.Enum.B': '1',
    })
    expect(await schemaOf(enums.schema!, 'B', raw)).toMatchObject({ enum: ['A', 'B'] })
  })

  test('of one type are that type, unless flatten.singleton.unions says no', async () => {
    const schema = { oneOf: [{ type: 'string' }] }
    expect((await readAs(schema, '"x"')).value).toBe('x')
    expect((await readAs(schema, '"x"', { 'flatten.singleton.unions': 'false' })).value).toEqual({ [`${FIELD}0`]: 'x' })
  })

  test('a value that is of no branch, and a struct without a value, are DataErrors', async () => {
    const id = await registered({ oneOf: [{ type: 'boolean' }, { type: 'string' }] })
    await expect(read(behind(id, '1'))).rejects.toMatchObject({
      message: expect.stringMatching(/^Did not find matching oneof field for data: NUMBER/) as unknown,
    })
    const { schema } = await read(behind(id, '"x"'))
    await expect(written(schema, {}, {}, 'other')).rejects.toMatchObject({
      message: expect.stringMatching(/None of the fields/) as unknown,
    })
  })

  test('are texts with the symbols in parameters, null among them, and enums again', async () => {
    const { schema, value } = await readAs({ enum: ['A', 'B', null] }, '"B"')
    expect(value).toBe('B')
    expect(schema!.optional).toBe(true)
    expect(schema!.parameters).toEqual({
      'io.confluent.connect.json.Enum': '',
      'io.confluent.connect.json.Enum.A': 'A',
      'io.confluent.connect.json.Enum.B': 'B',
      'io.confluent.connect.json.Enum.<NULL>': '<NULL>',
    })
    const raw = { 'json.fail.invalid.schema': 'true' }
    expect(await json(schema, null, raw)).toBe('null')
    await expect(written(schema, 'C', raw)).rejects.toMatchObject({ code: 'DATA_INVALID' })
  })
})

describe('with json.fail.invalid.schema', () => {
  const raw = { 'json.fail.invalid.schema': 'true' }
  const SCHEMA = {
    type: 'object',
    properties: {
      n: { type: 'integer', minimum: 1 },
      list: { type: 'array', items: { type: 'string', pattern: '^a' } },
    },
    required: ['n'],
  }

  test('what is read must be all that the schema says; without it, it is taken as it comes', async () => {
    const id = await registered(SCHEMA)
    expect((await read(behind(id, '{"n":1,"list":["a"]}'), raw)).value).toEqual({ n: 1, list: ['a'] })
    expect((await read(behind(id, '{"n":0}'))).value).toEqual({ n: 0, list: null })
    await expect(read(behind(id, '{"n":0}'), raw)).rejects.toMatchObject({
      name: 'DataError',
      place: { field: 'n', keyword: '#/properties/n/minimum' },
      message: expect.stringMatching(/must be >= 1/) as unknown,
    })
    await expect(read(behind(id, '{"n":1,"list":["a","b"]}'), raw)).rejects.toMatchObject({
      place: { field: 'list[1]' },
    })
    await expect(read(behind(id, '{}'), raw)).rejects.toMatchObject({ place: { keyword: '#/required' } })
    // JSON in the eyes of Java alone.
    await expect(read(behind(id, '{"n":00}'), raw)).rejects.toMatchObject({ place: { field: 'n' } })
    await expect(read(behind(id, '{"n":"NaN"}'), raw)).rejects.toMatchObject({ place: { field: 'n' } })
  })

  test('what is written must be, too, by the schema that it is written with', async () => {
    await registered(SCHEMA)
    const latest = { ...raw, 'auto.register.schemas': 'false', 'use.latest.version': 'true' }
    const { schema } = await read(behind(1, '{"n":1}'))
    await expect(
      written(schema, { n: 0 }, { ...latest, 'latest.compatibility.strict': 'false' }),
    ).rejects.toMatchObject({
      place: { field: 'n' },
    })
    await expect(written(decimal(2), '1.50', raw, 'base64')).rejects.toMatchObject({
      message: expect.stringMatching(/must be number/) as unknown,
    })
    await expect(written(primitive('float64'), Number.NaN, raw, 'nan')).rejects.toMatchObject({
      message: expect.stringMatching(/must be number/) as unknown,
    })
  })

  test('the draft is that of the schema, or draft 7 with ignore.modern.dialects', async () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'array',
      items: { type: 'string' },
      prefixItems: [{ const: 'first' }],
    }
    const id = await registered(schema)
    await expect(read(behind(id, '["second"]'), raw)).rejects.toMatchObject({ place: { field: '[0]' } })
    expect((await read(behind(id, '["second"]'), { ...raw, 'ignore.modern.dialects': 'true' })).value).toEqual([
      'second',
    ])
    const dependent = {
      $schema: 'https://json-schema.org/draft/2019-09/schema',
      properties: { a: { type: 'string' } },
      dependentRequired: { a: ['b'] },
    }
    await expect(read(behind(await registered(dependent, 'd'), '{"a":""}'), raw)).rejects.toMatchObject({
      place: { keyword: '#/dependentRequired' },
    })
  })

  test('a schema that cannot be validated by says so', async () => {
    const id = await registered({ type: 'string', pattern: '(' })
    await expect(read(behind(id, '"x"'), raw)).rejects.toMatchObject({ code: 'SCHEMA_INVALID' })
    expect((await read(behind(id, '"x"'))).value).toBe('x')
  })
})

describe('with use.latest.version', () => {
  const V1 = struct({ a: primitive('int32') }, { name: 'R' })
  const latest = { 'auto.register.schemas': 'false', 'use.latest.version': 'true' }

  test('records of an older schema are read as the latest: completed, fields left out', async () => {
    const bytes = (await written(V1, { a: 1 }))!
    await registry.setCompatibility('NONE')
    await registered({ type: 'object', title: 'R', properties: { b: { type: 'string', default: 'd' } } })
    expect((await read(bytes, { 'use.latest.version': 'true' })).value).toEqual({ b: 'd' })
    expect((await read(bytes)).value).toEqual({ a: 1 })
  })

  test('records are written under the latest schema, if that can read them', async () => {
    await registry.setCompatibility('NONE')
    await written(V1, { a: 1 })
    const id = await registered({ type: 'object', title: 'R', properties: { a: { type: 'number' } } })
    expect(await written(V1, { a: 2 }, latest)).toEqual(behind(id, '{"a":2}'))
    await written(V1, { a: 1 }, {}, 'other')
    await registered({ type: 'object', title: 'R', properties: { a: { type: 'string' } } }, 'other-value')
    await expect(written(V1, { a: 2 }, latest, 'other')).rejects.toMatchObject({
      name: 'DataError',
      place: { reason: 'TYPE_CHANGED' },
    })
    expect(await json(V1, { a: 2 }, { ...latest, 'latest.compatibility.strict': 'false' }, 'other')).toBe('{"a":2}')
  })

  test('subjects may be named after the title', async () => {
    const raw = { 'value.subject.name.strategy': 'RecordNameStrategy' }
    await written(V1, { a: 1 }, raw)
    expect(await registry.subjects()).toEqual(['R'])
    const bytes = (await written(V1, { a: 1 }, { ...raw, ...latest }))!
    expect((await read(bytes, { ...raw, 'use.latest.version': 'true' })).value).toEqual({ a: 1 })
    await expect(written(primitive('string'), 'x', raw)).rejects.toMatchObject({
      message: expect.stringMatching(/no record name/) as unknown,
    })
  })
})

test('values are written with a schema by its id, with all that only JSON Schema says of them', async () => {
  const id = await registered({ type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] })
  const converter = converterOn(registry, { 'json.fail.invalid.schema': 'true' })
  const { schema, encode } = await ready(() => converter.writerOf(id))
  expect(schema).toMatchObject({ fields: [{ name: 'n', schema: { type: 'int64' } }] })
  expect(encode({ n: 1 })).toEqual(behind(id, '{"n":1}'))
  expect(() => encode({ n: 0 })).toThrow(/must be >= 1/)
})

describe('bad bytes', () => {
  const SCHEMA = {
    type: 'object',
    properties: { n: { type: 'integer' }, list: { type: 'array', items: { type: 'number' } } },
  }

  test.each<[string, string | Uint8Array, RegExp]>([
    ['nothing', '', /end-of-input/],
    ['what is cut off', '{"n":1', /end-of-input/],
    ['no JSON', 'hello', /Unrecognized token 'hello'/],
    ['NaN as a number', '{"n":NaN}', /Unrecognized token 'NaN'/],
    ['no UTF-8', Buffer.from('22c32822', 'hex'), /Invalid UTF-8/],
  ])('%s is a DataError that says why', async (_, payload, message) => {
    const id = await registered(SCHEMA)
    expect(await failure(() => converterOn(registry).decode('t', behind(id, payload)))).toMatchObject({
      name: 'DataError',
      code: 'DATA_INVALID',
      message: expect.stringMatching(/^Converting byte\[\] to Kafka Connect data failed/) as unknown,
      cause: { message: expect.stringMatching(message) as unknown },
    })
  })

  test('JSON of another kind than the schema has is a DataError, with the place', async () => {
    const id = await registered({ properties: { in: SCHEMA } })
    await expect(read(behind(id, '{"in":[1]}'))).rejects.toMatchObject({
      message: expect.stringMatching(/^Structs should be encoded as JSON objects, but found ARRAY/) as unknown,
      place: { field: 'in' },
    })
  })

  test('an integer beyond 64 bits wraps as in Java, or is a DataError with integer.overflow=fail', async () => {
    const id = await registered(SCHEMA)
    const bytes = behind(id, '{"n":12345678901234567890}')
    expect((await read(bytes)).value).toMatchObject({ n: -6101065172474983726n })
    await expect(read(bytes, { 'integer.overflow': 'fail' })).rejects.toMatchObject({
      place: { field: 'n' },
      message: expect.stringMatching(/does not fit into 64 bits/) as unknown,
    })
    const small = await registered({ type: 'integer', 'connect.type': 'int8' }, 'small')
    expect((await read(behind(small, '128'))).value).toBe(-128)
    await expect(read(behind(small, '128'), { 'integer.overflow': 'fail' })).rejects.toMatchObject({
      code: 'DATA_INVALID',
    })
  })

  test('a lone surrogate is kept as an escape', async () => {
    const bytes = (await written(primitive('string'), '\uD800x'))!
    expect(bytes.subarray(5).toString()).toBe('"\\uD800x"')
    expect((await read(bytes)).value).toBe('\uD800x')
  })

  test('NaN and infinity are their names in quotes, and read as 0', async () => {
    const schema = array(primitive('float64'))
    const bytes = (await written(schema, [Number.NaN, -Infinity]))!
    expect(bytes.subarray(5).toString()).toBe('["NaN","-Infinity"]')
    expect((await read(bytes)).value).toEqual([0, 0])
  })

  test('lists 10,000 deep are a DataError where no schema bounds them, and left out where one does', async () => {
    const deep = '['.repeat(10_000) + ']'.repeat(10_000)
    await expect(readAs({}, deep)).rejects.toMatchObject({
      name: 'DataError',
      cause: { message: expect.stringMatching(/nesting depth/) as unknown },
    })
    const id = await registered(SCHEMA)
    expect((await read(behind(id, `{"x":${deep},"n":1}`))).value).toEqual({ n: 1, list: null })
    let value: Value = []
    for (let i = 0; i < 1100; i++) value = [value]
    await expect(written(null, value)).rejects.toMatchObject({
      message: expect.stringMatching(/nesting depth/) as unknown,
    })
  })

  test('of lists in lists by a schema within itself are refused by the validator, not by the stack', async () => {
    const id = await registered({
      properties: { a: { type: 'string' } },
      additionalProperties: { $ref: '#/definitions/l' },
      definitions: { l: { type: 'array', items: { $ref: '#/definitions/l' } } },
    })
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    await expect(read(behind(id, `{"x":${deep}}`), { 'json.fail.invalid.schema': 'true' })).rejects.toMatchObject({
      name: 'DataError',
      message: expect.stringMatching(/too deep/) as unknown,
    })
  })

  test('a wrong magic byte, an unknown id, and a schema of another format are named outcomes', async () => {
    await expect(read(Buffer.from('0100000001', 'hex'))).rejects.toMatchObject({
      name: 'DataError',
      message: expect.stringMatching(/magic byte 1/) as unknown,
    })
    await expect(read(behind(99, '{}'))).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' })
    const { id } = await registry.register('a', { type: 'AVRO', text: '"string"' })
    await expect(read(behind(id, '""'))).rejects.toMatchObject({
      message: expect.stringMatching(/is AVRO, not JSON Schema/) as unknown,
    })
  })
})

test('a schema is read once: all records of it have the same schema object', async () => {
  const converter = converterOn(registry)
  const bytes = (await written(struct({ a: primitive('int32') }), { a: 1 }))!
  const first = await ready(() => converter.decode('t', bytes))
  expect(converter.decode('t', bytes).schema).toBe(first.schema)
})

test('it is found by its Java class, and does not convert headers', () => {
  expect(converterByName('io.confluent.connect.json.JsonSchemaConverter')).toBe(jsonSchemaConverter)
  expect(converterByName('JsonSchemaConverter')).toBe(jsonSchemaConverter)
  const url = { 'schema.registry.url': 'http://localhost:1' }
  expect(() => jsonSchemaConverter.create(url, 'header')).toThrow(/not headers/)
  expect(() => jsonSchemaConverter.create({}, 'value')).toThrow(/schema.registry.url/)
})
