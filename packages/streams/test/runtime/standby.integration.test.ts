import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings, type StoreEngine } from '../../src/index.ts'
import { keyedRecords } from '../support/keyed-records.ts'
import { countsIn } from '../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const KEYS = 40
const PARTITIONS = 2
const WAIT_MS = 30_000
const text = { key: Serdes.string, value: Serdes.string }

interface Said {
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

onABroker('copies of state elsewhere (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let producer: Producer
  let folder: string
  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-streams-'))
    kafka = await connect({ bootstrapServers: address })
    producer = kafka.producer()
  })
  afterAll(async () => {
    await producer.close()
    await kafka.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  /** Counts by key; every count is logged and put out. */
  async function counting(engine: StoreEngine, settings: Readonly<Record<string, string>>) {
    const application = `standby-${randomUUID().slice(0, 8)}`
    const [input, output] = [`${application}.in`, `${application}.out`]
    await kafka.admin.ensureTopics([
      { topic: input, partitions: PARTITIONS },
      { topic: output, partitions: PARTITIONS },
    ])
    let written = 0
    let instances = 0
    const places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: input, partition }))
    const start = () => {
      const said: Said[] = []
      const logger: Logger = { ...silentLogger, child: () => logger, info: note, warn: note, error: note }
      function note(message: string, facts: object = {}): void {
        said.push({ message, facts: { ...facts } })
      }
      const builder = new StreamsBuilder()
      builder
        .stream(input, text)
        .groupByKey()
        .count({ materialized: { name: 'counts', engine, caching: false } })
        .toStream()
        .mapValues(String)
        .to(output, text)
      const parsed = streamsSettings.parse({
        'application.id': application,
        'processing.guarantee': 'exactly_once_v2',
        'commit.interval.ms': '50',
        'heartbeat.interval.ms': '200',
        'retry.backoff.ms': '10',
        'state.dir': path.join(folder, application, String(instances++)),
        ...settings,
      })
      const stop = new AbortController()
      const streams = new KafkaStreams(builder.build(), parsed, { kafka, metrics: new MemoryMetrics(), logger })
      const run = streams.run({ signal: stop.signal })
      return {
        streams,
        said,
        async stop(): Promise<void> {
          stop.abort()
          await run
        },
        until: (isSo: () => boolean | Promise<boolean>): Promise<void> =>
          Promise.race([
            eventually(isSo, () => JSON.stringify(said)),
            run.then(() => Promise.reject(new Error('it ended'))),
          ]),
        restored: (): number =>
          said
            .filter(({ message }) => message === 'State restored from changelogs')
            .reduce((sum, { facts }) => sum + Number(facts['records']), 0),
        caughtUp: (): number => said.filter(({ message }) => message === 'Standby copies have caught up').length,
      }
    }
    return {
      start,
      async put(count: number): Promise<void> {
        await producer.produce(keyedRecords(input, KEYS, written, count))
        written += count
      },
      async isProcessed(): Promise<boolean> {
        const [group] = await kafka.admin.groups.offsets([application])
        const ends = await kafka.admin.listOffsets(places, 'latest')
        const committed = new Map((group?.value ?? []).map((one) => [one.partition, one.offset]))
        return ends.every(({ partition, offset }) => (committed.get(partition) ?? 0) >= offset)
      },
      async expectEachCountOnce(): Promise<void> {
        const counts = await countsIn(kafka, output, PARTITIONS)
        const sizes = Array.from({ length: KEYS }, (_, k) => Math.floor(written / KEYS) + (k < written % KEYS ? 1 : 0))
        expect(Object.fromEntries(counts)).toEqual(
          Object.fromEntries(sizes.map((size, k) => [`key ${k}`, Array.from({ length: size }, (_, i) => i + 1)])),
        )
      },
    }
  }

  test.each(['lmdb', 'memory'] as const)(
    'a task that loses its instance goes on from its copy, which is not read again, and nothing is counted twice: %s',
    async (engine) => {
      // All state is more than is acceptable to lack: the second instance is given nothing but copies.
      const app = await counting(engine, { 'num.standby.replicas': '1', 'max.warmup.replicas': '1' })
      await app.put(2_000)
      const one = app.start()
      await one.until(() => app.isProcessed())
      const two = app.start()
      await two.until(() => two.caughtUp() > 0 && one.streams.state === 'RUNNING' && two.streams.state === 'RUNNING')
      await app.put(1_000)
      await two.until(() => app.isProcessed())
      const restored = two.restored()
      await one.stop()
      await app.put(400)
      await two.until(async () => two.streams.progress().length === PARTITIONS && (await app.isProcessed()))
      // Less than what one partition's changelog has: what came while the copy was handed over.
      expect(two.restored() - restored).toBeLessThan(1_000)
      await two.stop()
      await app.expectEachCountOnce()
    },
    90_000,
  )

  test('a task moves when the other instance has warmed up its state, and is run where it was until then', async () => {
    const app = await counting('lmdb', { 'acceptable.recovery.lag': '50', 'probing.rebalance.interval.ms': '600000' })
    await app.put(2_000)
    const one = app.start()
    await one.until(() => app.isProcessed())
    const two = app.start()
    await two.until(() => two.caughtUp() > 0)
    // At once when it is warm, long before the interval.
    await two.until(() => two.streams.progress().length === 1 && one.streams.progress().length === 1)
    await app.put(400)
    await two.until(() => app.isProcessed())
    await one.stop()
    await app.put(400)
    await two.until(async () => two.streams.progress().length === PARTITIONS && (await app.isProcessed()))
    await two.stop()
    await app.expectEachCountOnce()
  }, 90_000)
})

async function eventually(isSo: () => boolean | Promise<boolean>, facts: () => string): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`It did not come about in time: ${facts()}`)
    await sleep(50)
  }
}
