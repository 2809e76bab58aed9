import { expect, test } from '@jest/globals'
import type { Admin, CommittedOffset } from '@sluice/kafka'
import { silentLogger, SluiceError, type TopicPartition } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { RepartitionPurge } from '../../../src/runtime/topics/repartition-purge.ts'

type Before = TopicPartition & { readonly before: number | 'end' }

function purging(topics: Readonly<Record<string, number>>, failing: { error: unknown } = { error: null }) {
  const deleted: string[] = []
  const told: string[] = []
  const clock = new FakeClock()
  const partitions = {
    deleteRecords: (those: readonly Before[]) => {
      if (failing.error !== null) return Promise.reject(failing.error)
      deleted.push(...those.map(({ topic, partition, before }) => `${topic}-${partition} < ${before}`))
      return Promise.resolve(those.map((item) => ({ item, value: Number(item.before), error: null })))
    },
  }
  const logger = { ...silentLogger, warn: (message: string) => void told.push(message) }
  const admin = { partitions } as unknown as Admin
  const purge = new RepartitionPurge({
    admin,
    topics: new Map(Object.entries(topics)),
    intervalMs: 1_000,
    clock,
    logger,
  })
  return { purge, deleted, told, clock, settled: () => new Promise((resolve) => setImmediate(resolve)) }
}

const at = (topic: string, offset: number): CommittedOffset => ({ topic, partition: 0, offset, metadata: '' })

test('what is committed of repartition topics is deleted once per interval, up to the latest commit', async () => {
  const { purge, deleted, clock, settled } = purging({ own: 0 })
  purge.committed([at('own', 3), at('foreign', 9)])
  await settled()
  expect(deleted).toEqual([])
  clock.advance(1_000)
  purge.committed([at('own', 7)])
  await settled()
  expect(deleted).toEqual(['own-0 < 7'])
  purge.committed([at('own', 8)])
  clock.advance(1_000)
  purge.committed([])
  await settled()
  expect(deleted).toEqual(['own-0 < 7', 'own-0 < 8'])
})

test('what nodes remember stays', async () => {
  const { purge, deleted, clock, settled } = purging({ own: 100 })
  clock.advance(1_000)
  purge.committed([at('own', 90)])
  purge.committed([at('own', 250)])
  await settled()
  expect(deleted).toEqual(['own-0 < 150'])
})

test('a failure is told, and what was to be deleted is with the next commit', async () => {
  const failing: { error: unknown } = { error: new SluiceError('KAFKA_TIMEOUT', 'No answer') }
  const { purge, deleted, told, clock, settled } = purging({ own: 0 }, failing)
  clock.advance(1_000)
  purge.committed([at('own', 3)])
  await settled()
  expect(told).toEqual(['Repartition topics could not be purged'])
  failing.error = null
  clock.advance(1_000)
  purge.committed([at('own', 4)])
  await settled()
  expect(deleted).toEqual(['own-0 < 4'])
})
