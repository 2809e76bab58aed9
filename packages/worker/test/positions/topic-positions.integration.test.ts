import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { partitionForKey, type TransactionalProducer } from '@sluice/kafka'
import type { SourcePosition } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { MergedPositions } from '../../src/positions/merged-positions.ts'
import { TopicPositions } from '../../src/positions/topic-positions.ts'
import { transactionalPositions } from '../../src/positions/transactional-positions.ts'
import { readJson } from '../../src/storage/record-json.ts'
import type { InternalTopic } from '../../src/storage/storage-settings.ts'
import { eventually } from '../support/eventually.ts'
import { onBroker, TestCluster } from '../support/test-cluster.ts'
import { FILES, readTopicVectors } from '../support/topic-vectors.ts'
import { CLIENT_IDS, internalTopic, lines } from '../storage/topic-fixture.ts'

onBroker('the offset topic (needs SLUICE_TEST_KAFKA)', () => {
  let cluster: TestCluster
  const logger = new MemoryLogger()
  const closing: { close(): Promise<void> }[] = []
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterEach(async () => {
    for (const one of closing.splice(0).toReversed()) await one.close()
    logger.lines.length = 0
  })
  afterAll(() => cluster.close())

  const offsets = (): InternalTopic => internalTopic(cluster, 'offset', 5)
  const opened = async (
    topic: InternalTopic,
    isolation: 'read_committed' | 'read_uncommitted' = 'read_uncommitted',
  ): Promise<TopicPositions> => {
    const positions = await TopicPositions.open(cluster.kafka, {
      topic,
      clientId: CLIENT_IDS.offsets,
      isolation,
      logger,
    })
    closing.push(positions)
    return positions
  }
  const producing = async (id: string): Promise<TransactionalProducer> => {
    const producer = await cluster.kafka.transactionalProducer({ transactionalId: cluster.name(id) })
    closing.push(producer)
    return producer
  }
  const at = (n: number): SourcePosition => ({ n })
  const F = { f: 'x' }

  test.each(FILES)('what is written is what Kafka Connect wrote: %s', async (file) => {
    const topic = offsets()
    const positions = await opened(topic)
    const vectors = readTopicVectors(file).flatMap(({ records }) => records.offsets)
    for (const { key, value } of vectors) {
      const [connector, partition] = readJson(key) as [string, Readonly<Record<string, string>>]
      await positions.store(connector, [
        { partition, position: value === null ? null : (readJson(value) as SourcePosition) },
      ])
    }
    const found = (await cluster.read(topic.topic)).map(({ partition, key, value }) => {
      return `${partition} ${Buffer.from(key!).toString()} ${value === null ? 'null' : Buffer.from(value).toString()}`
    })
    const expected = vectors.map(({ key, value }) => {
      return `${partitionForKey(key, 5)} ${key.toString()} ${value === null ? 'null' : value.toString()}`
    })
    expect(found).toEqual(expected.toSorted((a, b) => Number(a[0]) - Number(b[0])))
  })

  test('a stored position is the answer from then on, also of another worker', async () => {
    const topic = offsets()
    const [first, second] = [await opened(topic), await opened(topic)]
    expect(await first.position('c', F)).toBeNull()
    for (let n = 0; n < 20; n++) {
      await first.store('c', [{ partition: F, position: at(n) }])
      expect(await first.position('c', F)).toEqual(at(n))
      expect(await second.position('c', F)).toEqual(at(n))
    }
    expect(await (await opened(topic)).position('c', F)).toEqual(at(19))
  })

  test('those who ask together are all told what was stored before', async () => {
    const topic = offsets()
    const [first, second] = [await opened(topic), await opened(topic)]
    const asked: Promise<unknown>[] = []
    for (let n = 0; n < 30; n++) {
      await first.store('c', [{ partition: F, position: at(n) }])
      asked.push(
        second.position('c', F).then((position) => expect(position?.['n']).toBeGreaterThanOrEqual(n)),
        second.position('c', F).then((position) => expect(position?.['n']).toBeGreaterThanOrEqual(n)),
      )
    }
    await Promise.all(asked)
  })

  test('all positions of a connector, without those that were forgotten, and no other’s', async () => {
    const positions = await opened(offsets())
    await positions.store('c', [
      { partition: { f: 'a' }, position: at(1) },
      { partition: { f: 'b' }, position: at(2) },
    ])
    await positions.store('d', [{ partition: { f: 'a' }, position: at(3) }])
    await positions.store('c', [{ partition: { f: 'a' }, position: null }])
    expect(await positions.positions('c')).toEqual([{ partition: { f: 'b' }, position: at(2) }])
    expect(await positions.position('c', { f: 'a' })).toBeNull()
    expect(await positions.positions('e')).toEqual([])
  })

  test('numbers are of 64 bits or doubles', async () => {
    const topic = offsets()
    const value = '{"lsn":9007199254740993,"rate":0.1,"n":7,"done":true,"none":null}'
    const positions = await opened(topic)
    await cluster.put(topic.topic, [{ key: Buffer.from('["c",{"f":"x"}]'), value: Buffer.from(value) }])
    const position = await positions.position('c', F)
    expect(position).toEqual({ lsn: 9007199254740993n, rate: 0.1, n: 7, done: true, none: null })
    await positions.store('c', [{ partition: F, position }])
    expect(await lines(cluster, topic.topic)).toEqual([`["c",{"f":"x"}] ${value}`, `["c",{"f":"x"}] ${value}`])
  })

  test('keys that are none are reported and passed over; a position that is none fails who asks for it', async () => {
    const topic = offsets()
    await (await opened(topic)).store('c', [{ partition: F, position: at(1) }])
    const garbage = ['{', '["c"]', '[1,{}]', 'plain']
    await cluster.put(
      topic.topic,
      garbage.map((key) => ({ key: Buffer.from(key), value: Buffer.from('{}') })),
    )
    await cluster.put(topic.topic, [{ key: Buffer.from('["d",{"f":"x"}]'), value: Buffer.from('[7]') }])
    const positions = await opened(topic)
    expect(await positions.position('c', F)).toEqual(at(1))
    expect(logger.lines.filter(({ message }) => message.includes('passed over')).length).toBeGreaterThanOrEqual(4)
    await expect(positions.position('d', F)).rejects.toMatchObject({ code: 'POSITION_UNREADABLE' })
  })

  describe('in transactions', () => {
    test('positions are there when the transaction is committed, and never when it is aborted', async () => {
      const topic = offsets()
      const positions = await opened(topic, 'read_committed')
      const inTransactions = transactionalPositions(positions, 'c')
      const producer = await producing('task')
      for (let n = 0; n < 20; n++) {
        const changes = [{ partition: F, position: at(n) }]
        producer.begin()
        await producer.produce(inTransactions.records(changes))
        await producer.commit()
        inTransactions.committed(changes)
        // At once, although the end of the transaction may not be visible yet.
        expect(await positions.position('c', F)).toEqual(at(n))
      }
      producer.begin()
      await producer.produce(inTransactions.records([{ partition: F, position: at(99) }]))
      await producer.abort()
      expect(await positions.position('c', F)).toEqual(at(19))
      expect(await (await opened(topic, 'read_committed')).positions('c')).toEqual([{ partition: F, position: at(19) }])
    })

    test('what another task has open holds up who begins behind it, in whatever process, and nobody who only looks', async () => {
      const topic = { ...offsets(), partitions: 1 }
      const positions = await opened(topic, 'read_committed')
      const [open, other] = [await producing('open'), await producing('other')]
      open.begin()
      await open.produce(positions.records('o', [{ partition: F, position: at(1) }]))
      const changes = [{ partition: F, position: at(2) }]
      other.begin()
      await other.produce(positions.records('c', changes))
      await other.commit()
      expect(await positions.positions('o')).toEqual([])
      const asked = positions.position('c', F)
      const first = await Promise.race([asked, new Promise((resolve) => void setTimeout(resolve, 100, 'none yet'))])
      expect(first).toBe('none yet')
      await open.abort()
      expect(await asked).toEqual(at(2))
    })
  })

  test('what this task has committed is waited for, even behind what another one has open', async () => {
    const topic = { ...offsets(), partitions: 1 }
    const positions = await opened(topic, 'read_committed')
    const [open, own] = [await producing('open'), await producing('own')]
    open.begin()
    await open.produce(positions.records('o', [{ partition: F, position: at(1) }]))
    const changes = [{ partition: F, position: at(2) }]
    own.begin()
    await own.produce(positions.records('c', changes))
    await own.commit()
    positions.committed('c', changes)
    const asked = positions.position('c', F)
    const first = await Promise.race([asked, new Promise((resolve) => void setTimeout(resolve, 100, 'none yet'))])
    expect(first).toBe('none yet')
    await open.abort()
    expect(await asked).toEqual(at(2))
  })

  describe('of a connector that has a topic of its own', () => {
    const merged = async (): Promise<{
      own: TopicPositions
      worker: TopicPositions
      both: MergedPositions
      topics: readonly [InternalTopic, InternalTopic]
    }> => {
      const topics = [offsets(), offsets()] as const
      const [own, worker] = [await opened(topics[0], 'read_committed'), await opened(topics[1])]
      return { own, worker, both: new MergedPositions(own, worker, logger), topics }
    }

    test('its own counts, and the worker’s stands in for what it has not', async () => {
      const { own, worker, both } = await merged()
      await worker.store('c', [
        { partition: { f: 'a' }, position: at(1) },
        { partition: { f: 'b' }, position: at(2) },
      ])
      await own.store('c', [{ partition: { f: 'b' }, position: at(3) }])
      expect(await both.position('c', { f: 'a' })).toEqual(at(1))
      expect(await both.position('c', { f: 'b' })).toEqual(at(3))
      const all = await both.positions('c')
      expect(all.toSorted((a, b) => Number(a.position['n']) - Number(b.position['n']))).toEqual([
        { partition: { f: 'a' }, position: at(1) },
        { partition: { f: 'b' }, position: at(3) },
      ])
    })

    test('what is stored is copied to the worker’s, the latest of it at least', async () => {
      const { worker, both, topics } = await merged()
      for (let n = 0; n < 50; n++) await both.store('c', [{ partition: F, position: at(n) }])
      await eventually('the copy', async () => (await worker.position('c', F))?.['n'] === 49)
      expect((await cluster.read(topics[0].topic)).length).toBe(50)
    })

    test('a copy that fails is a line in the log', async () => {
      const { worker, both } = await merged()
      await worker.close()
      await both.store('c', [{ partition: F, position: at(1) }])
      await eventually('the warning', () => logger.lines.some(({ message }) => message.includes('could not be copied')))
    })

    test('what is forgotten is gone from the worker’s first, or nothing is', async () => {
      const { own, worker, both } = await merged()
      await both.store('c', [{ partition: F, position: at(1) }])
      await eventually('the copy', async () => (await worker.position('c', F)) !== null)
      await both.store('c', [{ partition: F, position: null }])
      expect(await worker.position('c', F)).toBeNull()
      expect(await own.position('c', F)).toBeNull()
      expect(await both.positions('c')).toEqual([])
      await both.store('c', [{ partition: F, position: at(2) }])
      await worker.close()
      await expect(both.store('c', [{ partition: F, position: null }])).rejects.toThrow()
      expect(await own.position('c', F)).toEqual(at(2))
    })

    test('what its transactions commit is in its own with them, and in the worker’s afterwards', async () => {
      const { own, worker, both } = await merged()
      const inTransactions = transactionalPositions(both, 'c')
      const producer = await producing('task')
      const changes = [{ partition: F, position: at(7) }]
      producer.begin()
      await producer.produce(inTransactions.records(changes))
      await producer.commit()
      inTransactions.committed(changes)
      expect(await both.position('c', F)).toEqual(at(7))
      expect(await own.position('c', F)).toEqual(at(7))
      await eventually('the copy', async () => (await worker.position('c', F))?.['n'] === 7)
    })
  })
})
