/** Sinks on a real Kafka. */
import { expect, test } from '@jest/globals'
import path from 'node:path'
import kafkajs from 'kafkajs'
import { decodeTally } from '@sluice/kafka'
import { systemClock } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import type { SinkPartitionProgress } from '../src/index.ts'
import { BrokerRuns, numbers, remembering } from './support/broker-runs.ts'
import { eventually } from './support/eventually.ts'
import { address, onBroker, startWorker } from './support/test-cluster.ts'
import { countingSource, sinkOf } from './support/test-connectors.ts'

onBroker('a sink on a broker', () => {
  const runs = new BrokerRuns()

  test('records are put in order with all that they have; put is called also with nothing', async () => {
    const seen = remembering()
    const sink = await runs.sink(
      numbers(0, 50).map((n) => ({
        key: Buffer.from(`k${n}`),
        value: Buffer.from(n),
        timestamp: 1_700_000_000_000 + Number(n),
        headers: [{ key: 'h', value: Buffer.from(n) }],
      })),
      seen.make,
    )
    const worker = await sink.start()
    await eventually('all is committed', async () => (await sink.offset()) === 50)
    await eventually('empty puts', () => seen.puts.filter((count) => count === 0).length > 1)
    await worker.stop()
    expect(seen.records.map(({ value }) => value)).toEqual(numbers(0, 50))
    expect(seen.records[7]).toMatchObject({
      topic: sink.topic,
      partition: 0,
      offset: 7,
      key: 'k7',
      timestamp: 1_700_000_000_007,
      timestampType: 'create',
      headers: [{ key: 'h', value: '7' }],
      originalTopic: sink.topic,
      originalPartition: 0,
      originalOffset: 7,
    })
  })

  test('a flush that names fewer offsets: the checkpoint before is committed, with the counts up to there', async () => {
    const safe = { offset: 0 }
    const sink = await runs.sink(
      numbers(0, 30).map((n) => ({ value: Buffer.from(n), partition: 0 })),
      (context) => ({
        put: async (records) => {
          for (const record of records)
            if (record.value === '2' || record.value === '25') context.drop(record, 'unwanted')
        },
        flush: async (positions) =>
          positions.map((position) => ({ ...position, offset: Math.min(position.offset, safe.offset) })),
      }),
    )
    const worker = await sink.start()
    const progress = (): SinkPartitionProgress | undefined =>
      (worker.progress(sink.name)[0] as readonly SinkPartitionProgress[])[0]
    await eventually('all is put', () => progress()?.position === 30)
    await runs.cluster.put(sink.topic, numbers(30, 40))
    await eventually('all is put', () => progress()?.position === 40)
    // What is counted may be there already, beside the offset that it began with.
    expect((await sink.offset()) ?? 0).toBe(0)
    safe.offset = 33
    await eventually('committed', async () => ((await sink.offset()) ?? 0) > 0)
    const [committed] = await sink.committed()
    expect(committed!.offset).toBeGreaterThanOrEqual(30)
    expect(committed!.offset).toBeLessThanOrEqual(33)
    expect(committed!.tally).toMatchObject({
      in: committed!.offset,
      passed: committed!.offset - 2,
      dropped: { unwanted: 2 },
    })
    await worker.stop()
  })

  test('a rewind in open, forward and backward: read from there, each record counted once', async () => {
    const seen = remembering()
    let wanted = 10
    const sink = await runs.sink(numbers(0, 30), (context) => ({
      ...seen.make(),
      open: async (partitions) => context.rewind(partitions.map((partition) => ({ ...partition, offset: wanted }))),
    }))
    const first = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 30)
    await first.stop()
    expect(seen.records.map(({ offset }) => offset)[0]).toBe(10)
    expect((await sink.committed())[0]!.tally).toMatchObject({ in: 30, passed: 30 })
    seen.records.length = 0
    wanted = 20
    const second = await sink.start()
    await eventually('put again', () => seen.records.length === 10)
    await runs.cluster.put(sink.topic, numbers(30, 35))
    await eventually('committed', async () => (await sink.offset()) === 35)
    await second.stop()
    expect(seen.records.map(({ offset }) => offset)).toEqual(Array.from({ length: 15 }, (_, i) => 20 + i))
    expect((await sink.committed())[0]!.tally).toMatchObject({ in: 35, passed: 35 })
  })

  test('a graceful stop flushes what is put with closing=true, commits it, then closes', async () => {
    const calls: string[] = []
    const sink = await runs.sink(numbers(0, 10), () => ({
      put: async (records) => void (records.length > 0 && calls.push('put')),
      flush: async (positions, closing) => {
        calls.push(`flush closing=${closing}`)
        return positions
      },
      close: async () => void calls.push('close'),
      stop: async () => void calls.push('stop'),
    }))
    const worker = await sink.start({}, { worker: { 'offset.flush.interval.ms': '60000' } })
    await eventually('put', () => calls.includes('put'))
    await worker.stop()
    expect(calls).toEqual(['put', 'flush closing=true', 'close', 'stop'])
    expect(await sink.offset()).toBe(10)
  })

  test('offsets are those of the group connect-<name>, for any client to read', async () => {
    const sink = await runs.sink(numbers(0, 10), remembering().make)
    const worker = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 10)
    await worker.stop()
    const admin = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    const [offsets] = await admin.fetchOffsets({ groupId: `connect-${sink.name}`, topics: [sink.topic] })
    await admin.disconnect()
    expect(offsets).toMatchObject({ topic: sink.topic, partitions: [{ partition: 0, offset: '10' }] })
    expect(decodeTally(offsets!.partitions[0]!.metadata!)).toMatchObject({ in: 10, passed: 10 })
  })

  test('two tasks share the partitions of all topics: each is read by one, and one without any waits quietly', async () => {
    const byTask = new Map<number, Set<string>>()
    const sink = await runs.sink(
      numbers(0, 60).map((n) => ({ value: Buffer.from(n), partition: Number(n) % 3 })),
      (context) => ({
        open: async (partitions) =>
          void byTask.set(context.task, new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`))),
        put: async (records) => {
          for (const { topic, partition } of records)
            expect(byTask.get(context.task)).toContain(`${topic}-${partition}`)
        },
      }),
      3,
    )
    const other = await runs.cluster.topic('other', 2)
    const worker = await sink.start({ topics: `${sink.topic},${other}`, 'tasks.max': '6' }, { tasks: 6 })
    await eventually(
      'all is committed',
      async () => (await sink.committed()).reduce((sum, { offset }) => sum + offset, 0) === 60,
    )
    expect(worker.status()[0]!.tasks.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'RUNNING'))
    await worker.stop()
    const all = [...byTask.values()].flatMap((partitions) => [...partitions])
    expect(all.toSorted()).toEqual(
      [0, 1, 2]
        .map((n) => `${sink.topic}-${n}`)
        .concat([0, 1].map((n) => `${other}-${n}`))
        .toSorted(),
    )
    // Of the default assignors the first deals the partitions of each topic among the first tasks.
    expect(byTask.size).toBe(3)
    expect((await sink.committed()).map(({ tally }) => tally.in)).toEqual([20, 20, 20])
  })

  test('more tasks than tasks.max allows are refused', async () => {
    const sink = await runs.sink([], () => ({}))
    await expect(sink.start({ 'tasks.max': '2' }, { tasks: 3 })).rejects.toThrow(
      /has generated 3 tasks, which is greater than 2/,
    )
  })

  test.each([
    ['earliest', ['0', '1', '2', '3']],
    ['latest', ['2', '3']],
  ])('without a committed offset it begins at the %s', async (reset, expected) => {
    const seen = remembering()
    const sink = await runs.sink(['0', '1'], seen.make)
    const worker = await sink.start({ 'consumer.override.auto.offset.reset': reset })
    const progress = (): SinkPartitionProgress | undefined =>
      (worker.progress(sink.name)[0] as readonly SinkPartitionProgress[] | undefined)?.[0]
    await eventually('it knows where it is', () => progress()?.position === 2)
    await runs.cluster.put(sink.topic, ['2', '3'])
    await eventually('committed', async () => (await sink.offset()) === 4)
    await worker.stop()
    expect(seen.records.map(({ value }) => value)).toEqual(expected)
  })

  test('without a committed offset and without a place to begin it fails, and says what to do', async () => {
    const sink = await runs.sink(['0'], remembering().make)
    const worker = await sink.start({ 'consumer.override.auto.offset.reset': 'none' })
    await expect(worker.ended()).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      remedy: expect.stringContaining('earliest') as unknown,
    })
    await worker.stop()
  })

  test('a sink beside the source that makes its topic waits for it, whichever comes first', async () => {
    const seen = remembering()
    const name = runs.cluster.name('pair')
    const logger = new MemoryLogger()
    const worker = await startWorker({
      plugins: [sinkOf(seen.make), countingSource()],
      connectors: [
        { name: `${name}-sink`, 'connector.class': 'parts', topics: `${name}.raw` },
        {
          name: `${name}-source`,
          'connector.class': 'counting',
          topic: `${name}.raw`,
          count: '20',
          'topic.creation.default.partitions': '1',
        },
      ],
      worker: { 'offset.storage.file.filename': path.join(runs.dir, 'positions.json') },
      logger,
    })
    await eventually('all has come', () => seen.records.length === 20)
    await worker.stop()
    expect(seen.records.map(({ value }) => value)).toEqual(numbers(0, 20))
    const waits = logger.lines.filter(({ message }) => message.startsWith('Waiting for topics'))
    expect(waits).toMatchObject([{ level: 'warn', fields: { topics: `${name}.raw` } }])
  })

  test('a sink that waits for its topic can be stopped', async () => {
    const sink = await runs.sink([], remembering().make)
    const worker = await sink.start({ topics: runs.cluster.name('nowhere') })
    await systemClock.sleep(50)
    await worker.stop()
    expect(worker.status()).toMatchObject([{ tasks: [{ state: 'UNASSIGNED' }] }])
  })
})
