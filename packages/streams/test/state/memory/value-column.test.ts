import { expect, test } from '@jest/globals'
import { ValueColumn } from '../../../src/state/memory/value-column.ts'
import { Serdes } from '../../../src/serdes.ts'
import type { ValueAndTimestamp } from '../../../src/state/stores.ts'
import { timestampedFormat } from '../../../src/state/value-format.ts'

const { halves } = timestampedFormat<number>(Serdes.long, 'topic')

test('what has a time comes back with it; what was taken out is gone, and may come again', () => {
  const column = new ValueColumn<ValueAndTimestamp<number>>(halves!)
  column.set(0, null)
  column.set(1, { value: 5, timestamp: 1_760_000_000_000 })
  column.set(2, { value: 0.5, timestamp: -1 })
  expect([0, 1, 2].map((slot) => column.get(slot))).toEqual([
    null,
    { value: 5, timestamp: 1_760_000_000_000 },
    { value: 0.5, timestamp: -1 },
  ])
  const copy = column.copy()
  column.set(1, null)
  column.set(0, { value: 7, timestamp: 8 })
  expect([column.get(1), column.get(0), column.length]).toEqual([null, { value: 7, timestamp: 8 }, 3])
  expect([copy.get(1), copy.get(0)]).toEqual([{ value: 5, timestamp: 1_760_000_000_000 }, null])
  column.clear()
  expect([0, 1, 2].map((slot) => column.get(slot))).toEqual([null, null, null])
  column.set(60_000, { value: 7, timestamp: 8 })
  column.clear()
  expect(column.length).toBe(0)
})

test('what is one thing is kept as it is', () => {
  const column = new ValueColumn<object>(null)
  const value = {}
  column.set(0, value)
  expect(column.get(0)).toBe(value)
})
