import { describe, expect, test } from '@jest/globals'
import { EMPTY_TALLY, type FetchedPartition } from '@sluice/kafka'
import { readQuarantineHeaders } from '@sluice/quality'
import { NotReadyError, RetriableError, systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { serde, Serdes, StreamsBuilder, type ErrorPolicy, type Topology } from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { streamsSettings } from '../../src/streams-settings.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'

const text = { key: Serdes.string, value: Serdes.string }
type Settings = Readonly<Record<string, string>>

/** A map that throws on `bad`, and one behind it that throws on `worse`. */
function topologyOf(write: { map?: ErrorPolicy; source?: ErrorPolicy; sink?: ErrorPolicy } = {}): Topology {
  const builder = new StreamsBuilder()
  const onError = write.source === undefined ? {} : { onError: { processing: write.source, production: write.source } }
  const mapped = builder.stream('in', { ...text, ...onError }).mapValues(
    (value) => {
      if (value === 'bad') throw new TypeError('no good')
      return value
    },
    { name: 'first' },
  )
  if (write.map !== undefined) mapped.onError(write.map)
  mapped
    .mapValues(
      (value) => {
        if (value === 'worse') throw new TypeError('no better')
        return value
      },
      { name: 'second' },
    )
    .to('out', { ...text, ...(write.sink === undefined ? {} : { onError: write.sink }) })
  return builder.build()
}

function run(topology: Topology, values: readonly string[], settings: Settings = {}) {
  const driver = new TopologyTestDriver(topology, { settings })
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const value of values) input.pipeInput('k', value)
  const read = (topic: string): string[] =>
    driver.createOutputTopic(topic, Serdes.string, Serdes.string).readValuesToList().map(String)
  return { driver, out: read('out'), quarantined: read('test.quarantine'), tally: driver.tally() }
}

describe('a record on which an operator throws', () => {
  test('is a dead letter by default, with the headers of KIP-1034 and ours, and its own bytes', () => {
    const driver = new TopologyTestDriver(topologyOf())
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    input.pipeInput('k', 'good')
    input.pipeInput('k', 'bad', { timestamp: 77, headers: [{ key: 'own', value: Buffer.from('1') }] })
    const dead = driver.createOutputTopic('test.quarantine', Serdes.string, Serdes.string).readRecord()
    const headers = new Map(dead.headers.map(({ key, value }) => [key, Buffer.from(value ?? []).toString()]))
    expect([dead.key, dead.value, dead.timestamp]).toEqual(['k', 'bad', 77])
    expect(headers.get('own')).toBe('1')
    expect(headers.get('__streams.errors.exception')).toBe('TypeError: no good')
    expect(headers.get('__streams.errors.message')).toBe('no good')
    expect(headers.get('__streams.errors.stacktrace')).toContain('TypeError: no good')
    expect(headers.get('__streams.errors.topic')).toBe('in')
    expect(headers.get('__streams.errors.partition')).toBe('0')
    expect(headers.get('__streams.errors.offset')).toBe('1')
    expect(readQuarantineHeaders(dead.headers)).toMatchObject({
      stage: 'process',
      attempt: 1,
      exceptionClass: 'TypeError',
    })
    // It comes back, and fails again: one set of headers.
    input.pipeInput('k', 'bad', { headers: dead.headers })
    const again = driver.createOutputTopic('test.quarantine', Serdes.string, Serdes.string).readRecord()
    expect(again.headers.filter(({ key }) => key === '__streams.errors.offset')).toHaveLength(1)
    expect(readQuarantineHeaders(again.headers)).toMatchObject({ attempt: 2 })
  })

  test('drop: it is let go and counted', () => {
    const { out, quarantined, tally } = run(topologyOf(), ['a', 'bad', 'b'], { 'processing.exception.handler': 'drop' })
    expect([out, quarantined]).toEqual([['a', 'b'], []])
    expect(tally).toMatchObject({ in: 3, passed: 2, dropped: { process: 1 } })
  })

  test('fail: the run ends before it', () => {
    expect(() => run(topologyOf(), ['a', 'bad'], { 'processing.exception.handler': 'fail' })).toThrow(
      expect.objectContaining({ code: 'TASK_FAILED' }),
    )
  })
})

