import { expect, test } from '@jest/globals'
import {
  JoinWindows,
  Serdes,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  TimeWindows,
  type FixedKeyRecord,
  type KStream,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = Serdes.string
const json = Serdes.json<{ readonly n: number }>()
const POISON = Buffer.from('{"n":')
const KEY = Buffer.from('k')

function run(write: (builder: StreamsBuilder) => void, values: readonly (Uint8Array | null)[]) {
  const builder = new StreamsBuilder()
  write(builder)
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in')
  for (const value of values) input.pipeInput(KEY, value)
  return driver
}

const counts = (checked: boolean) => (builder: StreamsBuilder) =>
  builder
    .stream('in', { key: text, value: json, quarantine: 'q', checked })
    .groupByKey()
    .count()
    .toStream()
    .to('out', { key: text, value: Serdes.long })

test('a value that nothing looks at is not decoded: it counts if it has bytes', () => {
  const driver = run(counts(false), [POISON, null, Buffer.from('{"n":1}')])
  expect(driver.createOutputTopic('out', text, Serdes.long).readKeyValuesToList()).toEqual([
    ['k', 1],
    ['k', 2],
  ])
  expect(driver.createOutputTopic('q').readValuesToList()).toEqual([])
})

test.each([
  ['tumbling', TimeWindows.ofSizeAndGrace(10, 0)],
  ['sliding', SlidingWindows.ofTimeDifferenceAndGrace(10, 0)],
  ['session', SessionWindows.ofInactivityGapAndGrace(10, 0)],
])('nor is it in %s windows, unless records that are late go on with it', (_kind, windows) => {
  const counted = (usesLate: boolean) => (builder: StreamsBuilder) => {
    const grouped = builder.stream('in', { key: text, value: json, quarantine: 'q' }).groupByKey()
    const windowed = windows.kind === 'session' ? grouped.windowedBy(windows) : grouped.windowedBy(windows)
    const table = (
      usesLate ? windowed.late((records) => records.to('late', { key: text, value: json })) : windowed
    ).count()
    table.toStream((key) => key.key).to('out', { key: text, value: Serdes.long })
  }
  for (const usesLate of [false, true]) {
    const driver = run(counted(usesLate), [POISON])
    expect(driver.createOutputTopic('out', text, Serdes.long).readValuesToList()).toEqual(usesLate ? [] : [1])
    expect(driver.createOutputTopic('q').readValuesToList()).toEqual(usesLate ? [POISON] : [])
  }
})

test('a checked source decodes it all the same', () => {
  const driver = run(counts(true), [POISON, Buffer.from('{"n":1}')])
  expect(driver.createOutputTopic('out', text, Serdes.long).readValuesToList()).toEqual([1])
  expect(driver.createOutputTopic('q').readValuesToList()).toEqual([POISON])
})

test('what one branch looks at is decoded for all of them', () => {
  const driver = run(
    (builder) => {
      const stream = builder.stream('in', { key: text, value: json, quarantine: 'q' })
      stream.groupByKey().count().toStream().to('out', { key: text, value: Serdes.long })
      stream.mapValues((value) => value!.n + 1).to('sums', { key: text, value: Serdes.integer })
    },
    [POISON, Buffer.from('{"n":1}')],
  )
  expect(driver.createOutputTopic('out', text, Serdes.long).readValuesToList()).toEqual([1])
  expect(driver.createOutputTopic('sums', text, Serdes.integer).readValuesToList()).toEqual([2])
  expect(driver.createOutputTopic('q').readValuesToList()).toEqual([POISON])
})

test('bytes pass as they came to a topic with the same serde, and are decoded for another one', () => {
  const written = Buffer.from('{ "n" : 1.0 }')
  const pass = (value: typeof json) => (builder: StreamsBuilder) =>
    builder.stream('in', { key: text, value: json }).to('out', { key: text, value })
  expect(run(pass(json), [written, POISON]).createOutputTopic('out').readValuesToList()).toEqual([written, POISON])
  const other = Serdes.json<{ readonly n: number }>()
  const [read] = run(pass(other), [written]).createOutputTopic('out').readValuesToList()
  expect(Buffer.from(read!).toString()).toBe('{"n":1}')
})

test('a function that chooses the topic is given the value', () => {
  const seen: unknown[] = []
  run(
    (builder) =>
      builder.stream('in', { key: text, value: json }).to(
        (_key, value) => {
          seen.push(value)
          return 'out'
        },
        { key: text, value: json },
      ),
    [Buffer.from('{"n":1}')],
  )
  expect(seen).toEqual([{ n: 1 }])
})

test('a record that a processor held back is written under its own key', () => {
  const builder = new StreamsBuilder()
  let held: FixedKeyRecord<string | null, string | null> | null = null
  builder
    .stream('in', { key: text, value: text })
    .processValues<string | null>(() => {
      let forward: (record: FixedKeyRecord<string | null, string | null>) => void = () => undefined
      return {
        init(context) {
          forward = (record) => context.forward(record)
        },
        process(record) {
          if (held !== null) forward(held)
          held = record
        },
      }
    })
    .to('out', { key: text, value: text })
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in', text, text)
  input.pipeInput('a', '1')
  input.pipeInput('b', '2')
  expect(driver.createOutputTopic('out', text, text).readKeyValuesToList()).toEqual([['a', '1']])
})

test('a stream-stream join keeps the bytes of values as they came, unless the store has another serde or they were changed', () => {
  const written = Buffer.from('{ "n" : 1.0 }')
  const kept = (value: typeof json, map: (value: { readonly n: number }) => { readonly n: number }) => {
    const builder = new StreamsBuilder()
    const other = builder.stream('other', { key: text, value: json })
    const stream = builder.stream('in', { key: text, value: json }) as KStream<string, { readonly n: number }>
    const changed = map === same ? stream : stream.mapValues(map)
    changed
      .join(other, (left, right) => left.n + right.n, JoinWindows.ofTimeDifferenceWithNoGrace(10), {
        storeName: 'pair',
        key: text,
        value,
      })
      .to('out', { key: text, value: Serdes.integer })
    const driver = new TopologyTestDriver(builder.build(), { settings: { 'application.id': 'app' } })
    driver.createInputTopic('in').pipeInput(KEY, written, { timestamp: 1 })
    driver.createInputTopic('other').pipeInput(KEY, Buffer.from('{"n":2}'), { timestamp: 2 })
    expect(driver.createOutputTopic('out', text, Serdes.integer).readValuesToList()).toEqual([3])
    const [logged] = driver.createOutputTopic('app-pair-this-join-store-changelog').readValuesToList()
    return Buffer.from(logged!).toString()
  }
  const same = (value: { readonly n: number }): { readonly n: number } => value
  expect(kept(json, same)).toBe('{ "n" : 1.0 }')
  expect(kept(json, ({ n }) => ({ n }))).toBe('{"n":1}')
  expect(kept(Serdes.json<{ readonly n: number }>(), same)).toBe('{"n":1}')
})
