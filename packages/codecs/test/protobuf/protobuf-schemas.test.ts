import { beforeEach, describe, expect, test } from '@jest/globals'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import {
  LOGICAL,
  array,
  canonical,
  date,
  decimal,
  map,
  primitive,
  struct,
  structOf,
  time,
  timestamp,
  withOptional,
} from '@sluice/sdk'
import type { RawSettings, Schema, StructSchema, Value } from '@sluice/sdk'
import { converterByName, protobufConverter } from '@sluice/codecs'
import { behind, converterOn, failure, ready, registered } from './support.ts'

const TAG = 'io.confluent.connect.protobuf.Tag'
const TYPE = 'io.confluent.connect.protobuf.Type'
const ENUM = 'io.confluent.connect.protobuf.Enum'
const GENERAL_ENUM = 'org.apache.kafka.connect.data.Enum'
const GENERAL_UNION = 'org.apache.kafka.connect.data.Union'

let registry: SchemaRegistry

beforeEach(async () => {
  registry = await memoryRegistry()
})

/** The file that values of the schema are registered with, without white space that means nothing. */
async function textOf(schema: Schema, value: Value, raw: RawSettings = {}): Promise<string> {
  await ready(() => converterOn(registry, raw).encoder('own', schema)(value))
  const { text } = await registry.latest('own-value')
  return text.replaceAll(/\s+/g, ' ').trim()
}

async function schemaOf(text: string, raw: RawSettings = {}, indexes: readonly number[] = [0]): Promise<StructSchema> {
  const id = await registered(registry, `syntax = "proto3"; ${text}`)
  const { schema } = await ready(() => converterOn(registry, raw).decode('t', behind(id, '', indexes)))
  return schema as StructSchema
}

function typesOf(schema: StructSchema): Readonly<Record<string, Schema>> {
  return Object.fromEntries(schema.fields.map((field) => [field.name, field.schema]))
}

test('it is found by its name and its Java class, and is for keys and values', () => {
  for (const name of ['protobuf', 'ProtobufConverter', 'io.confluent.connect.protobuf.ProtobufConverter'])
    expect(converterByName(name)).toBe(protobufConverter)
  expect(() => protobufConverter.create({ 'schema.registry.url': 'http://unused' }, 'header')).toThrow(/not headers/)
})

