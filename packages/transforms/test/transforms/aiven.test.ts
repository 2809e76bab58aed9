/** Aiven's smaller transforms, and InsertUuid: what they do with schemas and without, and what they refuse. */
import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { DataError, date, primitive, struct, timestamp } from '@sluice/sdk'
import type { RawSettings, Schema, Value } from '@sluice/sdk'
import { sinkRecord, transform } from '../support/records.ts'

const AIVEN = 'io.aiven.kafka.connect.transforms.'
const ROW = struct({
  name: primitive('string', { optional: true, default: 'nobody' }),
  age: primitive('int32', { optional: true }),
  at: primitive('int64', { optional: true }),
  stamp: timestamp({ optional: true }),
  day: date({ optional: true }),
  in: struct({ city: primitive('string'), at: primitive('int64') }, { optional: true }),
})
const VALUE = { name: 'Ada', age: 36, at: 5, stamp: 7, day: 2, in: { city: 'London', at: 9 } }

function valueOf(name: string, settings: RawSettings, value: Value, schema: Schema | null = null): Value {
  return transform(name, settings)(sinkRecord({ value, valueSchema: schema }))!.value
}

describe('ExtractTimestamp', () => {
  const timeOf = (settings: RawSettings, value: Value = VALUE, schema: Schema | null = ROW): number | null =>
    transform(`${AIVEN}ExtractTimestamp$Value`, settings)(sinkRecord({ value, valueSchema: schema }))!.timestamp

  test('takes whole numbers in their unit, and points in time', () => {
    expect(timeOf({ 'field.name': 'at' })).toBe(5)
    expect(timeOf({ 'field.name': 'at', 'timestamp.resolution': 'seconds' })).toBe(5000)
    expect(timeOf({ 'field.name': 'stamp', 'timestamp.resolution': 'seconds' })).toBe(7)
    expect(timeOf({ 'field.name': 'day' })).toBe(172_800_000)
    expect(timeOf({ 'field.name': 'in.at' })).toBe(9)
    expect(timeOf({ 'field.name': 'in.at' }, new Map([['in', { at: 8 }]]), null)).toBe(8)
    const ofKey = transform('ExtractTimestamp$Key', { 'field.name': 'a' })(sinkRecord({ key: { a: 3 } }))
    expect(ofKey!.timestamp).toBe(3)
  })

  test('refuses everything else in Aiven’s words', () => {
    const missing = "none field must be present and its value can't be null"
    expect(() => timeOf({ 'field.name': 'none' })).toThrow(missing)
    expect(() => timeOf({ 'field.name': 'none' }, {}, null)).toThrow(missing)
    expect(() => timeOf({ 'field.name': 'at' }, { ...VALUE, at: null })).toThrow(DataError)
    for (const field of ['age', 'name'])
      expect(() => timeOf({ 'field.name': field })).toThrow(
        `${field} field must be INT64 or org.apache.kafka.connect.data.Timestamp`,
      )
    expect(() => timeOf({ 'field.name': 'a' }, null, null)).toThrow("value can't be null")
    expect(() => timeOf({ 'field.name': 'a' }, 'text', null)).toThrow('value type must be STRUCT or MAP')
    expect(() => timeOf({ 'field.name': 'a', 'timestamp.resolution': 'days' })).toThrow(
      "Unsupported resolution type 'days'. Supported are: milliseconds, seconds",
    )
  })
})

