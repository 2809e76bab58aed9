/** Records of a source that are too large lose the ends of their large columns. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decimal, primitive } from '@sluice/sdk'
import type { RawSettings, SourceRecord, StructValue, Value } from '@sluice/sdk'
import { approximateSize } from '../../src/record-size.ts'
import { change, envelopeOf } from '../support/change-events.ts'
import { sourceRecord, transform } from '../support/records.ts'

const SCHEMA = envelopeOf({
  id: primitive('int32'),
  text: primitive('string', { optional: true }),
  more: primitive('string', { optional: true }),
  bytes: primitive('bytes', { optional: true }),
  sum: decimal(2, { optional: true }),
})

function event(after: Value, before: Value = null): SourceRecord {
  return sourceRecord(change({ op: 'u', before, after }, SCHEMA).value, SCHEMA)
}

function enforced(record: SourceRecord, settings: RawSettings): SourceRecord {
  return transform('io.debezium.transforms.EnforceRecordSize', settings)(record)!
}

function rowOf(record: SourceRecord, row: 'before' | 'after'): StructValue {
  return (record.value as Record<string, StructValue>)[row]!
}

const LARGE = event({
  id: 1,
  text: 'x'.repeat(30_000),
  more: 'y'.repeat(10_000),
  bytes: new Uint8Array(60_000),
  sum: '1.00',
})
const SIZE = approximateSize(LARGE)

test('columns are cut in proportion to their length until the record fits, short ones never', () => {
  const result = enforced(LARGE, { 'max.bytes': String(SIZE - 30_000) })
  const { text, more, bytes } = rowOf(result, 'after')
  expect([(text as string).length, (bytes as Uint8Array).length]).toEqual([20_000, 40_000])
  expect(more).toBe('y'.repeat(10_000))
  expect(approximateSize(result)).toBe(SIZE - 30_000)
  expect(result.valueSchema).toBe(SCHEMA)
  expect(rowOf(LARGE, 'after')['text']).toHaveLength(30_000)
})

test('both rows give their part', () => {
  const record = event({ id: 1, text: 'a'.repeat(1000) }, { id: 1, text: 'b'.repeat(3000) })
  const result = enforced(record, { 'max.bytes': String(approximateSize(record) - 400), 'min.field.size': '10' })
  expect(
    [rowOf(result, 'before')['text'], rowOf(result, 'after')['text']].map((text) => (text as string).length),
  ).toEqual([2700, 900])
})

test('a ratio tells how much smaller records are where they go', () => {
  const half = { 'max.bytes': String(Math.ceil(SIZE / 2)), 'compression.ratio': '0.5' }
  expect(enforced(LARGE, half)).toBe(LARGE)
  expect(enforced(LARGE, { ...half, 'max.bytes': String(Math.ceil(SIZE / 2) - 1) })).not.toBe(LARGE)
})

test('records of any texts then fit, and no character is cut in two', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 50, maxLength: 300 }), fc.nat(200), (text, less) => {
      const record = event({ id: 1, text, more: null })
      const excess = Math.min(less, text.length)
      const result = enforced(record, { 'max.bytes': String(approximateSize(record) - excess), 'min.field.size': '0' })
      expect(approximateSize(result)).toBeLessThanOrEqual(approximateSize(record) - excess)
      expect((rowOf(result, 'after')['text'] as string).isWellFormed()).toBe(text.isWellFormed())
    }),
    { seed: 6, numRuns: 200 },
  )
})

test('what fits, has nothing to cut, or is on its way to a sink is handed on itself', () => {
  const enforce = transform('EnforceRecordSize', { 'max.bytes': '10', 'min.field.size': '5' })
  const decimals = event({ id: 1, sum: '123456789.00' })
  const sink = change({ op: 'c', after: { id: 1, text: 'x'.repeat(50_000) } }, SCHEMA)
  for (const record of [decimals, sink, sourceRecord(null), sourceRecord('text'), sourceRecord({ after: {} })])
    expect(enforce(record)).toBe(record)
  expect(enforced(LARGE, { 'max.bytes': String(SIZE) })).toBe(LARGE)
})

test('limits must be some', () => {
  expect(() => enforced(LARGE, { 'max.bytes': '0' })).toThrow('max.bytes')
  expect(() => enforced(LARGE, { 'max.bytes': '1', 'compression.ratio': '0' })).toThrow('Must be a positive number')
  expect(() => enforced(LARGE, { 'max.bytes': '1', strategy: 'claim_check' })).toThrow('strategy')
})
