/** Transforms of kafka-connect-transform-common. */
import { describe, expect, test } from '@jest/globals'
import { DataError, primitive, SchemaError, struct } from '@sluice/sdk'
import type { RawSettings, Schema, SinkRecord, Value } from '@sluice/sdk'
import { sinkRecord, transform } from '../support/records.ts'

const PACKAGE = 'com.github.jcustenborder.kafka.connect.transform.common.'

function applied(name: string, settings: RawSettings, value: Value, valueSchema: Schema | null = null): SinkRecord {
  return transform(PACKAGE + name, settings)(sinkRecord({ value, valueSchema }))!
}

describe('PatternRename', () => {
  const settings = { 'field.pattern': '\\.|^prefix', 'field.replacement': '_' }
  const value = { prefixA: 1, 'b.c.d': 2 }

  test('replaces every place that fits, by default in any case', () => {
    expect(applied('PatternRename$Value', settings, value).value).toEqual({ _A: 1, b_c_d: 2 })
    expect(applied('PatternRename$Value', settings, new Map([['PREFIX', 1]])).value).toEqual(new Map([['_', 1]]))
    const schema = struct({ prefixA: primitive('int32'), 'b.c.d': primitive('int32', { default: 5 }) }, { name: 'R' })
    const result = applied('PatternRename$Value', settings, { prefixA: 1 }, schema)
    expect(result.value).toEqual({ _A: 1, b_c_d: 5 })
    expect(result.valueSchema).toEqual(
      struct({ _A: primitive('int32'), b_c_d: primitive('int32', { default: 5 }) }, { name: 'R' }),
    )
  })

  test('knows groups and Java’s flags', () => {
    const swap = { 'field.pattern': '([a-z]+)_(?<b>[a-z]+)', 'field.replacement': '${b}_$1' }
    expect(applied('PatternRename$Value', swap, { AB_cd: 1 }).value).toEqual({ cd_AB: 1 })
    expect(applied('PatternRename$Value', { ...swap, 'field.pattern.flags': '' }, { AB_cd: 1 }).value).toEqual({
      AB_cd: 1,
    })
    expect(() => applied('PatternRename$Value', { ...swap, 'field.pattern.flags': 'CANON_EQ' }, {})).toThrow('CANON_EQ')
  })

  test('gives no name twice, and hands on null', () => {
    const all = { 'field.pattern': '.+', 'field.replacement': 'x' }
    const schema = struct({ a: primitive('int32'), b: primitive('int32') })
    expect(() => applied('PatternRename$Value', all, { a: 1, b: 2 }, schema)).toThrow(SchemaError)
    expect(() => applied('PatternRename$Value', all, 'text')).toThrow(DataError)
    const mark = sinkRecord()
    expect(transform('PatternRename$Key', all)(mark)).toBe(mark)
  })
})

describe('PatternFilter', () => {
  const filter = transform(`${PACKAGE}PatternFilter$Value`, { pattern: '^filter.*', fields: 'a,b' })

  test('drops records with a text that fits as a whole, and hands on all others themselves', () => {
    expect(filter(sinkRecord({ value: { b: 'filtered' } }))).toBeNull()
    expect(filter(sinkRecord({ value: new Map([['a', 'filter']]) }))).toBeNull()
    for (const value of [{ a: 'no filter', b: 5 }, { c: 'filter' }, null, 'filter']) {
      const record = sinkRecord({ value })
      expect(filter(record)).toBe(record)
    }
  })
})

describe('ExtractNestedField', () => {
  const settings = {
    'input.outer.field.name': 'address',
    'input.inner.field.name': 'state',
    'output.field.name': 'state',
  }

  test('copies a field to the top', () => {
    const value = { id: 1, address: { city: 'Austin', state: 'TX' } }
    expect(applied('ExtractNestedField$Value', settings, value).value).toEqual({ ...value, state: 'TX' })
    const address = struct({ city: primitive('string'), state: primitive('string') }, { optional: true })
    const schema = struct({ id: primitive('int32'), address }, { name: 'R' })
    const result = applied('ExtractNestedField$Value', settings, value, schema)
    expect(result.value).toEqual({ ...value, state: 'TX' })
    const state = primitive('string', { optional: true })
    expect(result.valueSchema).toEqual(struct({ id: primitive('int32'), address, state }, { name: 'R' }))
    expect(applied('ExtractNestedField$Value', settings, { id: 1, address: null }, schema).value).toMatchObject({
      state: null,
    })
  })

  test('refuses a schema without it', () => {
    const schema = struct({ id: primitive('int32') })
    expect(() => applied('ExtractNestedField$Value', settings, { id: 1 }, schema)).toThrow(
      'Field does not exist: address.state',
    )
  })
})

describe('BytesToString', () => {
  const bytes = Buffer.from('žluť')

  test('reads fields, or the whole', () => {
    const schema = struct({ a: primitive('bytes'), b: primitive('bytes', { optional: true }), c: primitive('int32') })
    const result = applied('BytesToString$Value', { fields: 'a,b' }, { a: bytes, b: null, c: 1 }, schema)
    expect(result.value).toEqual({ a: 'žluť', b: null, c: 1 })
    expect(result.valueSchema).toEqual(
      struct({ a: primitive('string'), b: primitive('string', { optional: true }), c: primitive('int32') }),
    )
    expect(applied('BytesToString$Value', { fields: 'a' }, new Map([['a', bytes]])).value).toEqual(
      new Map([['a', 'žluť']]),
    )
    const whole = applied('BytesToString$Value', { charset: 'iso-8859-1' }, Uint8Array.of(0xe9), primitive('bytes'))
    expect(whole).toMatchObject({ value: 'é', valueSchema: primitive('string') })
  })

  test('refuses what is no bytes, and a charset that it does not know', () => {
    expect(() => applied('BytesToString$Value', { fields: 'a' }, { a: 'text' })).toThrow('found: java.lang.String')
    expect(() => applied('BytesToString$Value', { charset: 'EBCDIC' }, bytes)).toThrow('charset')
  })
})

describe('ChangeTopicCase', () => {
  test.each([
    ['UPPER_UNDERSCORE', 'LOWER_CAMEL', 'TOPIC_NAME', 'topicName'],
    ['LOWER_CAMEL', 'LOWER_UNDERSCORE', 'topicNameOfABC', 'topic_name_of_a_b_c'],
    ['UPPER_CAMEL', 'LOWER_HYPHEN', 'TopicName', 'topic-name'],
    ['LOWER_HYPHEN', 'UPPER_CAMEL', 'topic-name', 'TopicName'],
    ['LOWER_UNDERSCORE', 'UPPER_UNDERSCORE', 'topic_name', 'TOPIC_NAME'],
  ])('from %s to %s: %s becomes %s', (from, to, topic, expected) => {
    expect(transform(`${PACKAGE}ChangeTopicCase`, { from, to })(sinkRecord({ topic }))!.topic).toBe(expected)
  })
})
