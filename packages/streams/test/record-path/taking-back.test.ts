import { describe, expect, test } from '@jest/globals'
import {
  JoinWindows,
  Serdes,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  Suppressed,
  BufferConfig,
  TimeWindows,
  type KStream,
  type Topology,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = { key: Serdes.string, value: Serdes.string }

/** While it is set, whatever comes to the end of the topology fails there: behind every store. */
const fault = { isSet: false }

/** Ends the topology: to `out`, by way of what may fail. */
function end<K extends string | null, V extends string | null>(stream: KStream<K, V>): void {
  const whole = stream as unknown as KStream<string, string>
  whole
    .peek(() => {
      if (fault.isSet) throw new Error('not this one')
    })
    .to('out', text)
}

const shapes: Readonly<Record<string, (builder: StreamsBuilder) => void>> = {
  'a count, collapsed per commit'(builder) {
    end(
      builder
        .stream('in', text)
        .groupByKey()
        .count({ materialized: { name: 's' } })
        .toStream()
        .mapValues(String),
    )
  },
  'a count, logged at once'(builder) {
    const counted = builder
      .stream('in', text)
      .groupByKey()
      .count({ materialized: { name: 's', caching: false } })
    end(counted.toStream().mapValues(String))
  },
  'a count in windows'(builder) {
    const counted = builder.stream('in', text).groupByKey().windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
    end(
      counted
        .count({ materialized: { name: 's', caching: false } })
        .toStream(({ key }) => key)
        .mapValues(String),
    )
  },
  'a count in sliding windows'(builder) {
    const counted = builder.stream('in', text).groupByKey().windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(10, 10))
    end(
      counted
        .count({ materialized: { name: 's', caching: false } })
        .toStream(({ key }) => key)
        .mapValues(String),
    )
  },
  'a count of sessions'(builder) {
    const counted = builder.stream('in', text).groupByKey().windowedBy(SessionWindows.ofInactivityGapAndGrace(10, 0))
    end(
      counted
        .count({ materialized: { name: 's', caching: false } })
        .toStream(({ key }) => key)
        .mapValues(String),
    )
  },
  'a join of streams, outer'(builder) {
    const left = builder.stream('in', text).filter((_key, value) => value !== null && value.startsWith('l'))
    const right = builder.stream('right', text)
    end(
      left.outerJoin(right, (a, b) => `${a}+${b}`, JoinWindows.ofTimeDifferenceAndGrace(10, 0), {
        ...text,
        otherValue: Serdes.string,
      }),
    )
    end(left)
  },
  'a versioned table'(builder) {
    const table = builder
      .stream('in', text)
      .toTable({ materialized: { ...text, name: 's', historyRetentionMs: 1_000 } })
    end(table.toStream())
  },
  'what is suppressed until its window closes'(builder) {
    const stream = builder.stream('in', text)
    stream
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
      .count({ materialized: { name: 's' } })
      .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
      .toStream(({ key }) => key)
      .mapValues(String)
      .to('out', text)
    end(stream)
  },
}

function build(write: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder()
  write(builder)
  return builder.build()
}

/** What comes out of these records; one with a fault fails behind all stores. */
function run(driver: TopologyTestDriver, records: readonly (readonly [string, string, number, 'fault'?])[]): string[] {
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
  return records.flatMap(([key, value, timestamp, failing]) => {
    fault.isSet = failing !== undefined
    input.pipeInput(key, value, { timestamp })
    fault.isSet = false
    return output.readKeyValuesToList().map(([k, v]) => `${k}=${v}`)
  })
}

describe.each(Object.entries(shapes))('%s', (_name, write) => {
  const first = [
    ['a', 'l1', 5],
    ['b', 'l2', 6],
    ['a', 'l3', 7],
  ] as const
  const failing = [
    ['a', 'l4', 7, 'fault'],
    ['c', 'l5', 6, 'fault'],
  ] as const
  const last = [
    ['a', 'l6', 8],
    ['c', 'l7', 9],
    ['b', 'l8', 40],
    ['d', 'l9', 80],
  ] as const

  test('a record that fails behind stores leaves nothing in them', () => {
    const expected = run(new TopologyTestDriver(build(write)), [...first, ...last])
    const driver = new TopologyTestDriver(build(write))
    expect(run(driver, [...first, ...failing, ...last])).toEqual(expected)
    expect(driver.tally()).toMatchObject({ in: 9, quarantined: { process: 2 } })
  })

  test('nor in their changelogs', () => {
    const whole = run(new TopologyTestDriver(build(write)), [...first, ...last])
    const before = new TopologyTestDriver(build(write))
    const got = run(before, [...first, ...failing])
    got.push(...run(new TopologyTestDriver(build(write), { continuing: before }), last))
    expect(got).toEqual(whole)
  })
})

test('a version that fails is in no history, and the one before it holds again', () => {
  const driver = new TopologyTestDriver(build(shapes['a versioned table']!))
  const versions = driver.getVersionedKeyValueStore<string, string>('s')
  run(driver, [
    ['a', 'l1', 5],
    ['a', 'l2', 9],
  ])
  run(driver, [
    ['a', 'l3', 9, 'fault'],
    ['a', 'l4', 7, 'fault'],
    ['c', 'l5', 8, 'fault'],
  ])
  expect([versions.get('a'), versions.getAsOf('a', 8), versions.get('c')]).toMatchObject([
    { value: 'l2', timestamp: 9 },
    { value: 'l1', timestamp: 5, validTo: 9 },
    null,
  ])
})

test('what is let go and fails ends the run before the record that let it go: nothing that waited is lost', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
    .count({ materialized: { name: 's' } })
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
    .toStream(({ key }) => key)
    .mapValues((count) => {
      if (fault.isSet) throw new Error('not this window')
      return String(count)
    })
    .to('out', text)
  const driver = new TopologyTestDriver(builder.build())
  run(driver, [['a', '1', 5]])
  expect(() => run(driver, [['b', '2', 30, 'fault']])).toThrow(expect.objectContaining({ code: 'TASK_FAILED' }))
  fault.isSet = false
})
