import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, type Logger } from '@sluice/sdk'
import {
  KafkaStreams,
  Serdes,
  Stores,
  StreamsBuilder,
  streamsSettings,
  TopologyBuilder,
  type FixedKeyProcessorContext,
  type ProcessorContext,
  type RecordProcessor,
  type StoreEngine,
  type StreamsState,
  type Topology,
} from '../../src/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const WAIT_MS = 30_000
const text = { key: Serdes.string, value: Serdes.string }

onABroker('global stores (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let producer: Producer
  let folder: string
  /** What a test that failed has left running. */
  const running: { readonly stop: AbortController; readonly run: Promise<unknown> }[] = []
  afterEach(async () => {
    for (const { stop, run } of running.splice(0)) {
      stop.abort()
      await run.catch(() => undefined)
    }
  })
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

  /** Orders of one partition are joined with the rates of three by the currency that an order names. */
  async function joining(engine: StoreEngine = 'lmdb', settings: Readonly<Record<string, string>> = {}) {
    const application = `rated-${randomUUID().slice(0, 8)}`
    const [orders, rates, output] = [`${application}.orders`, `${application}.rates`, `${application}.out`]
    await kafka.admin.ensureTopics([
      { topic: orders, partitions: 1 },
      { topic: rates, partitions: 3 },
      { topic: output, partitions: 1 },
    ])
    const told: { readonly message: string; readonly facts: Readonly<Record<string, unknown>> }[] = []
    const tell = (message: string, facts: Readonly<Record<string, unknown>> = {}): void =>
      void told.push({ message, facts })
    const logger: Logger = { ...silentLogger, child: () => logger, info: tell, warn: tell, error: tell }
    const start = () => {
      const builder = new StreamsBuilder()
      const table = builder.globalTable(rates, { ...text, materialized: { name: 'rates', engine } })
      builder
        .stream(orders, text)
        .leftJoin(
          table,
          (_key, currency) => currency,
          (currency, rate) => `${currency} ${rate ?? 'unknown'}`,
        )
        .to(output, text)
      const parsed = streamsSettings.parse({
        'application.id': application,
        'commit.interval.ms': '50',
        'retry.backoff.ms': '10',
        'state.dir': path.join(folder, application),
        ...settings,
      })
      const stop = new AbortController()
      const states: StreamsState[] = []
      const ports = {
        kafka,
        metrics: new MemoryMetrics(),
        logger,
        onState: (state: StreamsState) => states.push(state),
      }
      const streams = new KafkaStreams(builder.build(), parsed, ports)
      const run = streams.run({ signal: stop.signal })
      running.push({ stop, run })
      return { states, stop, run }
    }
    const put = (topic: string, key: string, value: string | null) =>
      producer.produce([
        {
          topic,
          partition: null,
          key: Buffer.from(key),
          value: value === null ? null : Buffer.from(value),
          timestamp: null,
          headers: null,
        },
      ])
    return {
      application,
      rates,
      told,
      start,
      rate: (currency: string, rate: string | null) => put(rates, currency, rate),
      order: (currency: string) => put(orders, 'order', currency),
      results: () => valuesIn(kafka, output),
      async runUntil(count: number): Promise<void> {
        const { stop, run } = start()
        await until(async () => (await valuesIn(kafka, output)).length >= count)
        stop.abort()
        await run
      },
    }
  }

  test('an instance begins with all that the topic held when it started, of every partition', async () => {
    const app = await joining()
    for (let i = 0; i < 50; i++) await app.rate(`currency ${i}`, String(i))
    await app.rate('currency 7', null)
    for (let i = 0; i < 50; i++) await app.order(`currency ${i}`)
    await app.runUntil(50)
    const expected = Array.from({ length: 50 }, (_, i) => `currency ${i} ${i === 7 ? 'unknown' : i}`)
    expect(await app.results()).toEqual(expected)
  }, 60_000)

  test('it is kept up while the tasks run', async () => {
    const app = await joining()
    await app.rate('EUR', '1')
    const { states, stop, run } = app.start()
    await until(() => states.includes('RUNNING'))
    await app.rate('EUR', '2')
    await until(async () => {
      await app.order('EUR')
      return (await app.results()).at(-1) === 'EUR 2'
    })
    stop.abort()
    await run
  }, 60_000)

  test('on disk it goes on from where it was; in memory it is filled anew', async () => {
    const read = async (engine: StoreEngine): Promise<unknown[]> => {
      const app = await joining(engine)
      for (let i = 0; i < 20; i++) await app.rate(`currency ${i}`, String(i))
      await app.order('currency 3')
      await app.runUntil(1)
      await app.rate('currency 3', 'new')
      await app.order('currency 3')
      await app.order('currency 4')
      await app.runUntil(3)
      expect(await app.results()).toEqual(['currency 3 3', 'currency 3 new', 'currency 4 4'])
      return app.told.flatMap(({ message, facts }) => (message.startsWith('Global stores') ? [facts['records']] : []))
    }
    expect(await read('lmdb')).toEqual([20, 1])
    expect(await read('memory')).toEqual([20, 21])
  }, 60_000)

  test('under exactly once, what was aborted is not in it, and an open transaction of others holds no start up', async () => {
    const app = await joining('memory', { 'processing.guarantee': 'exactly_once_v2' })
    await app.rate('EUR', 'committed')
    const other = await kafka.transactionalProducer({ transactionalId: `${app.application}-other` })
    const rate = (value: string) =>
      other.produce([
        {
          topic: app.rates,
          partition: null,
          key: Buffer.from('EUR'),
          value: Buffer.from(value),
          timestamp: null,
          headers: null,
        },
      ])
    other.begin()
    await rate('aborted')
    await other.abort()
    other.begin()
    await rate('open')
    await app.order('EUR')
    const { states, stop, run } = app.start()
    await until(() => states.includes('RUNNING'))
    await until(async () => (await app.results()).length > 0)
    await other.commit()
    await until(async () => {
      await app.order('EUR')
      return (await app.results()).at(-1) === 'EUR open'
    })
    expect((await app.results())[0]).toBe('EUR committed')
    stop.abort()
    await run
    await other.close()
  }, 60_000)

  test('a topic that was made anew fills the store anew', async () => {
    const app = await joining()
    for (let i = 0; i < 20; i++) await app.rate(`currency ${i}`, String(i))
    await app.order('currency 3')
    await app.runUntil(1)
    await kafka.admin.deleteTopics([app.rates])
    await until(async () => (await kafka.admin.describeTopics([app.rates])).length === 0)
    await kafka.admin.ensureTopics([{ topic: app.rates, partitions: 3 }])
    await app.rate('currency 4', 'new')
    await app.order('currency 3')
    await app.order('currency 4')
    await app.runUntil(3)
    expect(await app.results()).toEqual(['currency 3 3', 'currency 3 unknown', 'currency 4 new'])
  }, 60_000)

  test('a processor that fills a global store is asked again at each start; what it refuses is named and left out', async () => {
    const application = `lengths-${randomUUID().slice(0, 8)}`
    const [words, asked, output] = [`${application}.words`, `${application}.asked`, `${application}.out`]
    await kafka.admin.ensureTopics([
      { topic: words, partitions: 2 },
      { topic: asked, partitions: 1 },
      { topic: output, partitions: 1 },
    ])
    const put = (topic: string, key: string, value: string) =>
      producer.produce([
        { topic, partition: null, key: Buffer.from(key), value: Buffer.from(value), timestamp: null, headers: null },
      ])
    const told: string[] = []
    const logger: Logger = { ...silentLogger, child: () => logger, error: (message) => void told.push(message) }
    const run = async (settings: Readonly<Record<string, string>> = {}): Promise<void> => {
      const lengths = Stores.keyValue('lengths', { key: Serdes.string, value: Serdes.integer, engine: 'memory' })
      const builder = new StreamsBuilder()
      builder.addGlobalStore(lengths, words, text, () => {
        let context: ProcessorContext<never, never>
        return {
          init: (given) => void (context = given),
          process({ key, value }) {
            context.getStateStore(lengths).put(key!, value!.length)
            if (value === 'poison') throw new Error('not this one')
          },
        }
      })
      builder
        .stream(asked, text)
        .processValues<string>(() => {
          let context: FixedKeyProcessorContext<string | null, string>
          return {
            init: (given) => void (context = given),
            process: (record) =>
              context.forward(record.withValue(String(context.getStateStore(lengths).get(record.value!)))),
          }
        })
        .to(output, text)
      const parsed = streamsSettings.parse({ 'application.id': application, ...settings })
      const ports = { kafka, metrics: new MemoryMetrics(), logger }
      await new KafkaStreams(builder.build(), parsed, ports).run({ until: 'end' })
    }
    await put(words, 'one', 'x')
    await put(words, 'two', 'xx')
    await put(words, 'three', 'poison')
    for (const word of ['one', 'three']) await put(asked, '', word)
    await run()
    await put(asked, '', 'two')
    await run()
    expect(await valuesIn(kafka, output)).toEqual(['1', 'null', '2'])
    const leftOut = 'Records that a global store could not take are left out of it'
    expect(told.filter((message) => message === leftOut)).toHaveLength(2)
    for (const handler of ['fail', 'park'])
      await expect(run({ 'processing.exception.handler': handler })).rejects.toMatchObject({ code: 'TASK_FAILED' })
    await put(asked, '', 'two')
    await run({ 'processing.exception.handler': 'retry', 'task.timeout.ms': '200' })
    expect(await valuesIn(kafka, output)).toEqual(['1', 'null', '2', '2'])
  }, 60_000)

  test.each([
    ['an optimised source table', sourceTable],
    ['a read-only state store', readOnlyStateStore],
  ])(
    '%s, whose changelog is its source topic, goes on from where it was on disk',
    async (_what, topologyOf) => {
      const application = `rows-${randomUUID().slice(0, 8)}`
      const [rows, asked, output] = [`${application}.rows`, `${application}.asked`, `${application}.out`]
      await kafka.admin.ensureTopics([rows, asked, output].map((topic) => ({ topic, partitions: 1 })))
      const put = (topic: string, key: string, value: string) =>
        producer.produce([
          { topic, partition: 0, key: Buffer.from(key), value: Buffer.from(value), timestamp: null, headers: null },
        ])
      const restored: unknown[] = []
      const info: Logger['info'] = (message, facts) => {
        if (message.startsWith('State restored')) restored.push(facts?.['records'])
      }
      const logger: Logger = { ...silentLogger, child: () => logger, info }
      const run = async (stateDirectory: string): Promise<void> => {
        const settings = { 'application.id': application, 'state.dir': path.join(folder, application, stateDirectory) }
        const ports = { kafka, metrics: new MemoryMetrics(), logger }
        const topology = topologyOf({ rows, asked, output })
        await new KafkaStreams(topology, streamsSettings.parse(settings), ports).run({ until: 'end' })
      }
      for (let i = 0; i < 30; i++) await put(rows, `key ${i}`, `row ${i}`)
      await run('one')
      await put(asked, 'key 7', '')
      await run('one')
      expect(restored).toEqual([])
      await put(asked, 'key 8', '')
      await run('another')
      expect(restored).toEqual([30])
      expect(await valuesIn(kafka, output)).toEqual(['row 7', 'row 8'])
    },
    60_000,
  )
})

