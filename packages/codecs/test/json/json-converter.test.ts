/** What JsonConverter promises beyond the captured cases: nothing lost, nothing invented, bad input named. */
import { describe, expect, test } from '@jest/globals'
import {
  array,
  DataError,
  decimal,
  describeError,
  map,
  primitive,
  SluiceError,
  struct,
  structOf,
  timestamp,
} from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { jsonConverter } from '@sluice/codecs'
import fc from 'fast-check'

const bare = { 'schemas.enable': 'false' }

function encode(schema: Schema | null, value: Value, settings: Readonly<Record<string, string>> = bare): string | null {
  const bytes = jsonConverter.create(settings, 'value').encoder('t', schema)(value)
  return bytes === null ? null : Buffer.from(bytes).toString()
}

function decode(text: string | Uint8Array, settings: Readonly<Record<string, string>> = bare): Value {
  return jsonConverter.create(settings, 'value').decode('t', Buffer.from(text as string)).value
}

function decodeAs(schemaJson: string, payload: string, settings: Readonly<Record<string, string>> = {}): Value {
  return decode(`{"schema":${schemaJson},"payload":${payload}}`, settings)
}

function errorOf(run: () => unknown): SluiceError {
  try {
    run()
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('expected an error')
}

const order = struct({
  id: primitive('int64'),
  note: primitive('string', { optional: true }),
  lines: array(struct({ price: decimal(2), count: primitive('int32') })),
})

describe('written JSON', () => {
  test('holds the fields in the order of the schema, however the value orders them', () => {
    expect(encode(order, { lines: [], note: 'x', id: 1 })).toBe('{"id":1,"note":"x","lines":[]}')
  })

  test('has null for an optional field that is missing', () => {
    expect(encode(order, { id: 1, lines: [] })).toBe('{"id":1,"note":null,"lines":[]}')
  })

  test('does not take what every object inherits for a field', () => {
    const schema = struct({ constructor: primitive('string', { optional: true }), a: primitive('int32') })
    expect(encode(schema, { a: 1 })).toBe('{"constructor":null,"a":1}')
  })

  test('keeps 64-bit integers exact', () => {
    const schema = primitive('int64')
    expect(encode(schema, 9_223_372_036_854_775_807n)).toBe('9223372036854775807')
    expect(encode(null, { a: -9_007_199_254_740_993n })).toBe('{"a":-9007199254740993}')
  })

  test.each([0, -0, 7, -7, 999_999_999, 1_000_000_000, -1_000_000_000, 2 ** 31, -(2 ** 31), 2 ** 53 - 1])(
    'writes the integer %p as JavaScript does',
    (value) => expect(encode(primitive('int64'), value)).toBe(String(value)),
  )

  test('without a schema writes whole numbers as integers and others as Java prints doubles', () => {
    expect(encode(null, [100, 1.5, 1e-5, 12345678.5, 1e21, -0, Number.NaN])).toBe(
      '[100,1.5,1.0E-5,1.23456785E7,1.0E21,-0.0,"NaN"]',
    )
  })

  test('is the text itself for any string, back through a parser', () => {
    const encoder = jsonConverter.create(bare, 'value').encoder('t', primitive('string'))
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const json = Buffer.from(encoder(text)!).toString()
        expect(JSON.parse(json)).toBe(text)
        expect(json).toBe(javaQuoted(text))
      }),
    )
  })

  test('of a long text is complete, wherever a character is cut', () => {
    for (const unit of ['a', 'é', '☃', '😀', '"', '\n'])
      for (const lead of ['', 'x']) {
        const text = lead + unit.repeat(5000)
        expect(JSON.parse(encode(primitive('string'), text)!)).toBe(text)
      }
  })

  test('escapes a lone surrogate instead of replacing it', () => {
    expect(encode(null, '\ud83d')).toBe(String.raw`"\uD83D"`)
    expect(encode(null, 'long enough for a native write\udc00')).toContain(String.raw`\uDC00"`)
  })

  test('stays as it was handed out, whatever is written afterwards', () => {
    const encoder = jsonConverter.create(bare, 'value').encoder('t', null)
    const kept: [Uint8Array, string][] = []
    for (let i = 0; i < 20_000; i++) {
      const bytes = encoder({ i, text: `${i}`.repeat(i % 50) })!
      kept.push([bytes, Buffer.from(bytes).toString()])
    }
    expect(kept.filter(([bytes, text]) => Buffer.from(bytes).toString() !== text)).toEqual([])
  })

  test('may be larger than a slab', () => {
    const text = 'x'.repeat(3_000_000)
    expect(encode(null, [text, text])).toBe(`["${text}","${text}"]`)
  })

  test.each<[string, Schema, Value, string]>([
    ['text for an integer', primitive('int32'), 'x', 'Invalid type for INT32: class java.lang.String'],
    ['an integer that does not fit', primitive('int8'), 128, 'Invalid type for INT8:'],
    ['a fraction for an integer', primitive('int64'), 1.5, 'Invalid type for INT64: class java.lang.Double'],
    ['more than 64 bits', primitive('int64'), 2n ** 63n, 'Invalid type for INT64:'],
    ['a number for text', primitive('string'), 1, 'Invalid type for STRING:'],
    ['text for bytes', primitive('bytes'), 'x', 'Invalid type for bytes type: class java.lang.String'],
    ['an object for a map', map(primitive('string'), primitive('int32')), { a: 1 }, 'Invalid type for MAP:'],
    ['a list for a struct', struct({}), [], 'Invalid type for STRUCT:'],
    ['a decimal of another scale', decimal(2), '1.5', 'Schema has scale 2, value has scale 1.'],
    ['a decimal that is none', decimal(2), '1e5', 'Invalid value for Decimal'],
    ['a fraction of a millisecond', timestamp(), 1.5, 'Invalid type for Timestamp'],
  ])('is refused for %s', (_what, schema, value, message) => {
    const error = errorOf(() => encode(schema, value))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain(message)
  })

  test('is refused for a field that the schema does not have, instead of leaving it out', () => {
    expect(errorOf(() => encode(order, { id: 1, lines: [], extra: 1 })).message).toContain(
      'extra is not a valid field name',
    )
  })

  test('is refused with the path to the bad value', () => {
    const value = {
      id: 1,
      lines: [
        { price: '1.00', count: 1 },
        { price: '1.00', count: 'x' },
      ],
    }
    expect(errorOf(() => encode(order, value)).place).toEqual({ field: 'lines[1].count' })
    expect(errorOf(() => encode(null, { a: [{ b: new Date(0) as unknown as Value }] })).place).toEqual({
      field: 'a[0].b',
    })
  })

  test('of one value is not spoilt by the failure of the value before', () => {
    const encoder = jsonConverter.create(bare, 'value').encoder('t', order)
    errorOf(() => encoder({ id: 1, note: 'half written', lines: 5 }))
    expect(Buffer.from(encoder({ id: 2, lines: [] })!).toString()).toBe('{"id":2,"note":null,"lines":[]}')
  })

  test('is refused for a circle', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(errorOf(() => encode(null, circle as Value)).message).toContain('nesting depth')
  })
})

