/** Sources on a real Kafka. */
import { expect, test } from '@jest/globals'
import path from 'node:path'
import { RetriableError, systemClock } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { BrokerRuns, numbers } from './support/broker-runs.ts'
import { eventually } from './support/eventually.ts'
import { text } from './support/fake-kafka.ts'
import { onBroker, startWorker, traceOf } from './support/test-cluster.ts'
import { countingSource, numbered } from './support/test-connectors.ts'

onBroker('a source on a broker', () => {
  const runs = new BrokerRuns()

  test('records arrive in order, with key, value, headers, time and partition', async () => {
    const source = runs.source(
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
    const records = await runs.cluster.read(source.topic)
    expect(records).toHaveLength(100)
    for (const partition of [0, 1, 2]) {
      const own = records.filter((record) => record.partition === partition)
      expect(own.map(({ value }) => text(value))).toEqual(numbers(0, 100).filter((n) => Number(n) % 3 === partition))
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
    const source = runs.source({ count: '10', 'topic.creation.default.partitions': '5' })
    const there = await runs.cluster.topic('there', 2)
    const first = await source.start()
    await eventually('all are stored', async () => (await source.stored()) === 10)
    await first.stop()
    expect(await runs.cluster.ends(source.topic)).toHaveLength(5)
    const other = runs.source({ count: '10', 'topic.creation.default.partitions': '5', topic: there })
    const second = await other.start()
    await eventually('all are stored', async () => (await other.stored()) === 10)
    await second.stop()
    expect(await runs.cluster.ends(there)).toHaveLength(2)
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
      const source = runs.source(settings, {}, place === 'a topic')
      for (let round = 0; round < 6; round++) {
        const worker = await source.start()
        await systemClock.sleep(Math.random() * 60)
        await worker.stop()
      }
      const last = await source.start()
      await eventually('all is stored', () =>
        [...source.progress(last).stored.values()].some((position) => position['n'] === total),
      )
      await last.stop()
      expect(await runs.cluster.values(source.topic)).toEqual(numbers(0, total))
      expect(await source.stored()).toBe(total)
    },
  )

  test('settled is called with positions that are stored already', async () => {
    const settled: [number, number | undefined][] = []
    const looks: Promise<unknown>[] = []
    const source = runs.source(
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
    const source = runs.source(
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
  test('a source faster than Kafka is not polled while task.queue.bytes are under way', async () => {
    const [bound, size, perPoll] = [300_000, 1000, 50]
    let most = 0
    const polled: number[] = []
    const source = runs.source(
      { count: '20000', 'per.poll': String(perPoll), 'producer.override.linger.ms': '1' },
      {
        record: () => ({ value: 'x'.repeat(size) }),
        poll: async (_, n) => {
          polled.push(n)
          return undefined
        },
      },
    )
    const worker = await source.start({}, { worker: { 'task.queue.bytes': String(bound) } })
    const batch = perPoll * (size + 200)
    await eventually('all are stored', async () => {
      const { polled: taken, produced } = source.progress(worker)
      most = Math.max(most, (taken - produced) * size)
      return (await source.stored()) === 20_000
    })
    await worker.stop()
    expect(await runs.cluster.count(source.topic)).toBe(20_000)
    expect(most).toBeLessThanOrEqual(bound + batch)
  })

  test('a task that has failed leaves the others running, and can be seen in the log', async () => {
    const logger = new MemoryLogger()
    const [good, bad] = [runs.source({ count: '100000', 'pause.ms': '5' }), runs.source()]
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
      worker: { 'offset.storage.file.filename': path.join(runs.dir, 'both.json') },
      logger,
    })
    await eventually('one has failed', () => worker.status()[1]?.tasks[0]?.state === 'FAILED')
    const { polled } = good.progress(worker)
    await eventually('the other goes on', () => good.progress(worker).polled > polled)
    await worker.stop()
    await worker.stop()
    expect(worker.status().map(({ tasks }) => tasks[0]!.state)).toEqual(['UNASSIGNED', 'FAILED'])
    expect(traceOf(worker, 1)).toBe('the host is gone')
    const line = logger.lines.find(({ level }) => level === 'error')
    expect(line).toMatchObject({
      fields: { connector: bad.name, task: 0 },
      message: expect.stringContaining('the host is gone') as unknown,
    })
    await expect(worker.ended()).rejects.toThrow('the host is gone')
  })

  test('several source partitions in one poll: each is settled by its own', async () => {
    const source = runs.source(
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
    await eventually('all three are stored', () => source.progress(worker).stored.size === 3)
    const { stored } = source.progress(worker)
    await worker.stop()
    expect([...stored]).toEqual([
      ['{"file":"a"}', { i: 2 }],
      ['{"file":"b"}', { i: 4 }],
      ['{"file":"c"}', { i: 3 }],
    ])
  })
})
