/** A change event becomes the row as it is now; of deleted rows what was asked for. */
import { describe, expect, test } from '@jest/globals'
import { array, primitive, struct } from '@sluice/sdk'
import type { ConnectRecord, Transform } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { change, schemaless, tombstone } from '../support/change-events.ts'

function make(settings: Readonly<Record<string, string>> = {}): Transform {
  return transforms
    .find(({ aliases }) => aliases.includes('io.debezium.transforms.ExtractNewRecordState'))!
    .create(settings)
}

const ROW = { id: 1, note: 'a', state: 'paid' }

describe('with schemas', () => {
  test('an insert becomes its row, of the schema of the row', () => {
    const record = change({ op: 'c', after: ROW })
    const row = make()(record)!
    expect(row.value).toEqual(ROW)
    expect(row.valueSchema).toMatchObject({ type: 'struct', name: 'p.shop.orders.Value', optional: true })
    expect(row).toMatchObject({ topic: record.topic, key: record.key, keySchema: record.keySchema })
  })

  test('added fields have the schemas of the envelope, optional, and come last', () => {
    const row = make({ 'add.fields': 'op,source.lsn:at,table,transaction.id', 'add.fields.prefix': '_' })(
      change({ op: 'u', after: ROW }),
    )!
    expect(row.value).toEqual({ ...ROW, _op: 'u', _at: 77, _table: 'orders', _transaction_id: null })
    const fields = row.valueSchema!.type === 'struct' ? row.valueSchema!.fields : []
    expect(fields.map(({ name, schema }) => `${name} ${schema.type} ${schema.optional}`).slice(3)).toEqual([
      '_op string true',
      '_at int64 true',
      '_table string true',
      '_transaction_id string true',
    ])
  })

  test('added headers come behind those that are there', () => {
    const record = change({ op: 'c', after: ROW, headers: [{ key: 'h', schema: null, value: 1 }] })
    expect(make({ 'add.headers': 'op,lsn' })(record)!.headers).toEqual([
      { key: 'h', schema: null, value: 1 },
      { key: '__op', schema: primitive('string', { optional: true }), value: 'c' },
      { key: '__lsn', schema: primitive('int64', { optional: true }), value: 77 },
    ])
  })

  test('a null column with a default becomes the default, unless that is switched off', () => {
    const record = change({ op: 'c', after: { id: 1, note: null, state: null } })
    expect(make()(record)!.value).toEqual({ id: 1, note: null, state: 'new' })
    expect(make({ 'replace.null.with.default': 'false' })(record)!.value).toEqual({ id: 1, note: null, state: null })
  })

  test('records of one schema get one schema', () => {
    const transform = make({ 'add.fields': 'op', 'delete.tombstone.handling.mode': 'rewrite' })
    const [first, second] = [1, 2].map((id) => transform(change({ op: 'c', after: { ...ROW, id } }))!)
    expect(first!.valueSchema).toBe(second!.valueSchema)
    expect(transform(change({ op: 'd', before: ROW }))!.value).toEqual({ ...ROW, __deleted: 'true', __op: 'd' })
  })

  test('the topic may be named by a column, before the change where the row is gone', () => {
    const transform = make({ 'route.by.field': 'state', 'delete.tombstone.handling.mode': 'rewrite' })
    expect(transform(change({ op: 'c', after: ROW }))!.topic).toBe('paid')
    expect(transform(change({ op: 'd', before: { ...ROW, state: 'old' } }))!.topic).toBe('old')
  })

  test('fields that a header lists are left out, if they are optional', () => {
    const unchanged = { key: 'unchanged', schema: array(primitive('string')), value: ['id', 'note'] }
    const record = change({ op: 'u', after: ROW, headers: [unchanged] })
    const settings = { 'drop.fields.header.name': 'unchanged' }
    const kept = make(settings)(record)!
    expect(kept.value).toEqual({ id: 1, state: 'paid' })
    expect(kept.key).toEqual({ id: 1 })
    const all = { ...settings, 'drop.fields.keep.schema.compatible': 'false', 'drop.fields.from.key': 'true' }
    const left = make(all)(record)!
    expect(left.value).toEqual({ state: 'paid' })
    expect(left.key).toEqual({})
    expect(left.keySchema).toEqual(struct({}, { name: 'p.shop.orders.Key' }))
  })
})

describe.each<[string, (record: ConnectRecord) => ConnectRecord]>([
  ['with schemas', (record) => record],
  ['without', schemaless],
])('of a deleted row, %s,', (_, as) => {
  const deleted = (): ConnectRecord => as(change({ op: 'd', before: ROW }))

  test.each([
    ['drop', null, null],
    ['tombstone', null, 'itself'],
    ['rewrite', { ...ROW, __deleted: 'true' }, null],
    ['rewrite-with-tombstone', { ...ROW, __deleted: 'true' }, 'itself'],
    ['delete-to-tombstone', 'a tombstone', null],
  ] as const)('%s leaves this', (mode, ofDelete, ofTombstone) => {
    const transform = make({ 'delete.tombstone.handling.mode': mode })
    const record = transform(deleted())
    if (ofDelete === 'a tombstone') expect(record).toMatchObject({ key: { id: 1 }, value: null, valueSchema: null })
    else expect(record?.value ?? null).toEqual(ofDelete)
    const mark = as(tombstone())
    expect(transform(mark)).toBe(ofTombstone === null ? null : mark)
  })
})

test('what is no change event is handed on itself: heartbeats, messages, records of others', () => {
  const transform = make({ 'add.headers': 'op', 'route.by.field': 'x' })
  const others = [
    { ...change({ op: 'c' }), valueSchema: struct({ ts_ms: primitive('int64') }), value: { ts_ms: 1 } },
    { ...change({ op: 'c' }), valueSchema: null, value: { ts_ms: 1 } },
    { ...change({ op: 'c' }), valueSchema: null, value: 'text' },
    change({ op: 'm' }),
  ]
  for (const record of others) expect(transform(record)).toBe(record)
})

test('a truncated table leaves no row', () => {
  expect(make()(change({ op: 't' }))).toBeNull()
})

test.each(['a:b:c', 'op:', '.x', 'a.b.c', 'x..y'])('fields that are none are refused at the start: %s', (field) => {
  expect(() => make({ 'add.fields': field })).toThrow('Unexpected field name')
})
