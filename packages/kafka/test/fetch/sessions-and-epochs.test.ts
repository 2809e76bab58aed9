import { afterEach, describe, expect, test } from '@jest/globals'
import { type FetchBody, assign, close, cluster, collect, fetcher, open, topic, write } from './fetch-fixture.ts'

afterEach(close)

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

  test('without sessions a partition with much to read does not keep the others waiting', async () => {
    await open({ maxWaitMs: 20, bytesMax: 900 }, 1, 3)
    cluster.hasFetchSessions = false
    for (let i = 0; i < 4; i++) for (const partition of [0, 1, 2]) write(partition, `${partition}`.repeat(900))
    assign(0, 0, 0)
    const values = await collect(12)
    const order = values.map((value) => value[0]).join('')
    expect(order.match(/.../g)!.map((turn) => Array.from(turn).toSorted().join(''))).toEqual([
      '012',
      '012',
      '012',
      '012',
    ])
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
