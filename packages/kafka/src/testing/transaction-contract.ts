import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { record } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { type TransactionTest, valuesFor, withTransactions } from './transaction-fixture.ts'

/** What `transactionalProducer` promises of records: together or never. */
export function transactionContract(withKafka: WithKafka): void {
  const test = withTransactions(withKafka)
  visibility(test)
  size(test)
}

function visibility(test: TransactionTest): void {
  test('transaction: what is committed is visible, in order', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'a', 'b'))
    await one.produce(valuesFor(topic, 0, 'c'))
    await one.commit()
    assert.deepEqual(await committed(topic), ['a', 'b', 'c'])
  })

  test('transaction: what is aborted is hidden from read_committed, not from read_uncommitted', async (fixture) => {
    const topic = await fixture.port.topic()
    const one = await fixture.producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'a', 'b'))
    await one.abort()
    assert.deepEqual(await fixture.committed(topic), [])
    assert.deepEqual(await fixture.written(topic), ['a', 'b'])
  })

  test('transaction: while it is open nothing of it is visible', async ({ port, producer, visibleNow, committed }) => {
    const topic = await port.topic()
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'a'))
    assert.deepEqual(await visibleNow(topic), [])
    await one.commit()
    assert.deepEqual(await committed(topic), ['a'])
  })

  test('transaction: partitions become visible together', async ({ port, producer, visibleNow, committed }) => {
    const topic = await port.topic(3)
    const one = await producer()
    one.begin()
    for (const partition of range(3)) await one.produce(valuesFor(topic, partition, `${partition}`))
    for (const partition of range(3)) assert.deepEqual(await visibleNow(topic, partition), [])
    await one.commit()
    assert.deepEqual((await committed(topic)).toSorted(), ['0', '1', '2'])
  })

  test('transaction: topics are committed together', async ({ port, producer, committed }) => {
    const topics = [await port.topic(), await port.topic()]
    const one = await producer()
    one.begin()
    await one.produce(topics.flatMap((topic) => valuesFor(topic, 0, 'v')))
    await one.commit()
    for (const topic of topics) assert.deepEqual(await committed(topic), ['v'])
  })

  test('transaction: topics are aborted together', async ({ port, producer, committed }) => {
    const topics = [await port.topic(), await port.topic()]
    const one = await producer()
    one.begin()
    await one.produce(topics.flatMap((topic) => valuesFor(topic, 0, 'v')))
    await one.abort()
    for (const topic of topics) assert.deepEqual(await committed(topic), [])
  })

  test('transaction: a partition that joins late is part of it', async ({ port, producer, committed, written }) => {
    const topic = await port.topic(4)
    const one = await producer()
    one.begin()
    for (const partition of range(4)) await one.produce(valuesFor(topic, partition, 'v'))
    await one.abort()
    assert.deepEqual(await committed(topic), [])
    assert.equal((await written(topic)).length, 4)
  })

  test('transaction: an aborted one between committed ones leaves no trace', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer()
    for (const value of ['a', 'b', 'c']) {
      one.begin()
      await one.produce(valuesFor(topic, 0, value))
      await (value === 'b' ? one.abort() : one.commit())
    }
    assert.deepEqual(await committed(topic), ['a', 'c'])
  })

  test('transaction: an empty one ends, and writes nothing', async ({ port, kafka, producer }) => {
    const topic = await port.topic()
    const one = await producer()
    one.begin()
    await one.commit()
    one.begin()
    await one.abort()
    one.begin()
    assert.deepEqual(await one.produce([]), [])
    await one.commit()
    assert.equal((await kafka.admin.listOffsets([{ topic, partition: 0 }], 'latest'))[0]!.offset, 0)
  })

  test('transaction: produce tells offsets; the marker takes one', async ({ port, producer }) => {
    const topic = await port.topic()
    const one = await producer()
    for (const firstOffset of [0, 3, 6]) {
      one.begin()
      const produced = await one.produce(valuesFor(topic, 0, 'a', 'b'))
      assert.deepEqual(produced, [{ topic, partition: 0, firstOffset, count: 2 }])
      await one.commit()
    }
  })

  test('transaction: of two that interleave each is decided by itself', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const [one, two] = [await producer(), await producer()]
    one.begin()
    two.begin()
    for (const i of range(5)) {
      await one.produce(valuesFor(topic, 0, `one ${i}`))
      await two.produce(valuesFor(topic, 0, `two ${i}`))
    }
    await two.commit()
    await one.abort()
    assert.deepEqual(
      await committed(topic),
      range(5).map((i) => `two ${i}`),
    )
  })

  test('transaction: readers wait before an open one, though a later one is committed', async (fixture) => {
    const topic = await fixture.port.topic()
    const [one, two] = [await fixture.producer(), await fixture.producer()]
    one.begin()
    await one.produce(valuesFor(topic, 0, 'open'))
    two.begin()
    await two.produce(valuesFor(topic, 0, 'committed'))
    await two.commit()
    assert.deepEqual(await fixture.visibleNow(topic), [])
    await one.commit()
    assert.deepEqual(await fixture.committed(topic), ['open', 'committed'])
  })

  test('transaction: records without one wait behind an open one', async ({ port, kafka, producer, ...fixture }) => {
    const topic = await port.topic()
    const one = await producer()
    const plain = kafka.producer()
    await plain.produce(valuesFor(topic, 0, 'before'))
    one.begin()
    await one.produce(valuesFor(topic, 0, 'within'))
    await plain.produce(valuesFor(topic, 0, 'behind'))
    assert.deepEqual(await fixture.visibleNow(topic), ['before'])
    await one.abort()
    assert.deepEqual(await fixture.committed(topic), ['before', 'behind'])
    await plain.close()
  })
}

