import assert from 'node:assert/strict'
import type { Kafka, TransactionalProducer } from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { type PortFixture, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { collect, valuesOf } from './reading.ts'

const QUIET_MS = 400

/** What `read_committed` promises: of a transaction all records or none, and never one of an aborted transaction. */
export function committedContract(test: WithKafka): void {
  test('records of a committed transaction come, and its marker does not', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    await transact(producer, name, 'commit', 'a', 'b')
    await transact(producer, name, 'commit', 'c')
    const fetcher = kafka.fetcher({ isolation: 'read_committed' })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    assert.deepEqual(await collect(fetcher, 3), ['a', 'b', 'c'])
    await fetcher.poll(QUIET_MS)
    assert.equal(fetcher.position({ topic: name, partition: 0 }), 5)
    await Promise.all([fetcher.close(), producer.close()])
  })

  test('records of an aborted transaction do not come, and the position moves over them', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    await transact(producer, name, 'abort', 'x', 'y')
    const fetcher = kafka.fetcher({ isolation: 'read_committed' })
    const at = { topic: name, partition: 0 }
    fetcher.assign([{ ...at, offset: 0 }])
    const fetched = await fetcher.poll(QUIET_MS)
    assert.deepEqual(fetched.flatMap(valuesOf), [])
    await fetcher.poll(QUIET_MS)
    assert.equal(fetcher.position(at), 3)
    await transact(producer, name, 'commit', 'z')
    assert.deepEqual(await collect(fetcher, 1), ['z'])
    await Promise.all([fetcher.close(), producer.close()])
  })

  test('records of an open transaction come when it is committed, not before', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    const fetcher = kafka.fetcher({ isolation: 'read_committed' })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    producer.begin()
    await producer.produce([record(name, { value: 'a' })])
    assert.deepEqual((await fetcher.poll(QUIET_MS)).flatMap(valuesOf), [])
    await producer.commit()
    assert.deepEqual(await collect(fetcher, 1), ['a'])
    await Promise.all([fetcher.close(), producer.close()])
  })

  test('what others write behind an open transaction waits for its end', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    const plain = kafka.producer()
    await plain.produce([record(name, { value: 'before' })])
    producer.begin()
    await producer.produce([record(name, { value: 'aborted' })])
    await plain.produce([record(name, { value: 'behind' })])
    const fetcher = kafka.fetcher({ isolation: 'read_committed' })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    const [first] = await fetcher.poll(5000)
    assert.deepEqual(valuesOf(first!), ['before'])
    assert.equal(first!.lastStableOffset, 1)
    assert.equal(first!.highWatermark, 3)
    assert.equal(fetcher.end({ topic: name, partition: 0 }), 1)
    assert.deepEqual((await fetcher.poll(QUIET_MS)).flatMap(valuesOf), [])
    await producer.abort()
    assert.deepEqual(await collect(fetcher, 1), ['behind'])
    assert.equal(fetcher.end({ topic: name, partition: 0 }), 4)
    await Promise.all([fetcher.close(), producer.close(), plain.close()])
  })

  test('read_uncommitted sees records of open and aborted transactions, and no markers', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    await transact(producer, name, 'abort', 'aborted')
    producer.begin()
    await producer.produce([record(name, { value: 'open' })])
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    assert.deepEqual(await collect(fetcher, 2), ['aborted', 'open'])
    await Promise.all([fetcher.close(), producer.close()])
  })

  test('two aborted transactions of one producer in one answer', async ({ kafka, topic, freshName, readAll }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    await transact(producer, name, 'abort', 'x1', 'x2')
    await transact(producer, name, 'abort', 'y1')
    await transact(producer, name, 'commit', 'good')
    await transact(producer, name, 'abort', 'z1')
    assert.deepEqual(await committedValues(readAll, name), ['good'])
    await producer.close()
  })

  test('an aborted transaction whose marker lies many answers later', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName, { batchBytesMax: 1024 })
    producer.begin()
    for (const i of range(20))
      await producer.produce(range(10).map((j) => record(name, { value: `bad ${i}.${j}`.padEnd(90) })))
    await producer.abort()
    await transact(producer, name, 'commit', 'good')
    const fetcher = kafka.fetcher({ isolation: 'read_committed', bytesMax: 2000, partitionBytesMax: 2000 })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    assert.deepEqual(await collect(fetcher, 1), ['good'])
    await Promise.all([fetcher.close(), producer.close()])
  })

  test('a position in the middle of an aborted transaction', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    producer.begin()
    for (const i of range(10)) await producer.produce([record(name, { value: `bad ${i}` })])
    await producer.abort()
    await transact(producer, name, 'commit', 'good')
    for (const offset of [1, 5, 9, 10]) {
      const fetcher = kafka.fetcher({ isolation: 'read_committed' })
      fetcher.assign([{ topic: name, partition: 0, offset }])
      assert.deepEqual(await collect(fetcher, 1), ['good'])
      await fetcher.close()
    }
    await producer.close()
  })

  test('aborted transactions of two producers, both open before the position', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const [a, b] = [await transactional(kafka, freshName), await transactional(kafka, freshName)]
    for (const producer of [a, b]) producer.begin()
    await a.produce([record(name, { value: 'a0' })])
    await b.produce([record(name, { value: 'b1' })])
    await a.produce([record(name, { value: 'a2' })])
    await b.produce([record(name, { value: 'b3' })])
    await b.abort()
    await a.produce([record(name, { value: 'a5' })])
    await a.abort()
    await transact(b, name, 'commit', 'good')
    for (const offset of range(7)) {
      const fetcher = kafka.fetcher({ isolation: 'read_committed' })
      fetcher.assign([{ topic: name, partition: 0, offset }])
      assert.deepEqual(await collect(fetcher, 1), ['good'], `from offset ${offset}`)
      await fetcher.close()
    }
    await Promise.all([a.close(), b.close()])
  })

  test('transactions of two producers that interleave, one committed and one aborted', async ({
    kafka,
    topic,
    freshName,
    readAll,
  }) => {
    const name = await topic()
    const [good, bad] = [await transactional(kafka, freshName), await transactional(kafka, freshName)]
    for (const producer of [good, bad]) producer.begin()
    for (const i of range(5)) {
      await good.produce([record(name, { value: `good ${i}` })])
      await bad.produce([record(name, { value: `bad ${i}` })])
    }
    await bad.abort()
    await good.commit()
    assert.deepEqual(
      await committedValues(readAll, name),
      range(5).map((i) => `good ${i}`),
    )
    await Promise.all([good.close(), bad.close()])
  })

  test('a transaction over several partitions comes in all of them', async ({ kafka, topic, freshName, readAll }) => {
    const name = await topic(3)
    const producer = await transactional(kafka, freshName)
    const values = range(30).map((i) => record(name, { partition: i % 3, value: `${i}` }))
    for (const end of ['commit', 'abort', 'commit'] as const) {
      producer.begin()
      await producer.produce(values)
      await producer[end]()
    }
    assert.equal((await committedValues(readAll, name)).length, 60)
    await producer.close()
  })

  test('a transaction without records leaves no trace', async ({ kafka, topic, freshName, readAll }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    for (const end of ['commit', 'abort'] as const) {
      producer.begin()
      await producer[end]()
    }
    await transact(producer, name, 'commit', 'a')
    assert.deepEqual(await committedValues(readAll, name), ['a'])
    await producer.close()
  })

  test('the latest position is before an open transaction', async ({ kafka, topic, freshName }) => {
    const name = await topic()
    const producer = await transactional(kafka, freshName)
    await transact(producer, name, 'commit', 'a')
    producer.begin()
    await producer.produce([record(name, { value: 'b' })])
    const at = { topic: name, partition: 0 }
    const fetcher = kafka.fetcher({ isolation: 'read_committed', reset: 'latest' })
    fetcher.assign([{ ...at, offset: null }])
    await fetcher.poll(QUIET_MS)
    assert.equal(fetcher.position(at), 2)
    await producer.commit()
    assert.deepEqual(await collect(fetcher, 1), ['b'])
    await Promise.all([fetcher.close(), producer.close()])
  })

  for (const seed of [1, 2, 3]) {
    test(`any mixture of transactions is read as a model says (seed ${seed})`, async ({ kafka, topic, freshName }) => {
      const name = await topic()
      const random = generator(seed)
      const log = await mixture(kafka, name, freshName, random)
      for (const bytesMax of [500, 5000, 1_000_000]) {
        const from = Math.floor(random() * log.length)
        const expected = log.slice(from).filter((value) => value !== null)
        const fetcher = kafka.fetcher({ isolation: 'read_committed', bytesMax, partitionBytesMax: bytesMax })
        fetcher.assign([{ topic: name, partition: 0, offset: from }])
        assert.deepEqual(await collect(fetcher, expected.length), expected, `from ${from}, ${bytesMax} bytes at a time`)
        await fetcher.close()
      }
    })
  }
}

