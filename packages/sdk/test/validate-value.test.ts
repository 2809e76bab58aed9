import { describe, expect, test } from '@jest/globals'
import {
  array,
  date,
  decimal,
  getWithDefault,
  map,
  primitive,
  struct,
  structOf,
  time,
  timestamp,
  validateValue,
  validatorFor,
  ValueError,
} from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'

const INT32 = primitive('int32')
const STRING = primitive('string')
const OPTIONAL = { optional: true }

function complaint(schema: Schema | null, value: unknown, path?: string): string | undefined {
  try {
    validateValue(schema, value as Value, path)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(ValueError)
    return (error as ValueError).message
  }
}

describe('values that fit', () => {
  test.each<[string, Schema, readonly unknown[]]>([
    ['int8', primitive('int8'), [-128, 127, 0]],
    ['int16', primitive('int16'), [-32768, 32767]],
    ['int32', INT32, [-2147483648, 2147483647]],
    ['int64', primitive('int64'), [Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -(2n ** 63n)]],
    ['float32', primitive('float32'), [1.5, Number.NaN, Infinity]],
    ['float64', primitive('float64'), [1.5, 3]],
    ['boolean', primitive('boolean'), [true, false]],
    ['string', STRING, ['', 'a']],
    ['bytes', primitive('bytes'), [new Uint8Array(), Buffer.from('a')]],
    ['array', array(INT32), [[], [1, 2]]],
    ['map', map(STRING, INT32), [new Map(), new Map([['a', 1]])]],
    ['struct', struct({ a: INT32, b: primitive('int32', OPTIONAL) }), [{ a: 1 }, { a: 1, b: null }, { a: 1, b: 2 }]],
    ['a field with a default', struct({ a: primitive('int32', { default: 5 }) }), [{}, { a: null }]],
    ['null where optional', array(primitive('int32', OPTIONAL), OPTIONAL), [null, [null, 1]]],
    ['decimal', decimal(2), ['1.00', '-12.50', '0.00', '12345678901234567890.12']],
    ['decimal without fraction', decimal(0), ['1', '-5']],
    ['decimal with a negative scale', decimal(-2), ['500', '-1200', '0']],
    ['date', date(), [0, -1, 20000]],
    ['time', time(), [0, 86_399_999]],
    ['timestamp', timestamp(), [0, -1, 1_700_000_000_000]],
  ])('%s', (_name, schema, values) => {
    for (const value of values) expect(complaint(schema, value)).toBeUndefined()
  })
})

