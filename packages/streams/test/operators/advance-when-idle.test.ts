import { describe, expect, test } from '@jest/globals'
import { EMPTY_TALLY } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import {
  BufferConfig,
  JoinWindows,
  Serdes,
  StreamsBuilder,
  streamsSettings,
  Suppressed,
  TimeWindows,
  type KStream,
  type Topology,
} from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import type { ChangelogRecord } from '../../src/state/store-context.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'

const text = { key: Serdes.string, value: Serdes.string }
const AFTER_MS = 1_000

/** Counts per key in windows of a second, put out when they have closed. */
function closing(how: 'suppress' | 'emit'): Topology {
  const builder = new StreamsBuilder()
  const windowed = builder
    .stream('in', text)
    .advanceWhenIdle({ name: 'idle', afterMs: AFTER_MS })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(1_000, 500))
  const counted =
    how === 'emit'
      ? windowed.emitStrategy('close').count({ materialized: { name: 'counts' } })
      : windowed
          .count({ materialized: { name: 'counts' } })
          .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
  counted
    .toStream(({ key, start }) => `${key}@${start}`)
    .mapValues(String)
    .to('out', text)
  return builder.build()
}

/** Counts per key in windows of a second, put out when they have closed: `key@start`. */
function countClosed(stream: KStream<string | null, string | null>): void {
  stream
    .groupByKey(text)
    .windowedBy(TimeWindows.ofSizeAndGrace(1_000, 500))
    .emitStrategy('close')
    .count({ materialized: { name: 'counts' } })
    .toStream(({ key, start }) => `${key}@${start}`)
    .mapValues((count) => String(count))
    .to('out', text)
}

describe.each(['suppress', 'emit'] as const)('a stream that goes on when it is idle, before %s', (how) => {
  const open = (continuing?: TopologyTestDriver) =>
    new TopologyTestDriver(closing(how), { initialTimeMs: 50_000, ...(continuing === undefined ? {} : { continuing }) })
  const pipe = (driver: TopologyTestDriver, key: string, timestamp: number) =>
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput(key, '', { timestamp })
  const read = (driver: TopologyTestDriver) =>
    driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValuesToList()

  test('lets windows close though no record comes', () => {
    const driver = open()
    pipe(driver, 'a', 10_200)
    pipe(driver, 'a', 10_300)
    driver.advanceWallClockTime(AFTER_MS)
    expect(read(driver)).toEqual([])
    driver.advanceWallClockTime(AFTER_MS)
    expect(read(driver)).toEqual([])
    driver.advanceWallClockTime(AFTER_MS)
    expect(read(driver)).toEqual([['a@10000', '2']])
  })

  test('has closed them for records that come late', () => {
    const driver = open()
    pipe(driver, 'a', 10_200)
    for (let i = 0; i < 4; i++) driver.advanceWallClockTime(AFTER_MS)
    expect(read(driver)).toEqual([['a@10000', '1']])
    pipe(driver, 'a', 10_400)
    pipe(driver, 'a', 20_000)
    expect(read(driver)).toEqual([])
    expect(driver.droppedRecords()).toMatchObject({ late: 1 })
  })

  test('does nothing while records come', () => {
    const driver = open()
    for (let i = 0; i < 10; i++) {
      pipe(driver, 'a', 10_200)
      driver.advanceWallClockTime(AFTER_MS)
    }
    expect(read(driver)).toEqual([])
  })

  test('goes on after a restart where it was', () => {
    const driver = open()
    pipe(driver, 'a', 10_200)
    for (let i = 0; i < 2; i++) driver.advanceWallClockTime(AFTER_MS)
    const next = open(driver)
    for (let i = 0; i < 3; i++) next.advanceWallClockTime(AFTER_MS)
    expect([...read(driver), ...read(next)]).toEqual([['a@10000', '1']])
  })

  test('does the same at the same place when the records are processed again, whatever the clock says', () => {
    const first = new Life(closing(how))
    first.feed([
      ['a', 10_200],
      ['a', 10_300],
    ])
    first.idle(4)
    first.feed([
      ['a', 10_400],
      ['a', 12_900],
      ['b', 13_000],
    ])
    first.idle(5)
    first.feed([
      ['a', 14_800],
      ['a', 30_000],
    ])

    const again = new Life(closing(how), first.logged('idle-times'), { in: { endOffset: 7 } })
    again.idle(3)
    again.feed([
      ['a', 10_200],
      ['a', 10_300],
      ['a', 10_400],
      ['a', 12_900],
    ])
    again.idle(7)
    again.feed([
      ['b', 13_000],
      ['a', 14_800],
      ['a', 30_000],
    ])
    expect(again.results()).toEqual(first.results())

    // Without what was recorded it is different.
    const other = new Life(closing(how))
    other.feed([
      ['a', 10_200],
      ['a', 10_300],
      ['a', 10_400],
      ['a', 12_900],
      ['b', 13_000],
      ['a', 14_800],
      ['a', 30_000],
    ])
    expect(other.results()).not.toEqual(first.results())
  })
})

