/** What cannot be run is refused where it is written, or at the latest when the topology is built. */
import { describe, expect, test } from '@jest/globals'
import {
  BufferConfig,
  JoinWindows,
  Serdes,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  UnlimitedWindows,
  type Optimizations,
} from '../../src/index.ts'
import { text, thrownBy, topologyOf } from './topology-of.ts'

const invalid = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'TOPOLOGY_INVALID',
    message: expect.stringMatching(message) as unknown,
    remedy: expect.stringMatching(/\.$/) as unknown,
  })

describe('a serde that is not known where something is written', () => {
  const stream = (): ReturnType<typeof mapped> => mapped(new StreamsBuilder())
  const mapped = (builder: StreamsBuilder) => builder.stream('in', text).map((key, value) => [value, key] as const)
  test.each([
    ['a repartition topic', () => stream().repartition({ name: 'again' }), /keys of again-repartition/],
    ['a grouping', () => stream().groupByKey({ name: 'g', key: Serdes.string }).count(), /values of g-repartition/],
    [
      'an aggregate',
      () =>
        new StreamsBuilder()
          .stream('in', text)
          .groupByKey()
          .aggregate(
            () => 0,
            () => 1,
            { materialized: { name: 'sums' } },
          ),
      /values of sums/,
    ],
    [
      'a sink of new keys',
      () =>
        new StreamsBuilder()
          .stream('in', text)
          .selectKey((_key, value) => value)
          .to('out'),
      /keys of KSTREAM-SINK/,
    ],
    [
      'a sink of new values',
      () =>
        new StreamsBuilder()
          .stream('in', text)
          .mapValues(() => 1)
          .to('out'),
      /values of KSTREAM-SINK/,
    ],
    ['a table of a stream', () => stream().toTable({ materialized: { name: 't' } }), /keys of KSTREAM-TOTABLE/],
    [
      'a grouped table',
      () => new StreamsBuilder().table('in', text).groupBy((key, value) => [value, key]),
      /keys of KTABLE-SELECT/,
    ],
    [
      'a table that keeps new values',
      () => new StreamsBuilder().table('in', text).mapValues((value) => value.length, { materialized: { name: 'm' } }),
      /values of m/,
    ],
  ])('%s', (_what, write, message) => {
    expect(thrownBy(write)).toEqual(invalid(message))
  })
})

describe('times', () => {
  const grouped = () => new StreamsBuilder().stream('in', text).groupByKey()
  test('a store that keeps windows for less time than they take records', () => {
    const short = { materialized: { name: 'w', retentionMs: 14 } }
    const windows = TimeWindows.ofSizeAndGrace(10, 5)
    expect(thrownBy(() => grouped().windowedBy(windows).count(short))).toEqual(invalid(/Store w keeps .* 14 ms.* 15/))
    const sliding = SlidingWindows.ofTimeDifferenceAndGrace(5, 5)
    expect(thrownBy(() => grouped().windowedBy(sliding).count(short))).toEqual(invalid(/15/))
    const sessions = SessionWindows.ofInactivityGapAndGrace(10, 5)
    expect(thrownBy(() => grouped().windowedBy(sessions).count(short))).toEqual(invalid(/15/))
  })

  test('as long as they take records is enough; without a word it is that', () => {
    const windows = TimeWindows.ofSizeAndGrace(10, 5)
    const retentionOf = (retentionMs?: number): unknown => {
      const materialized = { name: 'w', ...(retentionMs === undefined ? {} : { retentionMs }) }
      const topology = topologyOf((builder) =>
        builder.stream('in', text).groupByKey().windowedBy(windows).count({ materialized }),
      )
      return topology.stores.get('w')?.definition
    }
    expect(retentionOf()).toMatchObject({ retentionMs: 15, windowSizeMs: 10 })
    expect(retentionOf(15)).toMatchObject({ retentionMs: 15 })
    expect(retentionOf(100)).toMatchObject({ retentionMs: 100 })
  })

  test('a history that is none, wherever a table is made', () => {
    const name = 'v'
    const materialized = { name, historyRetentionMs: -1 }
    expect(thrownBy(() => new StreamsBuilder().table('in', { ...text, materialized }))).toEqual(
      invalid(/history .* -1/),
    )
    expect(thrownBy(() => grouped().count({ materialized }))).toEqual(invalid(/history .* -1/))
  })

  test('a history of windows, and a retention of what has none', () => {
    const windowed = grouped().windowedBy(TimeWindows.ofSizeWithNoGrace(10))
    const history = { materialized: { name: 'w', historyRetentionMs: 5 } }
    expect(thrownBy(() => windowed.count(history))).toEqual(invalid(/Store w is to keep a history/))
    const retention = { materialized: { name: 'c', retentionMs: 5 } }
    expect(thrownBy(() => grouped().count(retention))).toEqual(invalid(/Store c is to keep windows for 5 ms/))
    expect(thrownBy(() => new StreamsBuilder().table('in', { ...text, ...retention }))).toEqual(invalid(/Store c/))
  })

  test('windows that advance by more than their size leave gaps', () => {
    expect(thrownBy(() => TimeWindows.ofSizeWithNoGrace(10).advanceBy(11))).toEqual(invalid(/leave gaps/))
    expect(TimeWindows.ofSizeWithNoGrace(10).advanceBy(10).advanceMs).toBe(10)
  })

  test('sliding windows of difference 0 are one per time, and not refused', () => {
    const windows = SlidingWindows.ofTimeDifferenceWithNoGrace(0)
    expect(() => grouped().windowedBy(windows).count()).not.toThrow()
  })
})

