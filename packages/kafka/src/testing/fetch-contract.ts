import assert from 'node:assert/strict'
import type { FetchedPartition, Fetcher, Kafka } from '../port.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'

const QUIET_MS = 300

/** What `fetcher` promises. */
export function fetchContract(test: WithKafka): void {
  test('reading begins exactly at the position, also inside of a batch', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 1000)
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 637 }])
    assert.equal(fetcher.position({ topic: name, partition: 0 }), 637)
    const [first] = await fetcher.poll(5000)
    assert.equal(first!.batches[0]!.offset(0), 637)
    assert.equal(first!.highWatermark, 1000)
    const values = [...valuesOf(first!), ...(await collect(fetcher, 363 - countOf(first!)))]
    assert.deepEqual(values, range(1000).slice(637).map(String))
    assert.equal(fetcher.position({ topic: name, partition: 0 }), 1000)
    assert.equal(fetcher.position({ topic: name, partition: 1 }), undefined)
    await fetcher.close()
  })

  test('records come in small answers as in large ones, one larger than the limits included', async ({
    kafka,
    topic,
  }) => {
    const name = await topic()
    const producer = kafka.producer({ batchBytesMax: 2048 })
    const values = range(300).map((i) => `${i}:`.padEnd(i === 150 ? 300_000 : 100, 'x'))
    for (const part of [0, 100, 200]) {
      await producer.produce(values.slice(part, part + 100).map((value) => record(name, { value })))
    }
    await producer.close()
    const fetcher = kafka.fetcher({ bytesMax: 10_000, partitionBytesMax: 1000 })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    assert.deepEqual(await collect(fetcher, 300), values)
    await fetcher.close()
  })

  test('an empty poll ends at its time, and at once when its signal is aborted', async ({ kafka, topic }) => {
    const name = await topic()
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    let started = performance.now()
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    assert.ok(performance.now() - started >= QUIET_MS - 5)
    started = performance.now()
    assert.deepEqual(await fetcher.poll(60_000, AbortSignal.timeout(QUIET_MS)), [])
    assert.ok(performance.now() - started < 5000)
    await fetcher.close()
  })

  test('a record written while a poll waits ends the wait', async ({ kafka, topic }) => {
    const name = await topic()
    const fetcher = kafka.fetcher({ maxWaitMs: 20_000 })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    const poll = fetcher.poll(20_000)
    await fill(kafka, name, 1)
    const started = performance.now()
    assert.deepEqual((await poll).flatMap(valuesOf), ['0'])
    assert.ok(performance.now() - started < 5000)
    await fetcher.close()
  })

  test('a position out of range fails without a reset policy, and moves with one', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const beyond = { topic: name, partition: 0, offset: 99 }
    const strict = kafka.fetcher()
    strict.assign([beyond])
    await assertRefused(strict.poll(10_000), 'OFFSET_OUT_OF_RANGE')
    strict.seek({ ...beyond, offset: 9 })
    assert.deepEqual(await collect(strict, 1), ['9'])
    const earliest = kafka.fetcher({ reset: 'earliest' })
    earliest.assign([beyond])
    assert.deepEqual(await collect(earliest, 10), range(10).map(String))
    const latest = kafka.fetcher({ reset: 'latest' })
    latest.assign([beyond])
    assert.deepEqual(await latest.poll(QUIET_MS), [])
    await fill(kafka, name, 1)
    assert.deepEqual(await collect(latest, 1), ['0'])
    for (const fetcher of [strict, earliest, latest]) await fetcher.close()
  })

  test('a paused partition is not returned, and nothing of it is lost', async ({ kafka, topic }) => {
    const name = await topic(2)
    await fill(kafka, name, 20, 2)
    const fetcher = kafka.fetcher()
    const [a, b] = range(2).map((partition) => ({ topic: name, partition }))
    fetcher.assign([a!, b!].map((partition) => ({ ...partition, offset: 0 })))
    fetcher.pause([a!])
    assert.deepEqual(
      await collect(fetcher, 10),
      range(20)
        .filter((i) => i % 2 === 1)
        .map(String),
    )
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    fetcher.resume([a!])
    assert.deepEqual(
      await collect(fetcher, 10),
      range(20)
        .filter((i) => i % 2 === 0)
        .map(String),
    )
    await fetcher.close()
  })

  test('a seek forgets what was read ahead', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 100)
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
    fetcher.seek({ topic: name, partition: 0, offset: 50 })
    assert.equal((await collect(fetcher, 50))[0], '50')
    fetcher.seek({ topic: name, partition: 0, offset: 98 })
    assert.deepEqual(await collect(fetcher, 2), ['98', '99'])
    await fetcher.close()
  })

  test('a new assignment replaces the old one', async ({ kafka, topic }) => {
    const name = await topic(2)
    await fill(kafka, name, 20, 2)
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    await fetcher.poll(5000)
    fetcher.assign([{ topic: name, partition: 1, offset: 5 }])
    assert.equal(fetcher.position({ topic: name, partition: 0 }), undefined)
    assert.deepEqual(await collect(fetcher, 5), ['11', '13', '15', '17', '19'])
    fetcher.assign([])
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    await fetcher.close()
    await assertRefused(fetcher.poll(10), 'INTERRUPTED')
  })

  test('a topic that is created later is read when it is there', async ({ kafka, freshName }) => {
    const name = freshName()
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    await kafka.admin.ensureTopics([{ topic: name, partitions: 1 }])
    await fill(kafka, name, 3)
    assert.deepEqual(await collect(fetcher, 3), ['0', '1', '2'])
    await fetcher.close()
  })

  test('many partitions are all read', async ({ kafka, topic }) => {
    const name = await topic(24)
    await fill(kafka, name, 5000, 24)
    const fetcher = kafka.fetcher({ bytesMax: 20_000 })
    fetcher.assign(range(24).map((partition) => ({ topic: name, partition, offset: 0 })))
    const found = (await collect(fetcher, 5000)).map(Number)
    assert.deepEqual(
      found.toSorted((a, b) => a - b),
      range(5000),
    )
    await fetcher.close()
  })
}

/** Values 0 to `count` - 1, dealt out to the partitions in turn. */
async function fill(kafka: Kafka, topic: string, count: number, partitions = 1): Promise<void> {
  const producer = kafka.producer()
  await producer.produce(range(count).map((i) => record(topic, { partition: i % partitions, value: `${i}` })))
  await producer.close()
}

/** Polls until so many values have come; fails if more do. */
async function collect(fetcher: Fetcher, count: number): Promise<string[]> {
  const values: string[] = []
  while (values.length < count) for (const partition of await fetcher.poll(1000)) values.push(...valuesOf(partition))
  assert.equal(values.length, count)
  return values
}

function valuesOf({ batches }: FetchedPartition): string[] {
  return batches.flatMap((records) => range(records.count).map((i) => Buffer.from(records.value(i)!).toString()))
}

function countOf({ batches }: FetchedPartition): number {
  return batches.reduce((sum, { count }) => sum + count, 0)
}
