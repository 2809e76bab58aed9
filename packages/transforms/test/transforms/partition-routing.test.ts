/** Change events with equal fields go to one partition, and it is the one that Debezium chooses. */
import { expect, test } from '@jest/globals'
import { primitive } from '@sluice/sdk'
import type { RawSettings, SourceRecord } from '@sluice/sdk'
import { change, envelopeOf, tombstone } from '../support/change-events.ts'
import type { Change } from '../support/change-events.ts'
import { sourceRecord, transform } from '../support/records.ts'

const PRODUCTS = envelopeOf({
  id: primitive('int64'),
  price: primitive('float32'),
  product: primitive('string', { optional: true }),
})

function event(parts: Change): SourceRecord {
  const { value, valueSchema } = change(parts, PRODUCTS)
  return sourceRecord(value, valueSchema)
}

const apple = event({ op: 'c', after: { id: 1, price: 1, product: 'APPLE' } })

function partitionOf(settings: RawSettings, record = apple): number | null {
  return transform('io.debezium.transforms.partitions.PartitionRouting', settings)(record)!.partition
}

test('of a text it is that of Java’s hash, or of MurmurHash3', () => {
  const fields = { 'partition.payload.fields': 'after.product', 'partition.topic.num': '100' }
  const hello = event({ op: 'c', after: { id: 1, price: 1, product: 'hello-world' } })
  expect(partitionOf(fields, hello)).toBe(67)
  expect(partitionOf({ ...fields, 'partition.hash.function': 'Murmur' }, hello)).toBe(70)
})

test('change is the row that there is, and blanks around dots do not count', () => {
  const settings = { 'partition.payload.fields': 'change . product', 'partition.topic.num': '3' }
  const row = { id: 1, price: 1, product: 'orange' }
  expect(partitionOf(settings, event({ op: 'u', before: { ...row, product: 'x' }, after: row }))).toBe(1)
  expect(partitionOf(settings, event({ op: 'd', before: row }))).toBe(1)
})

test('several fields count together, and those that are missing or null not at all', () => {
  const one = { 'partition.payload.fields': 'change.product', 'partition.topic.num': '1000' }
  const found = partitionOf(one)
  expect(partitionOf({ ...one, 'partition.payload.fields': 'after.none,before.product,change.product' })).toBe(found)
  expect(partitionOf({ ...one, 'partition.payload.fields': 'change.product,op' })).toBe(found! + 'c'.charCodeAt(0))
})

test('events without the fields, of truncation and messages, and what is no event, are handed on themselves', () => {
  const route = transform('PartitionRouting', { 'partition.payload.fields': 'after.none', 'partition.topic.num': '2' })
  expect(route(apple)).toBe(apple)
  const byOp = transform('PartitionRouting', { 'partition.payload.fields': 'op', 'partition.topic.num': '2' })
  for (const record of [event({ op: 't' }), event({ op: 'm' }), sourceRecord({ op: 'c' }), sourceRecord('text')])
    expect(byOp(record)).toBe(record)
  const mark = tombstone()
  expect(byOp(mark)).toBe(mark)
  const routed = byOp(apple)!
  expect(byOp(routed)).toBe(routed)
})

test('events without schemas are routed as well', () => {
  const bare = sourceRecord(apple.value)
  expect(partitionOf({ 'partition.payload.fields': 'after.product', 'partition.topic.num': '100' }, bare)).toBe(50)
})

test('a topic has at least one partition', () => {
  expect(() => partitionOf({ 'partition.payload.fields': 'op', 'partition.topic.num': '0' })).toThrow(
    'partition.topic.num',
  )
  expect(() => partitionOf({ 'partition.topic.num': '2' })).toThrow('partition.payload.fields')
  expect(() => partitionOf({ 'partition.payload.fields': ',source.table', 'partition.topic.num': '2' })).toThrow(
    "The 'partition.payload.fields' value is invalid: Empty string element(s) not permitted",
  )
})