describe('the file that is registered', () => {
  test('is proto3, named after the struct, with its fields numbered in their order', async () => {
    const schema = struct(
      {
        id: primitive('int64'),
        name: primitive('string', { optional: true }),
        ok: primitive('boolean'),
        f: primitive('float32'),
        d: primitive('float64'),
        raw: primitive('bytes'),
        small: primitive('int8'),
        short: primitive('int16'),
        int: primitive('int32'),
      },
      { name: 'shop.v1.Order' },
    )
    const value = { id: 1, name: null, ok: true, f: 1, d: 1, raw: Buffer.alloc(0), small: 1, short: 1, int: 1 }
    expect(await textOf(schema, value)).toBe(
      'syntax = "proto3"; package shop.v1; import "confluent/meta.proto"; message Order { int64 id = 1; string name = 2; bool ok = 3; ' +
        'float f = 4; double d = 5; bytes raw = 6; ' +
        'int32 small = 7 [(confluent.field_meta) = { params : [{ key : "connect.type", value : "int8" } ] } ]; ' +
        'int32 short = 8 [(confluent.field_meta) = { params : [{ key : "connect.type", value : "int16" } ] } ]; int32 int = 9; }',
    )
  })

  test('numbers structs and maps without a name, in the order of their fields', async () => {
    const schema = struct({
      a: struct({ x: primitive('int32') }),
      m: map(primitive('string'), struct({ y: primitive('int32') })),
      l: array(struct({ z: primitive('int32') })),
      n: map(primitive('int32'), primitive('string'), { name: 'some_names' }),
    })
    const value = { a: { x: 1 }, m: new Map([['k', { y: 1 }]]), l: [{ z: 1 }], n: new Map() }
    expect(await textOf(schema, value)).toBe(
      'syntax = "proto3"; message ConnectDefault1 { ConnectDefault2 a = 1; repeated ConnectDefault3Entry m = 2; ' +
        'repeated ConnectDefault5 l = 3; repeated SomeNamesEntry n = 4; message ConnectDefault2 { int32 x = 1; } ' +
        'message ConnectDefault3Entry { string key = 1; ConnectDefault4 value = 2; message ConnectDefault4 { int32 y = 1; } } ' +
        'message ConnectDefault5 { int32 z = 1; } message SomeNamesEntry { int32 key = 1; string value = 2; } }',
    )
  })

  test('has the messages of Google and Confluent for logical types', async () => {
    const schema = struct(
      {
        price: decimal(2, { parameters: { 'connect.decimal.precision': '9' } }),
        day: date(),
        at: time(),
        stamp: timestamp(),
      },
      { name: 'L' },
    )
    expect(await textOf(schema, { price: '1.00', day: 0, at: 0, stamp: 0 })).toBe(
      'syntax = "proto3"; import "confluent/meta.proto"; import "confluent/type/decimal.proto"; import "google/protobuf/timestamp.proto"; ' +
        'import "google/type/date.proto"; import "google/type/timeofday.proto"; message L { confluent.type.Decimal price = 1 ' +
        '[(confluent.field_meta) = { params : [{ key : "precision", value : "9" } , { key : "scale", value : "2" } ] } ]; ' +
        'google.type.Date day = 2; google.type.TimeOfDay at = 3; google.protobuf.Timestamp stamp = 4; }',
    )
  })

  const NULLABLE = struct(
    {
      a: primitive('int32', { optional: true }),
      b: primitive('string'),
      c: primitive('int64', { optional: true, parameters: { [TYPE]: 'fixed32' } }),
      d: date({ optional: true }),
      l: array(primitive('boolean', { optional: true }), { optional: true }),
      m: map(primitive('string'), primitive('float64', { optional: true })),
    },
    { name: 'N' },
  )
  const NOTHING = { a: null, b: '', c: null, d: null, l: null, m: new Map() }

  test('marks optional fields with optional.for.nullables, but no list and nothing in a map', async () => {
    expect(await textOf(NULLABLE, NOTHING, { 'optional.for.nullables': 'true' })).toContain(
      'message N { optional int32 a = 1; string b = 2; optional fixed32 c = 3; optional google.type.Date d = 4; repeated bool l = 5; ' +
        'repeated ConnectDefault1Entry m = 6; message ConnectDefault1Entry { string key = 1; double value = 2; } }',
    )
  })

  test('wraps optional fields with wrapper.for.nullables', async () => {
    expect(await textOf(NULLABLE, NOTHING, { 'wrapper.for.nullables': 'true' })).toContain(
      'message N { google.protobuf.Int32Value a = 1; string b = 2; google.protobuf.UInt32Value c = 3; google.type.Date d = 4; ' +
        'repeated google.protobuf.BoolValue l = 5; repeated ConnectDefault1Entry m = 6; ' +
        'message ConnectDefault1Entry { string key = 1; google.protobuf.DoubleValue value = 2; } }',
    )
  })

  test('keeps the numbers that fields are asked to have, and gives others those between', async () => {
    const asked = (number: string): Schema => primitive('int32', { parameters: { [TAG]: number } })
    const schema = struct({ a: primitive('int32'), b: asked('1'), c: primitive('int32'), d: asked('3') }, { name: 'T' })
    expect(await textOf(schema, { a: 1, b: 1, c: 1, d: 1 })).toContain(
      '{ int32 a = 2; int32 b = 1; int32 c = 4; int32 d = 3; }',
    )
    const wrong = struct({ a: asked('0') }, { name: 'T' })
    expect(await failure(() => converterOn(registry).encoder('t', wrong)({}))).toMatchObject({ code: 'SCHEMA_INVALID' })
  })

  test.each([
    ['enums are named', { [ENUM]: 'Color', [`${ENUM}.RED`]: '0', [`${ENUM}.BLUE`]: '7' }],
    [
      'enums in the general form',
      { [GENERAL_ENUM]: 'Color', [`${GENERAL_ENUM}.RED`]: '0', [`${GENERAL_ENUM}.BLUE`]: '7' },
    ],
  ])('%s', async (_, parameters) => {
    const schema = struct({ c: primitive('string', { name: 'shop.Color', parameters }) }, { name: 'T' })
    expect(await textOf(schema, { c: 'BLUE' })).toContain('{ Color c = 1; enum Color { RED = 0; BLUE = 7; } }')
  })

  test('has a oneof for a struct that stands for a union', async () => {
    const branches = { a: primitive('int32', { optional: true }), b: primitive('string', { optional: true }) }
    const own = struct(branches, { name: 'io.confluent.connect.protobuf.Union.pkg.either', optional: true })
    const expected = 'oneof either { int32 a = 1; string b = 2; } }'
    const raw = { 'wrapper.for.nullables': 'true' }
    expect(await textOf(struct({ either_0: own }, { name: 'T' }), { either_0: { b: 'x' } }, raw)).toContain(expected)
    const general = struct(branches, { name: 'x', parameters: { [GENERAL_UNION]: 'either' } })
    expect(await textOf(struct({ u: general }, { name: 'T' }), { u: { b: 'x' } })).toContain(expected)
  })

  test('renames a message that is called like its field or like a type of Protobuf', async () => {
    const inner = struct({ x: primitive('int32') }, { name: 'inner' })
    const string = struct({ x: primitive('int32') }, { name: 'string' })
    expect(await textOf(struct({ inner, b: string }, { name: 'T' }), { inner: { x: 1 }, b: { x: 1 } })).toContain(
      '{ innerMessage inner = 1; stringMessage b = 2;',
    )
  })

  test('takes names that Protobuf does not take only when they may be scrubbed', async () => {
    const schema = struct(
      { 'a-b': primitive('int32'), _c: primitive('int32'), '1': primitive('int32') },
      { name: 'my-shop.T' },
    )
    const value = { 'a-b': 1, _c: 2, '1': 3 }
    expect(await failure(() => converterOn(registry).encoder('t', schema)({}))).toMatchObject({
      code: 'SCHEMA_INVALID',
      remedy: expect.stringContaining('scrub.invalid.names'),
    })
    const raw = { 'scrub.invalid.names': 'true' }
    expect(await textOf(schema, value, raw)).toContain(
      'package my_shop; message T { int32 x1 = 1; int32 a_b = 2; int32 x_c = 3; }',
    )
  })

  test.each<readonly [string, Schema, RegExp]>([
    ['a list of lists', struct({ a: array(array(primitive('int32'))) }), /cannot be nested/],
    ['a list of maps', struct({ a: array(map(primitive('string'), primitive('int32'))) }), /cannot be nested/],
    ['a lone list', array(primitive('int32')), /Unsupported root schema of type ARRAY/],
    ['a lone map', map(primitive('string'), primitive('int32')), /Unsupported root schema of type MAP/],
    ['a lone timestamp', timestamp(), /Unsupported root schema of type org.apache.kafka.connect.data.Timestamp/],
    [
      'an enum without a zero',
      struct({ e: primitive('string', { parameters: { [ENUM]: 'E', [`${ENUM}.A`]: '1' } }) }),
      /no value with the number 0/,
    ],
    [
      'two structs of one name',
      struct({
        a: struct({ x: primitive('int32') }, { name: 'S' }),
        b: struct({ y: primitive('int32') }, { name: 'S' }),
      }),
      /Can't redefine: S/,
    ],
    [
      '101 levels',
      Array.from({ length: 101 }).reduce<Schema>(
        (inner, _, i) => struct({ f: inner }, { name: `S${i}` }),
        primitive('int32'),
      ),
      /more than 100 levels/,
    ],
    [
      '10,000 levels',
      Array.from({ length: 10_000 }).reduce<Schema>(
        (inner, _, i) => struct({ f: inner }, { name: `S${i}` }),
        primitive('int32'),
      ),
      /more than 100 levels/,
    ],
  ])('%s is refused', async (_, schema, message) => {
    expect(await failure(() => converterOn(registry).encoder('t', schema)({}))).toMatchObject({
      code: 'SCHEMA_INVALID',
      message: expect.stringMatching(message),
    })
  })
})

