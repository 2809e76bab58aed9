import { afterEach, expect, test } from '@jest/globals'
import type { Fault } from '../fake/fake-cluster.ts'
import { type FetchBody, assign, close, cluster, collect, fetcher, kafka, open, topic, write } from './fetch-fixture.ts'

afterEach(close)

const faults: [string, Fault][] = [
  ['a connection that drops', { do: 'drop' }],
  ['an answer that stops in the middle', { do: 'truncate' }],
  ['an answer that does not come', { do: 'mute' }],
  ['a leader that has moved', { do: 'refuse', errorCode: 6 }],
  ['a topic id that is unknown', { do: 'refuse', errorCode: 100 }],
  ['a storage error', { do: 'refuse', errorCode: 56 }],
  ['an offset that the new leader does not know yet', { do: 'refuse', errorCode: 78 }],
]
for (const [what, fault] of faults) {
  test(`every record comes once and in order over ${what}`, async () => {
    await open()
    write(0, 'a', 'b')
    assign(0)
    expect(await collect(2)).toEqual(['a', 'b'])
    cluster.failNext('Fetch', fault, fault)
    write(0, 'c')
    write(0, 'd')
    expect(await collect(2)).toEqual(['c', 'd'])
  })
}

test('errors are followed by pauses: no tight loop', async () => {
  await open()
  write(0, 'a')
  cluster.faults.push(({ api }) => (api === 'Fetch' ? { do: 'refuse', errorCode: 6 } : undefined))
  assign(0)
  expect(await fetcher.poll(1000)).toEqual([])
  expect(cluster.count('Fetch')).toBeLessThan(8)
  expect(cluster.count('Metadata')).toBeLessThan(15)
})

test('a broker that answers empty at once is not asked in a tight loop', async () => {
  await open({ maxWaitMs: 60_000 })
  cluster.faults.push(({ api, body }) => {
    if (api === 'Fetch') (body as { maxWaitMs: number }).maxWaitMs = 0
    return undefined
  })
  assign(0)
  await fetcher.poll(500)
  expect(cluster.count('Fetch')).toBeLessThan(20)
})

test('each partition that has got a leader is read, while others that have one too bring nothing', async () => {
  await open({ maxWaitMs: 30_000 }, 8, 8)
  for (const log of topic.partitions) log.leader = -1
  assign(0, 0, 0, 0, 0, 0, 0, 0)
  await fetcher.poll(20)
  for (const [partition, log] of topic.partitions.entries()) {
    log.leader = partition + 1
    write(partition, `${partition}`)
  }
  const read = new Set<number>()
  const until = performance.now() + 10_000
  while (read.size < 8 && performance.now() < until) {
    for (const { partition } of await fetcher.poll(10_000)) read.add(partition)
  }
  expect(read.size).toBe(8)
})

test('partitions of several brokers are fetched side by side, and follow their leaders', async () => {
  await open({ maxWaitMs: 2000 }, 2, 2)
  assign(0, 0)
  const idle = fetcher.poll(50)
  await idle
  write(1, 'from 2')
  const started = performance.now()
  expect(await collect(1)).toEqual(['from 2'])
  expect(performance.now() - started).toBeLessThan(1000)
  topic.partitions[1]!.leader = 1
  write(1, 'from 1')
  expect(await collect(1)).toEqual(['from 1'])
})

