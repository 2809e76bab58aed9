/** Headers tell which columns a change changed, and ExtractNewRecordState leaves the others out. */
import { expect, test } from '@jest/globals'
import type { SinkRecord, Transform, Value } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { sameValue } from '../../src/same-value.ts'
import { change, schemaless, tombstone } from '../support/change-events.ts'

function make(className: string, settings: Readonly<Record<string, string>>): Transform {
  return transforms.find(({ aliases }) => aliases.includes(`io.debezium.transforms.${className}`))!.create(settings)
}

const BOTH = { 'header.changed.name': 'Changed', 'header.unchanged.name': 'Unchanged' }
const UPDATE = change({
  op: 'u',
  before: { id: 1, note: 'a', state: 'new' },
  after: { id: 1, note: null, state: 'new' },
})

test.each([UPDATE, schemaless(UPDATE)])('an update names what it changes and what it does not', (record) => {
  const named = make('ExtractChangedRecordState', BOTH)(record)!
  expect(named.headers!.map(({ key, value }) => [key, value])).toEqual([
    ['Changed', ['note']],
    ['Unchanged', ['id', 'state']],
  ])
})

test('what is not to be known is not told, and where there is nothing to compare the lists are empty', () => {
  expect(make('ExtractChangedRecordState', { 'header.changed.name': 'c' })(UPDATE)!.headers).toHaveLength(1)
  const insert = change({ op: 'c', after: { id: 1, note: null, state: 'new' } })
  expect(make('ExtractChangedRecordState', BOTH)(insert)!.headers!.map(({ value }) => value)).toEqual([[], []])
})

test('the flat row has then only the columns that changed, and those that must be there', () => {
  const flatten = make('ExtractNewRecordState', { 'drop.fields.header.name': 'Unchanged' })
  const named: SinkRecord = make('ExtractChangedRecordState', BOTH)(UPDATE)!
  expect(flatten(named)!.value).toEqual({ id: 1, note: null, state: 'new' })
  const optional = change({
    op: 'u',
    before: { id: 1, note: 'a', state: 'old' },
    after: { id: 1, note: 'a', state: 'new' },
  })
  expect(flatten(make('ExtractChangedRecordState', BOTH)(optional)!)!.value).toEqual({ id: 1, state: 'new' })
})

test('what is no change event is handed on itself', () => {
  for (const record of [tombstone(), { ...UPDATE, valueSchema: null, value: 'text' }])
    expect(make('ExtractChangedRecordState', BOTH)(record)).toBe(record)
  expect(make('ExtractChangedRecordState', {})(UPDATE)).toBe(UPDATE)
})

test.each<[Value, Value, boolean]>([
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, false],
  [{ a: 1 }, new Map([['a', 1]]), true],
  [{ a: null }, {}, true],
  [[1], [1, 2], false],
  [Uint8Array.of(1), Uint8Array.of(1), true],
  [Uint8Array.of(1), Uint8Array.of(2), false],
  [Uint8Array.of(1), [1], false],
  [Number.NaN, Number.NaN, true],
  [1, '1', false],
  [null, 0, false],
])('%j and %j', (a, b, same) => expect(sameValue(a, b)).toBe(same))