describe.each(['left', 'outer'] as const)('before a %s join of streams', (kind) => {
  const windows = JoinWindows.ofTimeDifferenceAndGrace(1_000, 500)
  const open = (): TopologyTestDriver => {
    const builder = new StreamsBuilder()
    const [left, right] = ['left', 'right'].map((topic) =>
      builder.stream(topic, text).advanceWhenIdle({ name: `${topic}-idle`, afterMs: AFTER_MS }),
    ) as [KStream<string | null, string | null>, KStream<string | null, string | null>]
    const joined = { ...text, otherValue: Serdes.string, name: 'pairs', storeName: 'pairs' }
    const pairs =
      kind === 'left'
        ? left.leftJoin(right, (a, b) => `${a}+${b}`, windows, joined)
        : left.outerJoin(right, (a, b) => `${a}+${b}`, windows, joined)
    pairs.to('out', text)
    return new TopologyTestDriver(builder.build(), { initialTimeMs: 50_000 })
  }
  const pipe = (driver: TopologyTestDriver, topic: string, value: string, timestamp: number) =>
    driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput('k', value, { timestamp })
  const read = (driver: TopologyTestDriver) =>
    driver.createOutputTopic('out', Serdes.string, Serdes.string).readValuesToList()

  test('what found nothing comes out though no record comes, once; what found something has come out', () => {
    const driver = open()
    pipe(driver, 'left', 'l1', 10_000)
    pipe(driver, 'right', 'r1', 10_100)
    pipe(driver, 'left', 'l2', 12_000)
    pipe(driver, 'right', 'r2', 14_000)
    expect(read(driver)).toEqual(['l1+r1', 'l2+null'])
    pipe(driver, 'left', 'l3', 15_500)
    // What waits on the right is a result of an outer join alone.
    expect(read(driver)).toEqual([])
    for (let i = 0; i < 12; i++) driver.advanceWallClockTime(AFTER_MS)
    expect(read(driver)).toEqual(kind === 'left' ? ['l3+null'] : ['null+r2', 'l3+null'])
    for (let i = 0; i < 12; i++) driver.advanceWallClockTime(AFTER_MS)
    expect(read(driver)).toEqual([])
  })

  test('what comes later and is of a time that is over comes out at once, alone', () => {
    const driver = open()
    pipe(driver, 'left', 'l1', 10_000)
    for (let i = 0; i < 12; i++) driver.advanceWallClockTime(AFTER_MS)
    expect(read(driver)).toEqual(['l1+null'])
    pipe(driver, 'left', 'l2', 10_100)
    expect(read(driver)).toEqual(['l2+null'])
  })
})

test('time does not move on while there is more to process', () => {
  const life = new Life(closing('emit'))
  life.feed([['a', 10_200]], 7)
  life.idle(6)
  expect(life.results()).toEqual([])
})

test('nor behind a pause, before it is known what has come meanwhile', () => {
  const life = new Life(closing('emit'))
  life.feed([['a', 10_200]])
  life.idle(1)
  life.pause(true)
  life.idle(60)
  life.pause(false)
  life.idle(1)
  life.feed([['a', 10_300]])
  life.idle(1)
  expect(life.results()).toEqual([])
  life.idle(3)
  expect(life.results()).toEqual(['a@10000 2'])
})

describe('records that are processed again, at least once, are in time if they were', () => {
  /** Of two topics. */
  function merged(): Topology {
    const builder = new StreamsBuilder()
    countClosed(
      builder
        .stream('in', text)
        .merge(builder.stream('other', text))
        .advanceWhenIdle({ name: 'idle', afterMs: AFTER_MS }),
    )
    return builder.build()
  }

  test('though one topic goes on where time was moved on, and another before', () => {
    const first = new Life(merged(), [], { in: {}, other: {} })
    first.feed([['a', 10_200]])
    for (const timestamp of [10_250, 10_300, 10_400]) first.feed([['b', timestamp]], 0, 'other')
    first.idle(4)
    expect(first.results()).toEqual(['a@10000 1', 'b@10000 3'])

    // What was counted is lost; the offset of one topic was committed.
    const from = { in: { offset: 1, endOffset: 2 }, other: { offset: 1, endOffset: 3 } }
    const again = new Life(merged(), first.logged('idle-times'), from)
    again.idle(2)
    again.feed([['a', 10_260]])
    again.feed(
      [
        ['b', 10_300],
        ['b', 10_400],
      ],
      0,
      'other',
    )
    again.idle(4)
    // The other ones are before the committed offsets.
    expect(again.results()).toEqual(['a@10000 1', 'b@10000 2'])
  })

  test('though they come out of calls in another order', async () => {
    const asked = new Map<string, PromiseWithResolvers<string>>()
    const builder = new StreamsBuilder()
    countClosed(
      builder
        .stream('in', text)
        .mapValuesAsync(
          (_value, key) => {
            const call = Promise.withResolvers<string>()
            asked.set(key!, call)
            return call.promise
          },
          { timeoutMs: 100_000 },
        )
        .advanceWhenIdle({ name: 'idle', afterMs: AFTER_MS }),
    )
    const topology = builder.build()
    const answer = async (life: Life, ...keys: readonly string[]): Promise<void> => {
      for (const key of keys) {
        asked.get(key)!.resolve('')
        await new Promise((resolve) => setImmediate(resolve))
        life.goOn()
      }
    }
    const records = [
      ['a', 10_200],
      ['b', 10_300],
      ['c', 10_400],
    ] as const
    const first = new Life(topology)
    first.feed(records)
    await answer(first, 'c', 'a', 'b')
    first.idle(4)
    expect(first.results()).toEqual(['a@10000 1', 'b@10000 1', 'c@10000 1'])

    const again = new Life(topology, first.logged('idle-times'), { in: { endOffset: 4 } })
    again.feed([...records, ['d', 10_450]])
    await answer(again, 'c', 'b', 'd', 'a')
    again.idle(5)
    // The last one was not there before: time had been moved on when it came.
    expect(again.results()).toEqual(['a@10000 1', 'b@10000 1', 'c@10000 1', 'd@10000 1'])
  })
})

