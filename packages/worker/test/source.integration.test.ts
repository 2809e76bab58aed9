/** Sources in a standalone worker on a real Kafka. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { TopicTable } from '@sluice/kafka'
import { readQuarantineHeaders } from '@sluice/quality'
import { MemoryMetrics, RetriableError, systemClock, type RawSettings, type TransformPlugin } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import type { SourceProgress, StandaloneWorker } from '../src/index.ts'
import { eventually } from './support/eventually.ts'
import { headersOf, text } from './support/fake-kafka.ts'
import { onBroker, startWorker, TestCluster, traceOf, type WorkerOptions } from './support/test-cluster.ts'
import { behind, countingSource, numbered, type CountingHooks } from './support/test-connectors.ts'

const range = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i))

onBroker('a source on a broker', () => {
  let cluster: TestCluster
  let dir: string
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())
  beforeEach(async () => {
    dir = await fs.mkdtemp(path.join(os.tmpdir(), 'source-'))
  })
  afterEach(() => fs.rm(dir, { recursive: true }))

  /** A counting source of its own: topics, positions, and what to ask of them. */
  function counting(settings: RawSettings = {}, hooks: CountingHooks = {}, inTopic = false) {
    const name = cluster.name('source')
    const topic = `${name}.raw`
    const dead = `${name}.dead`
    const file = path.join(dir, `${name}.json`)
    return {
      name,
      topic,
      dead,
      async stored(): Promise<number | undefined> {
        if (inTopic) return storedInTopic(name)
        const text = await fs.readFile(file, 'utf8').catch(() => '{}')
        const positions = Object.values(JSON.parse(text) as Record<string, { n: number }>)
        return positions[0]?.n
      },
      start: (more: Partial<WorkerOptions> & { settings?: RawSettings } = {}): Promise<StandaloneWorker> =>
        startWorker({
          plugins: [countingSource(hooks)],
          connectors: [{ name, 'connector.class': 'counting', topic, ...settings, ...more.settings }],
          ...more,
          worker: inTopic
            ? { 'offset.storage.topic': `${name}.positions`, 'offset.storage.partitions': '3' }
            : { 'offset.storage.file.filename': file, ...more.worker },
        }),
    }
  }

  /** Key and value have the form of Kafka Connect's own offset topic. */
  async function storedInTopic(name: string): Promise<number | undefined> {
    const table = await TopicTable.open(cluster.kafka, { topic: `${name}.positions` })
    const value = table.get(JSON.stringify([name, { numbers: 'all' }]))
    await table.close()
    return value === undefined ? undefined : (JSON.parse(text(value)) as { n: number }).n
  }

  const progress = (worker: StandaloneWorker, name: string): SourceProgress =>
    worker.progress(name)[0] as SourceProgress

  test('records arrive in order, with key, value, headers, time and partition', async () => {
    const source = counting(
      { count: '100', 'topic.creation.default.partitions': '3' },
      {
        record: (n) => ({
          key: `k${n}`,
          headers: [
            { key: 'n', schema: null, value: n },
            { key: 'none', schema: null, value: null },
          ],
          timestamp: 1_700_000_000_000 + n,
          partition: n % 3,
        }),
      },
    )
    const worker = await source.start()
    await eventually('all are stored', async () => (await source.stored()) === 100)
    await worker.stop()
    const records = await cluster.read(source.topic)
    expect(records).toHaveLength(100)
    for (const partition of [0, 1, 2]) {
      const own = records.filter((record) => record.partition === partition)
      expect(own.map(({ value }) => text(value))).toEqual(range(0, 100).filter((n) => Number(n) % 3 === partition))
    }
    for (const { key, value, headers, timestamp } of records) {
      const n = Number(text(value))
      expect([text(key), timestamp]).toEqual([`k${n}`, 1_700_000_000_000 + n])
      expect(headers).toEqual([
        { key: 'n', value: Buffer.from(String(n)) },
        { key: 'none', value: null },
      ])
    }
  })

  test('a topic that is not there is made as the settings say; one that is there is left alone', async () => {
    const source = counting({ count: '10', 'topic.creation.default.partitions': '5' })
    const there = await cluster.topic('there', 2)
    const first = await source.start()
    await eventually('all are stored', async () => (await source.stored()) === 10)
    await first.stop()
    expect(await cluster.ends(source.topic)).toHaveLength(5)
    const other = counting({ count: '10', 'topic.creation.default.partitions': '5', topic: there })
    const second = await other.start()
    await eventually('all are stored', async () => (await other.stored()) === 10)
    await second.stop()
    expect(await cluster.ends(there)).toHaveLength(2)
  })

  test.each(['a file', 'a topic'])(
    'stopped at random moments and started again, nothing is missing and nothing is twice; positions in %s',
    async (place) => {
      const total = 3000
      const settings = {
        count: String(total),
        'per.poll': '50',
        'pause.ms': '2',
        'topic.creation.default.partitions': '1',
      }
      const source = counting(settings, {}, place === 'a topic')
      for (let round = 0; round < 6; round++) {
        const worker = await source.start()
        await systemClock.sleep(Math.random() * 60)
        await worker.stop()
      }
      const last = await source.start()
      await eventually('all is stored', () =>
        [...progress(last, source.name).stored.values()].some((position) => position['n'] === total),
      )
      await last.stop()
      expect(await cluster.values(source.topic)).toEqual(range(0, total))
      expect(await source.stored()).toBe(total)
    },
  )

  test('settled is called with positions that are stored already', async () => {
    const settled: [number, number | undefined][] = []
    const looks: Promise<unknown>[] = []
    const source = counting(
      { count: '500', 'per.poll': '10', 'pause.ms': '1' },
      { settled: (n) => looks.push(source.stored().then((stored) => settled.push([n, stored]))) },
    )
    const worker = await source.start()
    await eventually('all is settled', () => settled.at(-1)?.[0] === 500)
    await worker.stop()
    await Promise.all(looks)
    expect(settled.length).toBeGreaterThan(1)
    for (const [n, stored] of settled) expect(stored).toBeGreaterThanOrEqual(n)
  })

  test('a RetriableError from poll is nothing yet; an idle source is not asked all the time', async () => {
    let polls = 0
    const source = counting(
      { count: '0' },
      {
        poll: async () => {
          polls += 1
          if (polls % 2 === 0) throw new RetriableError('SOURCE_UNAVAILABLE', 'the host sleeps')
          return undefined
        },
      },
    )
    const cpu = process.cpuUsage()
    const worker = await source.start()
    await systemClock.sleep(1500)
    const { user, system } = process.cpuUsage(cpu)
    expect(worker.status()).toMatchObject([{ type: 'source', tasks: [{ state: 'RUNNING' }] }])
    await worker.stop()
    expect(polls).toBeGreaterThan(5)
    expect(polls).toBeLessThan(25)
    expect((user + system) / 1000).toBeLessThan(750)
  })

  const failing: TransformPlugin = {
    name: 'failing',
    aliases: [],
    create: (settings) => (record) => {
      if (record.value === settings['on']) throw new TypeError(`no room for ${settings['on']}`)
      return record
    },
  }

  describe.each<[string, RawSettings, CountingHooks, string]>([
    ['a transform', { transforms: 'f', 'transforms.f.type': 'failing', 'transforms.f.on': '37' }, {}, 'TRANSFORMATION'],
    [
      'a converter',
      { 'value.converter': 'JsonConverter', 'value.converter.schemas.enable': 'false' },
      { record: (n) => (n === 37 ? { value: Symbol.for('thirty-seven') as unknown as string } : {}) },
      'VALUE_CONVERTER',
    ],
  ])('a record that fails in %s', (_, settings, hooks, stage) => {
    const value = (n: string): string => (stage === 'TRANSFORMATION' ? n : `"${n}"`)

    test('with tolerance none: everything before it is sent and settled, then the task fails and says where', async () => {
      const source = counting({ count: '100', 'topic.creation.default.partitions': '1', ...settings }, hooks)
      const worker = await source.start({ transforms: [failing] })
      await expect(worker.ended()).rejects.toMatchObject({
        code: 'TASK_FAILED',
        place: { topic: source.topic, position: '{"n":38}' },
      })
      expect(worker.status()).toMatchObject([{ tasks: [{ state: 'FAILED' }] }])
      expect(traceOf(worker)).toMatch(/Tolerance exceeded in error handler.*n.*38.*because: .*What to do: /s)
      await worker.stop()
      expect(await cluster.values(source.topic)).toEqual(range(0, 37).map(value))
      expect(await source.stored()).toBe(37)
    })

    test('with tolerance all: a dead letter that can be read, with both envelopes; the rest goes on', async () => {
      const source = counting(
        { count: '100', 'topic.creation.default.partitions': '1', 'errors.tolerance': 'all', ...settings },
        hooks,
      )
      const worker = await source.start({
        transforms: [failing],
        settings: { 'errors.deadletterqueue.topic.name': source.dead },
      })
      await eventually('all are stored', async () => (await source.stored()) === 100)
      expect(progress(worker, source.name)).toMatchObject({ polled: 100, produced: 99, deadLettered: 1 })
      await worker.stop()
      expect(await cluster.values(source.topic)).toEqual(
        range(0, 100)
          .filter((n) => n !== '37')
          .map(value),
      )
      const [letter, ...more] = await cluster.read(source.dead)
      expect(more).toEqual([])
      expect(text(letter!.value)).toMatch(/37|thirty-seven/)
      expect(headersOf(letter!)).toMatchObject({
        '__connect.errors.stage': stage,
        '__connect.errors.connector.name': source.name,
        '__connect.errors.exception.message': expect.any(String) as unknown,
      })
      expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
        flow: source.name,
        origin: null,
        reasons: [{ message: expect.any(String) as unknown }],
      })
    })
  })

  test('diverted bytes are a dead letter as they are; the position behind them is settled', async () => {
    const raw = new Uint8Array([0xff, 0x00, 0x2c, 0x0a])
    const reason = { code: 'odd', message: 'These bytes are odd', place: { file: 'n.csv', line: 38, column: 1 } }
    let diverted = false
    const source = counting(
      { count: '100', 'errors.tolerance': 'all', 'topic.creation.default.partitions': '1' },
      {
        poll: async (context, n) => {
          if (n < 37 || diverted) return undefined
          diverted = true
          context.divert(raw, reason, behind(37))
          return []
        },
      },
    )
    const worker = await source.start({
      settings: { 'errors.deadletterqueue.topic.name': source.dead, 'per.poll': '37' },
    })
    await eventually('all are stored', async () => (await source.stored()) === 100)
    await worker.stop()
    const [letter, ...more] = await cluster.read(source.dead)
    expect(more).toEqual([])
    expect([...letter!.value!]).toEqual([...raw])
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({ stage: 'poll', reasons: [reason] })
    expect(headersOf(letter!)['__connect.errors.stage']).toBe('TASK_POLL')
  })

  test('a source that ends in bad bytes is settled behind them', async () => {
    let diverted = false
    const source = counting(
      { count: '5', 'errors.tolerance': 'all' },
      {
        poll: async (context, n) => {
          if (n < 5 || diverted) return undefined
          diverted = true
          context.divert(Buffer.from('last'), { code: 'odd', message: 'odd', place: {} }, behind(5))
          return []
        },
      },
    )
    const worker = await source.start({ settings: { 'errors.deadletterqueue.topic.name': source.dead } })
    await eventually('stored behind it', async () => (await source.stored()) === 6)
    await worker.stop()
    expect(await cluster.values(source.dead)).toEqual(['last'])
  })

  test('a record above max.request.size is a dead letter; one for which even that is too small stops the task before it', async () => {
    const sizes = new Map([
      [3, 1_048_576],
      [7, 1_400_000],
    ])
    const source = counting(
      { count: '10', 'per.poll': '5', 'errors.tolerance': 'all', 'topic.creation.default.partitions': '1' },
      { record: (n) => (sizes.has(n) ? { value: 'x'.repeat(sizes.get(n)!) } : {}) },
    )
    const worker = await source.start({ settings: { 'errors.deadletterqueue.topic.name': source.dead } })
    await expect(worker.ended()).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      place: { position: '{"n":8}' },
      cause: { code: 'RECORD_TOO_LARGE' },
      remedy: expect.stringContaining('max.message.bytes') as unknown,
    })
    await worker.stop()
    expect(await cluster.values(source.topic)).toEqual(['0', '1', '2', '4', '5', '6'])
    const [letter, ...more] = await cluster.read(source.dead)
    expect([letter!.value!.length, more.length]).toEqual([1_048_576, 0])
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
      stage: 'produce',
      reasons: [{ code: 'RECORD_TOO_LARGE' }],
    })
    expect(await source.stored()).toBe(7)
  })

  test('a source faster than Kafka is not polled while task.queue.bytes are under way', async () => {
    const [bound, size, perPoll] = [300_000, 1000, 50]
    let most = 0
    const polled: number[] = []
    const source = counting(
      { count: '20000', 'per.poll': String(perPoll), 'producer.override.linger.ms': '1' },
      {
        record: () => ({ value: 'x'.repeat(size) }),
        poll: async (_, n) => {
          polled.push(n)
          return undefined
        },
      },
    )
    const worker = await source.start({ worker: { 'task.queue.bytes': String(bound) } })
    const batch = perPoll * (size + 200)
    await eventually('all are stored', async () => {
      const { polled: taken, produced } = progress(worker, source.name)
      most = Math.max(most, (taken - produced) * size)
      return (await source.stored()) === 20_000
    })
    await worker.stop()
    expect(await cluster.count(source.topic)).toBe(20_000)
    expect(most).toBeLessThanOrEqual(bound + batch)
  })

  test('a task that has failed leaves the others running, and can be seen in the log', async () => {
    const logger = new MemoryLogger()
    const [good, bad] = [counting({ count: '100000', 'pause.ms': '5' }), counting()]
    const worker = await startWorker({
      plugins: [
        countingSource({
          poll: async (context, n) => {
            if (context.connector === bad.name && n >= 100) throw new Error('the host is gone')
            return undefined
          },
        }),
      ],
      connectors: [
        { name: good.name, 'connector.class': 'counting', topic: good.topic, count: '100000', 'pause.ms': '5' },
        { name: bad.name, 'connector.class': 'counting', topic: bad.topic },
      ],
      worker: { 'offset.storage.file.filename': path.join(dir, 'both.json') },
      logger,
      metrics: new MemoryMetrics(),
    })
    await eventually('one has failed', () => worker.status()[1]?.tasks[0]?.state === 'FAILED')
    const { polled } = progress(worker, good.name)
    await eventually('the other goes on', () => progress(worker, good.name).polled > polled)
    await worker.stop()
    await worker.stop()
    expect(worker.status().map(({ tasks }) => tasks[0]!.state)).toEqual(['STOPPED', 'FAILED'])
    expect(traceOf(worker, 1)).toBe('the host is gone')
    const line = logger.lines.find(({ level }) => level === 'error')
    expect(line).toMatchObject({
      fields: { connector: bad.name, task: 0 },
      message: expect.stringContaining('the host is gone') as unknown,
    })
    await expect(worker.ended()).rejects.toThrow('the host is gone')
  })

  test('several source partitions in one poll: each is settled by its own', async () => {
    const source = counting(
      { count: '0' },
      {
        poll: async (_, n) =>
          n > 0
            ? undefined
            : ['a', 'b', 'a', 'c', 'b'].map((file, i) => ({
                ...numbered(source.topic, i),
                sourcePartition: { file },
                sourcePosition: { i },
              })),
      },
    )
    const worker = await source.start()
    await eventually('all three are stored', () => progress(worker, source.name).stored.size === 3)
    await worker.stop()
    expect([...progress(worker, source.name).stored]).toEqual([
      ['{"file":"a"}', { i: 2 }],
      ['{"file":"b"}', { i: 4 }],
      ['{"file":"c"}', { i: 3 }],
    ])
  })
})
