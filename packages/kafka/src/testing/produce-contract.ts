import assert from 'node:assert/strict'
import type { Compression } from '../port.ts'
import { partitionForKey } from '../produce/partitioner.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'

const CODECS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** Numbers from 0 to `count` - 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

/** What `producer` promises. */
export function produceContract(test: WithKafka): void {
  test('a record comes back with its key, value, headers and timestamp', async ({ kafka, topic, readAll }) => {
    const name = await topic()
    const producer = kafka.producer()
    const headers = [
      { key: 'h', value: Buffer.from([0, 255]) },
      { key: 'ü', value: null },
      { key: 'h', value: Buffer.alloc(0) },
    ]
    const produced = await producer.produce([
      record(name, { key: 'k', value: 'v', timestamp: 1_600_000_000_123, headers }),
    ])
    assert.deepEqual(produced, [{ topic: name, partition: 0, firstOffset: 0, count: 1 }])
    const [found] = await readAll(name)
    assert.equal(found!.key, 'k')
    assert.equal(found!.value, 'v')
    assert.equal(found!.timestamp, 1_600_000_000_123)
    const read = found!.headers!.map(({ key, value }) => ({ key, value: value === null ? null : [...value] }))
    assert.deepEqual(
      read,
      headers.map(({ key, value }) => ({ key, value: value === null ? null : [...value] })),
    )
    await producer.close()
  })

  test('null and empty are different, for keys and values', async ({ kafka, topic, readAll }) => {
    const name = await topic()
    const producer = kafka.producer()
    await producer.produce([
      record(name, { partition: 0, key: null, value: null }),
      record(name, { partition: 0, key: '', value: '' }),
    ])
    const found = await readAll(name)
    assert.deepEqual(
      found.map(({ key, value, headers }) => [key, value, headers]),
      [
        [null, null, null],
        ['', '', null],
      ],
    )
    await producer.close()
  })

  test('timestamps may go back within a batch, and null means now', async ({ kafka, topic, readAll }) => {
    const name = await topic()
    const producer = kafka.producer()
    const before = Date.now()
    const times = [2_000_000, 1_000_000, 1_700_000_000_000]
    await producer.produce(times.map((timestamp) => record(name, { value: 'v', timestamp })))
    await producer.produce([record(name, { value: 'v' })])
    const found = (await readAll(name)).map(({ timestamp }) => timestamp)
    assert.deepEqual(found.slice(0, 3), times)
    assert.ok(found[3]! >= before && found[3]! <= Date.now() + 1)
    await producer.close()
  })

  test('keyed records go to the partition that Java gives them', async ({ kafka, topic, readAll }) => {
    const name = await topic(7)
    const producer = kafka.producer()
    await producer.produce(range(500).map((i) => record(name, { key: `key-${i}`, value: `${i}` })))
    const found = await readAll(name)
    assert.equal(found.length, 500)
    for (const { key, partition } of found) assert.equal(partition, partitionForKey(Buffer.from(key!), 7))
    await producer.close()
  })

  test('keyless records spread over all partitions, a batch at a time', async ({ kafka, topic, readAll }) => {
    const name = await topic(4)
    const producer = kafka.producer({ batchBytesMax: 4096 })
    await producer.produce(range(1000).map((i) => record(name, { value: 'x'.repeat(100) + i })))
    const counts = [0, 0, 0, 0]
    for (const { partition } of await readAll(name)) counts[partition]!++
    assert.equal(
      counts.reduce((a, b) => a + b),
      1000,
    )
    assert.ok(Math.min(...counts) > 150, `uneven: ${counts.join(', ')}`)
    await producer.close()
  })

  test('the order of calls is the order in each partition', async ({ kafka, topic, readAll }) => {
    const name = await topic(3)
    const producer = kafka.producer({ batchBytesMax: 2048, bufferBytesMax: 2 * 1024 * 1024 })
    const calls = range(400).map((call) =>
      producer.produce(range(10).map((i) => record(name, { partition: i % 3, value: `${call * 10 + i}` }))),
    )
    const produced = (await Promise.all(calls)).flat()
    assert.equal(
      produced.reduce((sum, { count }) => sum + count, 0),
      4000,
    )
    const found = await readAll(name)
    assert.equal(found.length, 4000)
    for (const partition of range(3)) {
      const values = found.filter((one) => one.partition === partition).map(({ value }) => Number(value))
      assert.deepEqual(
        values,
        values.toSorted((a, b) => a - b),
      )
    }
    await producer.close()
  })

  test('produce tells at which offsets each run of records lies', async ({ kafka, topic, readAll }) => {
    const name = await topic(2)
    const producer = kafka.producer({ batchBytesMax: 1024 })
    const produced = await producer.produce(
      range(200).map((i) => record(name, { partition: i % 2, value: `value ${i}` })),
    )
    const found = await readAll(name)
    for (const partition of range(2)) {
      const offsets = produced
        .filter((run) => run.partition === partition)
        .toSorted((a, b) => a.firstOffset - b.firstOffset)
        .flatMap(({ firstOffset, count }) => range(count).map((i) => firstOffset + i))
      assert.deepEqual(
        offsets,
        found.filter((one) => one.partition === partition).map(({ offset }) => offset),
      )
    }
    await producer.close()
  })

  for (const compression of CODECS) {
    test(`compression ${compression}: what was written is what is read`, async ({ kafka, topic, readAll }) => {
      const name = await topic()
      const producer = kafka.producer({ compression })
      const values = range(2000).map((i) => `value ${i} ${'abc '.repeat(i % 40)}`)
      await producer.produce(values.map((value) => record(name, { value })))
      assert.deepEqual(
        (await readAll(name)).map(({ value }) => value),
        values,
      )
      await producer.close()
    })
  }

  test('large records and more of them than the memory holds', async ({ kafka, topic, readAll }) => {
    const name = await topic(2)
    const producer = kafka.producer({ bufferBytesMax: 2 * 1024 * 1024, batchBytesMax: 64 * 1024 })
    const sizes = range(60).map((i) => (i % 6 === 0 ? 900_000 : 50_000))
    await producer.produce(sizes.map((size, i) => record(name, { partition: i % 2, value: `${i}:`.padEnd(size, 'x') })))
    const found = await readAll(name)
    assert.deepEqual(
      found.map(({ value }) => `${Number.parseInt(value!)}:${value!.length}`).toSorted(),
      sizes.map((size, i) => `${i}:${size}`).toSorted(),
    )
    await producer.close()
  })

  test('a record above requestBytesMax is refused alone; the others of its call are durable', async ({
    kafka,
    topic,
    readAll,
  }) => {
    const name = await topic()
    const producer = kafka.producer({ requestBytesMax: 10_000, batchBytesMax: 5000 })
    const values = ['before', 'x'.repeat(10_001), 'after']
    await assertRefused(producer.produce(values.map((value) => record(name, { value }))), 'RECORD_TOO_LARGE')
    assert.deepEqual(
      (await readAll(name)).map(({ value }) => value),
      ['before', 'after'],
    )
    await producer.close()
  })

  test('a batch that the topic finds too large is split; one record too many is refused alone', async ({
    kafka,
    topic,
    readAll,
  }) => {
    const name = await topic(1, { 'max.message.bytes': '3000' })
    const producer = kafka.producer()
    const values = range(100).map((i) => `${i}:`.padEnd(100, 'x'))
    await producer.produce(values.map((value) => record(name, { value })))
    await assertRefused(
      producer.produce([
        record(name, { value: 'y' }),
        record(name, { value: 'x'.repeat(4000) }),
        record(name, { value: 'z' }),
      ]),
      'RECORD_TOO_LARGE',
    )
    await producer.produce([record(name, { value: 'last' })])
    assert.deepEqual(
      (await readAll(name)).map(({ value }) => value),
      [...values, 'y', 'z', 'last'],
    )
    await producer.close()
  })

  test('a partition or a topic that does not exist is refused by name', async ({ kafka, topic, freshName }) => {
    const name = await topic(2)
    const producer = kafka.producer({ deliveryTimeoutMs: 1500 })
    const wrong = producer.produce([record(name, { partition: 2, value: 'v' })])
    assert.equal((await assertRefused(wrong, 'KAFKA_REFUSED', 'UNKNOWN_TOPIC_OR_PARTITION')).place?.['partition'], 2)
    const missing = freshName()
    const lost = producer.produce([record(missing, { value: 'v' })])
    assert.equal((await assertRefused(lost, 'KAFKA_REFUSED', 'UNKNOWN_TOPIC_OR_PARTITION')).place?.['topic'], missing)
    await producer.close()
  })

  test('flush waits for what was queued before, without its linger time', async ({ kafka, topic, readAll }) => {
    const name = await topic()
    const producer = kafka.producer({ lingerMs: 60_000 })
    let isSettled = false
    void producer.produce([record(name, { value: 'v' })]).then(() => (isSettled = true))
    await producer.flush()
    await Promise.resolve()
    assert.ok(isSettled)
    assert.equal((await readAll(name)).length, 1)
    await producer.close()
  })

  test('closing a producer settles every call: durable if there was time, else INTERRUPTED', async ({
    kafka,
    topic,
    readAll,
  }) => {
    const name = await topic()
    const patient = kafka.producer()
    const calls = range(50).map((i) => patient.produce([record(name, { value: `${i}` })]))
    await patient.close()
    assert.equal((await Promise.all(calls)).length, 50)
    await assertRefused(patient.produce([record(name, { value: 'late' })]), 'INTERRUPTED')
    const hasty = kafka.producer({ lingerMs: 60_000 })
    const cut = hasty.produce([record(name, { value: 'cut' })])
    await Promise.all([assertRefused(cut, 'INTERRUPTED'), hasty.close(0)])
    assert.equal((await readAll(name)).length, 50)
  })

  test('closing the client ends producers and polls under way', async ({ another, topic }) => {
    const name = await topic()
    const kafka = await another()
    const producer = kafka.producer({ lingerMs: 60_000 })
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    const outcomes = Promise.allSettled([producer.produce([record(name, { value: 'v' })]), fetcher.poll(60_000)])
    await new Promise((resolve) => setTimeout(resolve, 100))
    await kafka.close()
    await kafka.close()
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
  })
}
