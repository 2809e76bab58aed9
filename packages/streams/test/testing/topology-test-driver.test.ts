import { describe, expect, test } from '@jest/globals'
import {
  Serdes,
  SessionWindows,
  STREAM_METRIC_GROUPS,
  Stores,
  StreamRecord,
  StreamsBuilder,
  TimeWindows,
  timeWindowedSerde,
  type ProcessorContext,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = { key: Serdes.string, value: Serdes.string }
const counts = (name: string) => ({ materialized: { name, key: Serdes.string, value: Serdes.long } })

function driverOf(write: (builder: StreamsBuilder) => void): TopologyTestDriver {
  const builder = new StreamsBuilder()
  write(builder)
  return new TopologyTestDriver(builder.build(), { settings: { 'application.id': 'app' } })
}

describe('several sub-topologies', () => {
  test('a record goes through a repartition topic, which can be read, and through every table behind it', () => {
    const driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .groupBy((_key, value) => value!.slice(0, 1), { name: 'by-letter', ...text })
        .count(counts('letters'))
        .toStream()
        .to('out', { key: Serdes.string, value: Serdes.long }),
    )
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    input.pipeKeyValueList([
      ['1', 'apple'],
      ['2', 'ant'],
      ['3', 'bee'],
    ])
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.long).readKeyValuesToList()).toEqual([
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ])
    const between = driver.createOutputTopic('app-by-letter-repartition', Serdes.string, Serdes.string)
    expect(between.readKeyValuesToList()).toEqual([
      ['a', 'apple'],
      ['a', 'ant'],
      ['b', 'bee'],
    ])
    expect(driver.createOutputTopic('app-letters-changelog').queueSize).toBe(3)
    expect([...driver.getKeyValueStore<string, number>('letters').all()]).toEqual([
      { key: 'a', value: 2 },
      { key: 'b', value: 1 },
    ])
    expect(driver.tally('in').in).toBe(3)
  })

  test('all that comes of a record is done before the next one, in the order it was written', () => {
    const seen: string[] = []
    const driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .flatMap((key, value): [string, string][] => [
          [`${key}1`, value!],
          [`${key}2`, value!],
        ])
        .repartition({ name: 'again', ...text })
        .foreach((key, value) => seen.push(`${key}:${value}`)),
    )
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
      ['a', 'x'],
      ['b', 'y'],
    ])
    expect(seen).toEqual(['a1:x', 'a2:x', 'b1:y', 'b2:y'])
  })

  test('global tables are read by all tasks', () => {
    const driver = driverOf((builder) => {
      const names = builder.globalTable('names', { ...text, materialized: { name: 'names' } })
      builder
        .stream('in', text)
        .join(
          names,
          (_key, value) => value,
          (value, name) => `${value} is ${name}`,
        )
        .to('out', text)
    })
    driver.createInputTopic('names', Serdes.string, Serdes.string).pipeInput('1', 'one')
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', '1')
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValue()).toEqual(['k', '1 is one'])
    expect(driver.getKeyValueStore('names').get('1')).toBe('one')
  })
})

