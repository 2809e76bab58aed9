import { beforeEach, describe, expect, test } from '@jest/globals'
import protobuf from 'protobufjs'
import type { SchemaRegistry } from '@sluice/schema-registry'
import { memoryRegistry } from '@sluice/schema-registry/testing'
import { SluiceError, array, date, decimal, map, primitive, struct, time, timestamp } from '@sluice/sdk'
import type { RawSettings, Schema, Value } from '@sluice/sdk'
import { protobufConverterWith, protobufSettings } from '@sluice/codecs'
import { behind, converterOn, failure, ready, registered } from './support.ts'

const LATEST = { 'auto.register.schemas': 'false', 'use.latest.version': 'true' }

let registry: SchemaRegistry

beforeEach(async () => {
  registry = await memoryRegistry()
  await registry.setCompatibility('NONE')
})

async function read(id: number, payload: string, raw: RawSettings = {}, indexes?: readonly number[]): Promise<Value> {
  return (await ready(() => converterOn(registry, raw).decode('t', behind(id, payload, indexes)))).value
}

/** Of a message `A` in proto3, or with another first line. */
async function readAs(body: string, payload: string, raw: RawSettings = {}): Promise<Value> {
  return read(await registered(registry, body.startsWith('syntax') ? body : `syntax = "proto3"; ${body}`), payload, raw)
}

async function written(schema: Schema | null, value: Value, raw: RawSettings = {}): Promise<string | null> {
  const bytes = await ready(() => converterOn(registry, raw).encoder('t', schema)(value))
  return bytes === null ? null : Buffer.from(bytes).subarray(5).toString('hex')
}

async function failed(body: string, payload: string, raw: RawSettings = {}): Promise<string> {
  const error = await failure(() =>
    readAs(body, payload, raw).then((value) => {
      throw new Error(`It is ${JSON.stringify(value)}`)
    }),
  )
  expect(error).toBeInstanceOf(SluiceError)
  return (error as Error).message
}