test('one answer is read ahead, not more', async () => {
  await open({ bytesMax: 100, partitionBytesMax: 100 })
  for (let i = 0; i < 10; i++) write(0, `${i}`.padEnd(80, '.'))
  assign(0)
  await collect(1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const before = cluster.count('Fetch')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(cluster.count('Fetch')).toBe(before)
  expect(before).toBe(2)
  expect(await collect(9)).toHaveLength(9)
})

test('a poll gives no more than it may, and the next one the rest of the answer', async () => {
  await open({ pollBytesMax: 100 })
  for (let i = 0; i < 10; i++) write(0, `${i}`.padEnd(80, '.'))
  assign(0)
  const [first] = await fetcher.poll(5000)
  expect(first).toMatchObject({ nextOffset: 2 })
  expect(fetcher.position({ topic: 't', partition: 0 })).toBe(2)
  expect(await collect(8)).toHaveLength(8)
  expect(cluster.count('Fetch')).toBeLessThan(5)
})

test('records that expired move the position as the policy says, and fail without one', async () => {
  await open({ reset: 'earliest' })
  write(0, 'a', 'b')
  write(0, 'c', 'd')
  topic.partitions[0]!.expireBefore(2)
  assign(0)
  expect(await collect(2)).toEqual(['c', 'd'])
  const strict = kafka.fetcher()
  strict.assign([{ topic: 't', partition: 0, offset: 0 }])
  const fault = { code: 'OFFSET_OUT_OF_RANGE', place: { topic: 't', partition: 0, offset: 0 } }
  await expect(strict.poll(1000)).rejects.toMatchObject(fault)
  await expect(strict.poll(0)).rejects.toMatchObject(fault)
})

test('a partition that may not be read fails the poll, by name', async () => {
  await open()
  cluster.faults.push(({ api }) => (api === 'Fetch' ? { do: 'refuse', errorCode: 29 } : undefined))
  assign(0)
  await expect(fetcher.poll(1000)).rejects.toMatchObject({ place: { topic: 't', error: 'TOPIC_AUTHORIZATION_FAILED' } })
})

test('damaged bytes fail the poll with their place; a seek goes on behind them', async () => {
  await open()
  write(0, 'a')
  write(0, 'b')
  const [damaged] = topic.partitions[0]!.batches
  damaged!.bytes[damaged!.bytes.length - 2]! ^= 1
  assign(0)
  await expect(fetcher.poll(1000)).rejects.toMatchObject({
    code: 'KAFKA_PROTOCOL',
    place: { topic: 't', partition: 0, offset: 0 },
  })
  await expect(fetcher.poll(10)).rejects.toMatchObject({ code: 'KAFKA_PROTOCOL' })
  fetcher.seek({ topic: 't', partition: 0, offset: 1 })
  expect(await collect(1)).toEqual(['b'])
})

test('data read ahead survives an assignment in which its position stays', async () => {
  await open({ maxWaitMs: 20 }, 1, 2)
  write(0, 'a')
  assign(0)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const before = cluster.count('Fetch')
  assign(0, 0)
  const [first] = await fetcher.poll(0)
  expect(first).toMatchObject({ partition: 0, nextOffset: 1 })
  expect(before).toBeGreaterThanOrEqual(1)
})

test('a poll that waits is ended by closing', async () => {
  await open()
  assign(0)
  const poll = fetcher.poll(60_000)
  setTimeout(() => void fetcher.close(), 50)
  await expect(poll).rejects.toMatchObject({ code: 'INTERRUPTED' })
})

test('brokers from before topic ids in fetches are read by name', async () => {
  await open()
  cluster.versions.set('Fetch', { minVersion: 4, maxVersion: 12 })
  write(0, 'a')
  assign(0)
  expect(await collect(1)).toEqual(['a'])
  expect(cluster.requests.find(({ api }) => api === 'Fetch')!.version).toBe(12)
})

test('responses under way and read ahead share the buffer over all brokers', async () => {
  await open({ maxWaitMs: 20, bytesMax: 1000, bufferBytesMax: 1200 }, 4, 4)
  assign(0, 0, 0, 0)
  await fetcher.poll(200)
  for (const { api, body } of cluster.requests) {
    if (api === 'Fetch') expect((body as FetchBody).maxBytes).toBeLessThanOrEqual(300)
  }
})

test('paused partitions do not keep whole answers for ever', async () => {
  await open({ maxWaitMs: 20, bytesMax: 2000, partitionBytesMax: 2000, bufferBytesMax: 2000 }, 1, 4)
  for (let partition = 0; partition < 4; partition++) write(partition, `${partition}`.repeat(1500))
  for (let partition = 0; partition < 4; partition++) {
    fetcher.assign([0, 1, 2, 3].slice(0, partition + 1).map((one) => ({ topic: 't', partition: one, offset: 0 })))
    await new Promise((resolve) => setTimeout(resolve, 60))
    fetcher.pause([{ topic: 't', partition }])
  }
  fetcher.resume([0, 1, 2, 3].map((partition) => ({ topic: 't', partition })))
  expect(new Set((await collect(4)).map((value) => value[0]))).toEqual(new Set(['0', '1', '2', '3']))
})

test('records before damaged bytes are returned first', async () => {
  await open()
  write(0, 'a')
  write(0, 'b')
  const [, damaged] = topic.partitions[0]!.batches
  damaged!.bytes[damaged!.bytes.length - 2]! ^= 1
  assign(0)
  expect(await collect(1)).toEqual(['a'])
  await expect(fetcher.poll(1000)).rejects.toMatchObject({ code: 'KAFKA_PROTOCOL', place: { offset: 1 } })
})

test('many partitions without a position are looked up in one request per leader', async () => {
  await open({ reset: 'earliest', maxWaitMs: 20 }, 2, 50)
  fetcher.assign(Array.from({ length: 50 }, (_, partition) => ({ topic: 't', partition, offset: null })))
  write(49, 'a')
  expect(await collect(1)).toEqual(['a'])
  expect(cluster.count('ListOffsets')).toBe(2)
})
