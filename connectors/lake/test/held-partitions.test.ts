import { expect, test } from '@jest/globals'
import { FakeSinkContext } from '@sluice/sdk/testing'
import { HeldPartitions } from '../src/held-partitions.ts'
import { P0, P1 } from './lake-runs.ts'

test('a partition that is given up while it waits is not paused any more, and the others still are', () => {
  const context = new FakeSinkContext()
  const held = new HeldPartitions(context)
  for (const partition of [P0, P1]) held.hold(partition, 'acme', 5, true)
  held.delete(P0)
  expect([...context.paused]).toEqual(['orders-1'])
  expect(held.offsetOf(P0)).toBeUndefined()
})
