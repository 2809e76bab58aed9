import { describe, expect, test } from '@jest/globals'
import { Serdes, StreamsBuilder, type TimestampExtractor, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

function topologyOf(write: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder()
  write(builder)
  return builder.build()
}

describe('names', () => {
  test('a node without a name gets its operator’s prefix and the next number', () => {
    const topology = topologyOf((builder) =>
      builder
        .stream('in')
        .filter(() => true)
        .filterNot(() => false)
        .mapValues((value) => value)
        .peek(() => undefined)
        .to('out', { value: Serdes.bytes }),
    )
    expect(topology.nodes.map((node) => node.name)).toEqual([
      'KSTREAM-SOURCE-0000000000',
      'KSTREAM-FILTER-0000000001',
      'KSTREAM-FILTER-0000000002',
      'KSTREAM-MAPVALUES-0000000003',
      'KSTREAM-PEEK-0000000004',
      'KSTREAM-SINK-0000000005',
    ])
  })

  test('naming one node leaves the names behind it alone', () => {
    const topology = topologyOf((builder) =>
      builder
        .stream('in', { name: 'lines' })
        .filter(() => true, { name: 'good-ones' })
        .to('out'),
    )
    expect(topology.nodes.map((node) => node.name)).toEqual(['lines', 'good-ones', 'KSTREAM-SINK-0000000002'])
  })
})

describe('a topology that cannot be is refused with TOPOLOGY_INVALID, naming what is wrong', () => {
  const cases: readonly (readonly [string, (builder: StreamsBuilder) => void, RegExp])[] = [
    ['no source', () => undefined, /reads no topic/],
    ['no topic', (builder) => void builder.stream([]), /names no topic/],
    ['an illegal topic', (builder) => void builder.stream('or ders'), /Topic "or ders" is not legal/],
    ['an empty topic', (builder) => builder.stream('in').to(''), /Topic "" is not legal/],
    ['a topic of dots', (builder) => builder.stream('in').to('..'), /Topic "\.\." is not legal/],
    [
      'an illegal quarantine topic',
      (builder) => void builder.stream('in', { quarantine: 'a/b' }),
      /Topic "a\/b" is not legal/,
    ],
    [
      'an illegal node name',
      (builder) => void builder.stream('in').peek(() => undefined, { name: 'a b' }),
      /Node name "a b" is not legal/,
    ],
    [
      'a topic read twice',
      (builder) => void [builder.stream('in'), builder.stream(['other', 'in'])],
      /Topic in is read by .*0000000000 and by .*0000000001/,
    ],
    ['a topic named twice', (builder) => void builder.stream(['in', 'in']), /names topic in twice/],
    [
      'a stream of another builder',
      (builder) => builder.stream('in').merge(new StreamsBuilder().stream('other')).to('out'),
      /KSTREAM-SOURCE-0000000000 belongs to another builder than KSTREAM-MERGE-0000000001/,
    ],
    [
      'a table of another builder',
      (builder) => void builder.stream('in').join(new StreamsBuilder().table('other'), (value) => value),
      /KTABLE-SOURCE-0000000002 belongs to another builder/,
    ],
    [
      'an offset reset that there is not',
      (builder) => void builder.stream('in', JSON.parse('{ "offsetReset": "oldest" }') as object),
      /cannot begin at oldest/,
    ],
    [
      'an error policy of a source that there is not',
      (builder) => void builder.stream('in', JSON.parse('{ "onError": { "processing": "ignore" } }') as object),
      /no error policy ignore/,
    ],
    [
      'an error policy of an operator that there is not',
      (builder) =>
        void builder
          .stream('in')
          .peek(() => undefined)
          .onError(JSON.parse('"ignore"') as 'drop'),
      /no error policy ignore/,
    ],
    [
      'an engine that there is not',
      (builder) => void builder.table('in', { materialized: { name: 't', engine: JSON.parse('"rocksdb"') as 'lmdb' } }),
      /Store t has no engine rocksdb/,
    ],
    [
      'two nodes of one name',
      (builder) => void builder.stream('in', { name: 'x' }).peek(() => undefined, { name: 'x' }),
      /Two nodes are named x/,
    ],
  ]
  test.each(cases)('%s', (_what, write, message) => {
    let thrown: unknown
    try {
      topologyOf(write)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    })
  })
})

test('a built topology does not change when the builder goes on', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in')
  stream.to('out')
  const before = builder.build()
  const text = before.describe()
  stream.to('elsewhere')
  expect(before.describe()).toBe(text)
  expect(Object.isFrozen(before.nodes)).toBe(true)
  expect(builder.build().sinks.map((sink) => sink.topic)).toEqual(['out', 'elsewhere'])
})

