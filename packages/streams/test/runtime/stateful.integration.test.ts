import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings, type StreamsState } from '../../src/index.ts'
import { keyedRecords } from '../support/keyed-records.ts'
import { readCommitted } from '../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const KEYS = 7
const WAIT_MS = 30_000

onABroker('an application with state (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let producer: Producer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-streams-'))
    kafka = await connect({ bootstrapServers: address })
    producer = kafka.producer()
  })
  afterAll(async () => {
    await producer.close()
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Counts the records of each key; every count is put out. Each instance has a state directory of its own, unless it is told one. */
  async function counting(
    partitions: number,
    settings: Readonly<Record<string, string>> = {},
    logger: Logger = silentLogger,
  ) {
    let instances = 0
    const application = `counting-${randomUUID().slice(0, 8)}`
    const [input, output] = [`${application}.in`, `${application}.out`]
    await kafka.admin.ensureTopics([
      { topic: input, partitions },
      { topic: output, partitions },
    ])
    let written = 0
    const start = (more: Readonly<Record<string, string>> = {}) => {
      const builder = new StreamsBuilder()
      builder
        .stream(input, { key: Serdes.string, value: Serdes.string })
        .groupByKey()
        .count({ materialized: { name: 'counts' } })
        .toStream()
        .mapValues(String)
        .to(output, { key: Serdes.string, value: Serdes.string })
      const parsed = streamsSettings.parse({
        'application.id': application,
        'commit.interval.ms': '50',
        'processing.guarantee': 'exactly_once_v2',
        'session.timeout.ms': '6000',
        'heartbeat.interval.ms': '300',
        'retry.backoff.ms': '10',
        'state.dir': path.join(folder, application, String(instances++)),
        ...settings,
        ...more,
      })
      const stop = new AbortController()
      const states: StreamsState[] = []
      const streams = new KafkaStreams(builder.build(), parsed, {
        kafka,
        metrics: new MemoryMetrics(),
        logger,
        onState: (state) => states.push(state),
      })
      return { streams, states, stop, run: streams.run({ signal: stop.signal }) }
    }
    /** What readers of committed records have got: each key's counts in order. */
    const counts = async (): Promise<Map<string, number[]>> => {
      const found = new Map<string, number[]>()
      for (const { key, value } of await readCommitted(kafka, output)) {
        const list = found.get(key) ?? []
        found.set(key, list)
        list.push(Number(value))
      }
      return found
    }
    const arrive = (): Promise<void> =>
      until(async () => {
        const found = await counts()
        return [...found.values()].reduce((sum, list) => sum + list.length, 0) >= written
      })
    return {
      application,
      start,
      arrive,
      counts,
      /** One instance, from its start to an orderly stop when everything has come. */
      async runUntilThere(): Promise<void> {
        const { stop, run } = start()
        await arrive()
        stop.abort()
        await run
      },
      async put(count: number): Promise<void> {
        await producer.produce(keyedRecords(input, KEYS, written, count, 1_700_000_000_000))
        written += count
      },
      expected(): Map<string, number[]> {
        return new Map(
          Array.from({ length: KEYS }, (_, k) => {
            const times = Math.floor(written / KEYS) + (k < written % KEYS ? 1 : 0)
            return [`key ${k}`, Array.from({ length: times }, (_, i) => i + 1)]
          }),
        )
      },
    }
  }

  test('counts each key; what is begun again goes on from its changelog', async () => {
    const app = await counting(3)
    await app.put(1_000)
    await app.runUntilThere()
    await app.put(500)
    await app.runUntilThere()
    expect(byKey(await app.counts())).toEqual(byKey(app.expected()))
  }, 60_000)

  test('what is on disk is not read again from the changelog, and what is torn there is', async () => {
    const restored: number[] = []
    const logger: Logger = {
      ...silentLogger,
      child: () => logger,
      info: (message, facts) => {
        if (message.startsWith('State restored')) restored.push(Number(facts?.['records']))
      },
    }
    const app = await counting(1, { 'state.dir': path.join(folder, 'one') }, logger)
    await app.put(700)
    await app.runUntilThere()
    expect(restored).toEqual([])
    await app.put(70)
    await app.runUntilThere()
    // Markers of transactions apart, there was nothing to read.
    expect(restored.reduce((sum, records) => sum + records, 0)).toBe(0)
    const data = path.join(folder, 'one', app.application, '0_0', 'state.mdb')
    truncateSync(data, 8192)
    await app.put(70)
    await app.runUntilThere()
    expect(restored.reduce((sum, records) => sum + records, 0)).toBeGreaterThan(0)
    expect(byKey(await app.counts())).toEqual(byKey(app.expected()))
  }, 60_000)

  test('instances that come and go share the tasks, and every count is there once', async () => {
    const app = await counting(4)
    await app.put(700)
    const one = app.start()
    await app.arrive()
    const two = app.start()
    await app.put(700)
    await until(() => two.streams.progress().length === 2 && one.streams.progress().length === 2)
    await app.put(700)
    await app.arrive()
    one.stop.abort()
    await one.run
    await app.put(700)
    await app.arrive()
    expect(two.streams.progress()).toHaveLength(4)
    two.stop.abort()
    await two.run
    expect(byKey(await app.counts())).toEqual(byKey(app.expected()))
  }, 60_000)

  test('records that are given another key go through a topic of the application to the task of that key', async () => {
    const application = `regrouped-${randomUUID().slice(0, 8)}`
    const [input, output] = [`${application}.in`, `${application}.out`]
    await kafka.admin.ensureTopics([{ topic: input, partitions: 3 }])
    const text = { key: Serdes.string, value: Serdes.string }
    const builder = new StreamsBuilder()
    builder
      .stream(input, text)
      .selectKey((_key, value) => value!)
      .groupByKey({ ...text, name: 'by-value' })
      .count({ materialized: { name: 'counts' } })
      .toStream()
      .mapValues(String)
      .to(output, text)
    const values = Array.from({ length: 300 }, (_, i) => `value ${i % 5}`)
    await producer.produce(
      values.map((value, i) => ({
        topic: input,
        partition: null,
        key: Buffer.from(String(i)),
        value: Buffer.from(value),
        timestamp: null,
        headers: null,
      })),
    )
    const settings = streamsSettings.parse({
      'application.id': application,
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '50',
      'state.dir': path.join(folder, application),
    })
    await new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics() }).run({ until: 'end' })
    const counts = await readCommitted(kafka, output)
    expect(counts).toHaveLength(300)
    const last = new Map(counts.map(({ key, value }) => [key, Number(value)]))
    expect(Object.fromEntries(last)).toEqual(Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`value ${n}`, 60])))
  }, 60_000)

  test('a record that fails behind a store is not counted before it is processed for good', async () => {
    const application = `failing-${randomUUID().slice(0, 8)}`
    const [input, output] = [`${application}.in`, `${application}.out`]
    await kafka.admin.ensureTopics([{ topic: input, partitions: 1 }])
    const text = { key: Serdes.string, value: Serdes.string }
    const run = async (failsAt: number): Promise<void> => {
      const builder = new StreamsBuilder()
      builder
        .stream(input, text)
        .groupByKey()
        .count({ materialized: { name: 'counts' } })
        .toStream()
        .mapValues((count) => {
          if (count === failsAt) throw new Error('not this one')
          return String(count)
        })
        .to(output, text)
      const settings = streamsSettings.parse({
        'application.id': application,
        'processing.guarantee': 'exactly_once_v2',
        'processing.exception.handler': 'fail',
        'state.dir': path.join(folder, application),
      })
      await new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics() }).run({ until: 'end' })
    }
    await producer.produce(
      Array.from({ length: 10 }, () => ({
        topic: input,
        partition: 0,
        key: Buffer.from('k'),
        value: Buffer.from('x'),
        timestamp: null,
        headers: null,
      })),
    )
    await expect(run(6)).rejects.toMatchObject({ code: 'TASK_FAILED' })
    await expect(run(6)).rejects.toMatchObject({ code: 'TASK_FAILED' })
    await run(0)
    const counts = (await readCommitted(kafka, output)).map(({ value }) => Number(value))
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  }, 60_000)

  test('at least once: nothing is missing in the last counts after an orderly stop', async () => {
    const app = await counting(2, { 'processing.guarantee': 'at_least_once' })
    await app.put(300)
    await app.runUntilThere()
    await app.put(300)
    await app.runUntilThere()
    expect(byKey(await app.counts())).toEqual(byKey(app.expected()))
  }, 60_000)
})

function byKey(counts: ReadonlyMap<string, readonly number[]>): Record<string, readonly number[]> {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(50)
  }
}
