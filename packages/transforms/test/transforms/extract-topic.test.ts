/** The topic is what the record says. */
import { describe, expect, test } from '@jest/globals'
import { DataError, primitive, struct } from '@sluice/sdk'
import type { RawSettings, Schema, SinkRecord, Value } from '@sluice/sdk'
import { sinkRecord, transform } from '../support/records.ts'

const SCHEMA = struct({
  kind: primitive('string', { optional: true }),
  id: primitive('int32'),
  raw: primitive('bytes', { optional: true }),
  at: struct({ place: primitive('string', { default: 'home', optional: true }) }, { optional: true }),
})

function topicOf(
  settings: RawSettings,
  value: Value,
  schema: Schema | null = null,
  name = 'ExtractTopic$Value',
): string {
  return transform(name, settings)(sinkRecord({ value, valueSchema: schema }))!.topic
}

describe.each<[string, Schema | null]>([
  ['with a schema', SCHEMA],
  ['without one', null],
])('of a value %s', (_kind, schema) => {
  const value = { kind: 'paid', id: 5, raw: null, at: { place: 'shop' } }

  test.each<[RawSettings, string]>([
    [{ field: 'kind' }, 'paid'],
    [{ field: 'id' }, '5'],
    [{ field: '$["at"]["place"]', 'field.format': 'JSON_PATH' }, 'shop'],
    [{ field: "$.at['place']", 'field.format': 'JSON_PATH' }, 'shop'],
    [{ 'field.name': 'at.place' }, 'shop'],
    [{ 'field.name': 'kind', 'append.to.topic': 'true' }, 'orders-paid'],
    [{ field: 'kind', 'append.to.topic': 'true', 'append.to.topic.delimiter': '.' }, 'orders.paid'],
  ])('%j leads to %s', (settings, topic) => expect(topicOf(settings, value, schema)).toBe(topic))

  test('what is missing or null is refused, or leaves the record itself', () => {
    for (const field of ['kind', 'none', 'at.place']) {
      const record = sinkRecord({ value: { ...value, kind: null }, valueSchema: schema })
      expect(() => transform('ExtractTopic$Value', { field })(record)).toThrow(
        `${field} in value can't be null or empty`,
      )
      expect(transform('ExtractTopic$Value', { field, 'skip.missing.or.null': 'true' })(record)).toBe(record)
    }
  })

  test('an object is no topic', () => {
    expect(() => topicOf({ field: 'at' }, value, schema)).toThrow(DataError)
    expect(() => topicOf({ field: 'raw' }, { ...value, raw: Uint8Array.of(1) }, schema)).toThrow('to be a topic')
  })
})

test('a default counts where the field is null', () => {
  expect(topicOf({ 'field.name': 'at.place' }, { id: 1, at: { place: null } }, SCHEMA)).toBe('home')
})

test('the whole value, or the whole key, may be it', () => {
  expect(topicOf({}, 'clean', primitive('string'))).toBe('clean')
  const record = sinkRecord({ key: 'by-key' })
  expect(transform('io.aiven.kafka.connect.transforms.ExtractTopic$Key')(record)!.topic).toBe('by-key')
  expect(
    transform('io.confluent.connect.transforms.ExtractTopic$Key', { field: 'k' })(sinkRecord({ key: { k: 'a' } }))!
      .topic,
  ).toBe('a')
})

test('without a value there is no field', () => {
  expect(() => topicOf({ field: 'a' }, null)).toThrow("value can't be null if field name is specified")
  expect(() => topicOf({ field: 'a' }, 'x', primitive('string'))).toThrow('value schema type must be STRUCT')
  expect(() => topicOf({}, null)).toThrow("value can't be null or empty")
})

test('a record that is in the topic already is handed on itself', () => {
  const record = sinkRecord({ value: { t: 'orders' } })
  expect(transform('ExtractTopic$Value', { field: 't' })(record)).toBe(record)
})

test('paths must lead to one field, and the field be named once', () => {
  for (const field of ['$..a', '$[0]', '$.a[*]', "$[?(@.a == 'b')]"])
    expect(() => topicOf({ field, 'field.format': 'JSON_PATH' }, {})).toThrow('not a path to a field')
  expect(() => topicOf({ field: 'a', 'field.name': 'b' }, {})).toThrow('set one of them')
})

describe('of a header', () => {
  const route = (settings: RawSettings) => transform('io.confluent.connect.transforms.ExtractTopic$Header', settings)
  const withHeaders = (...values: readonly Value[]): SinkRecord =>
    sinkRecord({ headers: values.map((value) => ({ key: 'h', schema: null, value })) })

  test('the last one of its name counts', () => {
    expect(route({ field: 'h' })(withHeaders('a', 'b'))!.topic).toBe('b')
  })

  test('that is not there is refused, or leaves the record itself', () => {
    const record = withHeaders()
    expect(() => route({ field: 'h' })(record)).toThrow("header h can't be null or empty")
    expect(route({ field: 'h', 'skip.missing.or.null': 'true' })(record)).toBe(record)
    expect(() => route({})).toThrow('field')
  })
})
