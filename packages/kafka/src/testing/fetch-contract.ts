import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'
import { collect, countOf, fill, valuesOf } from './reading.ts'

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

  test('what was handed out of lent answers stays, also when they have been released and others have come', async ({
    kafka,
    topic,
  }) => {
    const name = await topic()
    const producer = kafka.producer({ batchBytesMax: 20_000 })
    const values = range(400).map((i) => `${i}:`.padEnd(2000, 'x'))
    await producer.produce(values.map((value) => record(name, { value })))
    await producer.close()
    const fetcher = kafka.fetcher({ isLent: true, bytesMax: 100_000 })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    const handedOut: Uint8Array[] = []
    while (handedOut.length < values.length) {
      for (const { batches } of await fetcher.poll(5000)) {
        for (const records of batches) {
          for (const i of range(records.count)) handedOut.push(records.value(i)!)
          records.release?.()
        }
      }
    }
    assert.deepEqual(
      handedOut.map((value) => Buffer.from(value).toString()),
      values,
    )
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

  test('a position at the end waits for what comes', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 5)
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 5 }])
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    await fill(kafka, name, 2)
    assert.deepEqual(await collect(fetcher, 2), ['0', '1'])
    await fetcher.close()
  })

  test('each answer begins where the one before ended', async ({ kafka, topic }) => {
    const name = await topic()
    for (let i = 0; i < 10; i++) await fill(kafka, name, 100)
    const fetcher = kafka.fetcher({ bytesMax: 3000, partitionBytesMax: 3000 })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    let next = 0
    while (next < 1000) {
      for (const { batches, nextOffset } of await fetcher.poll(5000)) {
        for (const records of batches) {
          for (let i = 0; i < records.count; i++) assert.equal(records.offset(i), next++)
        }
        assert.equal(nextOffset, next)
        assert.equal(fetcher.position({ topic: name, partition: 0 }), next)
      }
    }
    await fetcher.close()
  })

  test('partitions that are assigned later are read beside those that stay', async ({ kafka, topic }) => {
    const name = await topic(3)
    const fetcher = kafka.fetcher()
    const positions = range(3).map((partition) => ({ topic: name, partition, offset: 0 }))
    for (const count of [1, 2, 3]) {
      fetcher.assign(positions.slice(0, count).map((one) => ({ ...one, offset: fetcher.position(one) ?? 0 })))
      await fill(kafka, name, 3, 3)
      const found = await collect(fetcher, 2 * count - 1)
      assert.equal(found.length, 2 * count - 1)
      // What the newest partition had from earlier rounds comes with it.
      for (const one of positions.slice(0, count)) assert.ok(fetcher.position(one)! > 0)
      if (count === 2) await collect(fetcher, 0)
    }
    await fetcher.close()
  })

  test('what is no longer assigned does not come, also if it was on its way', async ({ kafka, topic }) => {
    const name = await topic(2)
    await fill(kafka, name, 20, 2)
    const fetcher = kafka.fetcher()
    fetcher.assign(range(2).map((partition) => ({ topic: name, partition, offset: 0 })))
    fetcher.assign([{ topic: name, partition: 1, offset: 0 }])
    const found = await collect(fetcher, 10)
    assert.ok(found.every((value) => Number(value) % 2 === 1))
    await fill(kafka, name, 4, 2)
    assert.deepEqual(await collect(fetcher, 2), ['1', '3'])
    await fetcher.close()
  })

  test('pausing and resuming over and over loses nothing and repeats nothing', async ({ kafka, topic }) => {
    const name = await topic(2)
    await fill(kafka, name, 600, 2)
    const fetcher = kafka.fetcher({ bytesMax: 2000, partitionBytesMax: 1000, bufferBytesMax: 4000 })
    const [a, b] = range(2).map((partition) => ({ topic: name, partition, offset: 0 }))
    fetcher.assign([a!, b!])
    const values: string[] = []
    for (let round = 0; values.length < 600; round++) {
      fetcher.pause([round % 2 === 0 ? a! : b!])
      fetcher.resume([round % 2 === 0 ? b! : a!])
      for (const one of await fetcher.poll(100)) values.push(...valuesOf(one))
    }
    assert.deepEqual(
      values.map(Number).toSorted((x, y) => x - y),
      range(600),
    )
    await fetcher.close()
  })

  test('a paused partition can be moved', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 10)
    const fetcher = kafka.fetcher()
    const at = { topic: name, partition: 0 }
    fetcher.assign([{ ...at, offset: 0 }])
    fetcher.pause([at])
    fetcher.seek({ ...at, offset: 8 })
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    fetcher.resume([at])
    assert.deepEqual(await collect(fetcher, 2), ['8', '9'])
    await fetcher.close()
  })

  test('two fetchers of one client know nothing of each other', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 100)
    const [a, b] = [kafka.fetcher(), kafka.fetcher()]
    a.assign([{ topic: name, partition: 0, offset: 0 }])
    b.assign([{ topic: name, partition: 0, offset: 90 }])
    assert.equal((await collect(a, 100))[0], '0')
    await a.close()
    assert.equal((await collect(b, 10))[0], '90')
    await b.close()
  })

  test('idle partitions do not delay a busy one', async ({ kafka, topic }) => {
    const [idle, busy] = [await topic(100), await topic()]
    const fetcher = kafka.fetcher({ maxWaitMs: 5000 })
    const positions = range(100).map((partition) => ({ topic: idle, partition, offset: 0 }))
    fetcher.assign([...positions, { topic: busy, partition: 0, offset: 0 }])
    assert.deepEqual(await fetcher.poll(QUIET_MS), [])
    const started = performance.now()
    for (let i = 0; i < 20; i++) {
      await fill(kafka, busy, 1)
      assert.deepEqual(await collect(fetcher, 1), ['0'])
    }
    assert.ok(performance.now() - started < 10_000)
    await fetcher.close()
  })

  test('a poll returns about as many decompressed bytes as it may, however well they were compressed', async ({
    kafka,
    topic,
  }) => {
    const name = await topic()
    const producer = kafka.producer({ compression: 'zstd' })
    const value = 'x'.repeat(10_000)
    for (let i = 0; i < 20; i++) await producer.produce(range(20).map(() => record(name, { value })))
    await producer.close()
    const fetcher = kafka.fetcher({ bytesMax: 300_000 })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    let count = 0
    while (count < 400) {
      for (const { batches } of await fetcher.poll(5000)) {
        const bytes = batches.reduce((sum, records) => sum + records.bytes, 0)
        assert.ok(bytes < 300_000 + 250_000, `${bytes} bytes came in one poll`)
        count += batches.reduce((sum, records) => sum + records.count, 0)
      }
    }
    assert.equal(count, 400)
    await fetcher.close()
  })

  test('what a partition holds is said with its records', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 7)
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 3 }])
    const [first] = await fetcher.poll(5000)
    assert.equal(first!.highWatermark, 7)
    assert.equal(first!.nextOffset, 7)
    assert.match(first!.topicId, /^[\w-]{22}$/)
    await fetcher.close()
  })

  test('a rack that no replica is in is read from the leader', async ({ kafka, topic }) => {
    const name = await topic()
    await fill(kafka, name, 3)
    const fetcher = kafka.fetcher({ rackId: 'nowhere' })
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    assert.deepEqual(await collect(fetcher, 3), ['0', '1', '2'])
    await fetcher.close()
  })

  test('a fetcher that is closed while it waits, or twice, ends', async ({ kafka, topic }) => {
    const name = await topic()
    const fetcher = kafka.fetcher()
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    const poll = assertRefused(fetcher.poll(20_000), 'INTERRUPTED')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await fetcher.close()
    await fetcher.close()
    await poll
  })

  test('settings that cannot be are refused', ({ kafka }) => {
    for (const options of [{ bytesMax: 0 }, { maxWaitMs: -1 }, { bufferBytesMax: 2 ** 40 }, { minBytes: 1.5 }]) {
      assert.throws(() => kafka.fetcher(options), { code: 'SETTINGS_INVALID' })
    }
    return Promise.resolve()
  })

  test('partitions that are not assigned cannot be moved, paused or resumed', ({ kafka }) => {
    const fetcher = kafka.fetcher()
    const at = { topic: 'none', partition: 0 }
    assert.throws(() => fetcher.seek({ ...at, offset: 0 }), { code: 'INTERNAL' })
    assert.throws(() => fetcher.pause([at]), { code: 'INTERNAL' })
    assert.throws(() => fetcher.resume([at]), { code: 'INTERNAL' })
    return fetcher.close()
  })
}