describe('whose policy it is', () => {
  test('of an operator, for what it throws itself, and not for what the next one does', () => {
    const { out, quarantined, tally } = run(topologyOf({ map: 'drop' }), ['a', 'bad', 'worse', 'b'])
    expect([out, quarantined]).toEqual([['a', 'b'], ['worse']])
    expect(tally).toMatchObject({ dropped: { process: 1 }, quarantined: { process: 1 } })
  })

  test('of the source, for all of its records, before what the settings say; that of an operator goes before it', () => {
    const settings = { 'processing.exception.handler': 'fail' }
    expect(run(topologyOf({ source: 'drop' }), ['bad', 'worse', 'b'], settings).out).toEqual(['b'])
    const { out, quarantined } = run(topologyOf({ source: 'drop', map: 'quarantine' }), ['bad', 'worse', 'b'], settings)
    expect([out, quarantined]).toEqual([['b'], ['bad']])
  })

  test('of a sink, for what cannot be written', () => {
    const settings = { 'producer.max.request.size': '300', 'production.exception.handler': 'fail' }
    const long = 'x'.repeat(400)
    const { out, quarantined, tally } = run(topologyOf({ sink: 'drop' }), ['a', long], settings)
    expect([out, quarantined]).toEqual([['a'], []])
    expect(tally).toMatchObject({ dropped: { encode: 1 } })
  })

  test('a policy of nobody is refused when the topology is built', () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', { ...text, name: 'source' })
      .onError('drop')
      .to('out', text)
    expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
  })
})

describe('bad input', () => {
  test('a poison message: bytes that cannot be read are quarantined with the stage decode, and the next record goes on', () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: Serdes.string, value: Serdes.json<{ n: number }>() })
      .mapValues((value) => value?.n ?? 0)
      .to('out', { key: Serdes.string, value: Serdes.long })
    const driver = new TopologyTestDriver(builder.build())
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    for (const value of ['{"n":1}', '{"n":', '{"n":3}']) input.pipeInput('k', value)
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.long).readValuesToList()).toEqual([1, 3])
    const dead = driver.createOutputTopic('test.quarantine', Serdes.string, Serdes.string).readRecord()
    expect([dead.value, readQuarantineHeaders(dead.headers)?.stage]).toEqual(['{"n":', 'decode'])
  })

  test('a promise where none is allowed ends the run before the record', () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', text)
      .process<string, string>(() => ({ process: (() => Promise.resolve()) as unknown as () => void }))
      .to('out', text)
    expect(() => run(builder.build(), ['a'])).toThrow(expect.objectContaining({ code: 'TASK_FAILED' }))
  })

  test('a record without a timestamp is quarantined', () => {
    const { task, out, fetched } = taskOf(topologyOf(), {})
    expect(task.process(fetched(['a', 'b'], [-1, 5]))).toBeNull()
    expect(out()).toEqual(['test.quarantine a', 'out b'])
  })

  test('one whose timestamp no batch could carry beside others, as of nanoseconds, is quarantined without it', () => {
    const driver = new TopologyTestDriver(topologyOf())
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    for (const timestamp of [1_700_000_000_000_000_000, 2 ** 52, 2 ** 52 - 1]) input.pipeInput('k', 'v', { timestamp })
    const times = (topic: string): unknown[] =>
      driver
        .createOutputTopic(topic)
        .readRecordsToList()
        .map(({ timestamp, headers }) => {
          const origin = headers.find(({ key }) => key === 'dq-origin-timestamp')?.value
          return [timestamp, Buffer.from(origin ?? []).toString()]
        })
    // What has none is given the producer's.
    expect(times('test.quarantine')).toEqual([
      [0, '1700000000000000000'],
      [0, '4503599627370496'],
    ])
    expect(times('out')).toEqual([[2 ** 52 - 1, '']])
  })

  test('a result that is too large is quarantined, and what was committed stays', () => {
    const { out, quarantined, tally } = run(topologyOf(), ['a', 'x'.repeat(400), 'b'], {
      'producer.max.request.size': '300',
    })
    expect([out, quarantined]).toEqual([['a', 'b'], ['x'.repeat(400)]])
    expect(tally).toMatchObject({ in: 3, passed: 2, quarantined: { encode: 1 } })
  })
})

describe('a record that is tried again', () => {
  test('holds its task until it is through, in order', () => {
    const topology = flaky(2)
    const { task, out, fetched, clock } = taskOf(topology, {
      'processing.exception.handler': 'retry',
      'retry.backoff.ms': '100',
    })
    task.process(fetched(['a', 'bad', 'b'], [1, 2, 3]))
    expect(out()).toEqual(['out a'])
    expect(task.waitsUntil).toBe(clock.monotonic() + 100)
    expect(task.partitions[0]!.position).toBe(1)
    task.run()
    expect(out()).toEqual([])
    clock.advance(100)
    task.run()
    expect(task.waitsUntil).toBe(clock.monotonic() + 200)
    clock.advance(200)
    task.run()
    expect(out()).toEqual(['out bad', 'out b'])
    expect(task.partitions[0]!.tally.snapshot()).toMatchObject({ in: 3, passed: 3 })
  })

  test('is quarantined when it was tried for task.timeout.ms', () => {
    const settings = { 'processing.exception.handler': 'retry', 'retry.backoff.ms': '100', 'task.timeout.ms': '250' }
    const { task, out, fetched, clock } = taskOf(flaky(Infinity), settings)
    task.process(fetched(['bad', 'b'], [2, 3]))
    for (const ms of [100, 200]) {
      clock.advance(ms)
      task.run()
    }
    expect(out()).toEqual(['test.quarantine bad', 'out b'])
  })
})