describe('the schema that is read', () => {
  test('has every field optional, with its number, and the kind of an integer where it is not the usual one', async () => {
    const schema = await schemaOf(
      'package p; message A { int32 a = 1; sint32 b = 2; sfixed32 c = 3; uint32 d = 4; fixed32 e = 5; int64 f = 6; uint64 g = 7; ' +
        'sint64 h = 8; fixed64 i = 9; sfixed64 j = 10; float k = 11; double l = 12; bool m = 13; string n = 14; bytes o = 15; }',
    )
    const expected = (
      type: 'int32' | 'int64' | 'float32' | 'float64' | 'boolean' | 'string' | 'bytes',
      number: number,
      kind?: string,
    ): Schema =>
      primitive(type, {
        optional: true,
        parameters: { ...(kind !== undefined && { [TYPE]: kind }), [TAG]: String(number) },
      })
    expect(canonical(schema)).toBe(
      canonical(
        struct(
          {
            a: expected('int32', 1),
            b: expected('int32', 2, 'sint32'),
            c: expected('int32', 3, 'sfixed32'),
            d: expected('int64', 4, 'uint32'),
            e: expected('int64', 5, 'fixed32'),
            f: expected('int64', 6),
            g: expected('int64', 7, 'uint64'),
            h: expected('int64', 8, 'sint64'),
            i: expected('int64', 9, 'fixed64'),
            j: expected('int64', 10, 'sfixed64'),
            k: expected('float32', 11),
            l: expected('float64', 12),
            m: expected('boolean', 13),
            n: expected('string', 14),
            o: expected('bytes', 15),
          },
          { name: 'A' },
        ),
      ),
    )
    expect((await schemaOf('package p; message A { }', { 'enhanced.protobuf.schema.support': 'true' })).name).toBe(
      'p.A',
    )
  })

  test('has lists of optional items, maps called in small letters, and logical types', async () => {
    const { l, m, p, d, t, s, i } = typesOf(
      await schemaOf(
        'import "confluent/meta.proto"; import "confluent/type/decimal.proto"; import "google/type/date.proto"; ' +
          'import "google/type/timeofday.proto"; import "google/protobuf/timestamp.proto"; message A { repeated string l = 1; ' +
          'map<string, int32> m = 2; confluent.type.Decimal p = 3 [(confluent.field_meta).params = { scale: "3", precision: "9" }]; ' +
          'google.type.Date d = 4; google.type.TimeOfDay t = 5; google.protobuf.Timestamp s = 6; ' +
          'int32 i = 7 [(confluent.field_meta) = { params: [{ key: "connect.type", value: "int16" }] }]; }',
      ),
    )
    const numbered = (number: number): { optional: true; parameters: Record<string, string> } => ({
      optional: true,
      parameters: { [TAG]: String(number) },
    })
    const optional = primitive('string', { optional: true })
    expect(canonical(l!)).toBe(canonical(array(optional, numbered(1))))
    const entry = map(primitive('string', numbered(1)), primitive('int32', numbered(2)), { name: 'm', ...numbered(2) })
    expect(canonical(m!)).toBe(canonical(entry))
    expect(p).toEqual(decimal(3, { optional: true, parameters: { 'connect.decimal.precision': '9', [TAG]: '3' } }))
    expect([d, t, s].map((schema) => schema?.name)).toEqual([LOGICAL.date, LOGICAL.time, LOGICAL.timestamp])
    expect(i).toEqual(primitive('int16', numbered(7)))
  })

  const CHOICE =
    'package p; message A { int32 z = 9; oneof pick { string a = 1; B b = 2; } message B { int32 x = 1; } }'

  test('has a struct for a oneof, before the other fields, called after it and its place', async () => {
    const schema = await schemaOf(CHOICE)
    expect(schema.fields.map(({ name }) => name)).toEqual(['pick_0', 'z'])
    expect(schema.fields[0]!.schema).toMatchObject({
      name: 'io.confluent.connect.protobuf.Union.pick',
      optional: true,
      fields: [{ name: 'a' }, { name: 'b' }],
    })
  })

  test.each<readonly [RawSettings, readonly string[], string | undefined]>([
    [{ 'generate.index.for.unions': 'false' }, ['pick', 'z'], 'io.confluent.connect.protobuf.Union.pick'],
    [{ 'enhanced.protobuf.schema.support': 'true' }, ['pick_0', 'z'], 'io.confluent.connect.protobuf.Union.p.A.pick'],
    [{ 'generalized.sum.type.support': 'true' }, ['pick_0', 'z'], 'pick'],
    [{ 'flatten.unions': 'true' }, ['a', 'b', 'z'], undefined],
  ])('with %j a oneof is otherwise', async (raw, names, name) => {
    const schema = await schemaOf(CHOICE, raw)
    expect(schema.fields.map((field) => field.name)).toEqual(names)
    expect(schema.fields[0]!.schema.name).toBe(name)
  })

  test('has enums as texts with their values in parameters, or as numbers', async () => {
    const text = 'package p; message A { E e = 1; } enum E { NONE = 0; SOME = 5; }'
    const parameters = { [ENUM]: 'E', [`${ENUM}.NONE`]: '0', [`${ENUM}.SOME`]: '5', [TAG]: '1' }
    const { e } = typesOf(await schemaOf(text))
    expect(canonical(e!)).toBe(canonical(primitive('string', { optional: true, name: 'E', parameters })))
    expect(typesOf(await schemaOf(text, { 'int.for.enums': 'true' }))['e']).toMatchObject({ type: 'int32', parameters })
    const general = typesOf(await schemaOf(text, { 'generalized.sum.type.support': 'true' }))['e']
    expect(general).toMatchObject({ parameters: { [GENERAL_ENUM]: 'E', [`${GENERAL_ENUM}.SOME`]: '5' } })
  })

  test('says what may be null as the settings have it', async () => {
    const text =
      'import "google/protobuf/wrappers.proto"; message A { int32 a = 1; optional int32 b = 2; google.protobuf.Int32Value c = 3; ' +
      'oneof o { int32 d = 4; string e = 5; } repeated int32 f = 6; B g = 7; } message B { }'
    const optionals = async (raw: RawSettings): Promise<unknown> =>
      Object.fromEntries(
        Object.entries(typesOf(await schemaOf(text, raw))).map(([name, schema]) => [
          name,
          [schema.type, schema.optional],
        ]),
      )
    expect(await optionals({})).toMatchObject({ a: ['int32', true], b: ['int32', true], c: ['struct', true] })
    expect(await optionals({ 'optional.for.nullables': 'true' })).toMatchObject({
      a: ['int32', false],
      b: ['int32', true],
      c: ['struct', true],
    })
    expect(await optionals({ 'wrapper.for.nullables': 'true' })).toMatchObject({
      a: ['int32', false],
      b: ['int32', false],
      c: ['int32', true],
    })
    for (const raw of [{ 'optional.for.nullables': 'true' }, { 'wrapper.for.nullables': 'true' }]) {
      const union = typesOf(await schemaOf(text, raw))['o_0'] as StructSchema
      expect(union.fields.map(({ schema }) => schema.optional)).toEqual([true, true])
      expect(await optionals(raw)).toMatchObject({ f: ['array', true], g: ['struct', true] })
    }
  })

  test('is the same object for all records, and one message has one schema wherever it is', async () => {
    const id = await registered(
      registry,
      'syntax = "proto3"; message A { B b = 1; B c = 2; } message B { int32 x = 1; }',
    )
    const converter = converterOn(registry)
    const [first, second] = [
      await ready(() => converter.decode('t', behind(id, ''))),
      await ready(() => converter.decode('t', behind(id, ''))),
    ]
    expect(first.schema).toBe(second.schema)
  })

  test.each([
    ['a message within itself', 'message A { A a = 1; }', /A has itself among its fields/],
    ['a message within itself, further down', 'message A { B b = 1; } message B { repeated A a = 1; }', /has itself/],
    [
      'JSON of any form',
      'import "google/protobuf/struct.proto"; message A { google.protobuf.Struct s = 1; }',
      /has itself/,
    ],
    ['more than 100 levels', chain(101), /more than 100 levels/],
    ['10,000 levels', chain(10_000), /more than 100 levels/],
    ['a type that is nowhere', 'message A { Missing a = 1; }', /Missing/],
    ['no messages', 'enum E { A = 0; }', /no message with the indexes 0/],
  ])('%s is bad data', async (_, text, message) => {
    const id = await registered(registry, `syntax = "proto3"; ${text}`)
    const error = await failure(() => converterOn(registry).decode('t', behind(id, '')))
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
    expect((error as { code: string }).code).toMatch(/SCHEMA_INVALID|DATA_INVALID/)
  })

  test('that was read is written as the same file of fields, and read again as itself', async () => {
    const read = await schemaOf(
      'message A { repeated sint32 a = 7; map<string, B> m = 2; optional fixed64 c = 3; oneof o { B b = 4; uint32 u = 5; } ' +
        'message B { E e = 1; } } enum E { NONE = 0; }',
    )
    const value = { o_0: { u: 7 }, a: [1, -1], m: new Map([['k', { e: 'NONE' }]]), c: 3 }
    const text = await textOf(withOptional(read, false), value)
    expect(text).toBe(
      'syntax = "proto3"; message A { repeated sint32 a = 7; repeated mEntry m = 2; fixed64 c = 3; oneof o { B b = 4; uint32 u = 5; } ' +
        'message B { E e = 1; enum E { NONE = 0; } } message mEntry { string key = 1; B value = 2; message B { E e = 1; enum E { NONE = 0; } } } }',
    )
    const { id } = await registry.latest('own-value')
    const again = await ready(() => converterOn(registry).decode('t', behind(id, '')))
    expect(canonical(again.schema!)).toBe(
      canonical(
        structOf(
          read.fields.map((f) => [f.name, f.schema]),
          { name: 'A' },
        ),
      ),
    )
  })
})

function chain(length: number): string {
  const links = Array.from({ length }, (_, i) => `message A${i} { A${i + 1} a = 1; }`)
  return `${links.join(' ')} message A${length} { int32 x = 1; }`
}