interface Topics {
  readonly rows: string
  readonly asked: string
  readonly output: string
}

/** Whoever asks for a key is told its row. */
function sourceTable({ rows, asked, output }: Topics): Topology {
  const builder = new StreamsBuilder()
  const table = builder.table(rows, { ...text, materialized: { name: 'rows' } })
  builder
    .stream(asked, text)
    .join(table, (_asked, row) => row, { ...text, name: 'asked' })
    .to(output, text)
  return builder.build(['reuse.ktable.source.topics'])
}

function readOnlyStateStore({ rows, asked, output }: Topics): Topology {
  const store = Stores.keyValue('rows', text)
  const filling = (): RecordProcessor<string | null, string | null, never, never> => {
    let context: ProcessorContext<never, never>
    return {
      init: (given) => void (context = given),
      process: ({ key, value }) => context.getStateStore(store).put(key!, value),
    }
  }
  const answering = (): RecordProcessor<string | null, string | null, string | null, string | null> => {
    let context: ProcessorContext<string | null, string | null>
    return {
      init: (given) => void (context = given),
      process: (record) => context.forward(record.withValue(context.getStateStore(store).get(record.key!))),
    }
  }
  return new TopologyBuilder()
    .addReadOnlyStateStore(store, { source: 'rows', processor: 'fill' }, rows, text, filling)
    .addSource('asked', [asked], text)
    .addProcessor('answer', answering, ['asked'])
    .connectProcessorAndStateStores('answer', 'rows')
    .addSink('out', output, text, ['answer'])
    .build()
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(50)
  }
}

async function valuesIn(kafka: Kafka, topic: string): Promise<string[]> {
  const [end] = await kafka.admin.listOffsets([{ topic, partition: 0 }], 'latest')
  const fetcher = kafka.fetcher({ isolation: 'read_committed', maxWaitMs: 50 })
  const found: string[] = []
  try {
    fetcher.assign([{ topic, partition: 0, offset: 0 }])
    // What is still open at the end does not come.
    for (let quiet = 0; quiet < 3 && (fetcher.position({ topic, partition: 0 }) ?? 0) < end!.offset;) {
      const arrived = await fetcher.poll(100)
      quiet = arrived.length === 0 ? quiet + 1 : 0
      for (const { batches } of arrived)
        for (const batch of batches)
          for (let i = 0; i < batch.count; i++) found.push(Buffer.from(batch.value(i)!).toString())
    }
    return found
  } finally {
    await fetcher.close()
  }
}
