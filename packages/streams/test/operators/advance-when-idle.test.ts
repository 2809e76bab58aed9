import { describe, expect, test } from '@jest/globals'
import { EMPTY_TALLY } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import {
  BufferConfig,
  Serdes,
  StreamsBuilder,
  streamsSettings,
  Suppressed,
  TimeWindows,
  type Topology,
} from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import type { ChangelogRecord } from '../../src/state/store-context.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { fetchedRecords } from '../../src/testing/simulator/simulated-log.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

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

    const again = new Life(closing(how), first.logged('idle-times'), 7)
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

test('nor while a record is in a call', async () => {
  const asked: PromiseWithResolvers<string>[] = []
  const ask = (): Promise<string> => {
    const call = Promise.withResolvers<string>()
    asked.push(call)
    return call.promise
  }
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .mapValuesAsync(ask, { timeoutMs: 100_000 })
    .advanceWhenIdle({ name: 'idle', afterMs: AFTER_MS })
    .groupByKey(text)
    .windowedBy(TimeWindows.ofSizeAndGrace(1_000, 500))
    .emitStrategy('close')
    .count({ materialized: { name: 'counts' } })
    .toStream(({ key, start }) => `${key}@${start}`)
    .mapValues((count) => String(count))
    .to('out', text)
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

/** One task from its first record, with the changelogs of its stores. */
class Life {
  readonly #clock = new FakeClock()
  readonly #output = new OutputBatch()
  readonly #changelogs = new Map<string, ChangelogRecord[]>()
  readonly #task: StreamTask
  #next = 0
  #results: string[] = []

  /** @param endOffset what the partition holds already */
  constructor(topology: Topology, restored: readonly ChangelogRecord[] = [], endOffset = 0) {
    const app = topology.forApplication('app')
    const starts = [{ topic: 'in', partition: 0, offset: 0, tally: EMPTY_TALLY, endOffset }]
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
  feed(records: readonly (readonly [string, number])[], behind = 0): void {
    const from = this.#next
    this.#next += records.length
    const batch = fetchedRecords(
      records.map(([key, timestamp], i) => ({
        offset: from + i,
        key: Buffer.from(key),
        value: Buffer.from(''),
        timestamp,
        headers: [],
        transaction: null,
      })),
    )
    const end = this.#next + behind
    const ends = { highWatermark: end, lastStableOffset: end, logStartOffset: 0, leaderEpoch: 0, topicId: '' }
    expect(
      this.#task.process({ topic: 'in', partition: 0, batches: [batch], nextOffset: this.#next, ...ends }),
    ).toBeNull()
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
