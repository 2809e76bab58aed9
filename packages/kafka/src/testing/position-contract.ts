import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { collect, fill, valuesOf } from './reading.ts'

const QUIET_MS = 300

/** Where `fetcher` begins and goes on: reset policies, truncated logs, recreated topics. */
export function positionContract(test: WithKafka): void {
  test('without a position and without a policy a partition is refused', async ({ kafka, topic }) => {
    const name = await topic()
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: null }])
    const error = await assertRefused(fetcher.poll(5000), 'OFFSET_OUT_OF_RANGE')
    assert.deepEqual(error.place, { topic: name, partition: 0 })
    await fetcher.close()
  })

  test('without a position, earliest begins with the first record', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 5)
    const fetcher = kafka.fetcher({ reset: 'earliest' })
    const at = { topic: name, partition: 0 }
    fetcher.assign([{ ...at, offset: null }])
    assert.equal(fetcher.position(at), undefined)
    assert.deepEqual(await collect(fetcher, 5), range(5).map(String))
    assert.equal(fetcher.position(at), 5)
    await fetcher.close()
  })

  test('without a position, latest begins behind the last record', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 5)
    const fetcher = kafka.fetcher({ reset: 'latest' })
    const at = { topic: name, partition: 0 }
    fetcher.assign([{ ...at, offset: null }])
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    assert.equal(fetcher.position(at), 5)
    await fill(kafka, name, 1)
    assert.deepEqual(await collect(fetcher, 1), ['0'])
    await fetcher.close()
  })

  test('a time begins with the first record at or after it', async ({ kafka, topic }) => {
    const name = await topic()
    const producer = kafka.producer()
    const times = [1000, 2000, 3000]
    for (const timestamp of times) await producer.produce([record(name, { value: `${timestamp}`, timestamp })])
    await producer.close()
    for (const [timestamp, expected] of [
      [0, ['1000', '2000', '3000']],
      [2000, ['2000', '3000']],
      [2001, ['3000']],
    ] as const) {
      const fetcher = kafka.fetcher({ reset: { timestamp } })
      fetcher.assign([{ topic: name, partition: 0, offset: null }])
      assert.deepEqual(await collect(fetcher, expected.length), expected)
      await fetcher.close()
    }
  })

  test('a time behind every record begins at the end', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 5)
    const fetcher = kafka.fetcher({ reset: { timestamp: Date.now() + 3_600_000 } })
    fetcher.assign([{ topic: name, partition: 0, offset: null }])
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    await fill(kafka, name, 1)
    assert.deepEqual(await collect(fetcher, 1), ['0'])
    await fetcher.close()
  })

  test('a duration begins with the records of the last so many milliseconds', async ({ kafka, topic }) => {
    const name = await topic()
    const producer = kafka.producer()
    await producer.produce([record(name, { value: 'old', timestamp: Date.now() - 7_200_000 })])
    await producer.produce([record(name, { value: 'new', timestamp: Date.now() - 60_000 })])
    await producer.close()
    const fetcher = kafka.fetcher({ reset: { durationMs: 3_600_000 } })
    fetcher.assign([{ topic: name, partition: 0, offset: null }])
    assert.deepEqual(await collect(fetcher, 1), ['new'])
    await fetcher.close()
  })

  test('many partitions without a position all begin', async ({ kafka, topic }) => {
    const name = await topic(40)
    await fill(kafka, name, 200, 40)
    const fetcher = kafka.fetcher({ reset: 'earliest' })
    fetcher.assign(range(40).map((partition) => ({ topic: name, partition, offset: null })))
    assert.equal(new Set(await collect(fetcher, 200)).size, 200)
    await fetcher.close()
  })

  test('records that were deleted before they were read: earliest goes to what is left', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const at = { topic: name, partition: 0 }
    await kafka.admin.partitions.deleteRecords([{ ...at, before: 4 }])
    const fetcher = kafka.fetcher({ reset: 'earliest' })
    fetcher.assign([{ ...at, offset: 1 }])
    const [first] = await fetcher.poll(5000)
    assert.deepEqual(valuesOf(first!), ['4', '5', '6', '7', '8', '9'])
    assert.equal(first!.logStartOffset, 4)
    await fetcher.close()
  })

  test('records that were deleted before they were read: without a policy it is an error with its offset', async ({
    kafka,
    topic,
  }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const at = { topic: name, partition: 0 }
    await kafka.admin.partitions.deleteRecords([{ ...at, before: 'end' }])
    const fetcher = kafka.fetcher()
    fetcher.assign([{ ...at, offset: 1 }])
    const error = await assertRefused(fetcher.poll(5000), 'OFFSET_OUT_OF_RANGE')
    assert.deepEqual(error.place, { ...at, offset: 1 })
    fetcher.seek({ ...at, offset: 10 })
    await fill(kafka, name, 1)
    assert.deepEqual(await collect(fetcher, 1), ['0'])
    await fetcher.close()
  })

  test('one partition that is out of range does not keep the others from being taken up again', async ({
    kafka,
    topic,
  }) => {
    const name = await topic(2)
    await fill(kafka, name, 10, 2)
    const fetcher = kafka.fetcher()
    fetcher.assign([
      { topic: name, partition: 0, offset: 77 },
      { topic: name, partition: 1, offset: 0 },
    ])
    // The other partition's records may come first, from another broker.
    const refused = async (): Promise<void> => {
      for (;;) await fetcher.poll(5000)
    }
    await assertRefused(refused(), 'OFFSET_OUT_OF_RANGE')
    fetcher.assign([{ topic: name, partition: 1, offset: 0 }])
    assert.equal((await collect(fetcher, 5)).length, 5)
    await fetcher.close()
  })

  test('a position with the leader epoch it was read in goes on', async ({ kafka, topic, another }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const at = { topic: name, partition: 0 }
    const first = kafka.fetcher({ partitionBytesMax: 1, bytesMax: 1 })
    first.assign([{ ...at, offset: 0 }])
    const [{ nextOffset, leaderEpoch, topicId } = { nextOffset: -1, leaderEpoch: -1, topicId: '' }] =
      await first.poll(5000)
    assert.ok(leaderEpoch >= 0)
    await fill(kafka, name, 2)
    const second = (await another()).fetcher()
    second.assign([{ ...at, offset: nextOffset, leaderEpoch, topicId }])
    assert.deepEqual((await collect(second, 12 - nextOffset)).slice(-2), ['0', '1'])
    await Promise.all([first.close(), second.close()])
  })

  test('a position behind the end of its leader epoch is a truncated log, with the place where it parts', async ({
    kafka,
    topic,
  }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const at = { topic: name, partition: 0 }
    const fetcher = kafka.fetcher()
    fetcher.assign([{ ...at, offset: 15, leaderEpoch: 0 }])
    const error = await assertRefused(fetcher.poll(5000), 'LOG_TRUNCATED')
    assert.deepEqual(error.place, { ...at, offset: 15, divergentOffset: 10 })
    fetcher.seek({ ...at, offset: 9 })
    assert.deepEqual(await collect(fetcher, 1), ['9'])
    await fetcher.close()
  })

  test('a truncated log with a reset policy goes on where it parts', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const at = { topic: name, partition: 0 }
    const fetcher = kafka.fetcher({ reset: 'earliest' })
    fetcher.assign([{ ...at, offset: 15, leaderEpoch: 0 }])
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    assert.equal(fetcher.position(at), 10)
    await fill(kafka, name, 1)
    assert.deepEqual(await collect(fetcher, 1), ['0'])
    await fetcher.close()
  })

  test('a leader epoch that the cluster has not reached is a truncated log', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 5, leaderEpoch: 12_345 }])
    const error = await assertRefused(fetcher.poll(5000), 'LOG_TRUNCATED')
    assert.equal(error.place?.['divergentOffset'], undefined)
    await fetcher.close()
  })

  test('a topic that is deleted and created again while it is read is an error, whatever the policy', async ({
    kafka,
    topic,
  }) => {
    const name = await topic()
    await fill(kafka, name, 5)
    const at = { topic: name, partition: 0 }
    const fetcher = kafka.fetcher({ reset: 'earliest' })
    fetcher.assign([{ ...at, offset: 0 }])
    await collect(fetcher, 5)
    await kafka.admin.deleteTopics([name])
    await kafka.admin.ensureTopics([{ topic: name, partitions: 1 }])
    await fill(kafka, name, 8)
    const error = await assertRefused(pollUntilRefused(fetcher.poll.bind(fetcher)), 'TOPIC_RECREATED')
    assert.equal(error.place?.['offset'], 5)
    fetcher.seek({ ...at, offset: 0 })
    assert.deepEqual(await collect(fetcher, 8), range(8).map(String))
    await fetcher.close()
  })

  test('a position of a topic that is no more is not taken for one of its successor', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 5)
    const [before] = await kafka.admin.topics.describe([name])
    await kafka.admin.deleteTopics([name])
    await kafka.admin.ensureTopics([{ topic: name, partitions: 1 }])
    await fill(kafka, name, 5)
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 2, topicId: before!.value!.topicId }])
    await assertRefused(pollUntilRefused(fetcher.poll.bind(fetcher)), 'TOPIC_RECREATED')
    await fetcher.close()
  })

  test('a partition that is added to a topic is read as soon as it is assigned', async ({ kafka, topic }) => {
    const name = await topic()
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    assert.deepEqual(await fetcher.poll(100), [])
    await kafka.admin.topics.createPartitions([{ topic: name, count: 2 }])
    fetcher.assign(range(2).map((partition) => ({ topic: name, partition, offset: 0 })))
    await fill(kafka, name, 4, 2)
    assert.deepEqual((await collect(fetcher, 4)).toSorted(), ['0', '1', '2', '3'])
    await fetcher.close()
  })

  test('timestamps of a topic that stamps records itself are its own, and say so', async ({ kafka, topic }) => {
    const name = await topic(1, { 'message.timestamp.type': 'LogAppendTime' })
    const before = Date.now()
    const producer = kafka.producer()
    await producer.produce([record(name, { value: 'v', timestamp: 1000 })])
    await producer.close()
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    const [first] = await fetcher.poll(5000)
    const [records] = first!.batches
    assert.equal(records!.timestampType, 'append')
    assert.ok(records!.timestamp(0) >= before - 1000)
    await fetcher.close()
  })
}

/** Polls until it is refused, for ten seconds: a change of the cluster takes a moment to be known. */
async function pollUntilRefused(poll: (timeoutMs: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    await poll(100)
    await pause(10)
  }
}
