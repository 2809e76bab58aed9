/** What the key says, the value says as well. */
import { describe, expect, test } from '@jest/globals'
import { DataError, primitive, SluiceError, struct } from '@sluice/sdk'
import type { RawSettings, SinkRecord } from '@sluice/sdk'
import { sinkRecord, transform } from '../support/records.ts'

const KEY = struct({ id: primitive('int32'), place: primitive('string', { default: 'home', optional: true }) })
const VALUE = struct(
  { note: primitive('string'), id: primitive('string') },
  { name: 'Note', version: 2, optional: true },
)

function copied(settings: RawSettings, record: SinkRecord): SinkRecord {
  return transform('io.aiven.kafka.connect.transforms.KeyToValue', settings)(record)!
}

describe('with schemas', () => {
  const record = sinkRecord({
    keySchema: KEY,
    key: { id: 1, place: null },
    valueSchema: VALUE,
    value: { note: 'a', id: 'b' },
  })

  test('fields are added, or take the place of those of their name', () => {
    const result = copied({ 'key.fields': 'id,place', 'value.fields': 'id,at' }, record)
    expect(result.value).toEqual({ note: 'a', id: 1, at: 'home' })
    expect(result.valueSchema).toEqual(
      struct(
        { note: primitive('string'), id: primitive('int32'), at: KEY.fields[1]!.schema },
        { name: 'Note', version: 2, optional: true },
      ),
    )
    expect(result.key).toBe(record.key)
  })

  test('the whole key may be one', () => {
    const result = copied({ 'key.fields': '*' }, record)
    expect(result.value).toEqual({ note: 'a', id: 'b', _key: record.key })
    expect(copied({ 'key.fields': '*' }, { ...record, keySchema: null, key: 'k' }).value).toMatchObject({ _key: 'k' })
    expect(copied({ 'key.fields': '*', 'value.fields': '*' }, result).value).toHaveProperty('_key')
  })

  test('all records share one schema', () => {
    const copy = transform('KeyToValue', { 'key.fields': 'id' })
    expect(copy(record)!.valueSchema).toBe(copy({ ...record })!.valueSchema)
  })
})

test('without schemas fields are copied, null where the key has none', () => {
  const record = sinkRecord({ key: { id: 1 }, value: new Map([['note', 'a']]) })
  expect(copied({ 'key.fields': 'id,none' }, record).value).toEqual(
    new Map([
      ['note', 'a'],
      ['id', 1],
      ['none', null],
    ] as never),
  )
  expect(record.value).toEqual(new Map([['note', 'a']]))
})

test.each<[string, RawSettings, Partial<SinkRecord>, string]>([
  [
    'a key that is a text',
    { 'key.fields': 'a' },
    { key: 'k', value: {} },
    'Named key fields [a] cannot be copied from the key class: java.lang.String',
  ],
  [
    'a key with the schema of a text',
    { 'key.fields': 'a,*' },
    { key: 'k', keySchema: primitive('string'), value: {} },
    'Named key fields [a, *] cannot be copied from the key schema: STRING',
  ],
  [
    'a field that the key does not have',
    { 'key.fields': 'a' },
    { key: { id: 1 }, keySchema: KEY, value: { note: '', id: '' }, valueSchema: VALUE },
    "Key field 'a' not found in key schema",
  ],
  [
    'that, for a value without a schema',
    { 'key.fields': 'a' },
    { key: { id: 1 }, keySchema: KEY, value: {} },
    'a is not a valid field name',
  ],
  [
    'a whole key without a schema',
    { 'key.fields': '*' },
    { key: { id: 1 }, value: { note: '', id: '' }, valueSchema: VALUE },
    'The value requires a schema, but the key class is a schemaless Map',
  ],
  [
    'bytes as a key without a schema',
    { 'key.fields': '*' },
    { key: Uint8Array.of(1), value: { note: '', id: '' }, valueSchema: VALUE },
    'Cannot infer schema for unsupported key class: [B',
  ],
  [
    'a value that is null',
    { 'key.fields': '*' },
    { key: 'k' },
    'The value needs to be a Struct or Map in order to append fields',
  ],
  [
    'a value that is a text',
    { 'key.fields': '*' },
    { key: 'k', value: 'v', valueSchema: primitive('string') },
    'The value needs to be a Struct or Map in order to append fields',
  ],
])('%s is refused', (_what, settings, parts, message) => {
  const copy = (): unknown => copied(settings, sinkRecord(parts))
  expect(copy).toThrow(DataError)
  expect(copy).toThrow(message)
})

test('two values for one field are refused at the start', () => {
  const make = (): unknown => transform('KeyToValue', { 'key.fields': 'a,b', 'value.fields': 'b' })
  expect(make).toThrow(SluiceError)
  expect(make).toThrow("More than one key value is copied to the value field name 'b'")
})