describe('a schema that a serde has to ask for', () => {
  /** `b` is of a schema that is not here until `ready` says so. */
  function asking(ready: () => Promise<unknown>, settings: Settings = {}) {
    let isHere = false
    const ask = async (): Promise<void> => {
      await ready()
      isHere = true
    }
    const { converter } = Serdes.string
    const value = serde<string>({
      ...converter,
      encoder: (topic, schema) => converter.encoder(topic, schema),
      decode(topic, bytes) {
        const read = converter.decode(topic, bytes)
        if (read.value === 'b' && !isHere) throw new NotReadyError('The schema 7 is not here yet', ask)
        return read
      },
    })
    const builder = new StreamsBuilder()
    builder.stream('in', { key: Serdes.string, value, checked: true }).to('out', text)
    const bench = taskOf(builder.build(), { 'deserialization.exception.handler': 'fail', ...settings })
    expect(bench.task.process(bench.fetched(['a', 'b', 'c'], [1, 2, 3]))).toBeNull()
    expect(bench.out()).toEqual(['out a'])
    /** What the clock has come to, and what was asked has answered. */
    const later = async (ms: number): Promise<string | undefined> => {
      await Promise.resolve()
      await Promise.resolve()
      bench.clock.advance(ms)
      return bench.task.run()?.code
    }
    return { ...bench, later }
  }

  test('holds its record, in order, whatever the policy: it is no failure', async () => {
    const { out, later } = asking(() => Promise.resolve())
    expect(await later(100)).toBeUndefined()
    expect(out()).toEqual(['out b', 'out c'])
  })

  test('that cannot be had is what the record fails with, at once', async () => {
    const refused = (): Promise<never> => Promise.reject(new RangeError('There is no schema 7'))
    const { out, later } = asking(refused, { 'deserialization.exception.handler': 'quarantine' })
    expect(await later(100)).toBeUndefined()
    expect(out()).toEqual(['test.quarantine b', 'out c'])
  })

  test('is asked for again, and is a failure like others after task.timeout.ms', async () => {
    let asked = 0
    const away = (): Promise<never> => {
      asked++
      return Promise.reject(new RetriableError('REGISTRY_UNREACHABLE', 'Nobody there'))
    }
    const { out, later } = asking(away, { 'task.timeout.ms': '1000' })
    expect(await later(100)).toBeUndefined()
    expect(await later(200)).toBeUndefined()
    expect(out()).toEqual([])
    expect(asked).toBe(3)
    expect(await later(1_000)).toBe('TASK_FAILED')
  })
})

test('a record that is parked pauses its partition, and is tried again when that is resumed', () => {
  const { task, out, fetched } = taskOf(flaky(1), { 'processing.exception.handler': 'park' })
  expect(task.process(fetched(['a', 'bad', 'b'], [1, 2, 3]))).toBeNull()
  expect(out()).toEqual(['out a'])
  expect(task.takeParked()).toMatchObject([{ topic: 'in', partition: 0, offset: 1, error: { message: 'not now' } }])
  expect(task.takeParked()).toEqual([])
  task.run()
  expect(out()).toEqual([])
  task.partitions[0]!.isPaused = false
  task.run()
  expect(out()).toEqual(['out bad', 'out b'])
})

/** Throws on `bad` so many times. */
function flaky(times: number): Topology {
  let left = times
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .peek((_key, value) => {
      if (value === 'bad' && left-- > 0) throw new Error('not now')
    })
    .to('out', text)
  return builder.build()
}

function taskOf(topology: Topology, settings: Settings) {
  const output = new OutputBatch()
  const clock = new FakeClock()
  const starts = [{ topic: 'in', partition: 0, offset: 0, tally: EMPTY_TALLY }]
  const parsed = taskSettingsOf(streamsSettings.parse({ 'application.id': 'test', ...settings }))
  const task = new StreamTask(topology, topology.subtopologies[0]!, 0, starts, parsed, {
    clock,
    random: systemRandom,
    output,
  })
  const out = (): string[] => output.take().map(({ topic, value }) => `${topic} ${Buffer.from(value!).toString()}`)
  return { task, out, clock, fetched }
}

function fetched(values: readonly string[], times: readonly number[]): FetchedPartition {
  return fetchedPartition(values.map((value, offset) => ({ offset, timestamp: times[offset]!, value })))
}
