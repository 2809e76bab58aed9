import { describe, expect, test } from '@jest/globals'
import type { Change } from '../../src/dsl/change.ts'
import { peek } from '../../src/operators/peek.ts'
import { suppress, type SuppressOptions } from '../../src/operators/suppress.ts'
import { tableSource } from '../../src/operators/table-source.ts'
import { Serdes } from '../../src/serdes.ts'
import { OperatorRun, STORE } from '../support/run-operators.ts'

function suppressed(options: Partial<SuppressOptions>): OperatorRun<string, Change<string>> {
  const operator = suppress({
    buffer: 'buffer',
    delayMs: 10,
    timeOf: 'record',
    dropsTombstones: false,
    maxRecords: Infinity,
    maxBytes: Infinity,
    whenFull: 'shutDown',
    table: { sendOldValues: true },
    ...options,
  })
  const table = { store: 'rows', sendOldValues: true }
  return new OperatorRun(
    [
      { name: 'table', from: ['in'], operator: tableSource({ table }), stores: ['rows'] },
      { name: 'suppress', from: ['table'], operator, stores: ['buffer'] },
      { name: 'peek', from: ['suppress'], operator: peek(() => undefined) },
    ],
    [
      { ...STORE, value: Serdes.string, name: 'rows', kind: 'timestampedKeyValue' },
      {
        ...STORE,
        value: Serdes.string,
        name: 'buffer',
        kind: 'suppression',
        tracksBytes: options.maxBytes !== undefined,
      },
    ],
  )
}

describe('suppress', () => {
  test('lets the latest change of a key go when its first has waited long enough, with its own time and what was there before the first', () => {
    const run = suppressed({})
    expect(run.pipe({ key: 'x', value: 'a', timestamp: 1 })).toEqual([])
    expect(run.pipe({ key: 'x', value: 'b', timestamp: 4 })).toEqual([])
    expect(run.pipe({ key: 'y', value: 'c', timestamp: 11 })).toEqual([
      { key: 'x', value: { newValue: 'b', oldValue: null, isLatest: true }, timestamp: 4 },
    ])
    run.pipe({ key: 'x', value: 'd', timestamp: 12 })
    run.pipe({ key: 'x', value: 'e', timestamp: 13 })
    // Whoever takes old values out of an aggregate has seen b last, and never d.
    expect(run.pipe({ key: 'z', value: 'f', timestamp: 30 }).find(({ key }) => key === 'x')).toEqual({
      key: 'x',
      value: { newValue: 'e', oldValue: 'b', isLatest: true },
      timestamp: 13,
    })
  })

  test('a full buffer that may emit early lets the earliest go, be it the one that has just come', () => {
    const run = suppressed({ delayMs: 1000, maxRecords: 2, whenFull: 'emit' })
    run.pipe({ key: 'x', value: 'a', timestamp: 5 })
    run.pipe({ key: 'y', value: 'b', timestamp: 6 })
    expect(run.pipe({ key: 'z', value: 'c', timestamp: 1 }).map(({ key }) => key)).toEqual(['z'])
    expect(run.pipe({ key: 'w', value: 'c', timestamp: 7 }).map(({ key }) => key)).toEqual(['x'])
  })

  test.each([
    ['records', { maxRecords: 1 }],
    ['bytes', { maxBytes: 60 }],
  ])('a strict bound on %s ends the run when it is passed', (_what, bound) => {
    const run = suppressed({ delayMs: 1000, ...bound })
    run.pipe({ key: 'x', value: 'a', timestamp: 5 })
    expect(() => run.pipe({ key: 'y', value: 'b', timestamp: 6 })).toThrow('The buffer of suppress is full')
    expect(run.driver.tally().in).toBe(1)
  })
})