/**
 * Four transactional producers and a plain one write in turns, and end their transactions as chance has it. Resolves to the log
 * by offset: a committed value, or null for what must not be seen.
 */
async function mixture(
  kafka: Kafka,
  topic: string,
  freshName: PortFixture['freshName'],
  random: () => number,
): Promise<(string | null)[]> {
  const log: (string | null)[] = []
  const plain = kafka.producer()
  const writers = await Promise.all(
    range(4).map(async () => ({
      producer: await transactional(kafka, freshName),
      open: [] as number[],
      isOpen: false,
    })),
  )
  const values = new Map<number, string>()
  const write = async (producer: Pick<TransactionalProducer, 'produce'>, count: number): Promise<number[]> => {
    const names = range(count).map((i) => `${log.length}.${i}`)
    const [run] = await producer.produce(names.map((value) => record(topic, { value })))
    const offsets = range(count).map((i) => run!.firstOffset + i)
    for (const [i, offset] of offsets.entries()) values.set(offset, names[i]!)
    for (const offset of offsets) log[offset] = null
    return offsets
  }
  const end = async (writer: (typeof writers)[number], isCommitted: boolean): Promise<void> => {
    await writer.producer[isCommitted ? 'commit' : 'abort']()
    if (isCommitted) for (const offset of writer.open) log[offset] = values.get(offset)!
    writer.open = []
    writer.isOpen = false
  }
  for (let i = 0; i < 60; i++) {
    const writer = writers[Math.floor(random() * 5)]
    if (writer === undefined) for (const offset of await write(plain, 1)) log[offset] = values.get(offset)!
    else if (writer.isOpen && random() < 0.4) await end(writer, random() < 0.5)
    else {
      if (!writer.isOpen) writer.producer.begin()
      writer.isOpen = true
      writer.open.push(...(await write(writer.producer, 1 + Math.floor(random() * 5))))
    }
  }
  for (const writer of writers) {
    if (writer.isOpen) await end(writer, random() < 0.5)
    await writer.producer.close()
  }
  await plain.close()
  return Array.from(log, (value) => value ?? null)
}

function transactional(
  kafka: Kafka,
  freshName: PortFixture['freshName'],
  options: { readonly batchBytesMax?: number } = {},
): Promise<TransactionalProducer> {
  return kafka.transactionalProducer({ transactionalId: freshName(), ...options })
}

async function transact(
  producer: TransactionalProducer,
  topic: string,
  end: 'commit' | 'abort',
  ...values: readonly string[]
): Promise<void> {
  producer.begin()
  await producer.produce(values.map((value) => record(topic, { value })))
  await producer[end]()
}

async function committedValues(readAll: PortFixture['readAll'], topic: string): Promise<(string | null)[]> {
  return (await readAll(topic, 'read_committed')).map(({ value }) => value)
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
