/** What nobody should send has an outcome of its own, which is named: a DataError that the task can divert, or a value that is said here. */
import { constants } from 'node:buffer'
import { describe, expect, test } from '@jest/globals'
import { array, DataError, describeError, primitive, struct } from '@sluice/sdk'
import type { Converter, Schema, Value } from '@sluice/sdk'
import { converterByName } from '@sluice/codecs'

const JSON_BARE: Readonly<Record<string, string>> = { 'schemas.enable': 'false' }

function make(name: string, settings: Readonly<Record<string, string>> = {}): Converter {
  return converterByName(name)!.create(settings, 'value')
}

function readJson(text: string | Uint8Array, settings = JSON_BARE): Value {
  return make('json', settings).decode('t', typeof text === 'string' ? Buffer.from(text) : text).value
}

/** What the refusal says, with its causes. */
function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof DataError) return describeError(error)
    throw error
  }
  throw new Error('expected a DataError')
}

function written(value: Value, schema: Schema | null = null): string {
  return Buffer.from(make('json', JSON_BARE).encoder('t', schema)(value)!).toString()
}

describe('JSON 10,000 deep', () => {
  const list = '['.repeat(10_000) + ']'.repeat(10_000)
  const object = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)

  test.each([
    ['a list', list],
    ['an object', object],
    ['a list that is not closed', '['.repeat(10_000)],
  ])('is bad data, as beyond 1,000 in Java: %s', (_, text) => {
    const refused =
      text === list || text === object ? 'nesting depth' : 'Converting byte[] to Kafka Connect data failed'
    expect(refusal(() => readJson(text))).toContain(refused)
  })

  test('is bad data in an envelope, the first time and when its schema is known', () => {
    const converter = make('json')
    const envelope = (payload: string): Buffer => Buffer.from(`{"schema":null,"payload":${payload}}`)
    expect(refusal(() => converter.decode('t', envelope(list)))).toContain('nesting depth')
    converter.decode('t', envelope('1'))
    expect(refusal(() => converter.decode('t', envelope(list)))).toContain('nesting depth')
  })

  test('is bad data when it is to be written, and so is a circle', () => {
    let deep: Value = []
    for (let i = 0; i < 10_000; i++) deep = [deep]
    expect(() => written(deep)).toThrow('nesting depth')
    const circle: Record<string, Value> = {}
    circle['self'] = circle
    expect(() => written(circle)).toThrow('nesting depth')
    expect(() => make('simple-header').encoder('t', null)(deep)).toThrow('nesting depth')
  })

  test('a thousand deep is read and written', () => {
    const text = '['.repeat(1000) + ']'.repeat(1000)
    expect(written(readJson(text))).toBe(text)
  })
})

describe('a value of 100 MB', () => {
  const size = 100 * 1024 * 1024

  test('is read and written like any other', () => {
    const bytes = Buffer.alloc(size, 'x')
    bytes[0] = bytes[size - 1] = 0x22
    const text = readJson(bytes)
    expect((text as string).length).toBe(size - 2)
    expect(Buffer.compare(make('json', JSON_BARE).encoder('t', null)(text)!, bytes)).toBe(0)
    const string = make('string')
    expect(Buffer.compare(string.encoder('t', null)(string.decode('t', bytes).value)!, bytes)).toBe(0)
    expect(make('bytes').decode('t', bytes).value).toBe(bytes)
  })

  test('that is cut off is bad data', () => {
    const bytes = Buffer.alloc(size, 'x')
    bytes[0] = 0x22
    expect(() => readJson(bytes)).toThrow(DataError)
  })

  test('beyond what a text can hold is bad data by its own name, where text is asked for', () => {
    // Pages that nobody writes to cost nothing.
    const bytes = new Uint8Array(constants.MAX_STRING_LENGTH + 1)
    for (const name of ['json', 'string', 'simple-header'])
      expect(() => make(name, name === 'json' ? JSON_BARE : {}).decode('t', bytes)).toThrow(
        expect.objectContaining({ code: 'RECORD_TOO_LARGE' }),
      )
    expect(make('bytes').decode('t', bytes).value).toBe(bytes)
  })
})

describe('JSON of another type than the schema says', () => {
  const content = (type: string): Record<string, string> => ({ 'schema.content': `{"type":"${type}"}` })
  const strict = (type: string): Record<string, string> => ({ ...content(type), 'type.mismatch': 'fail' })

  test.each<[string, string, Value]>([
    ['int32', '"4"', 0],
    ['int64', '1.5', 1],
    ['double', '"x"', 0],
    ['boolean', '"true"', false],
    ['string', '4', null],
    ['int8', '[]', 0],
  ])('is converted, as in Java, or with type.mismatch=fail bad data: %s %s', (type, text, value) => {
    expect(readJson(text, content(type))).toBe(value)
    expect(() => readJson(text, strict(type))).toThrow(DataError)
    expect(() => readJson(text, strict(type))).toThrow('is declared, and JSON has')
  })

  test.each<[string, string, Value]>([
    ['int32', '4', 4],
    ['int64', '4.0', 4],
    ['int64', '9007199254740993', 9_007_199_254_740_993n],
    ['double', '4', 4],
    ['double', '"NaN"', NaN],
    ['double', '"-Infinity"', -Infinity],
    ['boolean', 'true', true],
    ['string', '"4"', '4'],
  ])('is none where it fits, or is what was written of it: %s %s', (type, text, value) =>
    expect(readJson(text, strict(type))).toEqual(value),
  )
})