test('nor while a record is in a call', async () => {
  const asked: PromiseWithResolvers<string>[] = []
  const ask = (): Promise<string> => {
    const call = Promise.withResolvers<string>()
    asked.push(call)
    return call.promise
  }
  const builder = new StreamsBuilder()
  countClosed(
    builder
      .stream('in', text)
      .mapValuesAsync(ask, { timeoutMs: 100_000 })
      .advanceWhenIdle({ name: 'idle', afterMs: AFTER_MS }),
  )
  const life = new Life(builder.build())
  life.feed([
    ['a', 10_200],
    ['b', 10_300],
  ])
  for (const call of asked) {
    life.idle(6)
    call.resolve('')
    await new Promise((resolve) => setImmediate(resolve))
    life.goOn()
  }
  expect(life.results()).toEqual([])
  life.idle(4)
  expect(life.results()).toEqual(['a@10000 1', 'b@10000 1'])
})

/** Where a life begins in a topic, and what the topic holds already. */
interface Start {
  readonly offset?: number
  readonly endOffset?: number
}

/** One task, with the changelogs of its stores. */
class Life {
  readonly #clock = new FakeClock()
  readonly #output = new OutputBatch()
  readonly #changelogs = new Map<string, ChangelogRecord[]>()
  readonly #task: StreamTask
  readonly #next = new Map<string, number>()
  #results: string[] = []

  constructor(
    topology: Topology,
    restored: readonly ChangelogRecord[] = [],
    from: Readonly<Record<string, Start>> = { in: {} },
  ) {
    const app = topology.forApplication('app')
    const starts = Object.entries(from).map(([topic, { offset = 0, endOffset = offset }]) => {
      this.#next.set(topic, offset)
      return { topic, partition: 0, offset, tally: EMPTY_TALLY, endOffset }
    })
    const settings = taskSettingsOf(streamsSettings.parse({ 'application.id': 'app' }))
    this.#task = new StreamTask(app, app.subtopologies[0]!, 0, starts, settings, {
      clock: this.#clock,
      random: systemRandom,
      output: this.#output,
      stores: {
        global: new Map(),
        factory: (definition, context) => {
          const store = memoryStores(definition, context)
          if (definition.name === 'idle-times') store.restore(restored)
          return store
        },
        changelog: {
          append: (store, key, value, timestamp, headers) => {
            const log = this.#changelogs.get(store) ?? []
            this.#changelogs.set(store, log)
            log.push({ key, value, timestamp: timestamp ?? -1, headers, offset: log.length })
          },
        },
      },
    })
  }

  /** Records of keys and timestamps; `behind`: so many more are at the broker. */
  feed(records: readonly (readonly [string, number])[], behind = 0, topic = 'in'): void {
    const from = this.#next.get(topic)!
    this.#next.set(topic, from + records.length)
    const rows = records.map(([key, timestamp], i) => ({ offset: from + i, timestamp, key, value: '' }))
    const nextOffset = from + records.length
    const fetched = fetchedPartition(rows, { topic, nextOffset, endOffset: nextOffset + behind })
    expect(this.#task.process(fetched)).toBeNull()
    this.#task.flush()
  }

  idle(times: number): void {
    for (let i = 0; i < times; i++) {
      this.#clock.advance(AFTER_MS)
      expect(this.#task.punctuate()).toBeNull()
    }
    this.#task.flush()
  }

  pause(isPaused: boolean): void {
    for (const partition of this.#task.partitions) partition.isPaused = isPaused
  }

  /** With what calls have come to. */
  goOn(): void {
    expect(this.#task.run()).toBeNull()
  }

  logged(store: string): readonly ChangelogRecord[] {
    return this.#changelogs.get(store) ?? []
  }

  results(): readonly string[] {
    const text = (bytes: Uint8Array | null): string => Buffer.from(bytes!).toString()
    const texts = this.#output.take().map(({ key, value }) => `${text(key)} ${text(value)}`)
    return (this.#results = [...this.#results, ...texts])
  }
}
