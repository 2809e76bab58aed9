import { afterEach, describe, expect, test } from '@jest/globals'
import { BatchAppender, type RequestBody } from '@sluice/kafka-protocol'
import { type Fetcher, type FetcherOptions, type Kafka, connect } from '../../src/index.ts'
import { type Fault, FakeCluster, type FakeTopic } from '../fake/fake-cluster.ts'

type FetchBody = RequestBody<'Fetch'>

let cluster: FakeCluster
let kafka: Kafka
let topic: FakeTopic
let fetcher: Fetcher

async function open(options: FetcherOptions = {}, brokers = 1, partitions = 1): Promise<void> {
  cluster = await FakeCluster.start(brokers)
  topic = cluster.createTopic('t', partitions)
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 500 })
  fetcher = kafka.fetcher({ maxWaitMs: 100, ...options })
}

function write(partition: number, ...values: string[]): void {
  const appender = new BatchAppender(Buffer.alloc(100_000))
  for (const value of values) appender.append(null, Buffer.from(value), 1)
  topic.partitions[partition]!.appendUnchecked(appender.seal())
}

const assign = (...offsets: number[]): void =>
  fetcher.assign(offsets.map((offset, partition) => ({ topic: 't', partition, offset })))

async function collect(count: number): Promise<string[]> {
  const values: string[] = []
  while (values.length < count) {
    for (const { batches } of await fetcher.poll(200)) {
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) values.push(Buffer.from(records.value(i)!).toString())
      }
    }
  }
  return values
}

afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

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

describe('sessions (KIP-227)', () => {
  const fetches = () => cluster.requests.filter(({ api }) => api === 'Fetch').map(({ body }) => body as FetchBody)
  const sessions = () => cluster.brokers[0]!.fetchSessions

  test('after the first fetch only what has moved is named', async () => {
    await open({ maxWaitMs: 20 }, 1, 100)
    assign(...Array.from({ length: 100 }, () => 0))
    await fetcher.poll(100)
    const idle = fetches().length
    await fetcher.poll(100)
    expect(
      fetches()
        .slice(idle)
        .every(({ topics }) => topics.length === 0),
    ).toBe(true)
    write(7, 'a')
    expect(await collect(1)).toEqual(['a'])
    await fetcher.poll(50)
    const named = fetches()
      .slice(idle)
      .flatMap(({ topics }) => topics.flatMap(({ partitions }) => partitions))
    expect(named).toMatchObject([{ partition: 7, fetchOffset: 1 }])
    expect(sessions().partitionCounts).toEqual([100])
  })

  test('what is paused or unassigned is forgotten, and comes back where it was', async () => {
    await open({ maxWaitMs: 20 }, 1, 3)
    assign(0, 0, 0)
    await fetcher.poll(50)
    fetcher.pause([{ topic: 't', partition: 1 }])
    await fetcher.poll(50)
    expect(sessions().partitionCounts).toEqual([2])
    fetcher.resume([{ topic: 't', partition: 1 }])
    assign(0, 0)
    await fetcher.poll(50)
    expect(sessions().partitionCounts).toEqual([2])
    write(1, 'a')
    expect(await collect(1)).toEqual(['a'])
  })

  test('a seek in a session reads from the new position, and is not forgotten with the old one', async () => {
    await open({ maxWaitMs: 20 })
    write(0, 'a', 'b', 'c')
    assign(0)
    expect(await collect(3)).toEqual(['a', 'b', 'c'])
    await fetcher.poll(50)
    for (let i = 0; i < 5; i++) {
      fetcher.seek({ topic: 't', partition: 0, offset: 1 })
      expect(await collect(2)).toEqual(['b', 'c'])
    }
  })

  test('a session that the broker forgot is opened again without a pause', async () => {
    await open({ maxWaitMs: 20 })
    write(0, 'a')
    assign(0)
    expect(await collect(1)).toEqual(['a'])
    sessions().forget()
    write(0, 'b')
    expect(await collect(1)).toEqual(['b'])
    expect(sessions().count).toBe(1)
  })

  test('a lost answer leaves doubt: the session is closed and another is opened', async () => {
    await open({ maxWaitMs: 20 })
    write(0, 'a')
    assign(0)
    expect(await collect(1)).toEqual(['a'])
    for (let i = 0; i < 5; i++) {
      cluster.failNext('Fetch', { do: 'act-and-drop' })
      write(0, `${i}`)
      expect(await collect(1)).toEqual([`${i}`])
    }
    expect(sessions().count).toBe(1)
  })

  test('closing the fetcher ends its sessions', async () => {
    await open({ maxWaitMs: 20 })
    assign(0)
    await fetcher.poll(50)
    expect(sessions().count).toBe(1)
    await fetcher.close()
    expect(sessions().count).toBe(0)
  })

  test('a broker without sessions is asked in full every time', async () => {
    await open({ maxWaitMs: 20 }, 1, 2)
    cluster.hasFetchSessions = false
    assign(0, 0)
    await fetcher.poll(50)
    write(1, 'a')
    expect(await collect(1)).toEqual(['a'])
    expect(fetches().every(({ sessionId, sessionEpoch }) => sessionId === 0 && sessionEpoch === 0)).toBe(true)
    expect(fetches().every(({ topics }) => topics[0]!.partitions.length === 2)).toBe(true)
  })
})