describe('read JSON', () => {
  test('keeps integers beyond 2^53 exact, as bigint, with and without a schema', () => {
    expect(decode('{"a":[9007199254740993,1]}')).toEqual({ a: [9_007_199_254_740_993n, 1] })
    expect(decodeAs('{"type":"int64"}', '-9223372036854775808')).toBe(-9_223_372_036_854_775_808n)
  })

  test('takes a double beyond 2^53 for what it is', () => {
    expect(decode('[1e20,9007199254740993.0]')).toEqual([1e20, 9_007_199_254_740_992])
  })

  test('never takes a decimal through a float', () => {
    const schema =
      '{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"20"}}'
    expect(decodeAs(schema, '0.12345678901234567891')).toBe('0.12345678901234567891')
    expect(decodeAs(schema, '1')).toBe('1.00000000000000000000')
  })

  test('refuses a decimal with more digits than its schema has', () => {
    const schema =
      '{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"}}'
    expect(errorOf(() => decodeAs(schema, '1.234')).message).toContain('Schema has scale 2, value has scale 3.')
    expect(errorOf(() => decodeAs(schema, '1e999999')).message).toContain('mismatching scale')
  })

  test('takes the last of duplicate keys', () => expect(decode('{"a":1,"b":0,"a":2}')).toEqual({ a: 2, b: 0 }))

  test.each([
    ['007', 7],
    ['[-01,00.5]', [-1, 0.5]],
    ['-0', 0],
    ['[-0.0]', [0]],
    ['1 trailing', 1],
    ['{"a":1}}', { a: 1 }],
    ['\ufeff5', 5],
  ])('takes %j as Java does', (text, value) => expect(decode(text)).toStrictEqual(value))

  test('keeps a key named __proto__ as a key like any other', () => {
    for (const text of [
      '{"__proto__":{"x":1},"n":1}',
      '{"__proto__":{"x":1},"n":01}',
      '{"__proto__":0,"n":9007199254740993}',
    ]) {
      const value = decode(text) as object
      expect(Object.keys(value)).toEqual(['__proto__', 'n'])
      expect(Object.getPrototypeOf(value)).toBe(Object.getPrototypeOf(JSON.parse('{}')))
      expect((value as { x?: unknown }).x).toBeUndefined()
    }
    const schema = '{"type":"struct","fields":[{"field":"n","type":"int32"},{"field":"__proto__","type":"int32"}]}'
    const struct = decodeAs(schema, '{"__proto__":7,"n":1}') as object
    expect(Object.getOwnPropertyDescriptor(struct, '__proto__')?.value).toBe(7)
  })

  test('does not take what every object inherits for a member', () => {
    const schema = '{"type":"struct","fields":[{"field":"toString","type":"string","optional":true}]}'
    expect(decodeAs(schema, '{}')).toEqual({ toString: null })
    expect(decodeAs(schema, '{"valueOf":1}')).toEqual({ toString: null })
  })

  test('is what was written, for any value without a schema', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const json = encode(null, value as Value)
        const expected = JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
          Object.is(item, -0) ? 0 : item,
        ) as Value
        expect(json === null ? null : decode(json)).toEqual(expected)
      }),
    )
  })

  test('gives structs the fields of the schema, in its order, with nulls for what is missing', () => {
    const schema =
      '{"type":"struct","fields":[{"field":"a","type":"int32"},{"field":"b","type":"bytes","optional":true},{"field":"c","type":"string","optional":true}]}'
    const value = decodeAs(schema, '{"a":1,"b":"AQ==","x":{},"c":"t"}')
    expect(Object.entries(value as object)).toEqual([
      ['a', 1],
      ['b', Buffer.from([1])],
      ['c', 't'],
    ])
    expect(decodeAs(schema, '{"c":"t","a":2}')).toEqual({ a: 2, b: null, c: 't' })
  })

  test.each([
    ['{"a":1', 'Unexpected end-of-input'],
    ['[1,]', 'Unexpected character'],
    ['nope', "Unrecognized token 'nope'"],
    ["'s'", 'Unexpected character'],
    ['"\u0001"', 'Illegal unquoted character'],
    [String.raw`"\x"`, 'Unrecognized character escape'],
    ['1abc', 'Expected space separating root-level values'],
    ['[1.]', 'Decimal point not followed by a digit'],
    ['[-]', 'expected digit'],
    [`[${'9'.repeat(1001)}]`, 'Number value length (1001)'],
    ['['.repeat(100_000), 'Document nesting depth'],
    [`${'['.repeat(2000)}${']'.repeat(2000)}`, 'Document nesting depth'],
  ])('refuses %j', (text, detail) => {
    const error = errorOf(() => decode(text))
    expect(error).toBeInstanceOf(DataError)
    expect(error.sentence).toBe('Converting byte[] to Kafka Connect data failed due to serialization error: ')
    expect(describeError(error)).toContain(detail)
    expect(error.remedy).toBeDefined()
  })

  test('says where bad JSON goes wrong', () =>
    expect(errorOf(() => decode('{\n  "a": tru\n}')).place).toEqual({ line: 2, column: 8 }))

  test('refuses bytes that are not UTF-8, and takes a replacement character that is meant', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ])
      expect(describeError(errorOf(() => decode(Buffer.from(bytes))))).toContain('Invalid UTF-8')
    expect(decode('"\ufffd"')).toBe('\ufffd')
  })

  test('names the field that does not fit', () => {
    const schema =
      '{"type":"struct","fields":[{"field":"a","type":"array","items":{"type":"struct","fields":[{"field":"b","type":"int32"}]}}]}'
    const error = errorOf(() => decodeAs(schema, '{"a":[{"b":1},{"b":null}]}'))
    expect(error.message).toContain('Invalid null value for required INT32 field')
    expect(error.place).toEqual({ field: 'a[1].b' })
  })
})