describe('stores by name', () => {
  const driver = driverOf((builder) => {
    const grouped = builder.stream('in', text).groupByKey()
    grouped.count(counts('all'))
    grouped.windowedBy(TimeWindows.ofSizeAndGrace(10, 20)).count(counts('windows'))
    grouped.windowedBy(SessionWindows.ofInactivityGapWithNoGrace(5)).count(counts('sessions'))
    builder.table('rows', { ...text, materialized: { name: 'versions', historyRetentionMs: 100 } })
  })
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string, { startTimestamp: 8, autoAdvanceMs: 3 })
  for (const value of ['a', 'b', 'c']) input.pipeInput('k', value)
  const rows = driver.createInputTopic('rows', Serdes.string, Serdes.string, { startTimestamp: 1 })
  rows.pipeInput('k', 'old')
  rows.advanceTime(4)
  rows.pipeInput('k', 'new')

  test('each kind has its own way in, with the times of values or without', () => {
    expect(driver.getKeyValueStore('all').get('k')).toBe(3)
    expect(driver.getTimestampedKeyValueStore('all').get('k')).toEqual({ value: 3, timestamp: 14 })
    expect([...driver.getWindowStore('windows').fetchRange('k', 0, 100)]).toEqual([
      { key: 'k', start: 0, value: 1 },
      { key: 'k', start: 10, value: 2 },
    ])
    expect(driver.getTimestampedWindowStore('windows').fetch('k', 10)).toEqual({ value: 2, timestamp: 14 })
    expect([...driver.getSessionStore('sessions').fetch('k')]).toEqual([{ key: 'k', start: 8, end: 14, value: 3 }])
    expect(driver.getVersionedKeyValueStore('versions').getAsOf('k', 4)).toMatchObject({ value: 'old' })
    expect([...driver.getAllStateStores().keys()].toSorted()).toEqual(['all', 'sessions', 'versions', 'windows'])
  })

  test('one that is not there, or is of another kind, says so', () => {
    expect(() => driver.getKeyValueStore('none')).toThrow('no store none')
    expect(() => driver.getSessionStore('all')).toThrow('is of kind timestampedKeyValue, not session')
  })

  test('a topic without a time of its own has none to advance', () =>
    expect(() => driver.createInputTopic('in').advanceTime(1)).toThrow('no time of its own'))
})

describe('in and out', () => {
  const windowed = timeWindowedSerde(Serdes.string, 10)
  const windows = (): TopologyTestDriver =>
    driverOf((builder) =>
      builder
        .stream('in', text)
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
        .count(counts('windows'))
        .toStream()
        .to('out', { key: windowed, value: Serdes.long }),
    )

  test('as a map: the last value of each key, also where keys are objects', () => {
    const driver = windows()
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    input.pipeInput('a', 'x', 1)
    input.pipeInput('a', 'y', { timestamp: 2 })
    input.pipeInput('a', 'z', 12)
    expect([...driver.createOutputTopic('out', windowed, Serdes.long).readKeyValuesToMap()]).toEqual([
      [{ key: 'a', start: 0, end: 10 }, 2],
      [{ key: 'a', start: 10, end: 20 }, 1],
    ])
    expect(driver.createOutputTopic('out').isEmpty).toBe(true)
  })

  test('values without keys', () => {
    const driver = driverOf((builder) => builder.stream('in', text).to('out'))
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeValueList(['a', null])
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValuesToList()).toEqual([
      [null, 'a'],
      [null, null],
    ])
  })

  test('topics that a pattern matches are named', () => {
    const builder = new StreamsBuilder()
    builder.stream(/in-.*/, text).to('out')
    const topology = builder.build()
    expect(() => new TopologyTestDriver(topology).createInputTopic('in-1')).toThrow(/named by the option topics/)
    const driver = new TopologyTestDriver(topology, { topics: ['in-1', 'in-2', 'other'] })
    driver.createInputTopic('in-2', Serdes.string, Serdes.string).pipeInput('k', 'v')
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValue()).toEqual(['k', 'v'])
    expect(() => driver.createInputTopic('other')).toThrow(/does not read topic other: it reads in-1, in-2/)
  })

  test('time does not go back, and nothing goes in when it is over', () => {
    const driver = windows()
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string, { startTimestamp: 5 })
    expect(() => input.advanceTime(-1)).toThrow(/cannot be moved on by -1/)
    expect(() => driver.advanceWallClockTime(-1)).toThrow(/cannot be moved on by -1/)
    driver.close()
    driver.close()
    expect(() => input.pipeInput('a', 'x')).toThrow(/closed/)
  })
})

