/** A record runs through in one go: functions that answer later are refused before the first one. */
import { describe, expect, test } from '@jest/globals'
import { defineSettings } from '@sluice/sdk'
import {
  defineProcessor,
  JoinWindows,
  Serdes,
  SessionWindows,
  StreamsBuilder,
  TimeWindows,
  type FixedKeyRecord,
  type KStream,
  type ProcessorContext,
} from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { text, thrownBy, topologyOf } from '../dsl/topology-of.ts'

/** What a program without types can give to any of them. */
let later = (async () => undefined) as never
const joined = { ...text, otherValue: Serdes.string }
const numbers = { materialized: { value: Serdes.long } }
const windows = JoinWindows.ofTimeDifferenceWithNoGrace(1)
const join = (a: unknown, b: unknown): string => `${String(a)}${String(b)}`

type Texts = KStream<string | null, string | null>
const writes: readonly (readonly [role: string, node: RegExp, (stream: Texts, builder: StreamsBuilder) => unknown])[] =
  [
    ['predicate', /KSTREAM-FILTER/, (stream) => stream.filter(later)],
    ['predicate', /KSTREAM-FILTER/, (stream) => stream.filterNot(later)],
    ['predicate for KSTREAM-BRANCH-0000000001a', /KSTREAM-BRANCH/, (stream) => stream.split().branch('a', later)],
    ['mapper', /KSTREAM-MAPVALUES/, (stream) => stream.mapValues(later)],
    ['mapper', /KSTREAM-FLATMAPVALUES/, (stream) => stream.flatMapValues(later)],
    ['mapper', /KSTREAM-MAP/, (stream) => stream.map(later)],
    ['mapper', /KSTREAM-FLATMAP/, (stream) => stream.flatMap(later)],
    ['selector', /KSTREAM-KEY-SELECT/, (stream) => stream.selectKey(later)],
    ['selector', /KSTREAM-KEY-SELECT/, (stream) => stream.groupBy(later, text).count()],
    ['action', /KSTREAM-PEEK/, (stream) => stream.peek(later)],
    ['action', /KSTREAM-FOREACH/, (stream) => stream.foreach(later)],
    ['by', /KSTREAM-DEDUPE/, (stream) => stream.dedupe({ by: later, withinMs: 1 })],
    ['supplier', /KSTREAM-PROCESSOR/, (stream) => stream.process(later)],
    ['supplier', /KSTREAM-PROCESSVALUES/, (stream) => stream.processValues(later)],
    ['topic extractor', /KSTREAM-SINK/, (stream) => stream.to(later, text)],
    ['partitioner', /KSTREAM-SINK/, (stream) => stream.to('out', { ...text, partitioner: later })],
    ['partitioner', /r-repartition-sink/, (stream) => stream.repartition({ ...text, name: 'r', partitioner: later })],
    ['timestamp extractor', /KSTREAM-SOURCE/, (_stream, builder) => builder.stream('x', { timestampExtractor: later })],
    ['joiner', /KSTREAM-JOINTHIS/, (stream, builder) => stream.join(builder.stream('R', text), later, windows, joined)],
    ['joiner', /KSTREAM-LEFTJOIN/, (stream, builder) => stream.leftJoin(builder.table('T', text), later, text)],
    ['selector', /KSTREAM-LEFTJOIN/, (stream, builder) => stream.join(builder.globalTable('G', text), later, join)],
    [
      'joiner',
      /KSTREAM-LEFTJOIN/,
      (stream, builder) => stream.join(builder.globalTable('G', text), (key) => key, later),
    ],
    ['initializer', /KSTREAM-AGGREGATE/, (stream) => stream.groupByKey().aggregate(later, () => 1, numbers)],
    ['aggregator', /KSTREAM-AGGREGATE/, (stream) => stream.groupByKey().aggregate(() => 1, later, numbers)],
    ['reducer', /KSTREAM-REDUCE/, (stream) => stream.groupByKey().reduce(later)],
    [
      'reducer',
      /KSTREAM-REDUCE/,
      (stream) => stream.groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(1)).reduce(later),
    ],
    [
      'merger',
      /KSTREAM-AGGREGATE/,
      (stream) =>
        stream
          .groupByKey()
          .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(1))
          .aggregate(
            () => 1,
            () => 1,
            later,
            numbers,
          ),
    ],
    [
      'aggregator',
      /COGROUPKSTREAM/,
      (stream) =>
        stream
          .groupByKey()
          .cogroup<number>(later)
          .aggregate(() => 1, numbers),
    ],
    ['predicate', /KTABLE-FILTER/, (_stream, builder) => builder.table('T', text).filter(later)],
    ['mapper', /KTABLE-MAPVALUES/, (_stream, builder) => builder.table('T', text).mapValues(later)],
    ['supplier', /KTABLE-TRANSFORMVALUES/, (_stream, builder) => builder.table('T', text).transformValues(later)],
    ['mapper', /KTABLE-SELECT/, (_stream, builder) => builder.table('T', text).groupBy(later, text).count()],
    [
      'subtractor',
      /KTABLE-REDUCE/,
      (stream) =>
        stream
          .toTable()
          .groupBy((k, v) => [k, v], text)
          .reduce(join, later),
    ],
    ['joiner', /KTABLE-JOINTHIS/, (stream, builder) => stream.toTable().join(builder.table('T', text), later)],
    [
      'foreign key extractor',
      /KTABLE-FK-JOIN/,
      (stream, builder) => stream.toTable().join(builder.table('T', text), later, join),
    ],
    [
      'joiner',
      /KTABLE-FK-JOIN/,
      (stream, builder) => stream.toTable().join(builder.table('T', text), (_value, key) => key, later),
    ],
  ]