describe('values that do not fit', () => {
  test.each<[string, Schema, unknown, string]>([
    ['null', INT32, null, 'Invalid value: null used for required value, schema type: INT32'],
    ['undefined', INT32, undefined, 'Invalid value: null used for required value, schema type: INT32'],
    [
      'an int8 out of range',
      primitive('int8'),
      128,
      'Invalid value for schema with type INT8: number for value; it takes whole numbers of 8 bits',
    ],
    [
      'a fraction',
      INT32,
      1.5,
      'Invalid value for schema with type INT32: number with a fraction for value; it takes whole numbers of 32 bits',
    ],
    [
      'an unsafe number for int64',
      primitive('int64'),
      2 ** 53,
      'Invalid value for schema with type INT64: number for value; it takes whole numbers of 64 bits',
    ],
    [
      'a bigint beyond 64 bits',
      primitive('int64'),
      2n ** 63n,
      'Invalid value for schema with type INT64: bigint for value; it takes whole numbers of 64 bits',
    ],
    ['a number for a string', STRING, 1, 'Invalid value for schema with type STRING: number for value'],
    ['text for bytes', primitive('bytes'), 'a', 'Invalid value for schema with type BYTES: string for value'],
    ['an array for a struct', struct({}), [], 'Invalid value for schema with type STRUCT: array for value'],
    ['a Map for a struct', struct({}), new Map(), 'Invalid value for schema with type STRUCT: Map for value'],
    [
      'bytes for a struct',
      struct({}),
      new Uint8Array(),
      'Invalid value for schema with type STRUCT: Uint8Array for value',
    ],
    ['an object for a map', map(STRING, STRING), {}, 'Invalid value for schema with type MAP: object for value'],
    [
      'bytes for an array',
      array(INT32),
      new Uint8Array(1),
      'Invalid value for schema with type ARRAY: Uint8Array for value',
    ],
    [
      'a named schema',
      struct({}, { name: 'Order' }),
      'x',
      'Invalid value for schema "Order" with type STRUCT: string for value',
    ],
  ])('%s', (_name, schema, value, message) => {
    expect(complaint(schema, value)).toBe(message)
  })

  test.each<[string, Schema, unknown, string]>([
    ['decimal of another scale', decimal(2), '1.0', 'decimal text with 2 digits behind the point'],
    ['decimal in exponent form', decimal(2), '1.00e1', 'decimal text with 2 digits behind the point'],
    ['decimal as a number', decimal(0), 1, 'decimal text with 0 digits behind the point'],
    ['date with a time part', date(), 0.5, 'whole days since 1970-01-01'],
    ['time of the next day', time(), 86_400_000, 'milliseconds of the day, 0 to 86399999'],
    ['negative time', time(), -1, 'milliseconds of the day, 0 to 86399999'],
    ['timestamp with a fraction', timestamp(), 0.1, 'whole milliseconds since 1970-01-01T00:00:00Z'],
  ])('%s', (_name, schema, value, expected) => {
    expect(complaint(schema, value)).toContain(expected)
  })

  test('are named by their place, in Java’s words and as a path', () => {
    const schema = struct({ items: array(struct({ price: INT32 })), tags: map(STRING, array(STRING)) })
    expect(complaint(schema, { items: [{ price: 1 }, {}], tags: new Map() })).toBe(
      'Invalid value: null used for required field: "price", schema type: INT32 (field=items[1].price)',
    )
    expect(complaint(schema, { items: [], tags: new Map([['k', [1]]]) })).toBe(
      'Invalid value for schema with type STRING: number for element of array value of map field: "tags" (field=tags[k][0])',
    )
    expect(complaint(schema, { items: [{ price: 'x' }], tags: new Map() }, 'value')).toContain(
      '(field=value.items[0].price)',
    )
  })

  test('a field the schema does not know is refused, not dropped', () => {
    expect(complaint(struct({ a: primitive('int32', OPTIONAL) }), { a: 1, b: 2 })).toBe(
      'b is not a valid field name (field=b)',
    )
    expect(complaint(struct({ a: primitive('int32', OPTIONAL) }), { b: null })).toContain('b is not a valid field name')
  })

  test('a field whose name every object inherits is missing where it is not given', () => {
    const schema = structOf([['constructor', STRING]])
    expect(complaint(schema, {})).toContain('null used for required field: "constructor"')
    expect(complaint(schema, { constructor: 'x' })).toBeUndefined()
  })

  test('messages never hold the value', () => {
    expect(complaint(INT32, 'secret text')).not.toContain('secret')
  })
})

describe('without a schema', () => {
  test.each([null, true, 1, 1n, 'a', new Uint8Array(), [1, [2]], { a: { b: [null] } }, new Map([[1, 'a']])])(
    '%j fits',
    (value) => {
      expect(complaint(null, value)).toBeUndefined()
    },
  )

  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'Invalid value without a schema: undefined'],
    ['a function inside', { a: [() => 1] }, 'Invalid value without a schema: function (field=a[0])'],
    ['a Date', { at: new Date(0) }, 'Invalid value without a schema: Date (field=at)'],
    ['a Set in a Map', new Map([['k', new Set()]]), 'Invalid value without a schema: Set (field=[k])'],
  ])('%s does not', (_name, value, message) => {
    expect(complaint(null, value)).toBe(message)
  })
})

test('a schema is compiled once', () => {
  expect(validatorFor(INT32)).toBe(validatorFor(INT32))
})

test('getWithDefault gives the default for a missing or null field, and null without one', () => {
  const schema = struct({ a: primitive('int32', { default: 5 }), b: primitive('int32', OPTIONAL) })
  const [a, b] = schema.fields
  expect(getWithDefault({}, a!)).toBe(5)
  expect(getWithDefault({ a: null }, a!)).toBe(5)
  expect(getWithDefault({ a: 0 }, a!)).toBe(0)
  expect(getWithDefault({}, b!)).toBeNull()
})
