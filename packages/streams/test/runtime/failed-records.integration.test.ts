/** What becomes of records that fail, on a real Kafka. `SLUICE_TEST_KAFKA` names it. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, valuesOf, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import {
  BufferConfig,
  KafkaStreams,
  Serdes,
  StreamsBuilder,
  streamsSettings,
  Suppressed,
  TimeWindows,
  type StreamsState,
} from '../../src/index.ts'
import { readCommitted } from '../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const WAIT_MS = 30_000
const text = { key: Serdes.string, value: Serdes.string }
const T0 = 1_700_000_000_000

onABroker('records that fail (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let producer: Producer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-failed-'))
    kafka = await connect({ bootstrapServers: address })
    producer = kafka.producer()
  })
  afterAll(async () => {
    await producer.close()
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function application(
    write: (builder: StreamsBuilder, input: string, output: string) => void,
    settings: Readonly<Record<string, string>> = {},
    configs: Readonly<Record<string, string>> = {},
  ) {
    const name = `failed-${randomUUID().slice(0, 8)}`
    const [input, output, quarantine] = [`${name}.in`, `${name}.out`, `${name}.quarantine`]
    await kafka.admin.ensureTopics([
      { topic: input, partitions: 1 },
      { topic: output, partitions: 1, configs },
    ])
    const made = () => {
      const builder = new StreamsBuilder()
      write(builder, input, output)
      const parsed = streamsSettings.parse({
        'application.id': name,
        'processing.guarantee': 'exactly_once_v2',
        'commit.interval.ms': '50',
        'retry.backoff.ms': '10',
        'state.dir': path.join(folder, name),
        ...settings,
      })
      const states: StreamsState[] = []
      const onState = (state: StreamsState): number => states.push(state)
      return {
        states,
        streams: new KafkaStreams(builder.build(), parsed, { kafka, metrics: new MemoryMetrics(), onState }),
      }
    }
    return {
      name,
      input,
      output,
      made,
      run: async () => {
        const { streams } = made()
        await streams.run({ until: 'end' })
        return streams
      },
      put: (values: readonly (readonly [string, string, number])[]) =>
        producer.produce(
          values.map(([key, value, at]) => ({
            topic: input,
            partition: 0,
            key: Buffer.from(key),
            value: Buffer.from(value),
            timestamp: T0 + at,
            headers: null,
          })),
        ),
      out: () => readCommitted(kafka, output),
      quarantined: () => readCommitted(kafka, quarantine),
      committed: async () =>
        (await kafka.groupOffsets(name).committed([{ topic: input, partition: 0 }]))[0]?.offset ?? null,
    }
  }

  /** Counts, then throws on the records with the value `bad`: the count has been stored by then. */
  const failing = (builder: StreamsBuilder, input: string, output: string): void => {
    let isBad = false
    builder
      .stream(input, text)
      .peek((_key, value) => {
        isBad = value === 'bad'
      })
      .groupByKey()
      .count({ materialized: { name: 'counts' } })
      .toStream()
      .mapValues((count) => {
        if (isBad) throw new Error('not this one')
        return String(count)
      })
      .to(output, text)
  }

  test.each(['exactly_once_v2', 'at_least_once'])(
    '%s: a record that is quarantined behind a store is not counted in it, also the first one',
    async (guarantee) => {
      const app = await application(failing, { 'processing.guarantee': guarantee })
      await app.put([
        ['a', 'bad', 0],
        ['a', 'x', 1],
        ['a', 'bad', 2],
        ['a', 'x', 3],
        ['a', 'bad', 4],
      ])
      const streams = await app.run()
      expect((await app.out()).map(({ value }) => value)).toEqual(['1', '2'])
      expect((await app.quarantined()).map(({ value }) => value)).toEqual(['bad', 'bad', 'bad'])
      expect(streams.progress()[0]!.tally).toMatchObject({ in: 5, passed: 2, quarantined: { process: 3 } })
      await app.put([['a', 'x', 5]])
      await app.run()
      expect((await app.out()).at(-1)!.value).toBe('3')
    },
    90_000,
  )

  test('a record that fails after it has let go a window is quarantined, and the window is put out once', async () => {
    const app = await application((builder, input, output) => {
      const stream = builder.stream(input, text)
      stream
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
        .count({ materialized: { name: 'counts' } })
        .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
        .toStream(({ key }) => key)
        .mapValues(String)
        .to(output, text)
      stream.foreach((_key, value) => {
        if (value === 'bad') throw new Error('not this one')
      })
    })
    await app.put([
      ['a', 'x', 1],
      ['a', 'x', 2],
      ['b', 'bad', 30],
      ['c', 'x', 31],
      ['d', 'bad', 60],
      ['d', 'x', 61],
    ])
    await app.run()
    expect((await app.out()).map(({ key, value }) => `${key}=${value}`)).toEqual(['a=2', 'c=1'])
    expect((await app.quarantined()).map(({ key }) => key)).toEqual(['b', 'd'])
  }, 90_000)

  test('a record whose call fails behind a store is not counted in it, though others went on meanwhile', async () => {
    let isMended = false
    const app = await application((builder, input, output) =>
      builder
        .stream(input, text)
        .groupByKey()
        .count({ materialized: { name: 'counts' } })
        .toStream()
        .mapValuesAsync(async (count, key) => {
          await sleep(1)
          if (key.startsWith('bad') && !isMended) throw new Error('not this one')
          return String(count)
        })
        .to(output, text),
    )
    await app.put([
      ['a', 'x', 0],
      ['bad', 'x', 1],
      ['a', 'x', 2],
      ['bad too', 'x', 3],
      ['a', 'x', 4],
    ])
    await app.run()
    expect((await app.quarantined()).map(({ key }) => key).toSorted()).toEqual(['bad', 'bad too'])
    isMended = true
    await app.put([
      ['bad', 'x', 5],
      ['bad too', 'x', 6],
    ])
    await app.run()
    const out = (await app.out()).map(({ key, value }) => `${key}=${value}`)
    expect(out.toSorted()).toEqual(['a=1', 'a=2', 'a=3', 'bad too=1', 'bad=1'])
  }, 90_000)

  test('a processor that loops for ever: when its session is over others take its tasks, and every result is there once', async () => {
    const app = await application((builder, input, output) => builder.stream(input, text).to(output, text), {
      'session.timeout.ms': '6000',
    })
    const env = { ...process.env, ADDRESS: address, NAME: app.name, STATE: path.join(folder, 'loops') }
    const script = new URL('../loop-in-child.ts', import.meta.url).pathname
    const child = spawn(process.execPath, ['--conditions=@sluice/source', script], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await app.put([
        ['a', '1', 0],
        ['a', 'loop', 1],
        ['a', '2', 2],
      ])
      await once(child.stdout, 'data')
      const { streams } = app.made()
      const stop = new AbortController()
      const run = streams.run({ signal: stop.signal })
      await until(async () => (await app.out()).length === 3)
      stop.abort()
      await run
      expect((await app.out()).map(({ value }) => value)).toEqual(['1', 'loop', '2'])
    } finally {
      child.kill('SIGKILL')
    }
  }, 90_000)

  test('park: the partition waits before the record, committed, until it is resumed', async () => {
    let isMended = false
    const app = await application(
      (builder, input, output) =>
        builder
          .stream(input, text)
          .peek((_key, value) => {
            if (value === 'bad' && !isMended) throw new Error('not yet')
          })
          .onError('park')
          .to(output, text),
      { 'processing.guarantee': 'at_least_once' },
    )
    await app.put([
      ['a', '1', 0],
      ['a', 'bad', 1],
      ['a', '2', 2],
    ])
    const { streams } = app.made()
    const stop = new AbortController()
    const run = streams.run({ signal: stop.signal })
    const place = { topic: app.input, partition: 0 }
    await until(() => streams.isPaused(place))
    await until(async () => (await app.committed()) === 1)
    isMended = true
    streams.resume(place)
    await until(async () => (await app.out()).length === 3)
    stop.abort()
    await run
    expect((await app.out()).map(({ value }) => value)).toEqual(['1', 'bad', '2'])
  }, 90_000)

  test('park, in a run until the end: it ends when nothing else is left to do, and names what is parked; what somebody has paused is waited for', async () => {
    let isMended = false
    const app = await application((builder, input, output) =>
      builder
        .stream(input, text)
        .peek((_key, value) => {
          if (value === 'bad' && !isMended) throw new Error('not yet')
        })
        .onError('park')
        .to(output, text),
    )
    await app.put([
      ['a', '1', 0],
      ['a', 'bad', 1],
      ['a', '2', 2],
    ])
    const { streams, states } = app.made()
    streams.pause({ topic: app.input })
    let isOver = false
    const run = streams.run({ until: 'end' }).finally(() => (isOver = true))
    run.catch(() => undefined)
    await until(() => streams.progress().length > 0)
    await sleep(300)
    expect(isOver).toBe(false)
    streams.resume({ topic: app.input })
    await expect(run).rejects.toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringContaining(`${app.input}-0@1`) as unknown,
      place: { topic: app.input, partition: 0, offset: 1 },
    })
    expect([isOver, states.at(-1), await app.committed()]).toEqual([true, 'ERROR', 1])
    isMended = true
    await app.run()
    expect((await app.out()).map(({ value }) => value)).toEqual(['1', 'bad', '2'])
  }, 90_000)

  test('a result that is larger than its topic allows is quarantined', async () => {
    const through = (builder: StreamsBuilder, input: string, output: string): void =>
      builder.stream(input, text).to(output, text)
    const app = await application(through, {}, { 'max.message.bytes': '2000' })
    await app.put([
      ['a', '1', 0],
      ['a', 'x'.repeat(5_000), 1],
      ['a', '2', 2],
    ])
    await app.run()
    expect((await app.out()).map(({ value }) => value)).toEqual(['1', '2'])
    expect((await app.quarantined()).map(({ value }) => value.length)).toEqual([5_000])
  }, 90_000)

  test('a record that is older than its result’s topic allows is quarantined, also where the quarantine topic allows no older ones', async () => {
    const through = (builder: StreamsBuilder, input: string, output: string): void =>
      builder.stream(input, text).to(output, text)
    const configs = { 'message.timestamp.before.max.ms': '86400000' }
    const app = await application(through, {}, configs)
    await kafka.admin.ensureTopics([{ topic: `${app.name}.quarantine`, partitions: 1, configs }])
    await app.put([
      ['a', '1', Date.now() - T0],
      ['a', 'old', 0],
      ['a', '2', Date.now() - T0],
    ])
    await app.run()
    expect((await app.out()).map(({ value }) => value)).toEqual(['1', '2'])
    expect((await app.quarantined()).map(({ value }) => value)).toEqual(['old'])
  }, 90_000)

  test('message too large, at least once: one that the broker refuses ends the run, and what was committed is not lost', async () => {
    const through = (builder: StreamsBuilder, input: string, output: string): void =>
      builder.stream(input, text).to(output, text)
    const app = await application(through, { 'processing.guarantee': 'at_least_once' })
    const { streams } = app.made()
    const run = streams.run()
    run.catch(() => undefined)
    await app.put([
      ['a', '1', 0],
      ['a', '2', 1],
    ])
    await until(async () => (await app.committed()) === 2)
    // Behind its back: it knows what the topic allowed when it began.
    const changes = [{ name: 'max.message.bytes', operation: 'set' as const, value: '2000' }]
    valuesOf(await kafka.admin.configs.alter([{ type: 'topic', name: app.output, changes }]))
    await app.put([
      ['a', '3', 2],
      ['a', 'x'.repeat(5_000), 3],
      ['a', '4', 4],
    ])
    await expect(run).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' })
    expect(await app.committed()).toBeLessThanOrEqual(3)
    await app.run()
    expect(await app.committed()).toBe(5)
    const values = (await app.out()).map(({ value }) => value)
    expect([...new Set(values)]).toEqual(['1', '2', '3', '4'])
    expect((await app.quarantined()).map(({ value }) => value.length)).toEqual([5_000])
  }, 90_000)
})

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(50)
  }
}