describe('what is read', () => {
  test('is the default where nothing is written, and null for messages, oneofs and what is optional', async () => {
    const body =
      'message A { int32 i = 1; string s = 2; bytes b = 3; E e = 4; repeated int32 l = 5; map<string, int32> m = 6; A2 a = 7; ' +
      'optional int32 o = 8; oneof x { bool y = 9; string z = 10; } double d = 11; uint64 u = 12; } enum E { NONE = 0; } message A2 { int32 x = 1; }'
    const nothing = {
      x_0: null,
      i: 0,
      s: '',
      b: Buffer.alloc(0),
      e: 'NONE',
      l: [],
      m: new Map(),
      a: null,
      o: null,
      d: 0,
      u: 0,
    }
    expect(await readAs(body, '')).toEqual(nothing)
    expect(await readAs(body, '4000 4800 3a00 2000')).toEqual({ ...nothing, o: 0, x_0: { y: false }, a: { x: 0 } })
    expect(await readAs(body, '', { 'generate.struct.for.nulls': 'true' })).toEqual({ ...nothing, a: { x: 0 } })
    const flat = await readAs(body, '4801', { 'flatten.unions': 'true' })
    expect(flat).toMatchObject({ y: true, z: null })
  })

  const OLD =
    'syntax = "proto2"; message A { required int32 r = 1; optional string s = 2 [default = "x"]; optional E e = 3 [default = TWO]; ' +
    'optional group G = 4 { optional bool b = 1; } repeated int32 l = 5; } enum E { ONE = 1; TWO = 2; }'

  test('of proto2 is null where an optional field is not written, or its default', async () => {
    const value = { r: 7, s: null, e: null, g: null, l: [] }
    expect(await readAs(OLD, '0807')).toEqual(value)
    expect(await readAs(OLD, '0807', { 'optional.for.proto2': 'false' })).toEqual({ ...value, s: 'x', e: 'TWO' })
    expect(await failed(OLD, '120161')).toMatch(/A lacks its required field r/)
  })

  test('of proto2 has groups as structs, also such that come in parts, and an unknown enum is none', async () => {
    expect(await readAs(OLD, '0807 23 0801 24')).toMatchObject({ g: { b: true } })
    expect(await readAs(OLD, '0807 23 0801 24 23 24')).toMatchObject({ g: { b: true } })
    expect(await readAs(OLD, '0807 1809')).toMatchObject({ e: null })
  })

  test('of an enum is its first name, or what Java calls a number that has none', async () => {
    const body =
      'message A { E e = 1; repeated E l = 2; } enum E { option allow_alias = true; NONE = 0; SOME = 5; OTHER = 5; }'
    expect(await readAs(body, '0805 1203000509')).toEqual({ e: 'SOME', l: ['NONE', 'SOME', 'UNKNOWN_ENUM_VALUE_E_9'] })
    expect(await readAs(body, '0809 1001', { 'int.for.enums': 'true' })).toEqual({ e: 9, l: [1] })
  })

  test('is a list, packed or not, and both in one', async () => {
    expect(await readAs('message A { repeated int32 l = 1; }', '0801 0a020203 0804')).toEqual({ l: [1, 2, 3, 4] })
    expect(await readAs('message A { repeated int32 l = 1 [packed = false]; }', '0a020203')).toEqual({ l: [2, 3] })
  })

  test('is the last of several, but a message is put together of its parts', async () => {
    const body =
      'message A { int32 i = 1; B b = 2; oneof o { B c = 3; B d = 4; } } message B { int32 x = 1; repeated int32 y = 2; }'
    expect(await readAs(body, '0801 0802 12020801 12021005 12021006')).toMatchObject({ i: 2, b: { x: 1, y: [5, 6] } })
    // Another branch in between: what was before is gone.
    expect(await readAs(body, '1a020801 22020802 1a021003')).toMatchObject({ o_0: { c: { x: 0, y: [3] } } })
    expect(await readAs(body, '1a020801 1a021003')).toMatchObject({ o_0: { c: { x: 1, y: [3] } } })
  })

  test('100,000 parts of one message take no longer than their bytes', async () => {
    const body = 'message A { B b = 1; } message B { int32 x = 1; }'
    expect(await readAs(body, '0a020801'.repeat(100_000))).toEqual({ b: { x: 1 } })
  })

  test('passes by fields that the schema does not know, and known ones of another wire type', async () => {
    const unknown = '1005 1900000000000000ff 220161 2d00000000 33 0801 3b 3c 34'
    expect(await readAs('message A { int32 i = 1; }', `${unknown} 0801`)).toEqual({ i: 1 })
    expect(await readAs('message A { int32 i = 1; }', '0d01000000')).toEqual({ i: 0 })
  })

  test('is the message that the indexes name', async () => {
    const id = await registered(
      registry,
      'syntax = "proto3"; message A { message B { } message C { string c = 1; } } message D { int32 d = 1; }',
    )
    expect(await read(id, '0a0161', {}, [0, 1])).toEqual({ c: 'a' })
    expect(await read(id, '0801', {}, [1])).toEqual({ d: 1 })
    expect(await read(id, '')).toEqual({})
    for (const indexes of [[2], [0, 2], [0, 1, 0]])
      expect(await failure(() => converterOn(registry).decode('t', behind(id, '', indexes)))).toMatchObject({
        code: 'DATA_INVALID',
        message: `The Protobuf schema has no message with the indexes ${indexes.join(', ')}`,
      })
  })

  test('integers are unsigned up to 32 bits; beyond 2^63 they are negative, as in Java, or refused', async () => {
    const body = 'message A { uint32 a = 1; fixed32 b = 2; uint64 c = 3; fixed64 d = 4; int32 e = 5; }'
    const all = '08ffffffff0f 15ffffffff 18ffffffffffffffffff01 21ffffffffffffff7f 28ffffffffffffffffff01'
    const value = { a: 4_294_967_295, b: 4_294_967_295, c: -1, d: 2n ** 63n - 1n, e: -1 }
    expect(await readAs(body, all)).toEqual(value)
    const strict = { 'integer.overflow': 'fail' }
    expect(await failed(body, all, strict)).toMatch(/^18446744073709551615 is no int64 \(field=/)
    // An int64 read as an int32, as after a change of the schema.
    expect(await readAs(body, '288080808010')).toMatchObject({ e: 0 })
    expect(await failed(body, '288080808010', strict)).toMatch(/^4294967296 is no int32 \(field=/)
    expect(await failed(body, '088080808010', strict)).toMatch(/^4294967296 is no uint32 \(field=/)
  })

  test('the small integers of Connect are refused beyond their type, of which Java would cut bits off', async () => {
    const body =
      'import "confluent/meta.proto"; message A { int32 a = 1 [(confluent.field_meta).params = { key: "connect.type", value: "int8" }]; }'
    expect(await readAs(body, '087f')).toEqual({ a: 127 })
    expect(await failed(body, '088001')).toMatch(/^128 is no int8 \(field=/)
  })

  test.each([
    ['confluent/type/decimal', 'confluent.type.Decimal', '0a02 04e2 1803', '0a06 0a0204e2 1803', /mismatching scale/],
    ['google/type/date', 'google.type.Date', '', '0a04 0802 1002', /year 2, month 2, day 0 is no date/],
    ['google/type/date', 'google.type.Date', '', '0a07 08e70f 1002 181d', /year 2023, month 2, day 29 is no date/],
    ['google/type/timeofday', 'google.type.TimeOfDay', '', '0a02 0818', /24:0:0 and 0 ns is no time/],
    ['google/protobuf/timestamp', 'google.protobuf.Timestamp', '', '0a0b 10ffffffffffffffffff01', /0 s and -1 ns/],
    ['google/protobuf/timestamp', 'google.protobuf.Timestamp', '', '0a0b 08ffffffffffffffffff7f', /more than 64 bits/],
  ])('a %s that is none is refused', async (path, type, _, payload, message) => {
    expect(await failed(`import "${path}.proto"; message A { ${type} a = 1; }`, payload)).toMatch(message)
  })

  test('dates are those of Java, Julian before 15 October 1582', async () => {
    const body = 'import "google/type/date.proto"; message A { google.type.Date a = 1; }'
    expect(await readAs(body, '0a06 0801 1001 1801')).toEqual({ a: -719_164 })
    expect(await readAs(body, '0a07 08ae0c 100a 180f')).toEqual({ a: -141_427 })
    expect(await failed(body, '0a07 08ae0c 100a 1805')).toMatch(/is no date/)
    expect(await written(struct({ a: date() }, { name: 'A' }), { a: -719_164 })).toBe('000a06080110011801')
  })

  test('a decimal gets the scale of its field, when no digit is lost', async () => {
    const body =
      'import "confluent/meta.proto"; import "confluent/type/decimal.proto"; message A { confluent.type.Decimal a = 1 [(confluent.field_meta).params = { scale: "3" }]; }'
    expect(await readAs(body, '0a06 0a0204e2 1802')).toEqual({ a: '12.500' })
    expect(await failed(body, '0a02 1803')).toMatch(/^Zero length BigInteger \(field=/)
  })

  test('wrappers are what is in them: as the whole value always, as a field with wrapper.for.nullables', async () => {
    const wrappers =
      'syntax = "proto3"; package google.protobuf; message Int32Value { int32 value = 1; } message UInt32Value { uint32 value = 1; }'
    expect(await readAs(wrappers, '0805')).toBe(5)
    expect(await readAs(wrappers, '')).toBe(0)
    expect(await readAs(wrappers, '0805', { 'wrapper.for.raw.primitives': 'false' })).toEqual({ value: 5 })
    const body =
      'import "google/protobuf/wrappers.proto"; message A { google.protobuf.UInt32Value a = 1; google.protobuf.StringValue b = 2; }'
    expect(await readAs(body, '0a0608ffffffff0f')).toEqual({ a: { value: 4_294_967_295 }, b: null })
    expect(await readAs(body, '0a0608ffffffff0f 1200', { 'wrapper.for.nullables': 'true' })).toEqual({
      a: 4_294_967_295,
      b: '',
    })
  })

  test('is what files of other subjects define', async () => {
    await registered(
      registry,
      'syntax = "proto2"; package base; message Money { optional int64 cents = 1; enum Unit { EUR = 0; USD = 1; } }',
      'money',
    )
    await registered(
      registry,
      'syntax = "proto3"; package mid; import "base/money.proto"; message Line { base.Money price = 1; }',
      'line',
      [{ name: 'base/money.proto', subject: 'money', version: 1 }],
    )
    const id = await registered(
      registry,
      'syntax = "proto3"; package top; import "mid/line.proto"; message Order { repeated mid.Line lines = 1; }',
      't-value',
      [{ name: 'mid/line.proto', subject: 'line', version: 1 }],
    )
    expect(await read(id, '0a04 0a02 0805 0a00')).toEqual({ lines: [{ price: { cents: 5 } }, { price: null }] })
  })
})

describe('bytes that are no message', () => {
  const BODY =
    'message A { int32 i = 1; string s = 2; B b = 3; repeated B l = 4; fixed64 f = 5; map<string, B> m = 6; } message B { string s = 1; repeated int32 p = 2; }'

  test.each([
    ['a field cut off', '08', /longer than its record/, 'i'],
    ['a tag cut off', '80', /longer than its record/, undefined],
    ['a fixed number cut off', '29 0000', /claims 8 bytes where 2 are left/, 'f'],
    ['a text that claims more than there is', '12 05 61', /claims 5 bytes where 1 are left/, 's'],
    ['a message that claims 4 GiB', '1a ffffffff0f', /claims 4294967295 bytes where 0 are left/, 'b'],
    ['a text longer than the message around it', '1a 03 0a 05 61 6161616161', /claims 5 bytes where 1 are left/, 'b.s'],
    ['a number longer than the message around it', '1a 03 1202 80 01', /longer than its record|claims/, 'b.p[0]'],
    ['the third of a list', '2200 2200 22 03 0a 01 ff', /not UTF-8/, 'l[2].s'],
    ['the value of a map', '32 06 0a 00 12 02 0a 05', /claims 5 bytes/, 'm[0].value.s'],
    ['an integer of eleven bytes', '08 ffffffffffffffffffff01', /more than 64 bits/, 'i'],
    ['an integer of 65 bits', '08 ffffffffffffffffff02', /more than 64 bits/, 'i'],
    ['a length of more than 32 bits', '12 8080808010', /more than 32 bits/, 's'],
    ['field 0', '00', /0 is no tag/, undefined],
    ['wire type 6', '0e', /14 is no tag/, undefined],
    ['a group that ends before it begins', '0c', /ends that has not begun/, undefined],
    ['a group without an end', '7b 0801', /longer than its record/, undefined],
    ['a text that is no UTF-8', '12 02 c3 28', /not UTF-8/, 's'],
    ['a text with half a surrogate pair', '12 03 eda080', /not UTF-8/, 's'],
  ])('%s is an error with its place', async (_, payload, message, field) => {
    const id = await registered(registry, `syntax = "proto3"; ${BODY}`)
    const error = await failure(() => converterOn(registry).decode('t', behind(id, payload)))
    expect(error).toMatchObject({ code: 'DATA_INVALID', message: expect.stringMatching(message) })
    expect((error as SluiceError).place?.['field']).toBe(field)
  })

  test('groups of 10,000 levels that nobody knows are refused without a stack for each', async () => {
    const id = await registered(registry, `syntax = "proto3"; ${BODY}`)
    for (const payload of ['7b'.repeat(10_000), '7b'.repeat(10_000) + '7c'.repeat(10_000)])
      expect(await failure(() => converterOn(registry).decode('t', behind(id, payload)))).toMatchObject({
        message: expect.stringMatching(/more than 100 levels/),
      })
    expect(await read(id, `${'7b'.repeat(100)}${'7c'.repeat(100)} 0801`)).toMatchObject({ i: 1 })
  })

  test('after an error the next record is read as if nothing had been', async () => {
    const id = await registered(registry, `syntax = "proto3"; ${BODY}`)
    const converter = converterOn(registry)
    await failure(() => converter.decode('t', behind(id, '1a 03 0a 05 61')))
    expect((await ready(() => converter.decode('t', behind(id, '0801')))).value).toMatchObject({ i: 1 })
  })

  test('what is no message index, no prefix or no Protobuf is said to be that', async () => {
    const id = await registered(registry, `syntax = "proto3"; ${BODY}`)
    const prefix = behind(id, '').subarray(0, 5)
    const indexes = (hex: string): Promise<unknown> =>
      failure(() => converterOn(registry).decode('t', Buffer.concat([prefix, Buffer.from(hex, 'hex')])))
    expect(await indexes('')).toMatchObject({ message: expect.stringMatching(/indexes .* end before/) })
    expect(await indexes('01')).toMatchObject({ message: expect.stringMatching(/claim -1 levels/) })
    expect(await indexes('ffffffffffffff')).toMatchObject({ message: expect.stringMatching(/more than 32 bits/) })
    // What a writer that knows no indexes leaves: a message, whose first byte is taken for their number.
    expect(await indexes('0805')).toMatchObject({ code: 'DATA_INVALID', remedy: expect.stringMatching(/kafkajs/) })
    expect(await failure(() => converterOn(registry).decode('t', Buffer.from('{}')))).toMatchObject({
      code: 'DATA_INVALID',
    })
    const avro = await registry.register('avro', { type: 'AVRO', text: '"int"' })
    expect(await failure(() => converterOn(registry).decode('t', behind(avro.id, '')))).toMatchObject({
      message: `The schema ${avro.id} is AVRO, not Protobuf`,
    })
  })
})

describe('what is written', () => {
  test('leaves defaults out, but not of optional fields and oneofs; lists of numbers are packed', async () => {
    const schema = struct(
      { a: primitive('int32'), b: primitive('string', { optional: true }), l: array(primitive('int32')) },
      { name: 'A' },
    )
    expect(await written(schema, { a: 0, b: null, l: [] })).toBe('00')
    expect(await written(schema, { a: -1, b: '', l: [1, 300] })).toBe('0008ffffffffffffffffff011a0301ac02')
    expect(
      await written(
        schema,
        { a: 0, b: '', l: [] },
        { 'optional.for.nullables': 'true', 'auto.register.schemas': 'true' },
      ),
    ).toBe('001200')
  })

  test('leaves the zero of an enum out, too, and takes no empty text for it', async () => {
    const parameters = { 'io.confluent.connect.protobuf.Enum': 'E', 'io.confluent.connect.protobuf.Enum.Z': '0' }
    const schema = struct(
      { e: primitive('string', { parameters }), n: primitive('int32', { parameters }) },
      { name: 'A' },
    )
    expect(await written(schema, { e: 'Z', n: 0 })).toBe('00')
    expect(await written(schema, { e: 'Z', n: 7 })).toBe('001007')
    for (const value of [
      { e: '', n: 0 },
      { e: 0, n: 0 },
      { e: 'Z', n: 'Z' },
    ])
      expect(await failure(() => converterOn(registry).encoder('t', schema)(value))).toBeInstanceOf(SluiceError)
  })

  test('null is a tombstone, whatever the schema, and nothing is registered for it', async () => {
    expect(await written(struct({ a: primitive('int32') }), null)).toBeNull()
    expect(await written(null, null)).toBeNull()
    expect(await registry.subjects()).toEqual([])
    expect(await failure(() => converterOn(registry).encoder('t', null)({ a: 1 }))).toMatchObject({
      message: 'A value without a schema cannot be written as Protobuf',
    })
  })

  test('a lone number or text is the wrapper of Google, and comes back', async () => {
    for (const [schema, value, hex] of [
      [primitive('int32'), 5, '02080805'],
      [primitive('string'), 'ä', '020e0a02c3a4'],
      [primitive('boolean'), false, '020c'],
    ] as const) {
      expect(await written(schema, value)).toBe(hex)
      const bytes = await ready(() => converterOn(registry).encoder('t', schema)(value))
      expect(await ready(() => converterOn(registry).decode('t', bytes))).toEqual({ schema, value })
    }
    expect((await registry.latest('t-value')).text).toContain('package google.protobuf;')
  })

  test('null takes the default of its schema, unless it is to stay null', async () => {
    const schema = struct({ a: primitive('int32', { optional: true, default: 7 }) }, { name: 'A' })
    expect(await written(schema, { a: null })).toBe('000807')
    expect(await written(schema, { a: null }, { 'ignore.default.for.nullables': 'true' })).toBe('00')
  })

  test.each<readonly [string, Schema, Value, RegExp, string | undefined]>([
    ['null in a required field', primitive('int32'), null, /Found null value for non-optional schema/, 'f'],
    ['a text for a number', primitive('int32'), '', /Invalid type for INT32: java.lang.String/, 'f'],
    ['false for a number', primitive('int64'), false, /Invalid type for INT64/, 'f'],
    ['0 for a text', primitive('string'), 0, /Invalid type for STRING/, 'f'],
    ['a number beyond its type', primitive('int8'), 128, /Invalid type for INT8/, 'f'],
    ['2^63', primitive('int64'), 2n ** 63n, /Invalid type for INT64/, 'f'],
    ['a fraction', primitive('int32'), 1.5, /Invalid type for INT32/, 'f'],
    ['NaN for an integer', primitive('int32'), NaN, /Invalid type for INT32/, 'f'],
    ['a number beyond 2^53 that is not exact', primitive('int64'), 2 ** 60, /Invalid type for INT64/, 'f'],
    ['half a surrogate pair', primitive('string'), 'a\uD800', /half a surrogate pair/, 'f'],
    ['null in a list', array(primitive('int32', { optional: true })), [1, null], /holds no null/, 'f[1]'],
    [
      'null in a map of what is required',
      map(primitive('string'), primitive('int32')),
      new Map([['k', null]]),
      /Found null/,
      'f[k]',
    ],
    ['an object for a map', map(primitive('string'), primitive('int32')), {}, /Invalid type for MAP/, 'f'],
    [
      'a text in a struct in a list',
      array(struct({ x: primitive('int32') })),
      [{ x: 1 }, { x: 'a' }],
      /Invalid type/,
      'f[1].x',
    ],
    ['a decimal of another scale', decimal(2), '1.5', /mismatching scale/, 'f'],
    ['a date before year 1', date(), -719_165, /not in the years 1 to 9999/, 'f'],
    ['a time of 24 hours', time(), 86_400_000, /The time of day is 86400000 ms/, 'f'],
    ['a timestamp after year 9999', timestamp(), 253_402_300_800_000, /not in the years 1 to 9999/, 'f'],
    [
      'more than a uint32',
      primitive('int64', { parameters: { 'io.confluent.connect.protobuf.Type': 'uint32' } }),
      2 ** 32,
      /4294967296 is beyond the type of the Protobuf field/,
      'f',
    ],
    [
      'a value that an enum does not have',
      primitive('string', {
        parameters: { 'io.confluent.connect.protobuf.Enum': 'E', 'io.confluent.connect.protobuf.Enum.A': '0' },
      }),
      'B',
      /E has no such value/,
      'f',
    ],
  ])('%s is an error with its place', async (_, type, value, message, field) => {
    const schema = struct({ f: type }, { name: 'A' })
    const error = await failure(() => converterOn(registry).encoder('t', schema)({ f: value }))
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
    expect((error as SluiceError).place?.['field']).toBe(field)
  })

  test('a union without a value is refused', async () => {
    const union = struct(
      { a: primitive('int32', { optional: true }) },
      { name: 'io.confluent.connect.protobuf.Union.u' },
    )
    const error = await failure(() => converterOn(registry).encoder('t', struct({ u_0: union }))({ u_0: {} }))
    expect(error).toMatchObject({
      message: expect.stringMatching(/Cannot find non-null field/),
      place: { field: 'u_0' },
    })
  })

  test('messages of any length within others are read by protobufjs', async () => {
    const schema = struct(
      { a: struct({ b: struct({ s: primitive('string'), n: primitive('int32') }, { name: 'B' }) }, { name: 'M' }) },
      { name: 'A' },
    )
    const encode = converterOn(registry).encoder('t', schema)
    await ready(() => encode({ a: { b: { s: '', n: 1 } } }))
    const peer = protobuf
      .parse((await registry.latest('t-value')).text, new protobuf.Root(), { keepCase: true })
      .root.lookupType('A')
    for (const length of [0, 120, 121, 122, 123, 124, 125, 126, 127, 128, 16_370, 16_384, 70_000, 2_100_000]) {
      const value = { a: { b: { s: 'x'.repeat(length), n: 7 } } }
      expect(peer.toObject(peer.decode(Buffer.from(encode(value)!).subarray(6)), { defaults: true })).toEqual(value)
    }
  })
})

describe('with the latest schema of the subject', () => {
  const ORDER = struct(
    { id: primitive('int64'), note: primitive('string', { optional: true }) },
    { name: 'shop.Order' },
  )

  test('values are written by its numbers, into its message, wherever that is', async () => {
    await registered(
      registry,
      'syntax = "proto3"; package shop; message Envelope { message Other { } message Order { optional string note = 9; int32 more = 1; sint64 id = 3; } }',
    )
    expect(await written(ORDER, { id: 5, note: 'a' }, LATEST)).toBe('040002180a4a0161')
    const all = converterOn(registry, LATEST)
    const bytes = await ready(() => all.encoder('t', ORDER)({ id: 5, note: null }))
    expect((await ready(() => all.decode('t', bytes))).value).toEqual({ note: null, more: 0, id: 5 })
  })

  test.each([
    ['lacks a field of the records', 'message Order { int64 id = 1; }', /shop.Order has no field note/],
    [
      'requires one that they lack',
      'message Order { required int64 id = 1; optional string note = 2; required bool x = 3; }',
      /required field shop.Order.x/,
    ],
    [
      'has another type',
      'message Order { string id = 1; string note = 2; }',
      /INT64 cannot be written as a Protobuf string/,
    ],
    ['has other messages', 'message A { } message B { }', /has no message shop.Order/],
  ])('a schema that %s is refused', async (_, body, message) => {
    const syntax = body.includes('required') ? 'proto2' : 'proto3'
    await registered(registry, `syntax = "${syntax}"; package shop; ${body}`)
    const error = await failure(() => converterOn(registry, LATEST).encoder('t', ORDER)({ id: 1, note: 'a' }))
    expect(error).toMatchObject({ code: 'SCHEMA_PROJECTION', message: expect.stringMatching(message) })
  })

  test('values may be of a schema that has no file of its own, if the registered one has their fields', async () => {
    const id = await registered(
      registry,
      'syntax = "proto2"; message A { optional E e = 1; optional group G = 2 { repeated sint32 l = 1; } enum E { ONE = 1; } }',
    )
    const bytes = behind(id, '0801 13 0803 14')
    const { schema, value } = await ready(() => converterOn(registry).decode('t', bytes))
    expect(value).toEqual({ e: 'ONE', g: { l: [-2] } })
    const encode = converterOn(registry, LATEST).encoder('t', schema)
    expect(await ready(() => encode(value))).toEqual(bytes)
    const own = await failure(() => converterOn(registry).encoder('own', schema)(value))
    expect(own).toMatchObject({ code: 'SCHEMA_INVALID', message: expect.stringMatching(/no value with the number 0/) })
    const { schema: same, encode: write } = protobufConverterWith(
      protobufSettings.parse({ 'schema.registry.url': 'http://unused' }),
      'value',
      registry,
    ).writerOf(id)
    expect([same, write(value)]).toEqual([schema, bytes])
  })

  test('records of an older schema are read as the latest one', async () => {
    const first = await registered(registry, 'syntax = "proto3"; message A { int32 old = 1; string s = 2; }')
    const bytes = behind(first, '0805 120161')
    expect(await read(first, '0805 120161')).toEqual({ old: 5, s: 'a' })
    await registered(
      registry,
      'syntax = "proto3"; message A { bytes s = 2; optional int32 more = 3; int64 renamed = 1; }',
    )
    const latest = await ready(() => converterOn(registry, LATEST).decode('t', bytes))
    expect(latest.value).toEqual({ s: Buffer.from('a'), more: null, renamed: 5 })
  })

  test('a message that the latest schema does not have any more is a projection that fails', async () => {
    const first = await registered(registry, 'syntax = "proto3"; message A { } message B { int32 x = 1; }')
    await registered(registry, 'syntax = "proto3"; message A { }')
    const error = await failure(() => converterOn(registry, LATEST).decode('t', behind(first, '0801', [1])))
    expect(error).toMatchObject({ code: 'SCHEMA_PROJECTION' })
  })
})