test('streams that do not touch are sub-topologies of their own, in the order of their sources', () => {
  const topology = topologyOf((builder) => {
    builder.stream(['b', 'a']).to('middle')
    builder
      .stream('middle')
      .filter(() => true)
      .to('out')
  })
  expect(topology.describe()).toBe(`Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [a, b])
      --> KSTREAM-SINK-0000000001
    Sink: KSTREAM-SINK-0000000001 (topic: middle)
      <-- KSTREAM-SOURCE-0000000000

  Sub-topology: 1
    Source: KSTREAM-SOURCE-0000000002 (topics: [middle])
      --> KSTREAM-FILTER-0000000003
    Processor: KSTREAM-FILTER-0000000003 (stores: [])
      --> KSTREAM-SINK-0000000004
      <-- KSTREAM-SOURCE-0000000002
    Sink: KSTREAM-SINK-0000000004 (topic: out)
      <-- KSTREAM-FILTER-0000000003

`)
  expect(topology.subtopologies.map(({ id, sourceTopics }) => [id, sourceTopics])).toEqual([
    [0, ['a', 'b']],
    [1, ['middle']],
  ])
})

test('a stream that ends nowhere is described with no successor', () => {
  const topology = topologyOf((builder) => void builder.stream('in').peek(() => undefined))
  expect(topology.describe()).toContain(
    '    Processor: KSTREAM-PEEK-0000000001 (stores: [])\n      --> none\n      <-- KSTREAM-SOURCE-0000000000\n',
  )
})

test('the JSON form names operators, quarantine topics and the rules of gates', () => {
  const topology = topologyOf((builder) =>
    builder
      .stream('in', { quarantine: 'in.quarantine' })
      .gate({
        id: 'g1',
        mode: 'enforce',
        ruleset: { id: 'rules', version: 7, checks: [{ id: 'named', check: 'required', field: 'name' }] },
      })
      .to('out'),
  )
  const { subtopologies } = JSON.parse(JSON.stringify(topology)) as ReturnType<Topology['toJSON']>
  expect(subtopologies).toMatchObject([
    {
      id: 0,
      nodes: [
        {
          kind: 'source',
          topics: ['in'],
          quarantine: 'in.quarantine',
          predecessors: [],
          successors: ['KSTREAM-GATE-0000000001'],
        },
        {
          kind: 'processor',
          operator: 'gate',
          details: { gate: 'g1', ruleset: 'rules@7', mode: 'enforce', checks: ['named'] },
        },
        { kind: 'sink', topic: 'out', predecessors: ['KSTREAM-GATE-0000000001'], successors: [] },
      ],
    },
  ])
})

test('a gate whose rules do not compile is refused where it is written', () => {
  const write = (): unknown =>
    new StreamsBuilder().stream('in').gate({
      id: 'g',
      mode: 'enforce',
      ruleset: { id: 'r', version: 1, checks: [{ id: 'c', check: 'range', field: 'x', params: {} }] },
    })
  expect(write).toThrow(expect.objectContaining({ code: 'GATE_RULES_INVALID' }))
})

describe('the time of records', () => {
  const run = (timestampExtractor: TimestampExtractor<string, string>): TopologyTestDriver => {
    const text = { key: Serdes.string, value: Serdes.string }
    const driver = new TopologyTestDriver(
      topologyOf((builder) => builder.stream('in', { ...text, timestampExtractor }).to('out', text)),
    )
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    for (const value of ['5', '30', '-1', '7', 'x']) input.pipeInput('k', value, { timestamp: 1000 })
    return driver
  }

  test('is what the extractor says; it is told the largest of the partition so far', () => {
    const seen: unknown[] = []
    const driver = run((record, _key, value, partitionTime) => {
      seen.push([record.topic, record.offset, record.timestamp, partitionTime])
      return Number(value === 'x' ? 9 : value)
    })
    const times = driver
      .createOutputTopic('out')
      .readRecordsToList()
      .map(({ timestamp }) => timestamp)
    expect(times).toEqual([5, 30, 7, 9])
    expect(seen).toEqual([
      ['in', 0, 1000, -1],
      ['in', 1, 1000, 5],
      ['in', 2, 1000, 30],
      ['in', 3, 1000, 30],
      ['in', 4, 1000, 30],
    ])
    expect(driver.tally('in')).toMatchObject({ in: 5, passed: 4, dropped: { timestamp: 1 } })
  })

  test('a record whose extractor throws is quarantined with the time it came with', () => {
    const driver = run((_record, _key, value) => {
      if (value === 'x') throw new Error('no time')
      return 1
    })
    expect(driver.createOutputTopic('test.quarantine').readRecord().timestamp).toBe(1000)
    expect(driver.tally('in')).toMatchObject({ passed: 4, quarantined: { process: 1 } })
  })
})
