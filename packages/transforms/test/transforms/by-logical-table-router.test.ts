/** Tables of one kind share a topic, and their keys still tell them apart. */
import { expect, test } from '@jest/globals'
import type { Transform } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { change, schemaless, tombstone } from '../support/change-events.ts'

function make(settings: Readonly<Record<string, string>> = {}): Transform {
  const plugin = transforms.find(({ aliases }) => aliases.includes('io.debezium.transforms.ByLogicalTableRouter'))!
  return plugin.create({ 'topic.regex': '(.*)\\.orders(_\\d+)?', 'topic.replacement': '$1.all_orders', ...settings })
}

const ROW = { id: 1, note: 'a', state: 'paid' }
const CHANGE = { ...change({ op: 'c', after: ROW }), topic: 'p.shop.orders_7' }

test('the topic is the shared one, and all schemas are called after it', () => {
  const routed = make()(CHANGE)!
  expect(routed).toMatchObject({
    topic: 'p.shop.all_orders',
    key: { id: 1, __dbz__physicalTableIdentifier: 'p.shop.orders_7' },
    value: CHANGE.value,
    keySchema: { name: 'p.shop.all_orders.Key' },
    valueSchema: { name: 'p.shop.all_orders.Envelope' },
  })
  const rows = routed.valueSchema!.type === 'struct' ? routed.valueSchema!.fields.slice(0, 2) : []
  expect(rows.map(({ schema }) => schema.name)).toEqual(['p.shop.all_orders.Value', 'p.shop.all_orders.Value'])
  const key = routed.keySchema!.type === 'struct' ? routed.keySchema!.fields : []
  expect(key.map(({ name }) => name)).toEqual(['id', '__dbz__physicalTableIdentifier'])
})

test('records of one table get one schema each, of two tables of one kind the same names', () => {
  const transform = make()
  const [a, b] = [transform(CHANGE)!, transform({ ...CHANGE, topic: 'p.shop.orders_8' })!]
  expect(a.valueSchema).toBe(b.valueSchema)
  expect(a.keySchema).toBe(b.keySchema)
  expect(b.key).toMatchObject({ __dbz__physicalTableIdentifier: 'p.shop.orders_8' })
})

test('the key may say it in other words, or not at all', () => {
  const named = make({ 'key.field.name': 'shard', 'key.field.regex': '.*_(\\d+)', 'key.field.replacement': 'no $1' })
  expect(named(CHANGE)!.key).toEqual({ id: 1, shard: 'no 7' })
  expect(make({ 'key.enforce.uniqueness': 'false' })(CHANGE)!.key).toBe(CHANGE.key)
})

test('tombstones and records without schemas go along', () => {
  const mark = { ...tombstone(), topic: CHANGE.topic }
  expect(make()(mark)).toMatchObject({ topic: 'p.shop.all_orders', value: null, valueSchema: null })
  expect(make()(schemaless(CHANGE))).toMatchObject({ topic: 'p.shop.all_orders', keySchema: null, valueSchema: null })
})

test('records of other topics are handed on themselves', () => {
  const other = { ...CHANGE, topic: 'p.shop.customers' }
  const transform = make()
  expect(transform(other)).toBe(other)
  expect(transform(CHANGE)!.topic).toBe('p.shop.all_orders')
  expect(transform(other)).toBe(other)
})
