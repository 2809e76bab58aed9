/** Headers become fields, at the top or within, and go or stay. */
import { describe, expect, test } from '@jest/globals'
import { DataError, primitive, SchemaError, SluiceError } from '@sluice/sdk'
import type { Header, RawSettings, SinkRecord, Value } from '@sluice/sdk'
import { change, schemaless, tombstone } from '../support/change-events.ts'
import { sinkRecord, transform } from '../support/records.ts'

const TIME: Header = { key: 'event_timestamp', schema: primitive('int64'), value: 1_626_102_708_861 }
const KEY: Header = { key: 'key', schema: primitive('int32'), value: 100 }
const OTHER: Header = { key: 'header_x', schema: primitive('int32'), value: 0 }
const SETTINGS = { headers: 'event_timestamp,key', fields: 'timestamp,source.id', operation: 'move' }
const EVENT = change({ op: 'c', after: { id: 1, note: null, state: 'new' }, headers: [OTHER, TIME, KEY] })

function moved(record: SinkRecord, settings: RawSettings = SETTINGS): SinkRecord {
  return transform('io.debezium.transforms.HeaderToValue', settings)(record)!
}

function namesOf(schema: SinkRecord['valueSchema'], field?: string): readonly string[] {
  const struct = schema?.type === 'struct' ? schema : undefined
  const of = field === undefined ? struct : struct?.fields.find(({ name }) => name === field)?.schema
  return of?.type === 'struct' ? of.fields.map(({ name }) => name) : []
}

describe('with a schema', () => {
  test('fields are added behind the others, also in nested structs, and their headers go', () => {
    const result = moved(EVENT)
    expect(result.value).toMatchObject({ timestamp: TIME.value, source: { db: 'shop', id: 100 }, op: 'c' })
    expect(namesOf(result.valueSchema).at(-1)).toBe('timestamp')
    expect(namesOf(result.valueSchema, 'source').at(-1)).toBe('id')
    expect(result.headers).toEqual([OTHER])
    expect(EVENT.value).not.toHaveProperty('timestamp')
  })

  test('they stay when copied', () => {
    expect(moved(EVENT, { ...SETTINGS, operation: 'copy' }).headers).toEqual([OTHER, TIME, KEY])
  })

  test('all records of one schema and the same headers share one schema, others have their own', () => {
    const convert = transform('HeaderToValue', SETTINGS)
    const [a, b] = [convert(EVENT)!, convert({ ...EVENT, headers: [TIME, { ...KEY, value: 5 }] })!]
    expect(b.valueSchema).toBe(a.valueSchema)
    expect(convert({ ...EVENT, headers: [TIME] })!.valueSchema).not.toBe(a.valueSchema)
    const text = { ...KEY, schema: primitive('string'), value: 'k' }
    expect(convert({ ...EVENT, headers: [TIME, text] })!.value).toMatchObject({ source: { id: 'k' } })
  })

  test('of several headers of one name the last counts', () => {
    const again = { ...TIME, value: 2 }
    expect(moved({ ...EVENT, headers: [TIME, again] }).value).toMatchObject({ timestamp: 2 })
  })

  test('a field within what is null, or is not there, is not added', () => {
    const record = { ...EVENT, headers: [KEY] }
    expect(moved(record, { headers: 'key', fields: 'before.id2', operation: 'copy' }).value).toEqual(EVENT.value)
    const nowhere = moved(record, { headers: 'key', fields: 'nowhere.id', operation: 'copy' })
    expect(namesOf(nowhere.valueSchema)).toEqual(namesOf(EVENT.valueSchema))
  })

  test('a field that is there already, and a header without a schema, are refused in Connect’s words', () => {
    expect(() => moved(EVENT, { headers: 'key', fields: 'op', operation: 'copy' })).toThrow(
      'Cannot create field because of field name duplication op',
    )
    const bare = { ...EVENT, headers: [{ ...KEY, schema: null }] }
    expect(() => moved(bare)).toThrow(SchemaError)
  })
})

describe('without a schema', () => {
  test.each<[string, Value]>([
    ['plain objects', { a: 1, source: { x: 1 } }],
    [
      'Maps',
      new Map<Value, Value>([
        ['a', 1],
        ['source', new Map([['x', 1]])],
      ]),
    ],
  ])('fields are added to %s', (_kind, value) => {
    const result = moved(sinkRecord({ value, headers: [KEY, TIME] }))
    const expected = { a: 1, source: { x: 1, id: 100 }, timestamp: TIME.value }
    const plain = JSON.parse(
      JSON.stringify(result.value, (_key, v: unknown) => (v instanceof Map ? Object.fromEntries(v) : v)),
    ) as Value
    expect(plain).toEqual(expected)
    expect(result.headers).toBeNull()
  })

  test('a text is refused', () => {
    const convert = (): unknown => moved(sinkRecord({ value: 'text', headers: [KEY] }))
    expect(convert).toThrow(DataError)
    expect(convert).toThrow('Only Map objects supported in absence of schema for [Header field insertion]')
  })
})

test('tombstones, and records without these headers, are handed on themselves', () => {
  const convert = transform('HeaderToValue', SETTINGS)
  const marks = [tombstone(), { ...EVENT, headers: [OTHER] }, schemaless({ ...EVENT, headers: null })]
  for (const record of marks) expect(convert(record)).toBe(record)
})

test('as many fields as headers must be named', () => {
  const wrong = (): unknown => moved(EVENT, { headers: 'a,b', fields: 'a', operation: 'move' })
  expect(wrong).toThrow(SluiceError)
  expect(wrong).toThrow("'fields' config must have the same number of elements as 'headers' config.")
})