describe('suppress', () => {
  test('until windows close needs windows that do', () => {
    const suppressed = Suppressed.untilWindowCloses(BufferConfig.unbounded())
    const plain = new StreamsBuilder().table('in', text)
    expect(thrownBy(() => plain.suppress(suppressed))).toEqual(invalid(/has none that do/))
    const unlimited = new StreamsBuilder().stream('in', text).groupByKey().windowedBy(UnlimitedWindows.of()).count()
    expect(thrownBy(() => unlimited.suppress(suppressed))).toEqual(invalid(/has none that do/))
  })

  test('results of an unlimited window that wait until it closes', () => {
    const windowed = new StreamsBuilder().stream('in', text).groupByKey().windowedBy(UnlimitedWindows.of())
    expect(thrownBy(() => windowed.emitStrategy('close'))).toEqual(invalid(/wait for ever/))
    expect(() => windowed.emitStrategy('update')).not.toThrow()
  })

  test('until windows close cannot let results go early', () => {
    expect(thrownBy(() => Suppressed.untilWindowCloses(BufferConfig.maxRecords(1)))).toEqual(invalid(/let go early/))
    expect(() => Suppressed.untilWindowCloses(BufferConfig.maxRecords(1).shutDownWhenFull())).not.toThrow()
  })

  test.each([0, -1, 1.5, Number.NaN])('a buffer of %d holds nothing back', (most) => {
    expect(thrownBy(() => BufferConfig.maxRecords(most))).toEqual(invalid(/holds nothing back/))
    expect(thrownBy(() => BufferConfig.unbounded().withMaxBytes(most))).toEqual(invalid(/holds nothing back/))
  })

  test('of a versioned table is none', () => {
    const table = new StreamsBuilder().table('in', { ...text, materialized: { name: 'v', historyRetentionMs: 5 } })
    const suppressed = Suppressed.untilTimeLimit(1, BufferConfig.unbounded())
    expect(thrownBy(() => table.suppress(suppressed))).toEqual(invalid(/versioned/))
  })
})

test('a join with a grace needs a table with a history', () => {
  const builder = new StreamsBuilder()
  const table = builder.table('R', text)
  const join = (): unknown => builder.stream('L', text).join(table, (a, b) => a + b, { ...text, graceMs: 5 })
  expect(thrownBy(join)).toEqual(invalid(/has no history/))
})

test('a join with a grace needs a history as long', () => {
  const join = (historyRetentionMs: number): unknown =>
    topologyOf((builder) => {
      const table = builder.table('R', { ...text, materialized: { name: 'v', historyRetentionMs } })
      builder.stream('L', text).join(table, (a, b) => a + b, { ...text, name: 'j', graceMs: 5 })
    })
  expect(thrownBy(() => join(4))).toEqual(invalid(/j joins with a grace of 5 ms, and v keeps a history of 4 ms/))
  expect(() => join(5)).not.toThrow()
})

test.each([0, -1, 1.5])('a repartition topic of %d partitions', (partitions) => {
  const write = (): unknown => new StreamsBuilder().stream('in', text).repartition({ name: 'r', partitions })
  expect(thrownBy(write)).toEqual(invalid(/r asks for .* partitions/))
})

test('one grouped stream twice in a cogroup', () => {
  const grouped = new StreamsBuilder().stream('in', text).groupByKey()
  const join = (_key: string, value: string, all: string): string => all + value
  expect(thrownBy(() => grouped.cogroup(join).cogroup(grouped, join))).toEqual(invalid(/cogrouped twice/))
})

test('two stores of one name', () => {
  const write = (): unknown =>
    topologyOf((builder) => {
      const grouped = builder.stream('in', text).groupByKey()
      grouped.count({ materialized: { name: 'same' } })
      grouped.reduce((a, b) => a + b, { materialized: { name: 'same' } })
    })
  expect(thrownBy(write)).toEqual(invalid(/Two stores are named same/))
})

test('two branches of one name', () => {
  const split = new StreamsBuilder().stream('in', text).split()
  const write = (): unknown => split.branch('a', () => true).defaultBranch('a')
  expect(thrownBy(write)).toEqual(invalid(/two branches named a/))
})

test('repartition topics that are joined and have different numbers of partitions', () => {
  const write = (): unknown =>
    topologyOf((builder) => {
      const left = builder.stream('L', text).repartition({ ...text, name: 'l', partitions: 3 })
      const right = builder.stream('R', text).repartition({ ...text, name: 'r', partitions: 4 })
      left.join(right, (a, b) => a + b, JoinWindows.ofTimeDifferenceWithNoGrace(1), {
        ...text,
        otherValue: Serdes.string,
      })
    })
  expect(thrownBy(write)).toEqual(invalid(/l-repartition \(3\), r-repartition \(4\)/))
})

test('an optimisation that there is not', () => {
  const build = (): unknown => topologyOf((builder) => builder.stream('in'), JSON.parse('["faster"]') as Optimizations)
  expect(thrownBy(build)).toEqual(invalid(/no optimisation faster/))
})
