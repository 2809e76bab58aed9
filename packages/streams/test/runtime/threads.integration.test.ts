/** Threads of an instance, pauses, and what becomes of a thread that fails: on a real Kafka. `SLUICE_TEST_KAFKA` names it. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, valuesOf, type Kafka, type Producer } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { streamsAssignor } from '../../src/assignment/streams-assignor.ts'
import {
  KafkaStreams,
  Serdes,
  StreamRecord,
  StreamsBuilder,
  streamsSettings,
  type RecordProcessor,
  type StreamsPorts,
  type StreamsState,
} from '../../src/index.ts'
import { readCommitted } from '../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const WAIT_MS = 30_000
const text = { key: Serdes.string, value: Serdes.string }

onABroker('the threads of an instance (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let producer: Producer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-threads-'))
    kafka = await connect({ bootstrapServers: address })
    producer = kafka.producer()
  })
  afterAll(async () => {
    await producer.close()
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  })

  interface Of {
    readonly settings?: Readonly<Record<string, string>>
    readonly ports?: Partial<StreamsPorts>
    readonly until?: 'end'
  }

  /** An application of its own: `in` → the topology → `out`. */
  async function application(
    partitions: number,
    write: (builder: StreamsBuilder, input: string, output: string) => void,
  ) {
    const name = `threads-${randomUUID().slice(0, 8)}`
    const [input, output] = [`${name}.in`, `${name}.out`]
    await kafka.admin.ensureTopics([
      { topic: input, partitions },
      { topic: output, partitions },
    ])
    let written = 0
    const start = ({ settings = {}, ports = {}, until }: Of = {}) => {
      const builder = new StreamsBuilder()
      write(builder, input, output)
      const parsed = streamsSettings.parse({
        'application.id': name,
        'processing.guarantee': 'exactly_once_v2',
        'commit.interval.ms': '50',
        'heartbeat.interval.ms': '200',
        'retry.backoff.ms': '10',
        'state.dir': path.join(folder, name),
        ...settings,
      })
      const states: StreamsState[] = []
      const onState = (state: StreamsState): number => states.push(state)
      const streams = new KafkaStreams(builder.build(), parsed, {
        kafka,
        metrics: new MemoryMetrics(),
        onState,
        ...ports,
      })
      const stop = new AbortController()
      const end = async (): Promise<void> => {
        stop.abort()
        await run
      }
      const run = streams.run({ signal: stop.signal, ...(until === undefined ? {} : { until }) })
      run.catch(() => undefined)
      return { streams, states, run, stop, end }
    }
    return {
      name,
      input,
      output,
      start,
      async put(count: number, partition: number | null = null): Promise<void> {
        await producer.produce(
          Array.from({ length: count }, (_, i) => ({
            topic: input,
            partition,
            key: Buffer.from(`key ${(written + i) % 20}`),
            value: Buffer.from(String(written + i)),
            timestamp: 1_700_000_000_000 + written + i,
            headers: null,
          })),
        )
        written += count
      },
      out: () => readCommitted(kafka, output),
      async arrive(count = written): Promise<void> {
        await until(async () => (await readCommitted(kafka, output)).length >= count)
      },
      members: async () => valuesOf(await kafka.admin.groups.describe([name]))[0]!.members.length,
      committed: (partition: number) => kafka.groupOffsets(name).committed([{ topic: input, partition }]),
    }
  }

  const through = (builder: StreamsBuilder, input: string, output: string): void =>
    builder.stream(input, text).to(output, text)
  const counting = (builder: StreamsBuilder, input: string, output: string): void =>
    builder
      .stream(input, text)
      .groupByKey()
      .count({ materialized: { name: 'counts' } })
      .toStream()
      .mapValues(String)
      .to(output, text)

  test('num.stream.threads: each is a member of the group, and they share the tasks', async () => {
    const app = await application(4, through)
    await app.put(100)
    const one = app.start({ settings: { 'num.stream.threads': '2' } })
    await app.arrive()
    await until(async () => (await app.members()) === 2 && one.streams.progress().length === 4)
    await until(() => one.streams.threads().every(({ state }) => state === 'RUNNING'))
    expect(one.streams.threads().map(({ name }) => name.split('-').at(-1))).toEqual(['1', '2'])
    await app.put(100)
    await app.arrive()
    await one.end()
    expect(one.streams.state).toBe('NOT_RUNNING')
    expect((await app.out()).map(({ value }) => Number(value)).toSorted((a, b) => a - b)).toEqual(range(200))
  }, 90_000)

  test('a thread that is added takes over tasks with their state, and one that is removed gives them back', async () => {
    const app = await application(4, counting)
    const one = app.start()
    await app.put(100)
    await app.arrive()
    const name = one.streams.addStreamThread()
    expect(name).toMatch(/-StreamThread-2$/)
    await until(
      async () => (await app.members()) === 2 && one.streams.threads().every(({ state }) => state === 'RUNNING'),
    )
    await app.put(100)
    await app.arrive()
    expect(await one.streams.removeStreamThread()).toBe(name)
    expect(await app.members()).toBe(1)
    await app.put(100)
    await app.arrive()
    await one.end()
    const counts = new Map((await app.out()).map(({ key, value }) => [key, Number(value)]))
    expect(await app.out()).toHaveLength(300)
    expect([...counts.values()]).toEqual(Array.from({ length: 20 }, () => 15))
    expect(one.streams.addStreamThread()).toBeNull()
    expect(await one.streams.removeStreamThread()).toBeNull()
  }, 90_000)

  test('without a thread an instance waits for one to be added', async () => {
    const app = await application(2, through)
    const one = app.start()
    await app.put(10)
    await app.arrive()
    await one.streams.removeStreamThread()
    expect(one.streams.threads()).toEqual([])
    await app.put(10)
    expect(one.streams.addStreamThread()).toMatch(/-StreamThread-1$/)
    await app.arrive()
    await one.streams.removeStreamThread()
    await one.end()
    expect(await app.out()).toHaveLength(20)
  }, 90_000)

  test('a bounded run of several threads ends when all is done, in topics of its own too', async () => {
    const app = await application(3, (builder, input, output) =>
      builder
        .stream(input, text)
        .selectKey((_key, value) => `by ${Number(value) % 5}`)
        .groupByKey({ ...text, name: 'by-rest' })
        .count({ materialized: { name: 'counts' } })
        .toStream()
        .mapValues(String)
        .to(output, text),
    )
    await app.put(300)
    await app.start({ settings: { 'num.stream.threads': '3' }, until: 'end' }).run
    expect(await app.out()).toHaveLength(300)
  }, 90_000)

  test('what was committed is deleted from repartition topics', async () => {
    const app = await application(1, (builder, input, output) =>
      builder
        .stream(input, text)
        .selectKey((_key, value) => value)
        .repartition({ ...text, name: 'again' })
        .to(output, text),
    )
    const one = app.start({ settings: { 'repartition.purge.interval.ms': '0' } })
    await app.put(30)
    await app.arrive()
    const place = { topic: `${app.name}-again-repartition`, partition: 0 }
    await until(async () => (await kafka.admin.listOffsets([place], 'earliest'))[0]!.offset > 30)
    await app.put(10)
    await app.arrive()
    await one.end()
    expect(await app.out()).toHaveLength(40)
  }, 90_000)

  test('a bounded run ends before a transaction that is open, and the next one has what it has committed', async () => {
    const app = await application(1, through)
    await app.put(3)
    const other = await kafka.transactionalProducer({ transactionalId: `${app.name}-other` })
    other.begin()
    const open = {
      topic: app.input,
      partition: 0,
      key: Buffer.from('k'),
      value: Buffer.from('3'),
      timestamp: null,
      headers: null,
    }
    await other.produce([open])
    await app.put(1)
    const run = async (): Promise<string[]> => {
      await app.start({ until: 'end' }).run
      return (await app.out()).map(({ value }) => value)
    }
    expect(await run()).toEqual(['0', '1', '2'])
    await other.commit()
    await other.close()
    expect(await run()).toEqual(['0', '1', '2', '3', '3'])
  }, 90_000)

  test('what is paused is not processed until it is resumed: all of it, a partition, a sub-topology', async () => {
    const app = await application(2, through)
    const one = app.start()
    await app.put(10, 0)
    await app.arrive()
    one.streams.pause({ partition: 1 })
    await app.put(5, 1)
    await app.put(5, 0)
    await app.arrive(15)
    one.streams.pause({ subtopology: 0 })
    one.streams.pause()
    one.streams.resume({ partition: 1 })
    one.streams.resume({ subtopology: 0 })
    expect([one.streams.isPaused(), one.streams.isPaused({ partition: 1 })]).toEqual([true, true])
    await app.put(5, 0)
    // Long enough for several rounds, and for the group.
    await sleep(1_000)
    expect(await app.out()).toHaveLength(15)
    expect(await app.members()).toBe(1)
    one.streams.resume()
    await app.arrive(25)
    await one.end()
  }, 90_000)

  test('REPLACE_THREAD: another thread goes on from the last commit', async () => {
    let failures = 2
    const app = await application(1, (builder, input, output) =>
      builder
        .stream(input, text)
        .peek((_key, value) => {
          if (value === '5' && failures-- > 0) throw new Error('not now')
        })
        .to(output, text),
    )
    const asked: string[] = []
    const one = app.start({
      settings: { 'processing.exception.handler': 'fail' },
      ports: {
        onUncaughtException: (error, thread) => {
          asked.push(`${(error as { code: string }).code} ${thread.split('-').at(-1)}`)
          return 'REPLACE_THREAD'
        },
      },
    })
    await app.put(10)
    await app.arrive()
    await one.end()
    expect(asked).toEqual(['TASK_FAILED 1', 'TASK_FAILED 1'])
    expect((await app.out()).map(({ value }) => Number(value))).toEqual(range(10))
  }, 90_000)

  test('SHUTDOWN_APPLICATION: every instance ends, and what they have done is committed', async () => {
    const app = await application(2, (builder, input, output) =>
      builder
        .stream(input, text)
        .peek((_key, value) => {
          if (value === '20') throw new Error('never')
        })
        .to(output, text),
    )
    const settings = { 'processing.exception.handler': 'fail' }
    const ports = { onUncaughtException: () => 'SHUTDOWN_APPLICATION' as const }
    const [one, two] = [app.start({ settings, ports }), app.start({ settings, ports })]
    await until(() => [one, two].every(({ streams }) => streams.state === 'RUNNING' && streams.progress().length === 1))
    await app.put(20)
    await app.arrive()
    await app.put(1, 0)
    const ends = await Promise.allSettled([one.run, two.run])
    expect(
      ends.map((end) => (end.status === 'rejected' ? (end.reason as { code: string }).code : 'ended')).toSorted(),
    ).toEqual(['INTERRUPTED', 'TASK_FAILED'])
    expect([one.streams.state, two.streams.state]).toEqual(['ERROR', 'ERROR'])
    expect(await app.out()).toHaveLength(20)
  }, 90_000)

  test('commits go on while the group waits for a member that takes its time to join again', async () => {
    const app = await application(2, through)
    const one = app.start()
    await until(() => one.streams.progress().length === 2)
    const released = Promise.withResolvers<void>()
    let isHolding = false
    let isHeld = false
    const builder = new StreamsBuilder()
    through(builder, app.input, app.output)
    const slow = kafka.consumerMember({
      groupId: app.name,
      topics: [app.input],
      heartbeatIntervalMs: 200,
      assignors: [
        streamsAssignor({
          topology: builder.build().forApplication(app.name),
          processId: randomUUID(),
          userEndPoint: null,
          standbys: 0,
          held: () => [],
          onAssignment: () => undefined,
        }),
      ],
      hooks: {
        async onAssigned() {
          isHeld = isHolding
          if (isHolding) await released.promise
        },
        onLost: () => undefined,
      },
    })
    await slow.join()
    await until(() => (slow.poll(), one.streams.progress().length === 1 && slow.assignment().length === 1))
    isHolding = true
    // It does not lead: it gets its assignment again at once, and is busy with that.
    slow.requestRejoin('for the test')
    await until(() => isHeld)
    one.streams.addStreamThread()
    await until(async () => valuesOf(await kafka.admin.groups.describe([app.name]))[0]!.state === 'PreparingRebalance')
    // Several heartbeats: by then everybody else waits for the answer to its join.
    await sleep(1_000)
    await app.put(10, one.streams.progress()[0]!.partition)
    await app.arrive()
    released.resolve()
    await one.end()
    await slow.close()
  }, 90_000)

  test('a processor is closed with its task, with its stores still open; context.commit() commits before the time has come', async () => {
    const closed: string[] = []
    const app = await application(2, (builder, input, output) =>
      builder
        .stream(input, text)
        .process((): RecordProcessor<string, string, string, string> => {
          let close = (): void => undefined
          let process: RecordProcessor<string, string, string, string>['process'] = () => undefined
          return {
            init(context) {
              process = (record) => {
                context.forward(record)
                if (record.value === 'now') context.commit()
              }
              close = () => closed.push(context.taskId)
            },
            process: (record) => process(record),
            close: () => close(),
          }
        })
        .to(output, text),
    )
    const one = app.start({ settings: { 'processing.guarantee': 'at_least_once', 'commit.interval.ms': '3600000' } })
    await app.put(3, 0)
    await app.arrive()
    expect(await app.committed(0)).toEqual([])
    const now = {
      topic: app.input,
      partition: 0,
      key: Buffer.from('k'),
      value: Buffer.from('now'),
      timestamp: null,
      headers: null,
    }
    await producer.produce([now])
    await until(async () => (await app.committed(0))[0]?.offset === 4)
    expect(closed).toEqual([])
    const two = app.start({
      settings: { 'processing.guarantee': 'at_least_once', 'state.dir': path.join(folder, 'two') },
    })
    await until(() => closed.length === 1)
    await one.end()
    await two.end()
    expect(closed.toSorted()).toEqual(expect.arrayContaining(['0_0', '0_1']))
  }, 90_000)

  test('what a punctuator puts out without any record is committed', async () => {
    const app = await application(1, (builder, input, output) =>
      builder
        .stream(input, text)
        .process((): RecordProcessor<string, string, string, string> => ({
          init(context) {
            context.schedule(50, 'WALL_CLOCK_TIME', (now) => {
              context.forward(new StreamRecord('tick', String(now), now))
            })
          },
          process: () => undefined,
        }))
        .to(output, text),
    )
    const one = app.start()
    await app.arrive(2)
    await one.end()
    expect((await app.committed(0))[0]?.offset).toBe(0)
  }, 90_000)

  test('the time of a partition is known after a restart', async () => {
    const seen: number[] = []
    const app = await application(1, (builder, input, output) =>
      builder
        .stream(input, {
          ...text,
          timestampExtractor: (record, _key, _value, partitionTime) => {
            seen.push(partitionTime)
            return record.timestamp
          },
        })
        .to(output, text),
    )
    for (const count of [2, 3]) {
      await app.put(1)
      const one = app.start()
      await app.arrive(count - 1)
      await one.end()
    }
    expect(seen).toEqual([-1, 1_700_000_000_000])
  }, 90_000)
})

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It did not come about in time')
    await sleep(50)
  }
}