describe('ConcatFields', () => {
  const settings = {
    'field.names': 'name,age,in.city,none',
    'output.field.name': 'all',
    delimiter: '-',
    'field.replace.missing': '*',
  }

  test('joins fields to a new one', () => {
    const expected = { ...VALUE, all: 'Ada-36-London-*' }
    expect(valueOf(`${AIVEN}ConcatFields$Value`, settings, VALUE, ROW)).toEqual(expected)
    expect(valueOf('ConcatFields$Value', settings, VALUE)).toEqual(expected)
    expect(valueOf('ConcatFields$Value', settings, { name: null, age: null }, ROW)).toMatchObject({
      all: 'nobody-*-*-*',
    })
    expect(valueOf('ConcatFields$Value', { ...settings, 'field.names': 'age,age' }, VALUE)).toMatchObject({
      all: '36-36',
    })
    const plain = transform('ConcatFields$Key', { 'field.names': 'a,b', 'output.field.name': 'c' })
    expect(
      plain(
        sinkRecord({
          key: new Map<Value, Value>([
            ['a', 1],
            ['b', true],
          ]),
        }),
      )!.key,
    ).toEqual(
      new Map<Value, Value>([
        ['a', 1],
        ['b', true],
        ['c', '1true'],
      ]),
    )
  })

  test('adds an optional text to the schema, once', () => {
    const concat = transform('ConcatFields$Value', settings)
    const [a, b] = [1, 2].map((age) => concat(sinkRecord({ value: { ...VALUE, age }, valueSchema: ROW }))!.valueSchema!)
    expect(b).toBe(a)
    expect(a!.type === 'struct' && a!.fields.at(-1)).toMatchObject({
      name: 'all',
      schema: { type: 'string', optional: true },
    })
  })

  test('refuses what has no fields', () => {
    expect(() => valueOf('ConcatFields$Value', settings, null)).toThrow("value Value can't be null")
    expect(() => valueOf('ConcatFields$Value', settings, 'text')).toThrow('Value type must be STRUCT or MAP')
    const taken = { ...settings, 'output.field.name': 'age' }
    expect(() => valueOf('ConcatFields$Value', taken, VALUE, ROW)).toThrow('field name duplication age')
  })
})

describe('FilterByFieldValue', () => {
  const passes = (settings: RawSettings, value: Value, schema: Schema | null = null): boolean => {
    const record = sinkRecord({ value, valueSchema: schema })
    const result = transform(`${AIVEN}FilterByFieldValue$Value`, settings)(record)
    if (result !== null) expect(result).toBe(record)
    return result !== null
  }

  test.each<[RawSettings, boolean]>([
    [{ 'field.name': 'name', 'field.value': 'Ada' }, true],
    [{ 'field.name': 'name', 'field.value': 'Bob' }, false],
    [{ 'field.name': 'name', 'field.value': 'Ada', 'field.value.matches': 'false' }, false],
    [{ 'field.name': 'age', 'field.value': '36' }, true],
    [{ 'field.name': 'in.city', 'field.value.pattern': 'on' }, true],
    [{ 'field.name': 'in.city', 'field.value.pattern': '^on' }, false],
    [{ 'field.name': 'age', 'field.value.pattern': '^3\\d$' }, true],
    [{ 'field.name': 'none', 'field.value': 'x' }, false],
    [{ 'field.name': 'none', 'field.value.pattern': '.*', 'field.value.matches': 'false' }, true],
  ])('%j: %s, with a schema and without', (settings, expected) => {
    expect(passes(settings, VALUE, ROW)).toBe(expected)
    expect(passes(settings, VALUE)).toBe(expected)
  })

  test('may look at the whole, lets null pass, and tells a text from a number only by its looks', () => {
    expect(passes({ 'field.value': 'a' }, 'a')).toBe(true)
    expect(passes({ 'field.value': 'a' }, 'b', primitive('string'))).toBe(false)
    expect(passes({ 'field.value': 'a' }, null)).toBe(true)
    expect(passes({ 'field.name': 'v', 'field.value': 'true' }, { v: true })).toBe(true)
    for (const v of ['5', 5]) expect(passes({ 'field.name': 'v', 'field.value': '5' }, { v })).toBe(true)
  })

  test('must know what to look for', () => {
    const either = 'Either field.value or field.value.pattern have to be set to apply filter transform'
    expect(() => passes({ 'field.name': 'a' }, {})).toThrow(either)
    expect(() => passes({ 'field.value': 'a', 'field.value.pattern': 'a' }, {})).toThrow(either)
    expect(() => passes({ 'field.value.pattern': '(' }, {})).toThrow('field.value.pattern')
  })
})