test.each(writes)('async: the %s of %s', (role, node, write) => {
  const build = (): unknown => topologyOf((builder) => void write(builder.stream('in', text), builder))
  expect(thrownBy(build)).toMatchObject({
    code: 'TOPOLOGY_INVALID',
    message: expect.stringContaining(`The ${role} of `) as unknown,
    place: { node: expect.stringMatching(node) as unknown },
    remedy: expect.stringContaining('mapValuesAsync') as unknown,
  })
})

test.each(writes)('a promise where none is allowed: of the %s of %s', (role, _node, write) => {
  const before = later
  const promise = Promise.resolve('too late')
  let [given, seen] = [0, 0]
  // A rejection that nobody catches would end the process.
  promise.catch = () => {
    seen++
    return promise
  }
  later = (() => {
    given++
    return promise
  }) as never
  try {
    const topology = topologyOf((builder) => void write(builder.stream('in', text), builder))
    const read = new Set(topology.sources.flatMap(({ topics }) => topics))
    const run = (): TopologyTestDriver => {
      const driver = new TopologyTestDriver(topology)
      for (const topic of ['T', 'G', 'R', 'in', 'x', 'in'])
        if (read.has(topic)) driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput('k', topic)
      return driver
    }
    if (role === 'supplier') expect(run).toThrow('returned a promise')
    else {
      const [dead] = run().createOutputTopic('test.quarantine').readRecordsToList()
      const why = dead?.headers.find(({ key }) => key === '__streams.errors.message')?.value
      expect(Buffer.from(why ?? []).toString()).toMatch(/returned a promise|answers a promise/)
    }
    expect(given).toBeGreaterThan(0)
    expect(seen).toBe(given)
  } finally {
    later = before
  }
})

test('what is undefined is no value, as if it had been written and read', () => {
  const driver = new TopologyTestDriver(
    topologyOf((builder) => {
      const stream = builder.stream('in', text)
      const none = (): undefined => undefined
      const counted = (some: unknown, name: string): unknown =>
        (some as Texts).groupByKey().count({ materialized: { name } })
      counted(stream.mapValues(none), 'mapped')
      counted(
        stream.flatMapValues(() => [undefined]),
        'flat',
      )
      counted(stream.join(builder.table('T', text), none, text), 'joined')
      counted(
        stream.processValues(() => {
          let forward: (record: FixedKeyRecord<string | null, unknown>) => void
          return {
            init: (context) => void (forward = (record) => context.forward(record)),
            process: (record) => forward(record.withValue(undefined)),
          }
        }),
        'processed',
      )
    }),
  )
  driver.createInputTopic('T', Serdes.string, Serdes.string).pipeInput('k', 'row')
  driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v')
  for (const store of ['mapped', 'flat', 'joined', 'processed'])
    expect([store, driver.getKeyValueStore(store).get('k')]).toEqual([store, null])
  expect(driver.droppedRecords()).toEqual({ 'null-value': 4 })
})

describe('a processor', () => {
  type Context = ProcessorContext<string, string>
  const start = (processor: object): unknown =>
    thrownBy(() => {
      const topology = topologyOf((builder) => void builder.stream('in', text).process(() => processor as never))
      const driver = new TopologyTestDriver(topology)
      driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v', { timestamp: 10 })
      expect(driver.tally()).toMatchObject({ quarantined: {} })
    })
  const process = (): undefined => undefined

  test.each(['init', 'process', 'close'])('whose %s is async is refused when its task begins', (method) => {
    expect(start({ process, [method]: later })).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining(`The ${method} of KSTREAM-PROCESSOR-0000000001`) as unknown,
    })
  })

  test.each([
    ['nothing', undefined],
    ['a class', StreamsBuilder],
    ['an object without process()', {}],
  ])('of which the supplier gives %s is refused when its task begins', (_, given) => {
    expect(start(given as object)).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining('gives no object that has process()') as unknown,
    })
  })

  test('whose topology is written down later is refused', () => {
    const topology = (async (builder: StreamsBuilder) => {
      builder.stream('in', text).to('out', text)
      await Promise.reject(new Error('too late'))
    }) as unknown as () => void
    const settings = defineSettings({})
    const late = defineProcessor({ name: 'late', version: '1', documentation: '', settings, topology })
    expect(thrownBy(() => late.topology(new StreamsBuilder(), {}))).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining('The topology of late is not written down at once') as unknown,
    })
  })

  test('whose init returns a promise does not begin', () => {
    expect(start({ process, init: () => Promise.reject(new Error('too late')) })).toMatchObject({
      message: expect.stringContaining('init of KSTREAM-PROCESSOR-0000000001 returned a promise') as unknown,
    })
  })

  test.each([0, -1, 1.5, Number.NaN])('cannot be called back every %d ms', (intervalMs) => {
    const init = (context: Context): unknown => context.schedule(intervalMs, 'STREAM_TIME', () => undefined)
    expect(start({ process, init })).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining('The interval of a punctuator of KSTREAM-PROCESSOR-0000000001') as unknown,
    })
  })

  test('cannot be called back later', () => {
    const init = (context: Context): unknown => context.schedule(1, 'STREAM_TIME', later)
    expect(start({ process, init })).toMatchObject({ code: 'TOPOLOGY_INVALID' })
  })

  test('says where it may forward, when it does in init', () => {
    const init = (context: Context): void => context.forward({} as never)
    expect(start({ process, init })).toMatchObject({ remedy: expect.stringContaining('process()') as unknown })
  })
})