describe('an integer beyond its type', () => {
  const fail = { ...JSON_BARE, 'integer.overflow': 'fail' }
  const content = (type: string): Record<string, string> => ({ 'schema.content': `{"type":"${type}"}` })

  test.each<[string, string, Value]>([
    ['none', '12345678901234567890', -6_101_065_172_474_983_726n],
    ['none', '9223372036854775808', -(2n ** 63n)],
    ['int64', '9223372036854775808', -(2n ** 63n)],
    ['int32', '2147483648', -(2 ** 31)],
    ['int16', '65537', 1],
    ['int8', '300', 44],
    ['int64', '1e30', 5_076_944_270_305_263_616n],
  ])('wraps, as in Java: %s %s', (type, text, value) => {
    expect(readJson(text, type === 'none' ? JSON_BARE : content(type))).toBe(value)
  })

  test.each([
    ['none', '12345678901234567890', 64],
    ['none', '[{"a":-9223372036854775809}]', 64],
    ['int64', '9223372036854775808', 64],
    ['int64', '1e30', 64],
    ['int64', '1e999', 64],
    ['int32', '2147483648', 32],
    ['int16', '-32769', 16],
    ['int8', '128', 8],
  ])('is bad data where integer.overflow=fail: %s %s', (type, text, bits) => {
    const settings = type === 'none' ? fail : { ...content(type), 'integer.overflow': 'fail' }
    expect(() => readJson(text, settings)).toThrow(DataError)
    expect(() => readJson(text, settings)).toThrow(`does not fit into ${bits} bits`)
  })

  test.each<[string, string, Value]>([
    ['none', '9223372036854775807', 2n ** 63n - 1n],
    ['int64', '-9223372036854775808', -(2n ** 63n)],
    ['int64', '9007199254740993', 9_007_199_254_740_993n],
    ['int64', '1.9e3', 1900],
    ['int32', '-2147483648', -(2 ** 31)],
    ['int8', '127.9', 127],
    ['int8', '"text"', 0],
  ])('is read as ever where it fits: %s %s', (type, text, value) => {
    expect(readJson(text, type === 'none' ? fail : { ...content(type), 'integer.overflow': 'fail' })).toBe(value)
  })

  test('is bad data when it is to be written', () => {
    expect(() => written(2n ** 63n)).toThrow('does not have corresponding schema type')
    expect(() => written(2n ** 63n, primitive('int64'))).toThrow('Invalid type for INT64')
    expect(() => written([128], array(primitive('int8')))).toThrow('Invalid type for INT8')
  })
})

describe('a lone surrogate', () => {
  test.each(['\uD800x', 'x\uDC00', '\uDC00\uD800'])('is escaped in JSON, and comes back: %j', (text) => {
    expect(written(text)).toMatch(/\\uD800|\\uDC00/)
    expect(readJson(written(text))).toBe(text)
  })

  test('is a question mark in plain text, as in Java', () => {
    for (const name of ['string', 'simple-header'])
      expect(Buffer.from(make(name).encoder('t', null)('x\uD800y')!).toString()).toBe('x?y')
  })

  test('in the bytes of JSON is bad data, as all that is no UTF-8', () => {
    for (const bytes of ['22eda08022', '22ff22', 'ff', '22c3', '22c08022'])
      expect(() => readJson(Buffer.from(bytes, 'hex'))).toThrow(DataError)
  })
})

describe('a number that JSON has not', () => {
  test.each([Number.NaN, Infinity, -Infinity])('is written as its name in quotes, as in Java: %d', (value) => {
    expect(written(value)).toBe(`"${value}"`)
    expect(written({ a: value }, struct({ a: primitive('float32') }))).toBe(`{"a":"${value}"}`)
  })

  test('is read back as 0 by a schema, because any text is, and as its name without one', () => {
    expect(readJson('"NaN"', { 'schema.content': '{"type":"double"}' })).toBe(0)
    expect(readJson('"NaN"')).toBe('NaN')
  })

  test.each(['NaN', 'Infinity', '-Infinity', '[NaN]'])('is bad data by itself: %s', (text) => {
    expect(() => readJson(text)).toThrow(DataError)
  })

  test('of an exponent beyond a double is infinite or 0, as in Java', () => {
    expect(readJson('[1e1000,-1e1000,1e-1000]')).toEqual([Infinity, -Infinity, 0])
  })
})