function size(test: TransactionTest): void {
  test('transaction: fifty back to back, one in three aborted', async ({ port, producer, committed }) => {
    const topic = await port.topic(2)
    const one = await producer()
    for (const i of range(50)) {
      one.begin()
      await one.produce([...valuesFor(topic, 0, `${i}`), ...valuesFor(topic, 1, `${i}`)])
      await (i % 3 === 2 ? one.abort() : one.commit())
    }
    const values = range(50).flatMap((i) => (i % 3 === 2 ? [] : [`${i}`]))
    assert.deepEqual((await committed(topic)).toSorted(), [...values, ...values].toSorted())
  })

  for (const end of ['commit', 'abort'] as const) {
    test(`transaction: many batches in many requests ${end} as one`, async ({ port, producer, committed, written }) => {
      const topic = await port.topic(4)
      const one = await producer({ batchBytesMax: 4096 })
      one.begin()
      const values = range(8000).map((i) => `${i}`.padEnd(50, '.'))
      const produced = await one.produce(values.map((value, i) => record(topic, { partition: i % 4, value })))
      assert.ok(produced.length > 50, `${produced.length} batches`)
      await one[end]()
      assert.deepEqual((await committed(topic)).toSorted(), end === 'commit' ? values.toSorted() : [])
      if (end === 'abort') assert.equal((await written(topic)).length, 8000)
    })
  }

  test('transaction: more than the memory holds', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer({ bufferBytesMax: 1_048_576, requestBytesMax: 524_288, batchBytesMax: 65_536 })
    one.begin()
    await one.produce(range(100).map((i) => record(topic, { partition: 0, value: `${i}:`.padEnd(40_000, 'x') })))
    await one.commit()
    assert.deepEqual(
      (await committed(topic)).map((value) => Number.parseInt(value)),
      range(100),
    )
  })

  test('transaction: many callers at once keep the order of their calls', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer({ batchBytesMax: 1024 })
    one.begin()
    await Promise.all(range(300).map((i) => one.produce(valuesFor(topic, 0, `${i}`))))
    await one.commit()
    assert.deepEqual((await committed(topic)).map(Number), range(300))
  })

  test('transaction: compressed batches are hidden and shown alike', async ({ port, producer, committed }) => {
    const topic = await port.topic()
    const one = await producer({ compression: 'zstd' })
    for (const end of ['abort', 'commit'] as const) {
      one.begin()
      await one.produce(range(500).map((i) => record(topic, { partition: 0, value: `${end} ${i}` })))
      await one[end]()
    }
    assert.deepEqual(
      await committed(topic),
      range(500).map((i) => `commit ${i}`),
    )
  })

  test('transaction: twenty partitions join at once', async ({ port, producer, committed }) => {
    const topic = await port.topic(20)
    const one = await producer()
    one.begin()
    await one.produce(range(20).map((partition) => record(topic, { partition, value: `${partition}` })))
    await one.commit()
    assert.equal((await committed(topic)).length, 20)
  })
}
