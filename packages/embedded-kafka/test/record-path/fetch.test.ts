/** Fetch: sessions, waiting, limits, isolation, and the codes of Apache Kafka 4.3.1. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmbeddedKafka, startEmbeddedKafka } from '@sluice/embedded-kafka'
import { batchOf } from '../support/batches.ts'
import { RawClient } from '../support/raw-client.ts'
import { type FetchTerms, type RawTopic, createTopic, fetchBody, pollBody, produceBody } from '../support/requests.ts'

const LONG_MS = 60_000

describe('fetch', () => {
  let kafka: EmbeddedKafka
  let client: RawClient
  let producer: RawClient
  let topic: RawTopic
  beforeEach(async () => {
    kafka = await startEmbeddedKafka({ configs: { 'num.partitions': '3' } })
    client = await RawClient.open(kafka.addresses[0]!.port)
    producer = await RawClient.open(kafka.addresses[0]!.port)
    topic = await createTopic(client, 'orders')
  })
  afterEach(async () => {
    client.close()
    producer.close()
    await kafka.close()
  })

  const produce = (values: readonly string[], index = 0) =>
    producer.send('Produce', produceBody(topic, batchOf(values), { index }))
  const fetch = (terms: FetchTerms = {}, version = 18) => client.send('Fetch', fetchBody(topic, terms), version)
  const poll = (id: number, epoch: number, maxWaitMs = 0, minBytes = 1) =>
    client.send('Fetch', pollBody(id, epoch, maxWaitMs, minBytes))
  const one = async (terms: FetchTerms, version = 18) => (await fetch(terms, version)).responses[0]!.partitions[0]!
  const bytes = (answer: Awaited<ReturnType<typeof fetch>>) =>
    answer.responses.flatMap(({ partitions }) =>
      partitions.map(({ partitionIndex, records }) => [partitionIndex, records!.length] as const),
    )
  const batchBytes = batchOf(['a']).length

  test.each([4, 7, 11, 12, 13, 16, 18])('version %i is served', async (version) => {
    await produce(['a'])
    expect(await one({}, version)).toMatchObject({ errorCode: 0, highWatermark: 1, lastStableOffset: 1 })
  })

  test.each([
    ['an offset behind the end', { offset: 5 }, 1],
    ['a negative offset', { offset: -1 }, 1],
    ['a partition that does not exist', { partitions: [9] }, 3],
    ['an epoch that is to come', { currentLeaderEpoch: 9 }, 75],
    ['an epoch of which nothing is known', { lastFetchedEpoch: 3 }, 1],
  ])('%s is refused at once', async (_what, terms, errorCode) => {
    expect(await one({ ...terms, maxWaitMs: LONG_MS })).toMatchObject({ errorCode, highWatermark: -1 })
  })

  test('a topic is unknown by name or by id, each with its own code', async () => {
    const none = { name: 'none', id: 'AAAAAAAAAAAAAAAAAAAAAQ' }
    const [byId, byName] = [
      await client.send('Fetch', fetchBody(none)),
      await client.send('Fetch', fetchBody(none), 12),
    ]
    expect(byId.responses[0]!.partitions[0]!.errorCode).toBe(100)
    expect(byName.responses[0]!.partitions[0]!.errorCode).toBe(3)
  })

  test('an isolation level that does not exist is refused', async () => {
    expect((await fetch({ isolationLevel: 7 })).errorCode).toBe(-1)
  })

  test('at least one batch comes, however small the limit; the others have to wait their turn', async () => {
    for (const index of [0, 1, 2]) await produce(['x'.repeat(100), 'y'], index)
    const found = bytes(await fetch({ partitions: [0, 1, 2], bytesMax: 10 }))
    expect(found.map(([index, length]) => [index, length > 0])).toEqual([
      [0, true],
      [1, false],
      [2, false],
    ])
  })

  test('a fetch that finds nothing waits for an append, which wakes it', async () => {
    const waiting = fetch({ maxWaitMs: LONG_MS })
    await produce(['a'])
    expect(bytes(await waiting)).toEqual([[0, batchBytes]])
  })

  test('a fetch waits until there are as many bytes as it asks for', async () => {
    const waiting = fetch({ maxWaitMs: LONG_MS, minBytes: batchBytes * 2 })
    await produce(['a'])
    await produce(['b'], 1)
    expect(kafka.requests().find(({ api }) => api === 'Fetch')!.outcome).toBe('open')
    await produce(['c'])
    expect(bytes(await waiting)).toEqual([[0, batchBytes * 2]])
  })

  test('a fetch that waits ends by the clock with what there is', async () => {
    kafka.freezeClock()
    const waiting = fetch({ maxWaitMs: LONG_MS, minBytes: 1 << 20 })
    await produce(['a'])
    kafka.advanceClock(LONG_MS)
    expect(bytes(await waiting)).toEqual([[0, batchBytes]])
  })

  test('an append of many partitions is one answer', async () => {
    const waiting = fetch({ partitions: [0, 1, 2], maxWaitMs: LONG_MS })
    await producer.send('Produce', {
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          name: topic.name,
          topicId: topic.id,
          partitionData: [0, 1, 2].map((index) => ({ index, records: batchOf(['a']) })),
        },
      ],
    })
    expect(bytes(await waiting)).toEqual([0, 1, 2].map((index) => [index, batchBytes]))
  })

  describe('in a session', () => {
    test('an idle poll is answered with nothing, changes with what changed', async () => {
      const { sessionId, responses } = await fetch({ partitions: [0, 1, 2], sessionEpoch: 0 })
      expect(responses[0]!.partitions).toHaveLength(3)
      expect(await poll(sessionId, 1)).toMatchObject({ errorCode: 0, sessionId, responses: [] })
      const waiting = poll(sessionId, 2, LONG_MS)
      await produce(['a'], 1)
      expect(bytes(await waiting)).toEqual([[1, batchBytes]])
    })

    test('what was appended between two polls is in the next one', async () => {
      const { sessionId } = await fetch({ partitions: [0, 1, 2], sessionEpoch: 0 })
      await produce(['a'], 2)
      expect(bytes(await poll(sessionId, 1))).toEqual([[2, batchBytes]])
    })

    test('a partition is sent again until the client says that it is further', async () => {
      await produce(['a'])
      const { sessionId } = await fetch({ sessionEpoch: 0 })
      expect(bytes(await poll(sessionId, 1))).toEqual([[0, batchBytes]])
      const further = fetchBody(topic, { offset: 1, sessionId, sessionEpoch: 2 })
      expect(bytes(await client.send('Fetch', further))).toEqual([])
    })

    test('partitions take turns when not all of them fit', async () => {
      for (const index of [0, 1, 2]) await produce(['a'], index)
      const first = { ...fetchBody(topic, { partitions: [0, 1, 2], sessionEpoch: 0 }), maxBytes: batchBytes }
      const { sessionId } = await client.send('Fetch', first)
      const turns: number[] = []
      for (let epoch = 1; epoch <= 3; epoch++) {
        const answer = await client.send('Fetch', { ...pollBody(sessionId, epoch), maxBytes: batchBytes })
        turns.push(...bytes(answer).map(([index]) => index))
      }
      expect(turns.toSorted((a, b) => a - b)).toEqual([0, 1, 2])
    })

    test('append by append, as many bytes are waited for as are asked for', async () => {
      const { sessionId } = await fetch({ partitions: [0, 1], sessionEpoch: 0 })
      await produce(['a'])
      const waiting = poll(sessionId, 1, LONG_MS, 3 * batchBytes)
      for (const index of [0, 1]) await produce(['a'], index)
      expect(bytes(await waiting)).toEqual([
        [0, 2 * batchBytes],
        [1, batchBytes],
      ])
    })

    test('an answer that is full leaves the others to the next ones, of which none is passed over', async () => {
      const { sessionId } = await fetch({ partitions: [0, 1, 2], sessionEpoch: 0 })
      for (const index of [0, 1, 2]) for (let i = 0; i < 2; i++) await produce(['x'.repeat(100)], index)
      const two = 2 * batchOf(['x'.repeat(100)]).length
      const told: number[][] = []
      for (let epoch = 1; epoch <= 3; epoch++) {
        const answer = await client.send('Fetch', { ...pollBody(sessionId, epoch), maxBytes: two + 1 })
        told.push(bytes(answer).flatMap(([index, length]) => (length > 0 ? [index] : [])))
      }
      expect(told.flat()).toEqual([0, 1, 2])
    })

    test('an unknown session, a wrong epoch and names in a session of ids are told apart', async () => {
      const { sessionId } = await fetch({ sessionEpoch: 0 })
      expect((await poll(sessionId + 1, 1)).errorCode).toBe(70)
      expect((await poll(sessionId, 5)).errorCode).toBe(71)
      expect((await client.send('Fetch', pollBody(sessionId, 1), 12)).errorCode).toBe(106)
      expect((await poll(sessionId, 1)).errorCode).toBe(0)
    })

    test('none is opened for a client that is gone before it is answered', async () => {
      await using small = await startEmbeddedKafka({ configs: { 'max.incremental.fetch.session.cache.slots': '1' } })
      const { port } = small.addresses[0]!
      const [hasty, other] = await Promise.all([RawClient.open(port), RawClient.open(port)])
      const orders = await createTopic(other, 'orders')
      const waiting = hasty.send('Fetch', fetchBody(orders, { sessionEpoch: 0, maxWaitMs: LONG_MS }))
      waiting.catch(() => {})
      while (!small.requests().some(({ api }) => api === 'Fetch')) await other.send('Metadata', { topics: [] }, 12)
      hasty.close()
      await expect(waiting).rejects.toThrow('closed')
      while (small.connectionCount > 1) await other.send('Metadata', { topics: [] }, 12)
      expect((await other.send('Fetch', fetchBody(orders, { sessionEpoch: 0 }))).sessionId).not.toBe(0)
      other.close()
    })

    test('a session whose last partition is forgotten is over', async () => {
      const { sessionId } = await fetch({ sessionEpoch: 0 })
      const forget = {
        ...pollBody(sessionId, 1),
        forgottenTopicsData: [{ topic: topic.name, topicId: topic.id, partitions: [0] }],
      }
      expect(await client.send('Fetch', forget)).toMatchObject({ errorCode: 0, sessionId: 0 })
      expect((await poll(sessionId, 2)).errorCode).toBe(70)
    })

    test('a final epoch closes the session and is answered in full', async () => {
      await produce(['a'])
      const { sessionId } = await fetch({ sessionEpoch: 0 })
      const last = await fetch({ sessionId, sessionEpoch: -1 })
      expect([last.sessionId, bytes(last)]).toEqual([0, [[0, batchBytes]]])
      expect((await poll(sessionId, 1)).errorCode).toBe(70)
    })

    test('a deleted topic ends the wait with an error', async () => {
      const { sessionId } = await fetch({ sessionEpoch: 0 })
      const waiting = poll(sessionId, 1, LONG_MS)
      await producer.send('Metadata', { topics: [] }, 12)
      await producer.send('DeleteTopics', {
        topics: [{ name: topic.name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
        timeoutMs: 1000,
      })
      expect((await waiting).responses[0]!.partitions[0]!.errorCode).toBe(100)
    })

    test('without room for sessions everybody fetches without one', async () => {
      await using small = await startEmbeddedKafka({ configs: { 'max.incremental.fetch.session.cache.slots': '1' } })
      const [a, b] = [await RawClient.open(small.addresses[0]!.port), await RawClient.open(small.addresses[0]!.port)]
      const there = await createTopic(a, 't')
      const body = fetchBody(there, { sessionEpoch: 0 })
      expect((await a.send('Fetch', body)).sessionId).not.toBe(0)
      expect((await b.send('Fetch', body)).sessionId).toBe(0)
      a.close()
      b.close()
    })
  })

  test('read_committed waits for the end of a transaction, which wakes it', async () => {
    const { producerId, producerEpoch } = await producer.send('InitProducerId', {
      transactionalId: 't',
      transactionTimeoutMs: 60_000,
    })
    const batch = batchOf(['a'], { producerId, producerEpoch, baseSequence: 0, isTransactional: true })
    const written = await producer.send('Produce', produceBody(topic, batch, { transactionalId: 't' }))
    expect(written.responses[0]!.partitionResponses[0]!.errorCode).toBe(0)
    expect(await one({ isolationLevel: 1 })).toMatchObject({ highWatermark: 1, lastStableOffset: 0 })
    const waiting = fetch({ isolationLevel: 1, maxWaitMs: LONG_MS })
    await producer.send('EndTxn', { transactionalId: 't', producerId, producerEpoch, committed: false }, 5)
    const [partition] = (await waiting).responses[0]!.partitions
    expect(partition).toMatchObject({ lastStableOffset: 2, abortedTransactions: [{ producerId, firstOffset: 0 }] })
    expect(partition!.records!.length).toBeGreaterThan(batch.length)
  })

  test('a client that goes away while it waits leaves nothing behind', async () => {
    const other = await RawClient.open(kafka.addresses[0]!.port)
    const waiting = other.send('Fetch', fetchBody(topic, { maxWaitMs: LONG_MS })).catch(() => 'closed')
    await produce(['a'], 1)
    other.close()
    expect(await waiting).toBe('closed')
    await produce(['a'])
    expect(kafka.requests().filter(({ outcome }) => outcome === 'open')).toEqual([])
  })
})
