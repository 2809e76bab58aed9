/** Texts become values by the rules of Connect's `Values.parseString`; each answer is that of Kafka Connect 4.3.1 unless it says so. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { array, date, decimal, map, primitive, time, timestamp } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { parseValue, valueText } from '@sluice/sdk/values'

const STRING = primitive('string')
const DAY = 86_400_000

function asText(text: string): [string, Schema, string] {
  return [text, STRING, text]
}

describe('text that looks like', () => {
  test.each<[string, Schema | null, Value]>([
    ['-128', primitive('int8'), -128],
    ['128', primitive('int16'), 128],
    ['  5', primitive('int8'), 5],
    ['007', primitive('int8'), 7],
    ['9007199254740993', primitive('int64'), 9_007_199_254_740_993n],
    ['9223372036854775808', decimal(0), '9223372036854775808'],
    ['-9223372036854775808', primitive('int64'), -(2n ** 63n)],
    ['1.0', primitive('int8'), 1],
    ['1e2', primitive('int8'), 100],
    ['5.', primitive('int8'), 5],
    ['-.5', primitive('float32'), -0.5],
    ['1.5', primitive('float32'), 1.5],
    ['12345678901234567890.0', primitive('float32'), Math.fround(Number('12345678901234567890'))],
    ['1e-10001', primitive('float32'), 0],
    ['1e39', primitive('float64'), 1e39],
    ['1e400', decimal(-400), `1${'0'.repeat(400)}`],
    ['5,x', primitive('int8'), 5],
    ['12:13', primitive('int8'), 12],
    asText('.5'),
    asText('+'),
    asText('1.1.1'),
    asText('1d'),
    asText('0x1F'),
    asText('5 6'),
    asText('NaN'),
    // Java writes the first out, and falls over the second.
    asText('1e20000'),
    asText('1e2147483647'),
  ])('a number: %j', (text, schema, value) => expect(parseValue(text)).toEqual({ schema, value }))

  test.each<[string, Schema | null, Value]>([
    ['2023-11-14', date(), 19_675],
    ['2023-02-30', date(), Date.UTC(2023, 2, 2) / DAY],
    ['2023-13-45', date(), Date.UTC(2024, 1, 14) / DAY],
    ['2023-1-1xx', date(), Date.UTC(2023, 0, 1) / DAY],
    ['22:13:20.123Z', time(), 80_000_123],
    ['25:00:00.000Z', time(), 90_000_000],
    ['2023-11-14T22:13:20.123Z', timestamp(), 1_700_000_000_123],
    ['2023-11-14,', date(), 19_675],
    asText('2023-1-1'),
    asText('2023-11-14T22:13:20Z'),
  ])('a date or time: %j', (text, schema, value) => expect(parseValue(text)).toEqual({ schema, value }))

  test.each<[string, Schema | null, Value]>([
    ['true', primitive('boolean'), true],
    [' false ', primitive('boolean'), false],
    // Java answers with a NullPointerException.
    ['null', null, null],
    asText('True'),
    asText('true,x'),
    asText(''),
    asText('  '),
    asText('"q"'),
    asText('a:b'),
  ])('a word: %j', (text, schema, value) => expect(parseValue(text)).toEqual({ schema, value }))

  test.each<[string, Schema | null, Value]>([
    ['[1,300]', array(primitive('int16')), [1, 300]],
    ['[ 1 , 2 , ]x', array(primitive('int8')), [1, 2]],
    ['[1.5,2]', array(primitive('float32')), [1.5, 2]],
    ['[9007199254740993,1.5]', array(primitive('float32')), [Math.fround(9_007_199_254_740_992), 1.5]],
    [String.raw`["a,b","c\"d"]`, array(STRING), ['a,b', String.raw`c\"d`]],
    ['[22:13:20.123Z]', array(time()), [80_000_123]],
    ['[2023-11-14,1]', array(date()), [19_675, 1]],
    ['[2023-11-14,2023-11-14T22:13:20.123Z]', array(timestamp()), [19_675 * DAY, 1_700_000_000_123]],
    ['[[],[1]]', array(array(primitive('int8'))), [[], [1]]],
    ['{"a":[1,2]}', map(STRING, array(primitive('int8'))), new Map([['a', [1, 2]]])],
    ['{1:true}', map(primitive('int8'), primitive('boolean')), new Map([[1, true]])],
    ['{"a":1 "b":300,}', map(STRING, primitive('int16')), new Map([['a', 1], ['b', 300]])], // prettier-ignore
    asText('[1,,2]'),
    asText('[1,2'),
    asText('[a]'),
    asText('[1,null]'),
    asText('[2023-11-14,70000]'),
    asText('{null:1}'),
    asText('{"a"}'),
    // Java keeps the blank and loses the rest.
    asText(' [1'),
  ])('a list or map: %j', (text, schema, value) => expect(parseValue(text)).toEqual({ schema, value }))
})

test('what has nothing in common has no schema, where Java has one with an empty place', () => {
  expect(parseValue('[1,"b"]')).toEqual({ schema: null, value: [1, 'b'] })
  expect(parseValue('[]')).toEqual({ schema: null, value: [] })
  expect(parseValue('["a",1,null]')).toEqual({ schema: null, value: ['a', 1, null] })
  expect(parseValue('{"a":[]}')).toEqual({ schema: null, value: new Map([['a', []]]) })
})

test('a date that has no schema left is the milliseconds of its midnight', () => {
  expect(parseValue('[[2023-11-14],"x"]')).toEqual({ schema: null, value: [[19_675 * DAY], 'x'] })
  expect(parseValue('{2023-11-14:1,"x":2}').value).toEqual(new Map<Value, Value>([[19_675 * DAY, 1], ['x', 2]])) // prettier-ignore
})

test('nesting beyond any use is text, and costs no more than its length', () => {
  const deep = '['.repeat(10_000) + ']'.repeat(10_000)
  expect(parseValue(deep)).toEqual({ schema: STRING, value: deep })
  const open = `["${'\\"'.repeat(1_000_000)}`
  expect(parseValue(open).value).toBe(open)
})

test('whatever the text is, it is read', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom(...'[]{},:"\\ 1a-.eTZ'.split(''), 'null', '2023-11-14', '12:13:14.123Z'))
      .map((all) => all.join('')),
  )
  fc.assert(
    fc.property(anything, (text) => expect(parseValue(text)).toHaveProperty('value')),
    { numRuns: 2000, seed: 1 },
  )
})

test('lists and maps of texts come back as they were, but for the escapes, which stay', () => {
  const texts = fc.array(
    fc.string({ unit: 'grapheme' }).filter((text) => !/["\\]/.test(text)),
    { minLength: 1 },
  )
  fc.assert(
    fc.property(texts, (value) => expect(parseValue(valueText(null, value)).value).toEqual(value)),
    { numRuns: 500, seed: 2 },
  )
})
