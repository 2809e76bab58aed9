/** Sinks in a standalone worker on a real Kafka. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import kafkajs from 'kafkajs'
import { decodeTally } from '@sluice/kafka'
import { readQuarantineHeaders } from '@sluice/quality'
import {
  DataError,
  RetriableError,
  systemClock,
  type RawSettings,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
} from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import type { SinkPartitionProgress, StandaloneWorker } from '../src/index.ts'
import { eventually } from './support/eventually.ts'
import { headersOf, text } from './support/fake-kafka.ts'
import { address, onBroker, startWorker, TestCluster, traceOf, type WorkerOptions } from './support/test-cluster.ts'
import { countingSource, sinkOf } from './support/test-connectors.ts'

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))

onBroker('a sink on a broker', () => {
  let cluster: TestCluster
  let dir: string
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())
  beforeEach(async () => {
    dir = await fs.mkdtemp(path.join(os.tmpdir(), 'sink-'))
  })
  afterEach(() => fs.rm(dir, { recursive: true }))

  /** A topic with these records, and a sink of its own that reads it. */
  async function reading(
    records: Parameters<TestCluster['put']>[1],
    make: (context: SinkTaskContext) => Partial<SinkTask>,
    partitions = 1,
  ) {
    const name = cluster.name('sink')
    const topic = await cluster.topic('in', partitions)
    await cluster.put(topic, records)
    return {
      name,
      topic,
      dead: `${name}.dead`,
      committed: () => cluster.committed(name, topic),
      offset: async () => (await cluster.committed(name, topic))[0]?.offset,
      start: (
        more: RawSettings = {},
        options: Partial<WorkerOptions> & { tasks?: number } = {},
      ): Promise<StandaloneWorker> =>
        startWorker({
          plugins: [sinkOf(make, options.tasks)],
          connectors: [{ name, 'connector.class': 'parts', topics: topic, ...more }],
          ...options,
          worker: { 'offset.storage.file.filename': path.join(dir, 'positions.json'), ...options.worker },
        }),
    }
  }

  /** A sink that remembers every record, and how many each put brought. */
  function remembering(): {
    readonly records: SinkRecord[]
    readonly puts: number[]
    readonly make: () => Partial<SinkTask>
  } {
    const [records, puts]: [SinkRecord[], number[]] = [[], []]
    return {
      records,
      puts,
      make: () => ({
        put: async (given) => {
          puts.push(given.length)
          records.push(...given)
        },
      }),
    }
  }

  test('records are put in order with all that they have; put is called also with nothing', async () => {
    const seen = remembering()
    const sink = await reading(
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

  test('a record that cannot be decoded is a dead letter with its ORIGINAL bytes, key and headers', async () => {
    const seen = remembering()
    const bad = {
      key: new Uint8Array([0, 0xff]),
      value: new Uint8Array([0x7b, 0xff, 0x00]),
      headers: [
        { key: 'h', value: new Uint8Array([0xfe]) },
        { key: 'h', value: null },
      ],
      timestamp: 1_700_000_000_001,
    }
    const sink = await reading(['{"n":0}', bad, '{"n":2}'], seen.make)
    const worker = await sink.start({
      'key.converter': 'ByteArrayConverter',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'false',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': sink.dead,
    })
    await eventually('all is committed', async () => (await sink.offset()) === 3)
    await worker.stop()
    expect(seen.records.map(({ value }) => value)).toEqual([{ n: 0 }, { n: 2 }])
    const [letter, ...more] = await cluster.read(sink.dead)
    expect(more).toEqual([])
    expect([[...letter!.key!], [...letter!.value!], letter!.timestamp]).toEqual([
      [0, 0xff],
      [0x7b, 0xff, 0x00],
      1_700_000_000_001,
    ])
    expect(letter!.headers!.slice(0, 2)).toEqual([
      { key: 'h', value: Buffer.from([0xfe]) },
      { key: 'h', value: null },
    ])
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
      stage: 'decode',
      flow: sink.name,
      origin: { topic: sink.topic, partition: 0, offset: 1, timestamp: 1_700_000_000_001, timestampType: 'create' },
    })
    expect(headersOf(letter!)).toMatchObject({
      '__connect.errors.topic': sink.topic,
      '__connect.errors.partition': '0',
      '__connect.errors.offset': '1',
      '__connect.errors.stage': 'VALUE_CONVERTER',
    })
    expect(await sink.committed()).toEqual([
      { partition: 0, offset: 3, tally: { in: 3, passed: 2, marked: 0, quarantined: { decode: 1 }, dropped: {} } },
    ])
  })

  test('a record as large as a topic takes by default fits into the dead letter topic, reasons and all', async () => {
    const large = { value: Buffer.alloc(1_048_576 - 200, 0xff) }
    const sink = await reading([large], remembering().make)
    const worker = await sink.start({
      'value.converter': 'JsonConverter',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': sink.dead,
    })
    await eventually('committed', async () => (await sink.offset()) === 1)
    await worker.stop()
    const [letter] = await cluster.read(sink.dead)
    expect(Buffer.compare(letter!.value!, large.value)).toBe(0)
  })

  test('a RetriableError from put: the same records again, and nothing is committed meanwhile', async () => {
    const puts: string[][] = []
    let failures = 3
    const sink = await reading(numbers(0, 10), () => ({
      put: async (records) => {
        if (records.length === 0) return
        puts.push(records.map(({ value }) => value as string))
        if (failures-- > 0) throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
      },
    }))
    const worker = await sink.start()
    await eventually('put twice', () => puts.length >= 2)
    expect(await sink.offset()).toBeUndefined()
    await eventually('committed', async () => (await sink.offset()) === 10)
    await worker.stop()
    expect(puts).toHaveLength(4)
    for (const put of puts) expect(put).toEqual(puts[0])
  })

  test('any other error fails the task in Kafka Connect’s words; its records are not committed and are put again after a restart', async () => {
    let failing = true
    const seen: string[] = []
    const sink = await reading(numbers(0, 10), () => ({
      put: async (records) => {
        if (records.length > 0 && failing) throw new Error('the disk is gone')
        seen.push(...records.map(({ value }) => value as string))
      },
    }))
    const worker = await sink.start()
    await expect(worker.ended()).rejects.toMatchObject({
      message: 'Exiting WorkerSinkTask due to unrecoverable exception.',
      cause: { message: 'the disk is gone' },
    })
    expect(worker.status()).toMatchObject([{ name: sink.name, type: 'sink', tasks: [{ task: 0, state: 'FAILED' }] }])
    expect(traceOf(worker)).toMatch(
      /^Exiting WorkerSinkTask due to unrecoverable exception\.; because: the disk is gone\n.*What to do:/s,
    )
    await worker.stop()
    expect(await sink.committed()).toEqual([])
    failing = false
    const again = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 10)
    await again.stop()
    expect(seen).toEqual(numbers(0, 10))
  })

  test('report during put: a dead letter with the original bytes, counted only when that put succeeds', async () => {
    let failures = 2
    const sink = await reading(numbers(0, 20), (context) => ({
      put: async (records) => {
        for (const record of records)
          if ((record.value as string).endsWith('3')) context.report(record, new DataError('three is odd'))
        if (records.length > 0 && failures-- > 0) throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
      },
    }))
    const worker = await sink.start({ 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': sink.dead })
    await eventually('committed', async () => (await sink.offset()) === 20)
    await worker.stop()
    const letters = await cluster.read(sink.dead)
    expect(letters.map(({ value }) => text(value))).toEqual(['3', '13'])
    expect(readQuarantineHeaders(letters[1]!.headers)).toMatchObject({
      stage: 'put',
      origin: { topic: sink.topic, offset: 13 },
      reasons: [{ code: 'DATA_INVALID', message: 'three is odd' }],
    })
    expect((await sink.committed())[0]!.tally).toEqual({
      in: 20,
      passed: 18,
      marked: 0,
      quarantined: { put: 2 },
      dropped: {},
    })
  })

  test('a flush that names fewer offsets: the checkpoint before is committed, with the counts up to there', async () => {
    const safe = { offset: 0 }
    const sink = await reading(
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
    await cluster.put(sink.topic, numbers(30, 40))
    await eventually('all is put', () => progress()?.position === 40)
    expect(await sink.committed()).toEqual([])
    safe.offset = 33
    await eventually('committed', async () => (await sink.offset()) !== undefined)
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
    const sink = await reading(numbers(0, 30), (context) => ({
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
    await cluster.put(sink.topic, numbers(30, 35))
    await eventually('committed', async () => (await sink.offset()) === 35)
    await second.stop()
    expect(seen.records.map(({ offset }) => offset)).toEqual(Array.from({ length: 15 }, (_, i) => 20 + i))
    expect((await sink.committed())[0]!.tally).toMatchObject({ in: 35, passed: 35 })
  })

  test('a graceful stop flushes what is put with closing=true, commits it, then closes', async () => {
    const calls: string[] = []
    const sink = await reading(numbers(0, 10), () => ({
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
    const sink = await reading(numbers(0, 10), remembering().make)
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
    const sink = await reading(
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
    const other = await cluster.topic('other', 2)
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
    expect(byTask.size).toBe(6)
    expect((await sink.committed()).map(({ tally }) => tally.in)).toEqual([20, 20, 20])
  })

  test('more tasks than tasks.max allows are refused', async () => {
    const sink = await reading([], () => ({}))
    await expect(sink.start({ 'tasks.max': '2' }, { tasks: 3 })).rejects.toThrow(/made 3 tasks, but tasks\.max is 2/)
  })

  test.each([
    ['earliest', ['0', '1', '2', '3']],
    ['latest', ['2', '3']],
  ])('without a committed offset it begins at the %s', async (reset, expected) => {
    const seen = remembering()
    const sink = await reading(['0', '1'], seen.make)
    const worker = await sink.start({ 'consumer.override.auto.offset.reset': reset })
    await eventually('it reads', () => seen.puts.length > 0)
    await cluster.put(sink.topic, ['2', '3'])
    await eventually('committed', async () => (await sink.offset()) === 4)
    await worker.stop()
    expect(seen.records.map(({ value }) => value)).toEqual(expected)
  })

  test('without a committed offset and without a place to begin it fails, and says what to do', async () => {
    const sink = await reading(['0'], remembering().make)
    const worker = await sink.start({ 'consumer.override.auto.offset.reset': 'none' })
    await expect(worker.ended()).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      remedy: expect.stringContaining('earliest') as unknown,
    })
    await worker.stop()
  })

  test('a sink beside the source that makes its topic waits for it, whichever comes first', async () => {
    const seen = remembering()
    const name = cluster.name('pair')
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
      worker: { 'offset.storage.file.filename': path.join(dir, 'positions.json') },
      logger,
    })
    await eventually('all has come', () => seen.records.length === 20)
    await worker.stop()
    expect(seen.records.map(({ value }) => value)).toEqual(numbers(0, 20))
    const waits = logger.lines.filter(({ message }) => message.startsWith('Waiting for topics'))
    expect(waits).toMatchObject([{ level: 'warn', fields: { topics: `${name}.raw` } }])
  })

  test('a sink that waits for its topic can be stopped', async () => {
    const sink = await reading([], remembering().make)
    const worker = await sink.start({ topics: cluster.name('nowhere') })
    await systemClock.sleep(50)
    await worker.stop()
    expect(worker.status()).toMatchObject([{ tasks: [{ state: 'STOPPED' }] }])
  })
})
