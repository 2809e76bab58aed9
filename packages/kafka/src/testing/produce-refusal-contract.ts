import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'

/** What `producer` promises where topics differ, and of records that the broker does not want. Needs a broker that checks records. */
export function produceRefusalContract(test: WithKafka): void {
  test('a record that the broker refuses fails alone; the others of its batch are durable, in order', async (fixture) => {
    const { kafka, topic, readAll } = fixture
    const name = await topic(1, { 'cleanup.policy': 'compact' })
    const producer = kafka.producer({ lingerMs: 50 })
    // One batch: records without a key are not for a compacted topic.
    const calls = range(9).map((i) =>
      producer.produce([record(name, { partition: 0, key: i % 4 === 1 ? null : `${i}`, value: `${i}` })]),
    )
    const outcomes = await Promise.allSettled(calls)
    for (const [i, outcome] of outcomes.entries())
      assert.equal(outcome.status, i % 4 === 1 ? 'rejected' : 'fulfilled', `${i}`)
    const refused = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    await assertRefused(Promise.reject(refused.reason as Error), 'KAFKA_REFUSED', 'INVALID_RECORD')
    assert.deepEqual(
      (await readAll(name)).map(({ value }) => value),
      ['0', '2', '3', '4', '6', '7', '8'],
    )
    await producer.close()
  })

  test('a call with a refused record rejects; its other records are durable', async ({ kafka, topic, readAll }) => {
    const name = await topic(1, { 'cleanup.policy': 'compact' })
    const producer = kafka.producer()
    const mixed = ['a', null, 'b', null, 'c'].map((key) => record(name, { partition: 0, key, value: 'v' }))
    await assertRefused(producer.produce(mixed), 'KAFKA_REFUSED', 'INVALID_RECORD')
    assert.deepEqual(
      (await readAll(name)).map(({ key }) => key),
      ['a', 'b', 'c'],
    )
    await producer.close()
  })

  test('refused records cost none of those that follow, many times over', async ({ kafka, topic, readAll }) => {
    const name = await topic(1, { 'cleanup.policy': 'compact' })
    const producer = kafka.producer({ batchBytesMax: 1024 })
    const calls = range(300).map((i) =>
      producer.produce([record(name, { key: i % 10 === 5 ? null : `${i}`, value: 'v'.repeat(50) })]),
    )
    const outcomes = await Promise.allSettled(calls)
    const kept = range(300).filter((i) => i % 10 !== 5)
    assert.deepEqual(
      outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : [])),
      kept,
    )
    assert.deepEqual(
      (await readAll(name)).map(({ key }) => Number(key)),
      kept,
    )
    await producer.close()
  })

  test('every record of a batch refused: nothing is written, and the next batch is', async ({
    kafka,
    topic,
    readAll,
  }) => {
    const name = await topic(1, { 'cleanup.policy': 'compact' })
    const producer = kafka.producer()
    const keyless = range(3).map(() => record(name, { partition: 0, value: 'v' }))
    await assertRefused(producer.produce(keyless), 'KAFKA_REFUSED', 'INVALID_RECORD')
    await producer.produce([record(name, { key: 'k', value: 'v' })])
    assert.equal((await readAll(name)).length, 1)
    await producer.close()
  })

  test('a timestamp that the topic does not allow is refused alone', async ({ kafka, topic, readAll }) => {
    const name = await topic(1, { 'message.timestamp.before.max.ms': '3600000' })
    const producer = kafka.producer()
    const times = [null, 1_000_000, null]
    await assertRefused(
      producer.produce(times.map((timestamp, i) => record(name, { partition: 0, value: `${i}`, timestamp }))),
      'KAFKA_REFUSED',
      'INVALID_TIMESTAMP',
    )
    assert.deepEqual(
      (await readAll(name)).map(({ value }) => value),
      ['0', '2'],
    )
    await producer.close()
  })

  test("the topic's own time counts where it says so", async ({ kafka, topic, readAll }) => {
    const name = await topic(1, { 'message.timestamp.type': 'LogAppendTime' })
    const producer = kafka.producer()
    const before = Date.now() - 1
    await producer.produce([record(name, { value: 'v', timestamp: 1_000_000 })])
    assert.ok((await readAll(name))[0]!.timestamp >= before)
    await producer.close()
  })

  test('a topic that was deleted and created again takes what follows', async ({ kafka, topic, readAll }) => {
    const name = await topic(2)
    const producer = kafka.producer()
    await producer.produce(range(2).map((partition) => record(name, { partition, value: 'old' })))
    await kafka.admin.deleteTopics([name])
    await kafka.admin.ensureTopics([{ topic: name, partitions: 2 }])
    await producer.produce(range(2).map((partition) => record(name, { partition, value: 'new' })))
    await producer.produce(range(2).map((partition) => record(name, { partition, value: 'newer' })))
    assert.deepEqual((await readAll(name)).map(({ value }) => value ?? '').toSorted(), ['new', 'new', 'newer', 'newer'])
    await producer.close()
  })

  test('offsets of calls one after the other follow each other', async ({ kafka, topic }) => {
    const name = await topic()
    const producer = kafka.producer()
    for (const i of range(20)) {
      const [run] = await producer.produce(range(5).map(() => record(name, { value: 'v' })))
      assert.deepEqual(run, { topic: name, partition: 0, firstOffset: i * 5, count: 5 })
    }
    await producer.close()
  })

  test('two producers of one client do not disturb each other', async ({ kafka, topic, readAll }) => {
    const name = await topic()
    const producers = [kafka.producer({ batchBytesMax: 1024 }), kafka.producer({ batchBytesMax: 1024 })]
    await Promise.all(
      range(200).flatMap((i) =>
        producers.map((one, who) => one.produce([record(name, { key: `${who}`, value: `${i}` })])),
      ),
    )
    const found = await readAll(name)
    for (const who of ['0', '1']) {
      assert.deepEqual(
        found.filter(({ key }) => key === who).map(({ value }) => Number(value)),
        range(200),
      )
    }
    for (const one of producers) await one.close()
  })

  test('nothing to produce, nothing to flush: both resolve at once', async ({ kafka }) => {
    const producer = kafka.producer()
    assert.deepEqual(await producer.produce([]), [])
    await producer.flush()
    await producer.close()
    await producer.close()
  })

  test('records larger than a batch go alone', async ({ kafka, topic, readAll }) => {
    const name = await topic()
    const producer = kafka.producer({ batchBytesMax: 1024 })
    const sizes = [10, 5000, 10, 70_000, 10]
    await producer.produce(sizes.map((size) => record(name, { partition: 0, value: 'x'.repeat(size) })))
    assert.deepEqual(
      (await readAll(name)).map(({ value }) => value!.length),
      sizes,
    )
    await producer.close()
  })

  test('one call may name many topics', async ({ kafka, topic, readAll }) => {
    const names = [await topic(), await topic(2), await topic(3)]
    const producer = kafka.producer()
    const produced = await producer.produce(range(30).map((i) => record(names[i % 3]!, { key: `${i}`, value: 'v' })))
    assert.equal(
      produced.reduce((sum, { count }) => sum + count, 0),
      30,
    )
    for (const name of names) assert.equal((await readAll(name)).length, 10)
    await producer.close()
  })
}
