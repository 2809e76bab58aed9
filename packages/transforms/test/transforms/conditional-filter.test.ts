/** Records are included or excluded by a condition on their fields, as JSONPath means it. */
import { describe, expect, test } from '@jest/globals'
import { DataError, decimal, primitive, SluiceError, struct } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { change } from '../support/change-events.ts'
import { sinkRecord, transform } from '../support/records.ts'

function passes(
  condition: string,
  value: Value,
  type = 'include',
  missing = 'fail',
  schema: Schema | null = null,
): boolean {
  const settings = { 'filter.condition': condition, 'filter.type': type, 'missing.or.null.behavior': missing }
  const record = sinkRecord({ value, valueSchema: schema })
  const result = transform('io.confluent.connect.transforms.Filter$Value', settings)(record)
  if (result !== null) expect(result).toBe(record)
  return result !== null
}

const ORDER = {
  state: 'paid',
  by: { name: 'Ada', sum: 101 },
  tags: ['new', 'big'],
  lines: [{ id: 1 }, { id: 2 }],
  gone: null,
  'odd name': 5,
  price: '12.50',
}

describe('a condition is true', () => {
  test.each([
    "$[?(@.state == 'paid' && @.by.sum > 100)]",
    '$[?(@.state == "paid")]',
    "$[?((@.state=='new'||@.state=='paid')&&@.by.sum!=1)]",
    "$.by[?(@.name == 'Bob' || @.name == 'Ada')]",
    '$.[?(@.by)]',
    '$[?(!@.gone)]',
    '$[?(@.state =~ /pa.*/)]',
    '$[?(@.state =~ /PAID/i)]',
    '$[?(@.tags =~ /b.g/)]',
    '$[?(@.by.sum =~ /1\\d1/)]',
    "$[?(@.state in ['paid', 'sent'])]",
    '$[?(@.by.sum nin [1, 2])]',
    "$[?(@.tags contains 'big')]",
    "$[?(@['odd name'] == 5)]",
    '$.lines[?(@.id == 2)]',
    '$[?(@.lines[1].id == 2)]',
    '$[?(@.gone == null)]',
    "$[?(@.none != 'x')]",
    '$[?(@.price > 12.4 && @.price == 12.5)]',
    "$[?($.state == 'paid')]",
    '$.by.name',
    "$['by']['sum']",
  ])('%s', (condition) => {
    expect(passes(condition, ORDER)).toBe(true)
    expect(passes(condition, ORDER, 'exclude')).toBe(false)
    expect(passes(condition, new Map(Object.entries(ORDER)))).toBe(true)
  })
})

describe('a condition is not', () => {
  test.each([
    "$[?(@.state == 'new')]",
    '$[?(@.by.sum < 100)]',
    // What is missing, null or of another kind comes before and behind nothing.
    '$[?(@.none > 1)]',
    '$[?(@.gone < 1)]',
    "$[?(@.by.sum > 'a')]",
    '$[?(@.none)]',
    '$[?(@.state.deep.deeper)]',
    '$[?(@.state =~ /a/)]',
    '$[?(@.none =~ /.*/)]',
    '$.lines[?(@.id == 3)]',
  ])('%s', (condition) => {
    expect(passes(condition, ORDER)).toBe(false)
    expect(passes(condition, ORDER, 'exclude')).toBe(true)
  })
})

test('it may be on structs, decimals included, and on keys', () => {
  const schema = struct({ sum: decimal(2), big: primitive('int64') })
  expect(
    passes(
      '$[?(@.sum >= 100.5 && @.big == 9007199254740993)]',
      { sum: '100.50', big: 9_007_199_254_740_993n },
      'include',
      'fail',
      schema,
    ),
  ).toBe(true)
  const filter = transform('Filter$Key', { 'filter.condition': '$[?(@.id in [1, 2])]', 'filter.type': 'include' })
  const record = change({ op: 'c' })
  expect(filter(record)).toBe(record)
  expect(filter({ ...record, key: { id: 3 } })).toBeNull()
})

describe.each<[string, string, Value]>([
  ['the path leads nowhere', '$.by.none', ORDER],
  ['the path leads to null', '$.gone', ORDER],
  ['the object of the condition is missing', "$.none[?(@.a == 'x')]", ORDER],
  ['the record is a tombstone', "$[?(@.a == 'x')]", null],
])('where %s', (_, condition, value) => {
  test('the record is bad, or is included or excluded on request', () => {
    expect(() => passes(condition, value)).toThrow(DataError)
    expect(() => passes(condition, value)).toThrow('missing or null in the value')
    for (const type of ['include', 'exclude']) {
      expect(passes(condition, value, type, 'include')).toBe(true)
      expect(passes(condition, value, type, 'exclude')).toBe(false)
    }
  })
})

test.each([
  '@.a == 1',
  '$',
  '$..a',
  '$.*[?(@.a)]',
  '$[?(@.a == )]',
  '$[?(@.a @.b)]',
  '$[?(@.a =~ x)]',
  '$[?(@.a =~ /(/)]',
  '$[?(1)]',
  '$[?((@.a)]',
  '$[?(@.a;1)]',
  '$[?(@.a.length() > 1)]',
  `$[?(${'('.repeat(200)}@.a${')'.repeat(200)})]`,
  `$[?(${'!'.repeat(20_000)}@.a)]`,
])('what is no such condition is refused at the start: %.60s', (condition) => {
  expect(() => passes(condition, {})).toThrow(SluiceError)
  expect(() => passes(condition, {})).toThrow('filter.condition')
})
