import { expect, test } from '@jest/globals'
import { JoinWindows, Serdes, StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { text, thrownBy, topologyOf } from '../dsl/topology-of.ts'

test('sources by pattern and sinks that choose their topic say so', () => {
  const byKey = (key: string | null): string => `out-${key}`
  const topology = topologyOf((builder) => builder.stream(/in-\d+/, text).to(byKey, text))
  expect(topology.describe()).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: in-\\d+)')
  expect(topology.describe()).toContain('Sink: KSTREAM-SINK-0000000001 (extractor class: byKey)')
})

test('a pattern is read as the topics whose whole name matches', () => {
  const topology = topologyOf((builder) => {
    builder.stream(/in-\d+/)
    builder.stream('other').repartition({ name: 'in-9' })
  })
  expect(topology.hasPatterns).toBe(true)
  const known = topology.withTopics(['in-2', 'in-10', 'not-in-1', 'in-1x', 'other', 'in-9-repartition'])
  expect(known.sources[0]?.topics).toEqual(['in-10', 'in-2'])
  expect(
    thrownBy(() => topologyOf((builder) => [builder.stream(/a.*/), builder.stream('ab')]).withTopics(['ab'])),
  ).toMatchObject({ code: 'TOPOLOGY_INVALID', message: expect.stringContaining('Topic ab is read by') as unknown })
})

test('a pattern does not match what Kafka and the application keep for themselves, and has no memory', () => {
  const topology = topologyOf((builder) =>
    builder
      .stream(/.*/g, text)
      .groupByKey()
      .count({ materialized: { name: 'counts' } }),
  )
  const known = topology
    .forApplication('app')
    .withTopics(['a', 'b', 'c', 'app-counts-changelog', '__consumer_offsets', '__transaction_state'])
  expect(known.sources[0]?.topics).toEqual(['a', 'b', 'c'])
})

test('a pattern does not match where the records go that fail', () => {
  const topics = ['in', 'app.quarantine', 'dead']
  const readBy = (consumed: { readonly quarantine?: string }): readonly string[] | undefined =>
    topologyOf((builder) => builder.stream(/.*/, { ...text, ...consumed }).to('out'))
      .forApplication('app')
      .withTopics(topics).sources[0]?.topics
  expect(readBy({})).toEqual(['dead', 'in'])
  expect(readBy({ quarantine: 'dead' })).toEqual(['app.quarantine', 'in'])
})

test('ways that part and meet again, forty times, are built, described and compiled', () => {
  const split = 40
  const topology = topologyOf((builder) => {
    let stream = builder.stream('in', text)
    for (let i = 0; i < split; i++) {
      const { left, right } = stream
        .split()
        .branch('left', (_key, value) => value === null)
        .defaultBranch('right')
      stream = left.merge(right)
    }
    stream
      .selectKey((_key, value) => value)
      .toTable({ materialized: text })
      .toStream()
      .to('out', text)
  }, 'all')
  expect(topology.subtopologies[0]!.nodes).toHaveLength(split * 4 + 4)
  expect(topology.describe()).toContain(`Source: KSTREAM-SOURCE-0000000000 (topics: [in])`)
  const driver = new TopologyTestDriver(topology)
  driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('key', 'value')
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValue()).toEqual(['value', 'value'])
})

test('as data: stores, repartition topics, and the topics that must have equally many partitions', () => {
  const topology = topologyOf((builder) => {
    const left = builder.stream('L', text).selectKey((_key, value) => value)
    left.join(builder.stream('R', text), (a, b) => a + b, JoinWindows.ofTimeDifferenceWithNoGrace(5), {
      ...text,
      otherValue: Serdes.string,
      name: 'j',
      storeName: 's',
      engine: 'memory',
    })
    builder.globalTable('G', text)
  })
  const data = JSON.parse(JSON.stringify(topology)) as unknown
  expect(data).toMatchObject({
    subtopologies: [
      { id: 0, stores: [] },
      { id: 1, stores: ['s-this-join-store', 's-other-join-store'] },
      { id: 2, isGlobal: true, stores: ['G-STATE-STORE-0000000011'] },
    ],
    stores: [
      { name: 's-this-join-store', kind: 'window', engine: 'memory', hasChangelog: true, retentionMs: 10 },
      { name: 's-other-join-store', isUnnamed: false },
      { name: 'G-STATE-STORE-0000000011', isUnnamed: true, hasChangelog: false, sourceTopic: 'G' },
    ],
    repartitionTopics: [{ name: 'j-left-repartition', partitions: null }],
    copartitioned: [['j-left-repartition', 'R']],
  })
})

test('in Mermaid: a box per sub-topology, topics and stores with the nodes that use them', () => {
  const topology = topologyOf((builder) =>
    builder
      .stream('in', { ...text, name: 'read' })
      .groupBy((_key, value) => value, { ...text, name: 'g' })
      .count({ name: 'count', materialized: { name: 'counts' } })
      .toStream({ name: 'changes' })
      .to('out', { name: 'write' }),
  )
  expect(topology.toMermaid()).toBe(`flowchart TD
  subgraph subtopology0["Sub-topology 0"]
    node1(["read"])
    node2["g"]
    node3["g-repartition-filter"]
    node4(["g-repartition-sink"])
    node1 --> node2
    node2 --> node3
    node3 --> node4
  end
  subgraph subtopology5["Sub-topology 1"]
    node6(["g-repartition-source"])
    node7["count"]
    node8["changes"]
    node9(["write"])
    node6 --> node7
    node7 --> node8
    node8 --> node9
  end
  store10[("counts")]
  node7 -.- store10
  topic11[/"in"/]
  topic12[/"g-repartition"/]
  topic13[/"out"/]
  topic11 --> node1
  node4 --> topic12
  topic12 --> node6
  node9 --> topic13
`)
})

test('an application has its name before its repartition topics, and nowhere else', () => {
  const topology = topologyOf((builder) => {
    builder.stream('in', text).repartition({ name: 'r' }).to('out')
  })
  const named = topology.forApplication('app')
  expect(named.repartitions.has('app-r-repartition')).toBe(true)
  expect(named.sinkTopics).toEqual(['app-r-repartition', 'out'])
  expect(named.subtopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([['in'], ['app-r-repartition']])
  expect(named.nodes.map((node) => node.name)).toEqual(topology.nodes.map((node) => node.name))
  expect(named.forApplication('app')).toBe(named)
  expect(topology.sinkTopics).toEqual(['r-repartition', 'out'])
})

test.each(['none', 'all'] as const)(
  'more nodes one behind the other than a stack holds are refused, however many (%s)',
  (optimization) => {
    const build = (count: number) => {
      const builder = new StreamsBuilder()
      let stream = builder.stream('in', text)
      for (let i = 0; i < count; i++) stream = stream.mapValues((value) => value)
      stream
        .selectKey((key) => key)
        .groupByKey(text)
        .count({ materialized: { name: 'counts' } })
      return builder.build(optimization)
    }
    expect(() => new TopologyTestDriver(build(990))).not.toThrow()
    expect(thrownBy(() => build(3_000))).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining('behind 1000 others') as unknown,
      remedy: expect.stringContaining('repartition topic') as unknown,
    })
  },
)