describe('envelopes', () => {
  const int = '{"type":"int32","optional":false}'
  const text = '{"type":"string","optional":true}'

  test('of the same schema give the same schema object, also when several take turns', () => {
    const converter = jsonConverter.create({}, 'value')
    const read = (schema: string, payload: string): [Schema | null, Value] => {
      const { schema: found, value } = converter.decode('t', Buffer.from(`{"schema":${schema},"payload":${payload}}`))
      return [found, value]
    }
    const [first] = read(int, '1')
    const [other] = read(text, '"a"')
    for (let i = 0; i < 10; i++) {
      expect(read(int, String(i))).toEqual([first, i])
      expect(read(int, String(i))[0]).toBe(first)
      expect(read(text, '"a"')[0]).toBe(other)
    }
  })

  test('are read the same with blanks, with members in another order, and with bytes that only look like the last one', () => {
    const converter = jsonConverter.create({}, 'value')
    const value = (envelope: string): Value => converter.decode('t', Buffer.from(envelope)).value
    expect(value(`{"schema":${int},"payload":1}`)).toBe(1)
    expect(value(`{"schema":${int},"payload": 2 }`)).toBe(2)
    expect(value(` { "payload" : 3 , "schema" : ${int} } `)).toBe(3)
    expect(value(`{"schema":${int},"payload":1,"payload":4}`)).toBe(4)
    expect(value(`{"schema":${int},"payload":5} `)).toBe(5)
    expect(() => value(`{"schema":${int},"payload":1,"more":{}}`)).toThrow('may not contain additional fields')
    expect(() => value(`{"schema":${int},"payload":}`)).toThrow('serialization error')
    expect(() => value(`{"schema":${int},"payload":1`)).toThrow('serialization error')
  })

  test('are not mixed up by schemas that differ only in the digits of a default', () => {
    const name = 'org.apache.kafka.connect.data.Decimal'
    const schema = (n: string): string =>
      `{"type":"bytes","optional":true,"name":"${name}","version":1,"parameters":{"scale":"20"},"default":${n}}`
    const converter = jsonConverter.create({}, 'value')
    for (const n of ['0.12345678901234567891', '0.12345678901234567892'])
      expect(converter.decode('t', Buffer.from(`{"schema":${schema(n)},"payload":null}`)).value).toBe(n)
  })

  test('are forgotten beyond schemas.cache.size, and read all the same', () => {
    const converter = jsonConverter.create({ 'schemas.cache.size': '2' }, 'value')
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 10; i++) {
        const envelope = `{"schema":{"type":"int32","name":"n${i}"},"payload":${i}}`
        expect(converter.decode('t', Buffer.from(envelope))).toEqual({
          schema: primitive('int32', { name: `n${i}` }),
          value: i,
        })
      }
  })

  test('bring back what was written, schema and value', () => {
    const schema = structOf([
      ['10', primitive('int32', { doc: 'ten' })],
      ['9', map(primitive('int32'), array(primitive('bytes')), { optional: true })],
      ['at', timestamp({ default: 5 })],
      ['price', decimal(3, { optional: true, default: '1.500' })],
    ])
    const value = { 10: 1, 9: new Map([[1, [Buffer.from('x')]]]), at: 7, price: '-0.001' }
    const converter = jsonConverter.create({}, 'value')
    const read = converter.decode('t', converter.encoder('t', schema)(value))
    expect(read.schema).toEqual(schema)
    expect(read.value).toEqual(value)
  })
})

describe('settings', () => {
  test('are refused with what would be right', () => {
    const error = errorOf(() => jsonConverter.create({ 'decimal.format': 'TEXT', 'schemas.enable': 'maybe' }, 'value'))
    expect(error.code).toBe('SETTINGS_INVALID')
    expect(error.message).toContain('decimal.format')
    expect(error.message).toContain('schemas.enable')
  })

  test('schema.content that is no schema is refused when the converter is made', () => {
    expect(() => jsonConverter.create({ 'schema.content': '{"type":"nope"}' }, 'value')).toThrow(
      'Unknown schema type: nope',
    )
    expect(() => jsonConverter.create({ 'schema.content': '{' }, 'value')).toThrow('schema.content')
  })
})

/** A JSON string as Jackson writes it. */
function javaQuoted(text: string): string {
  return JSON.stringify(text)
    .replaceAll(/\\u[0-9a-f]{4}/g, (escape) => `\\u${escape.slice(2).toUpperCase()}`)
    .replaceAll(/[\ud800-\udfff]/g, (half) => `\\u${half.charCodeAt(0).toString(16).toUpperCase()}`)
}
