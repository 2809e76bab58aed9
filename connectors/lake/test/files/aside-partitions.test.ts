import { expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { FakeSinkContext } from '@sluice/sdk/testing'
import { AsidePartitions } from '../../src/files/aside-partitions.ts'
import { P0, P1 } from '../lake-runs.ts'

test('a partition that is given up while it waits is not paused any more, and the others still are', () => {
  const context = new FakeSinkContext()
  const aside = new AsidePartitions(context)
  const error = new SluiceError('STORE_UNAVAILABLE', 'refused')
  for (const partition of [P0, P1]) aside.add({ partition, tenant: 'acme', isReported: false, error }, undefined)
  aside.delete(P0)
  expect([...context.paused]).toEqual(['orders-1'])
  expect([aside.has(P0), aside.has(P1)]).toEqual([false, true])
})