describe('leader epochs (KIP-320)', () => {
  test('a new leader that has everything is read on from', async () => {
    await open({ maxWaitMs: 20 }, 2)
    write(0, 'a', 'b')
    assign(0)
    expect(await collect(2)).toEqual(['a', 'b'])
    topic.partitions[0]!.elect(2)
    write(0, 'c')
    expect(await collect(1)).toEqual(['c'])
    expect(cluster.count('OffsetForLeaderEpoch')).toBe(1)
  })

  test('a leader that lost what had been read is an error that says where the logs part', async () => {
    await open({ maxWaitMs: 20 }, 2)
    write(0, 'a')
    write(0, 'b')
    write(0, 'c')
    assign(0)
    expect(await collect(3)).toEqual(['a', 'b', 'c'])
    topic.partitions[0]!.elect(2, 1)
    for (const value of ['x', 'y', 'z']) write(0, value)
    const polls = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) expect(await fetcher.poll(100)).toEqual([])
    }
    await expect(polls()).rejects.toMatchObject({
      code: 'LOG_TRUNCATED',
      place: { topic: 't', partition: 0, offset: 3, divergentOffset: 1 },
    })
    fetcher.seek({ topic: 't', partition: 0, offset: 1 })
    expect(await collect(3)).toEqual(['x', 'y', 'z'])
  })

  test('with a reset policy reading goes on where the logs part', async () => {
    await open({ maxWaitMs: 20, reset: 'latest' }, 2)
    write(0, 'a')
    write(0, 'b')
    assign(0)
    expect(await collect(2)).toEqual(['a', 'b'])
    topic.partitions[0]!.elect(2, 1)
    write(0, 'x')
    write(0, 'y')
    expect(await collect(2)).toEqual(['x', 'y'])
  })

  test('what was read ahead from a leader that has lost it counts as read', async () => {
    await open({ maxWaitMs: 20, bytesMax: 100, partitionBytesMax: 100 }, 2)
    for (let i = 0; i < 4; i++) write(0, `${i}`.padEnd(80))
    assign(0)
    await collect(1)
    await new Promise((resolve) => setTimeout(resolve, 100))
    topic.partitions[0]!.elect(2, 1)
    write(0, 'x')
    expect((await collect(1))[0]!.trim()).toBe('1')
    await expect(fetcher.poll(5000)).rejects.toMatchObject({ code: 'LOG_TRUNCATED', place: { divergentOffset: 1 } })
  })

  test('a check that fails for now is made again', async () => {
    await open({ maxWaitMs: 20 }, 2)
    write(0, 'a')
    assign(0)
    expect(await collect(1)).toEqual(['a'])
    cluster.failNext('OffsetForLeaderEpoch', { do: 'refuse', errorCode: 75 }, { do: 'drop' })
    topic.partitions[0]!.elect(2)
    write(0, 'b')
    expect(await collect(1)).toEqual(['b'])
  })

  test('fetches say in which epoch the leader is believed to be', async () => {
    await open({ maxWaitMs: 20 })
    topic.partitions[0]!.leaderEpoch = 7
    assign(0)
    await fetcher.poll(50)
    const { body } = cluster.requests.find(({ api }) => api === 'Fetch')!
    expect((body as FetchBody).topics[0]!.partitions[0]).toMatchObject({ currentLeaderEpoch: 7 })
  })
})

describe('racks (KIP-392)', () => {
  test('a replica nearby is read once the leader has named it', async () => {
    await open({ maxWaitMs: 50, rackId: 'here' }, 2)
    topic.partitions[0]!.readReplica = 2
    write(0, 'a')
    assign(0)
    expect(await collect(1)).toEqual(['a'])
    write(0, 'b')
    expect(await collect(1)).toEqual(['b'])
    const [first, ...rest] = cluster.requests.filter(({ api }) => api === 'Fetch')
    expect(first).toMatchObject({ broker: 1, body: { rackId: 'here' } })
    expect(rest.some(({ broker }) => broker === 2)).toBe(true)
  })

  test('when the replica fails, the leader is asked again', async () => {
    await open({ maxWaitMs: 50, rackId: 'here' }, 2)
    topic.partitions[0]!.readReplica = 2
    write(0, 'a')
    assign(0)
    expect(await collect(1)).toEqual(['a'])
    await cluster.brokers[1]!.stop()
    topic.partitions[0]!.readReplica = -1
    write(0, 'b')
    expect(await collect(1)).toEqual(['b'])
  })
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
  expect((await collect(4)).map((value) => value[0]).toSorted()).toEqual(['0', '1', '2', '3'])
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