test('what a test puts into a table is there for the next record', () => {
  const driver = driverOf((builder) => {
    const [kept, processed] = [counts('counts'), Stores.keyValue('processed', text)]
    builder.stream('in', text).groupByKey().count(kept).toStream().to('out', kept.materialized)
    builder.stream('other', text).process(() => ({ process: () => undefined }), { stores: [processed] })
  })
  const store = driver.getKeyValueStore<string, number>('counts')
  store.putAll([
    ['a', 20],
    ['b', 30],
  ])
  expect([store.putIfAbsent('b', 1), store.delete('b'), store.get('b')]).toEqual([30, 30, null])
  driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('a', 'x', 7)
  const out = driver.createOutputTopic('out', Serdes.string, Serdes.long)
  expect(out.readRecordsToList()).toMatchObject([{ key: 'a', value: 21, timestamp: 7 }])
  driver.getKeyValueStore<string, string>('processed').put('k', 'v')
  expect(driver.getStateStore('processed')).toMatchObject({ name: 'processed' })
  expect(() => driver.getStateStore('nothing')).toThrow(/no store nothing: it has counts, processed/)
})

test('what operators drop is counted by reason; the tally has each input once', () => {
  const driver = driverOf((builder) =>
    builder.stream('in', text).groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(10)).count(counts('windows')),
  )
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const [key, timestamp] of [
    ['k', 5],
    ['k', 30],
    ['k', 6],
    [null, 31],
  ] as const)
    input.pipeInput(key, 'v', { timestamp })
  expect(driver.droppedRecords()).toEqual({ late: 1, 'null-key': 1 })
  expect(driver.tally()).toMatchObject({ in: 4, passed: 2, dropped: { late: 1, 'null-key': 1 } })
})

test('a processor punctuates by the clock and reads its store; what it forwards goes on through repartition topics', () => {
  const driver = driverOf((builder) => {
    const seen = Stores.keyValue('seen', text)
    builder.addStateStore(seen)
    builder
      .stream('in', text)
      .process<string, string>(
        () => {
          let context: ProcessorContext<string, string>
          return {
            init(given) {
              context = given
              given.schedule(1000, 'WALL_CLOCK_TIME', (timestamp) => {
                for (const { key, value } of given.getStateStore(seen).all())
                  context.forward(new StreamRecord(key, value, timestamp))
              })
            },
            process({ key, value }) {
              context.getStateStore(seen).put(key!, value)
            },
          }
        },
        { stores: ['seen'] },
      )
      .repartition({ name: 'on', ...text })
      .to('out', text)
  })
  const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
  driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v')
  driver.advanceWallClockTime(999)
  expect(output.isEmpty).toBe(true)
  driver.advanceWallClockTime(1)
  expect(output.readRecordsToList()).toEqual([{ key: 'k', value: 'v', timestamp: driver.clock.now(), headers: [] }])
})

test('metrics are those of Kafka Streams, with its names; of stores where the level says so', () => {
  const builder = new StreamsBuilder()
  builder.stream('in', text).groupByKey(text).count(counts('counted'))
  const settings = { 'application.id': 'app', 'metrics.recording.level': 'TRACE' }
  const driver = new TopologyTestDriver(builder.build(), { settings })
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const key of ['a', 'b', null]) input.pipeInput(key, 'v')
  const groups = driver.metrics()
  const of = (name: string) => groups.filter(({ group }) => group === name)
  expect(of('stream-thread-metrics')[0]!.values).toMatchObject({ 'process-total': 3, 'commit-total': 3 })
  expect(of('stream-task-metrics')[0]).toMatchObject({
    tags: { 'thread-id': 'app-StreamThread-1', 'task-id': '0_0' },
    values: { 'process-total': 3, 'dropped-records-total': 1 },
  })
  expect(of('stream-topic-metrics')[0]!.values).toMatchObject({ 'records-consumed-total': 3 })
  expect(of('stream-state-metrics')[0]!.values).toMatchObject({ 'put-total': 2 })
  for (const group of groups) {
    const told = STREAM_METRIC_GROUPS.filter((one) => one.group === group.group).flatMap(({ numbers }) =>
      Object.keys(numbers),
    )
    expect(told).toEqual(expect.arrayContaining(Object.keys(group.values)))
  }
})