describe('CaseTransform', () => {
  test('changes texts, and nothing else', () => {
    const upper = { 'field.names': 'name,age,none', case: 'upper' }
    expect(valueOf(`${AIVEN}CaseTransform$Value`, upper, VALUE, ROW)).toEqual({ ...VALUE, name: 'ADA' })
    expect(valueOf('CaseTransform$Value', upper, VALUE)).toEqual({ ...VALUE, name: 'ADA' })
    expect(
      transform('CaseTransform$Key', { 'field.names': 'a', case: 'lower' })(sinkRecord({ key: { a: 'ÄB' } }))!.key,
    ).toEqual({
      a: 'äb',
    })
  })

  test('refuses what has no fields, and a case that there is not', () => {
    const lower = { 'field.names': 'a', case: 'lower' }
    expect(() => valueOf('CaseTransform$Value', lower, null)).toThrow("value Value can't be null")
    expect(() => valueOf('CaseTransform$Value', lower, 5)).toThrow('Value type must be STRUCT or MAP')
    expect(() => valueOf('CaseTransform$Value', { ...lower, case: 'Title' }, {})).toThrow('upper, lower')
  })
})

describe('Hash', () => {
  const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

  test('takes the place of a text', () => {
    const ofName = { 'field.name': 'name', function: 'sha1' }
    expect(valueOf(`${AIVEN}Hash$Value`, ofName, VALUE, ROW)).toEqual({ ...VALUE, name: sha1('Ada') })
    expect(valueOf('Hash$Value', ofName, new Map([['name', 'Ada']]))).toEqual(new Map([['name', sha1('Ada')]]))
    expect(valueOf('Hash$Value', { function: 'sha1' }, 'Ada', primitive('string'))).toBe(sha1('Ada'))
  })

  test('refuses what is no text in Aiven’s words, or passes what is not there', () => {
    const of = (name: string, more: RawSettings = {}): RawSettings => ({ 'field.name': name, function: 'md5', ...more })
    expect(() => valueOf('Hash$Value', of('none'), VALUE, ROW)).toThrow("none in value schema can't be missing")
    expect(() => valueOf('Hash$Value', of('age'), { ...VALUE, age: null }, ROW)).toThrow("age in value can't be null")
    expect(() => valueOf('Hash$Value', of('age'), VALUE, ROW)).toThrow('age schema type in value must be STRING')
    expect(() => valueOf('Hash$Value', of('a'), null)).toThrow("value can't be null if field name is specified")
    expect(() => valueOf('Hash$Value', of('a'), 'x')).toThrow(
      'value schema type must be STRUCT if field name is specified',
    )
    expect(() => valueOf('Hash$Value', { function: 'md5' }, 5)).toThrow('value schema type must be STRING')
    expect(() => valueOf('Hash$Value', { function: 'md5' }, null)).toThrow("value can't be null")
    expect(valueOf('Hash$Value', of('none', { 'skip.missing.or.null': 'true' }), VALUE, ROW)).toBe(VALUE)
  })
})

test('MakeTombstone leaves no value', () => {
  const make = transform(`${AIVEN}MakeTombstone`)
  const record = sinkRecord({ key: 'k', value: 'v', valueSchema: primitive('string') })
  expect(make(record)).toEqual({ ...record, value: null, valueSchema: null })
})

describe('InsertUuid', () => {
  const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

  test('adds another identifier to each record', () => {
    const insert = transform('com.github.cjmatta.kafka.connect.smt.InsertUuid$Value')
    const [a, b] = [1, 2].map(() => insert(sinkRecord({ value: VALUE, valueSchema: ROW }))!)
    expect(a!.value).toEqual({ ...VALUE, uuid: expect.stringMatching(UUID) })
    expect((a!.value as { uuid: string }).uuid).not.toBe((b!.value as { uuid: string }).uuid)
    expect(b!.valueSchema).toBe(a!.valueSchema)
    expect(valueOf('InsertUuid$Value', { 'uuid.field.name': 'id' }, new Map())).toEqual(
      new Map([['id', expect.stringMatching(UUID)]]),
    )
  })

  test('refuses what has no fields', () => {
    expect(() => valueOf('InsertUuid$Value', {}, null)).toThrow(
      'Only Map objects supported in absence of schema for [adding UUID to record], found: null',
    )
  })
})
