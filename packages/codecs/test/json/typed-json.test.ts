import { describe, expect, test } from '@jest/globals'
import { array, DataError, decimal, map, primitive, struct, timestamp } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import { jsonConverter, typedJsonReader } from '@sluice/codecs'

const order = struct({
  id: primitive('int64'),
  count: primitive('int32', { default: 1 }),
  note: primitive('string', { optional: true }),
  lines: array(struct({ price: decimal(2), at: timestamp() })),
  tags: map(primitive('string'), primitive('boolean')),
  places: map(primitive('int32'), primitive('float64')),
  raw: primitive('bytes', { optional: true }),
})

const GOOD =
  '{"id":9007199254740993,"count":2,"note":null,"lines":[{"price":12.50,"at":1700000000000}],"tags":{"a":true},"places":[[1,2.5]],"raw":"/w=="}'

describe('JSON of a schema', () => {
  test('is read to what the JSON converter writes as the same JSON', () => {
    const writer = jsonConverter.create({ 'schemas.enable': 'false', 'decimal.format': 'NUMERIC' }, 'value')
    const value = typedJsonReader(order)(GOOD)
    expect(Buffer.from(writer.encoder('t', order)(value)!).toString()).toBe(GOOD)
  })

  test('may leave out what is optional or has a default', () => {
    expect(typedJsonReader(order)('{"id":1,"lines":[],"tags":{},"places":[]}')).toMatchObject({ count: 1, note: null })
  })

  test('may be anything where there is no schema', () => {
    expect(typedJsonReader(null)('{"a":[1,"x"]}')).toEqual({ a: [1, 'x'] })
  })

  const wrong: [string, Schema, string, RegExp][] = [
    ['a text for a number', order, '{"id":"1"}', /^A string stands where the schema has int64 \(field=id\)$/],
    ['a fraction for an integer', primitive('int32'), '1.5', /^A number stands where the schema has int32$/],
    ['a number for a text', primitive('string'), '1', /A number .* string/],
    ['a text for a boolean', primitive('boolean'), '"true"', /A string .* boolean/],
    [
      'a member that the schema has not',
      order,
      '{"id":1,"cuont":2}',
      /no such field; there are id, count.*field=cuont/,
    ],
    ['the same deep below', order, '{"id":1,"lines":[{"price":1,"at":"x"}]}', /field=lines\[0\]\.at/],
    ['an object for a list', order, '{"id":1,"lines":{}}', /^An object .* array \(field=lines\)$/],
    ['a list for a map', order, '{"id":1,"tags":[]}', /^An array .* map \(field=tags\)$/],
    ['a member that is missing', order, '{"lines":[],"tags":{},"places":[]}', /required INT64 field \(field=id\)$/],
    ['an integer that is too large', primitive('int8'), '128', /does not fit into 8 bits/],
    ['nothing in it', order, '', /^It is no JSON: /],
    ['what is no JSON', order, '{"id":1', /^It is no JSON: /],
    ['something behind it', primitive('int32'), '1 2', /^It is no JSON: /],
    ['a leading zero', primitive('int32'), '01', /^It is no JSON: /],
    [
      'more levels than anybody needs',
      array(array(primitive('int32'))),
      '['.repeat(5000) + ']'.repeat(5000),
      /^It is no JSON: .*depth/,
    ],
  ]
  test.each(wrong)('that has %s is refused', (_, schema, text, message) => {
    const read = (): unknown => typedJsonReader(schema)(text)
    expect(read).toThrow(DataError)
    expect(read).toThrow(message)
  })
})
