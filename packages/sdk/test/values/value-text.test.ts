/** Values become text by the rules of Connect's `Values.convertToString`; each text is that of Kafka Connect 4.3.1. */
import { expect, test } from '@jest/globals'
import { array, date, DataError, decimal, map, primitive, struct, time, timestamp } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'

test.each<[Schema | null, Value, string]>([
  [null, 'x"y', 'x"y'],
  [null, ['x"y', String.raw`a\b`], String.raw`["x\"y","a\\b"]`],
  [null, Uint8Array.of(1, 2), 'AQI='],
  [null, [Uint8Array.of(1, 2)], '["AQI="]'],
  [null, new Map<Value, Value>([[1, 'a'], [null, 2], [true, null]]), '{1:"a",null:2,true:null}'], // prettier-ignore
  [null, [1e20, Number.NaN, -0], '[1.0E20,NaN,-0.0]'],
  [primitive('float64'), 100, '100.0'],
  [primitive('float32'), 1.1, '1.1'],
  [primitive('int64'), 2n ** 63n - 1n, '9223372036854775807'],
  [date(), 19_675, '2023-11-14'],
  [date(), 0, '00:00:00.000Z'],
  [time(), 3_661_001, '01:01:01.001Z'],
  [timestamp(), 1_700_000_000_123, '2023-11-14T22:13:20.123Z'],
  [timestamp(), 172_800_000, '1970-01-03'],
  [decimal(7), '0.0000001', '1E-7'],
  [array(decimal(2)), ['1.50'], '[1.50]'],
  [map(primitive('int32'), primitive('float32')), new Map([[1, 1.5]]), '{1:1.5}'],
])('%j %j', (schema, value, text) => expect(valueText(schema, value)).toBe(text))

test('of a struct all fields are written, null ones with their default', () => {
  const schema = struct({
    'a"': primitive('int32', { optional: true, default: 5 }),
    b: primitive('string', { optional: true }),
  })
  expect(valueText(schema, {})).toBe(String.raw`{"a\"":5,"b":null}`)
})

test('a circle is refused', () => {
  const circle: Value[] = []
  circle.push(circle)
  expect(() => valueText(null, circle)).toThrow(DataError)
})
