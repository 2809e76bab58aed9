/** Rows of an outbox table become the events that they describe. */
import { describe, expect, test } from '@jest/globals'
import { array, DataError, primitive, struct, structOf } from '@sluice/sdk'
import type { SinkRecord, Transform, Value } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { change, envelopeOf, schemaless } from '../support/change-events.ts'

function make(settings: Readonly<Record<string, string>> = {}): Transform {
  return transforms
    .find(({ aliases }) => aliases.includes('io.debezium.transforms.outbox.EventRouter'))!
    .create(settings)
}

const TEXT = primitive('string')
const PAYLOAD = primitive('string', { optional: true, name: 'io.debezium.data.Json' })
const OUTBOX = envelopeOf({
  id: TEXT,
  aggregatetype: TEXT,
  aggregateid: TEXT,
  type: TEXT,
  payload: PAYLOAD,
  tenant: primitive('int32'),
  version: primitive('int32', { optional: true }),
  at: primitive('int64', { optional: true }),
})
const EVENT = {
  id: 'e1',
  aggregatetype: 'order',
  aggregateid: '42',
  type: 'Paid',
  payload: '{"sum":12}',
  tenant: 3,
  version: 2,
  at: 555,
}

function inserted(event: Value = EVENT, op = 'c'): SinkRecord {
  return change({ op, after: event }, OUTBOX)
}

describe('an inserted row', () => {
  test('goes to the topic of its aggregate, with its key, payload, id, and the time of the change', () => {
    const event = make()(inserted())!
    expect(event).toMatchObject({
      topic: 'outbox.event.order',
      keySchema: TEXT,
      key: '42',
      valueSchema: PAYLOAD,
      value: '{"sum":12}',
      timestamp: 2000,
      headers: [{ key: 'id', schema: TEXT, value: 'e1' }],
    })
  })

  test('does likewise without schemas, and when it comes from a snapshot', () => {
    const event = make()(schemaless(inserted(EVENT, 'r')))!
    expect(event).toMatchObject({
      topic: 'outbox.event.order',
      key: '42',
      keySchema: null,
      value: '{"sum":12}',
      valueSchema: null,
    })
  })

  test('has its columns where the settings say', () => {
    const event = make({
      'table.fields.additional.placement': 'type:header:eventType,tenant:envelope:of,tenant:partition,type:envelope',
      'table.field.event.timestamp': 'at',
      'table.field.event.schema.version': 'version',
    })(inserted())!
    expect(event.headers?.map(({ key, value }) => [key, value])).toEqual([['id', 'e1'], ['eventType', 'Paid']]) // prettier-ignore
    expect(event.value).toEqual({ payload: '{"sum":12}', of: 3, type: 'Paid' })
    const fields = { payload: PAYLOAD, of: primitive('int32'), type: TEXT }
    expect(event.valueSchema).toEqual(struct(fields, { version: 2 }))
    expect(event).toMatchObject({ partition: 3, timestamp: 555 })
  })

  test('is routed by any column and pattern', () => {
    const settings = {
      'route.by.field': 'type',
      'route.topic.regex': '(?<x>.)(.*)',
      'route.topic.replacement': '$2.${x}',
    }
    expect(make(settings)(inserted())!.topic).toBe('aid.P')
  })

  test('keeps the key of the row where it has none of its own', () => {
    expect(make({ 'table.field.event.key': 'none' })(inserted())!.key).toEqual({ id: 1 })
  })

  test.each(['', null])('without a payload (%j) is a tombstone on request', (payload) => {
    const event = { ...EVENT, payload }
    expect(make()(inserted(event))!).toMatchObject({ value: payload, valueSchema: PAYLOAD })
    const tombstone = make({ 'route.tombstone.on.empty.payload': 'true' })(inserted(event))!
    expect(tombstone).toMatchObject({ key: '42', value: null, valueSchema: null })
  })
})

describe('a payload of JSON', () => {
  const expand = { 'table.expand.json.payload': 'true' }
  const optional = { optional: true }

  test('becomes an object, whose schema is inferred', () => {
    const payload = '{"a":1,"b":5000000000,"c":1.5,"d":[null,"x"],"e":{"f":true},"g":null}'
    const event = make(expand)(inserted({ ...EVENT, payload }))!
    expect(event.value).toEqual({ a: 1, b: 5_000_000_000, c: 1.5, d: [null, 'x'], e: { f: true } })
    expect(event.valueSchema).toEqual(
      structOf(
        [
          ['a', primitive('int32', optional)],
          ['b', primitive('int64', optional)],
          ['c', primitive('float64', optional)],
          ['d', array(primitive('string', optional), optional)],
          ['e', structOf([['f', primitive('boolean', optional)]], optional)],
        ],
        optional,
      ),
    )
    expect(make(expand)(inserted({ ...EVENT, payload: '[1]' }))!.value).toEqual([1])
  })

  test('may have its nulls as bytes', () => {
    const event = make({ ...expand, 'table.json.payload.null.behavior': 'optional_bytes' })(
      inserted({ ...EVENT, payload: '{"g":null}' }),
    )!
    expect(event.valueSchema).toEqual(structOf([['g', primitive('bytes', optional)]], optional))
    expect(event.value).toEqual({ g: null })
  })

  test('of one shape has one schema', () => {
    const transform = make(expand)
    const schemas = [1, 2].map((n) => transform(inserted({ ...EVENT, payload: `{"n":${n}}` }))!.valueSchema)
    expect(schemas[0]).toBe(schemas[1])
  })

  test.each(['text', '{"a":', '12'])('stays text where it is none: %s', (payload) => {
    expect(make(expand)(inserted({ ...EVENT, payload }))!).toMatchObject({ value: payload, valueSchema: PAYLOAD })
  })
})

describe('what is no inserted row', () => {
  test('is left out where it is a deleted one, its tombstone, or an updated one', () => {
    expect(make()(change({ op: 'd', before: EVENT }, OUTBOX))).toBeNull()
    expect(make()({ ...inserted(), value: null, valueSchema: null })).toBeNull()
    expect(make()(inserted(EVENT, 'u'))).toBeNull()
    expect(() => make({ 'table.op.invalid.behavior': 'fatal' })(inserted(EVENT, 'u'))).toThrow(DataError)
  })

  test('is handed on itself where it is no change event at all', () => {
    const record = { ...inserted(), valueSchema: null, value: { ts_ms: 1 } }
    expect(make()(record)).toBe(record)
  })

  test('fails by name where a column is missing that must be there', () => {
    const settings = { 'table.fields.additional.placement': 'colour:header' }
    expect(() => make(settings)(inserted())).toThrow('Unable to find field colour in event')
    expect(
      make({ ...settings, 'table.fields.additional.error.on.missing': 'false' })(inserted())!.headers,
    ).toHaveLength(1)
    expect(() => make({ 'route.by.field': 'colour' })(inserted())).toThrow('Unable to find field colour')
    expect(() => make({ 'table.fields.additional.placement': 'type:footer' })).toThrow(
      'table.fields.additional.placement',
    )
  })
})
