import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, Serdes, StreamsBuilder, streamsSettings, type StoreEngine } from '../../src/index.ts'
import { inS3 } from '../support/in-s3.ts'
import { countsIn } from '../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const KEYS = 30
const PARTITIONS = 2
const WAIT_MS = 30_000
const text = { key: Serdes.string, value: Serdes.string }

onABroker('a savepoint (needs SLUICE_TEST_KAFKA)', () => {
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

  /** Counts by value, so that each record goes through a topic of the application. */
  function application(
    input: string,
    engine: StoreEngine,
    more: Readonly<Record<string, string>> = {},
    store = 'counts',
    writes?: string,
  ) {
    const id = `saved-${randomUUID().slice(0, 8)}`
    const output = writes ?? `${id}.out`
    const builder = new StreamsBuilder()
    builder
      .stream(input, text)
      .selectKey((_key, value) => value!)
      .groupByKey({ ...text, name: 'by-value' })
      .count({ materialized: { name: store, engine } })
      .toStream()
      .mapValues(String)
      .to(output, text)
    const settings = streamsSettings.parse({
      'application.id': id,
      'processing.guarantee': 'exactly_once_v2',
      'commit.interval.ms': '50',
      'state.dir': path.join(folder, id),
      ...more,
    })
    const stop = new AbortController()
    const streams = new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics() })
    let run: Promise<unknown> = Promise.resolve()
    return {
      id,
      output,
      streams,
      start(): void {
        run = streams.run({ signal: stop.signal })
        run.catch(() => undefined)
      },
      isRunning: (): Promise<void> => eventually(() => streams.state === 'RUNNING' && streams.progress().length > 0),
      async stop(): Promise<void> {
        stop.abort()
        await run
      },
    }
  }

  async function put(input: string, from: number, count: number): Promise<void> {
    await producer.produce(
      Array.from({ length: count }, (_, i) => ({
        topic: input,
        partition: null,
        key: Buffer.from(`record ${from + i}`),
        value: Buffer.from(`value ${(from + i) % KEYS}`),
        timestamp: null,
        headers: null,
      })),
    )
  }

  async function inputTopic(): Promise<string> {
    const input = `saved-in-${randomUUID().slice(0, 8)}`
    await kafka.admin.ensureTopics([{ topic: input, partitions: PARTITIONS }])
    return input
  }

  test.each(['lmdb', 'memory'] as const)(
    'taken while records stream in is one moment of the whole: another application goes on from there, each record counted once: %s',
    async (engine) => {
      const input = await inputTopic()
      const url = `memory:${randomUUID()}`
      const one = application(input, engine, { 'num.stream.threads': '2' })
      one.start()
      await one.isRunning()
      await eventually(() => one.streams.progress().length === 2 * PARTITIONS)
      let written = 0
      const over = new AbortController()
      const saved = one.streams.savepoint(url).finally(() => over.abort())
      while (!over.signal.aborted || written < 1_500) {
        await put(input, written, 100)
        written += 100
      }
      expect(await saved).toHaveLength(PARTITIONS)
      await one.stop()

      const two = application(input, engine)
      await two.streams.beginFrom(url)
      two.start()
      await eventually(async () => total(last(await countsIn(kafka, two.output, PARTITIONS))) === written)
      await two.stop()
      // It goes on, and does not begin anew, or leave out what was under way between its tasks.
      for (const list of (await countsIn(kafka, two.output, PARTITIONS)).values())
        expect(list).toEqual(Array.from(list, (_, i) => list[0]! + i))
    },
    90_000,
  )

  test('is refused where it cannot be what it says, and says why', async () => {
    const input = await inputTopic()
    const url = `memory:${randomUUID()}`
    const one = application(input, 'lmdb')
    await expect(one.streams.savepoint(url)).rejects.toMatchObject({ code: 'SAVEPOINT_REFUSED' })
    await expect(one.streams.beginFrom(url)).rejects.toThrow('There is no savepoint at')
    await put(input, 0, 100)
    one.start()
    await one.isRunning()
    await one.streams.savepoint(url)
    await expect(one.streams.savepoint(url)).rejects.toThrow('There is a savepoint at')
    await expect(one.streams.beginFrom(url)).rejects.toThrow('The application is RUNNING')
    await one.stop()
    const renamed = application(input, 'lmdb', {}, 'other-counts')
    await expect(renamed.streams.beginFrom(url)).rejects.toThrow('is none of the topology')
    const again = application(input, 'lmdb', { 'application.id': one.id })
    await expect(again.streams.beginFrom(url)).rejects.toThrow('has begun already')
  }, 90_000)

  /** Two instances of one application, each with a task of each sub-topology. */
  async function pair(input: string, engine: StoreEngine) {
    const more = { 'heartbeat.interval.ms': '200' }
    const one = application(input, engine, more)
    const own = { ...more, 'application.id': one.id, 'state.dir': path.join(folder, `${one.id}-2`) }
    const two = application(input, engine, own, 'counts', one.output)
    one.start()
    two.start()
    await eventually(() => [one, two].every(({ streams }) => streams.progress().length === PARTITIONS))
    await eventually(() => [one, two].every(({ streams }) => streams.state === 'RUNNING'))
    return [one, two] as const
  }

  test('is refused when nobody asks another instance that has some of the tasks, with the partitions that are there; all go on', async () => {
    const input = await inputTopic()
    const url = `memory:${randomUUID()}`
    const [one, two] = await pair(input, 'lmdb')
    const elsewhere = two.streams.progress()
    const refused: unknown = await one.streams.savepoint(url, { timeoutMs: 300 }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'SAVEPOINT_REFUSED', place: { tasks: PARTITIONS } })
    for (const { task, topic, partition } of elsewhere)
      expect((refused as Error).message).toMatch(new RegExp(`${task} \\([^)]*${topic}-${partition}\\b`))
    for (const { task } of one.streams.progress()) expect((refused as Error).message).not.toContain(`${task} (`)
    await expect(application(input, 'lmdb').streams.beginFrom(url)).rejects.toThrow('There is no savepoint at')
    await put(input, 0, 300)
    await eventually(async () => total(last(await countsIn(kafka, one.output, PARTITIONS))) === 300)
    await Promise.all([one.stop(), two.stop()])
  }, 90_000)

  test.each([
    ['lmdb', 'memory:'],
    ['memory', 'memory:'],
    ['lmdb', 's3://state/'],
  ] as const)(
    'of two instances that are both asked is one moment of the whole, also while records stream in: %s, %s',
    async (engine, scheme) => {
      const url = `${scheme}${randomUUID()}`
      await (scheme === 'memory:' ? savedByTwo(engine, url) : inS3(() => savedByTwo(engine, url)))
    },
    90_000,
  )

  async function savedByTwo(engine: StoreEngine, url: string): Promise<void> {
    const input = await inputTopic()
    const [one, two] = await pair(input, engine)
    let written = 0
    const over = new AbortController()
    const both = Promise.all([one, two].map(({ streams }) => streams.savepoint(url))).finally(() => over.abort())
    while (!over.signal.aborted || written < 1_500) {
      await put(input, written, 100)
      written += 100
    }
    for (const tasks of await both) expect([...tasks].toSorted()).toEqual(['1_0', '1_1'])
    // They have gone on since.
    await eventually(async () => total(last(await countsIn(kafka, one.output, PARTITIONS))) === written)
    await Promise.all([one.stop(), two.stop()])

    const next = application(input, engine)
    await next.streams.beginFrom(url)
    next.start()
    await eventually(async () => total(last(await countsIn(kafka, next.output, PARTITIONS))) === written)
    await next.stop()
    for (const list of (await countsIn(kafka, next.output, PARTITIONS)).values())
      expect(list).toEqual(Array.from(list, (_, i) => list[0]! + i))
  }
})

function last(counts: ReadonlyMap<string, readonly number[]>): number[] {
  return [...counts.values()].map((list) => list.at(-1)!)
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0)
}

async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(50)
  }
}
