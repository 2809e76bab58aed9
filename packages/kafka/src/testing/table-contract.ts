import assert from 'node:assert/strict'
import type { Kafka } from '../port.ts'
import { jsonCodec, textCodec } from '../table/table-port.ts'
import { TopicReader } from '../table/topic-reader.ts'
import { TopicTable } from '../topic-table.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused, record } from './port-fixture.ts'
import { range } from './produce-contract.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

/** What a topic read as a table promises on this broker. */
export function tableContract(test: WithKafka): void {
  test('a table holds the latest value of each key, and is found again', async ({ kafka, freshName }) => {
    const topic = freshName()
    const table = await TopicTable.open(kafka, { topic, partitions: 3 })
    assert.equal(table.size, 0)
    await table.set(range(100).map((i) => ({ key: bytes(`key-${i % 10}`), value: bytes(`${i}`) })))
    assert.equal(table.get('key-3')?.toString(), '93')
    await table.set([{ key: bytes('key-3'), value: null }])
    assert.equal(table.get('key-3'), undefined)
    assert.equal(table.size, 9)
    await table.close()
    const again = await TopicTable.open(kafka, { topic, partitions: 1 })
    const found = [...again.entries()].map(({ key, value }) => `${key.toString()}=${value.toString()}`)
    assert.deepEqual(
      found.toSorted(),
      range(10)
        .filter((i) => i !== 3)
        .map((i) => `key-${i}=9${i}`),
    )
    await again.close()
  })

  test('keys are bytes: those that are not text do not fall together', async ({ kafka, freshName }) => {
    const table = await TopicTable.open(kafka, { topic: freshName() })
    const keys = [Buffer.from([0xff]), Buffer.from([0xfe]), Buffer.from('ÿ'), Buffer.alloc(0)]
    await table.set(keys.map((key, i) => ({ key, value: bytes(`${i}`) })))
    assert.deepEqual(
      keys.map((key) => table.get(key)?.toString()),
      ['0', '1', '2', '3'],
    )
    assert.deepEqual(
      [...table.entries()].map(({ key }) => [...key]),
      keys.map((key) => [...key]),
    )
    await table.close()
  })

  test('two tables of one topic end up the same, whoever wrote', async ({ kafka, another, freshName }) => {
    const topic = freshName()
    const a = await TopicTable.open(kafka, { topic })
    const b = await TopicTable.open(await another(), { topic })
    await Promise.all(
      range(50).flatMap((i) => [
        a.set([{ key: bytes(`k${i % 7}`), value: bytes(`a${i}`) }]),
        b.set([{ key: bytes(`k${i % 7}`), value: i % 5 === 0 ? null : bytes(`b${i}`) }]),
      ]),
    )
    await Promise.all([a.caughtUp(), b.caughtUp()])
    const entriesOf = (table: TopicTable): string[] =>
      [...table.entries()].map(({ key, value }) => `${key.toString()}=${value.toString()}`).toSorted()
    assert.deepEqual(entriesOf(a), entriesOf(b))
    await Promise.all([a.close(), b.close()])
  })

  test('listeners hear every change once, in order', async ({ kafka, another, freshName }) => {
    const topic = freshName()
    const writer = await TopicTable.open(kafka, { topic })
    const reader = await TopicTable.open(await another(), { topic })
    const heard: [TopicTable, string[]][] = [writer, reader].map((table) => {
      const changes: string[] = []
      table.onChange(({ key, value }) => changes.push(`${key.toString()}=${value?.toString() ?? 'gone'}`))
      return [table, changes]
    })
    await writer.set([
      { key: bytes('x'), value: bytes('1') },
      { key: bytes('x'), value: bytes('2') },
    ])
    await writer.set([{ key: bytes('x'), value: null }])
    for (const [table, changes] of heard) {
      await table.caughtUp()
      assert.deepEqual(changes, ['x=1', 'x=2', 'x=gone'])
      await table.close()
    }
  })

  test('keys and values have the types of their codecs', async ({ kafka, freshName }) => {
    const options = { topic: freshName(), key: textCodec, value: jsonCodec<{ readonly n: number }>() }
    const table = await TopicTable.open(kafka, options)
    await table.set([
      { key: 'ü', value: { n: 1 } },
      { key: 'b', value: { n: 2 } },
    ])
    assert.deepEqual(table.get('ü'), { n: 1 })
    await table.close()
    const again = await TopicTable.open(kafka, options)
    assert.deepEqual(
      [...again.entries()],
      [
        { key: 'ü', value: { n: 1 } },
        { key: 'b', value: { n: 2 } },
      ],
    )
    await again.close()
  })

  test('opening says how much was read, and how long that took', async ({ kafka, freshName }) => {
    const topic = freshName()
    const table = await TopicTable.open(kafka, { topic, partitions: 2 })
    assert.deepEqual(table.startUp.records, 0)
    await table.set(range(50).map((i) => ({ key: bytes(`k${i % 5}`), value: bytes('x'.repeat(100)) })))
    await table.close()
    const { startUp } = await reopened(kafka, topic)
    assert.deepEqual([startUp.records, startUp.keys, startUp.garbage], [50, 5, 0])
    assert.ok(startUp.bytes > 5000 && startUp.ms > 0)
  })

  test('a value that cannot be decoded fails the table by its place', async ({ kafka, freshName }) => {
    const topic = freshName()
    await written(kafka, topic, [
      ['good', '{"n":1}'],
      ['bad', '{"n":'],
    ])
    const open = TopicTable.open(kafka, { topic, key: textCodec, value: jsonCodec<unknown>() })
    const error = await assertRefused(open, 'DATA_INVALID')
    assert.deepEqual(error.place, { topic, partition: 0, offset: 1 })
  })

  test('garbage that is skipped is counted, and leaves its key without a value', async ({ kafka, freshName }) => {
    const topic = freshName()
    await written(kafka, topic, [
      ['a', '1'],
      ['b', '2'],
      ['a', 'garbage'],
    ])
    const options = { topic, key: textCodec, value: jsonCodec<number>(), garbage: 'skip' } as const
    const table = await TopicTable.open(kafka, options)
    assert.deepEqual([...table.entries()], [{ key: 'b', value: 2 }])
    assert.equal(table.startUp.garbage, 1)
    await table.set([{ key: 'a', value: 3 }])
    assert.equal(table.get('a'), 3)
    await table.close()
  })

  test('garbage that comes later ends the table: nobody works on with a hole in it', async ({ kafka, freshName }) => {
    const topic = freshName()
    const table = await TopicTable.open(kafka, { topic, key: textCodec, value: jsonCodec<number>() })
    await table.set([{ key: 'a', value: 1 }])
    await written(kafka, topic, [['b', 'garbage']])
    await assertRefused(table.caughtUp(), 'DATA_INVALID')
    assert.throws(() => table.get('a'), { code: 'DATA_INVALID' })
    await assertRefused(table.set([{ key: 'a', value: 2 }]), 'DATA_INVALID')
    await table.close()
  })

  test('a record without a key is garbage', async ({ kafka, freshName }) => {
    const topic = freshName()
    await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
    await written(kafka, topic, [[null, 'v']])
    await assertRefused(TopicTable.open(kafka, { topic }), 'DATA_INVALID')
    const table = await TopicTable.open(kafka, { topic, garbage: 'skip' })
    assert.equal(table.startUp.garbage, 1)
    await table.close()
  })

  test('a key that two partitions have is garbage; the later record is its value', async ({ kafka, freshName }) => {
    const topic = freshName()
    await kafka.admin.ensureTopics([{ topic, partitions: 2 }])
    const producer = kafka.producer()
    for (const [partition, timestamp] of [
      [1, 2000],
      [0, 1000],
    ] as const) {
      await producer.produce([record(topic, { partition, key: 'k', value: `${timestamp}`, timestamp })])
    }
    await producer.close()
    await assertRefused(TopicTable.open(kafka, { topic }), 'DATA_INVALID')
    const table = await TopicTable.open(kafka, { topic, garbage: 'skip' })
    assert.equal(table.get('k')?.toString(), '2000')
    assert.equal(table.startUp.garbage, 1)
    await table.close()
  })

  test('a key stays in the partition that another client has put it in', async ({ kafka, freshName }) => {
    const topic = freshName()
    await kafka.admin.ensureTopics([{ topic, partitions: 8 }])
    const producer = kafka.producer()
    const keys = range(8).map((i) => `key-${i}`)
    await producer.produce(keys.map((key) => record(topic, { partition: 5, key, value: 'theirs' })))
    await producer.close()
    const table = await TopicTable.open(kafka, { topic })
    await table.set(keys.map((key) => ({ key: bytes(key), value: bytes('ours') })))
    await table.caughtUp()
    assert.ok(keys.every((key) => table.get(key)?.toString() === 'ours'))
    assert.equal(table.figures.garbage, 0)
    await table.close()
  })

  test('a tombstone read after its key was written again deletes nothing', async ({ kafka, freshName }) => {
    const table = await TopicTable.open(kafka, { topic: freshName() })
    for (let i = 0; i < 20; i++) {
      await Promise.all([
        table.set([{ key: bytes('k'), value: null }]),
        table.set([{ key: bytes('k'), value: bytes(`${i}`) }]),
      ])
      assert.equal(table.get('k')?.toString(), `${i}`)
    }
    await table.caughtUp()
    assert.equal(table.get('k')?.toString(), '19')
    await table.close()
  })

  test('a listener that fails does not keep the others from hearing, nor the table from reading', async ({
    kafka,
    freshName,
  }) => {
    const table = await TopicTable.open(kafka, { topic: freshName() })
    const heard: string[] = []
    table.onChange(() => {
      throw new Error('not my day')
    })
    table.onChange(({ key }) => heard.push(key.toString()))
    await table.set([{ key: bytes('a'), value: bytes('1') }])
    await table.caughtUp()
    assert.deepEqual(heard, ['a'])
    await table.close()
  })

  test('a table whose topic is deleted and created again ends', async ({ kafka, another, freshName }) => {
    const topic = freshName()
    const table = await TopicTable.open(kafka, { topic })
    await table.set([{ key: bytes('a'), value: bytes('1') }])
    await table.caughtUp()
    const other = await another()
    await other.admin.deleteTopics([topic])
    const second = await TopicTable.open(other, { topic })
    await second.set(range(5).map((i) => ({ key: bytes(`${i}`), value: bytes('2') })))
    await assertRefused(
      untilRefused(() => table.caughtUp()),
      'TOPIC_RECREATED',
    )
    assert.throws(() => table.get('a'), { code: 'TOPIC_RECREATED' })
    await Promise.all([table.close(), second.close()])
  })

  test('a reader takes every record of a topic, in the order of its partition, and goes on', async ({
    kafka,
    freshName,
  }) => {
    const topic = freshName()
    await kafka.admin.ensureTopics([{ topic, partitions: 3 }])
    const producer = kafka.producer()
    const send = (from: number): Promise<unknown> =>
      producer.produce(range(30).map((i) => record(topic, { value: `${from + i}`, partition: i % 3 })))
    await send(0)
    const taken = range(3).map((): number[] => [])
    const reader = await TopicReader.open(kafka, {
      topic,
      take: (partition, records) => {
        for (let i = 0; i < records.count; i++)
          taken[partition]!.push(Number(Buffer.from(records.value(i)!).toString()))
      },
    })
    const expected = (partition: number, count: number): number[] => range(count).map((i) => partition + 3 * i)
    assert.equal(reader.partitions, 3)
    assert.deepEqual(
      taken,
      range(3).map((partition) => expected(partition, 10)),
    )
    await send(30)
    await reader.reached(new Map([[1, 20]]))
    assert.equal(reader.position(1), 20)
    await reader.caughtUp()
    assert.deepEqual(
      taken,
      range(3).map((partition) => expected(partition, 20)),
    )
    const waiting = reader.reached(new Map([[0, 21]])).catch((error: unknown) => error)
    await reader.close()
    assert.equal(((await waiting) as { code?: string }).code, 'INTERRUPTED')
    await producer.close()
  })

  test('a reader waits for no longer than it was told', async ({ kafka, freshName }) => {
    const topic = freshName()
    await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
    const reader = await TopicReader.open(kafka, { topic, take: () => undefined })
    await assert.rejects(reader.reached(new Map([[0, 1]]), 20), { code: 'KAFKA_TIMEOUT' })
    await reader.close()
  })
}

async function reopened(kafka: Kafka, topic: string): Promise<TopicTable> {
  const table = await TopicTable.open(kafka, { topic })
  await table.close()
  return table
}

/** Writes past the table. */
async function written(
  kafka: Kafka,
  topic: string,
  rows: readonly (readonly [string | null, string])[],
): Promise<void> {
  await kafka.admin.ensureTopics([{ topic, partitions: 1, configs: { 'cleanup.policy': 'compact' } }])
  const producer = kafka.producer()
  await producer.produce(rows.map(([key, value]) => record(topic, { partition: 0, key, value })))
  await producer.close()
}

/** Repeats until it is refused, for some seconds: a change of the cluster takes a moment to be known. */
async function untilRefused(attempt: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    await attempt()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
