import { expect, test } from '@jest/globals'
import { JoinWindows, Serdes, type StreamsBuilder, type Topology } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { text, topologyOf } from '../dsl/topology-of.ts'

const merging = ['merge.repartition.topics'] as const
const byValue = (_key: string | null, value: string | null): string | null => value
const repartitions = (topology: Topology): string[] => [...topology.repartitions.keys()]
const windows = JoinWindows.ofTimeDifferenceWithNoGrace(5)

function twoCounts(builder: StreamsBuilder): void {
  const rekeyed = builder.stream('in', text).selectKey(byValue)
  const longs = { key: Serdes.string, value: Serdes.long }
  rekeyed
    .groupByKey(text)
    .count({ materialized: { name: 'a' } })
    .toStream()
    .to('one', longs)
  rekeyed
    .filter(() => true)
    .groupByKey(text)
    .count({ materialized: { name: 'b' } })
    .toStream()
    .to('two', longs)
}

test('the repartition topics behind one new key become the first one, right behind the change of the key', () => {
  expect(repartitions(topologyOf(twoCounts))).toEqual(['a-repartition', 'b-repartition'])
  const topology = topologyOf(twoCounts, merging)
  expect(repartitions(topology)).toEqual(['a-repartition'])
  expect(topology.successors('KSTREAM-KEY-SELECT-0000000001').map((node) => node.name)).toEqual([
    'a-repartition-filter',
  ])
  expect(topology.subtopologies.map(({ sourceTopics }) => sourceTopics)).toEqual([['in'], ['a-repartition']])
})

test('the results stay the same', () => {
  const results = [topologyOf(twoCounts), topologyOf(twoCounts, merging)].map((topology) => {
    const driver = new TopologyTestDriver(topology)
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
      ['x', 'a'],
      ['y', 'b'],
      ['z', 'a'],
      ['z', null],
    ])
    return ['one', 'two'].map((topic) =>
      driver.createOutputTopic(topic, Serdes.string, Serdes.long).readKeyValuesToList(),
    )
  })
  expect(results[0]![0]).toEqual([
    ['a', 1],
    ['b', 1],
    ['a', 2],
  ])
  expect(results[1]).toEqual(results[0])
})

test('a change of the value between keeps a topic where it is: what is written to it would be another value', () => {
  const topology = topologyOf((builder) => {
    const rekeyed = builder.stream('in', text).selectKey(byValue)
    rekeyed.groupByKey(text).count({ materialized: { name: 'a' } })
    rekeyed
      .mapValues((value) => value?.length ?? 0)
      .groupByKey({ key: Serdes.string, value: Serdes.long })
      .count({ materialized: { name: 'b' } })
  }, merging)
  expect(repartitions(topology)).toEqual(['a-repartition', 'b-repartition'])
})

test('repartition() is asked for, and stays', () => {
  const topology = topologyOf((builder) => {
    const rekeyed = builder.stream('in', text).selectKey(byValue)
    rekeyed.repartition({ ...text, name: 'mine' }).to('out')
    rekeyed.groupByKey(text).count({ materialized: { name: 'a' } })
    rekeyed.groupByKey(text).count({ materialized: { name: 'b' } })
  }, merging)
  expect(repartitions(topology)).toEqual(['a-repartition', 'mine-repartition'])
})

test('streams with new keys that are merged share one topic behind the merge', () => {
  const topology = topologyOf((builder) => {
    const left = builder.stream('L', text).selectKey(byValue)
    const merged = left.merge(builder.stream('R', text).selectKey(byValue), { name: 'both' })
    merged.groupByKey(text).count({ materialized: { name: 'a' } })
    merged.groupByKey(text).count({ materialized: { name: 'b' } })
  }, merging)
  expect(repartitions(topology)).toEqual(['a-repartition'])
  expect(topology.successors('both').map((node) => node.name)).toEqual(['a-repartition-filter'])
})

test('topics that must have equally many partitions still must, under the name that is left', () => {
  const topology = topologyOf((builder) => {
    const rekeyed = builder.stream('L', text).selectKey(byValue)
    rekeyed.groupByKey(text).count({ materialized: { name: 'a' } })
    rekeyed.join(builder.stream('R', text), (a, b) => a + b, windows, {
      ...text,
      otherValue: Serdes.string,
      name: 'j',
      storeName: 's',
    })
  }, merging)
  expect(repartitions(topology)).toEqual(['a-repartition'])
  expect(topology.copartitionedTopics()).toEqual([['a-repartition', 'R']])
})

test('two joins of one stream without names share a repartition topic also without it', () => {
  const topology = topologyOf((builder) => {
    const rekeyed = builder.stream('L', text).selectKey(byValue)
    rekeyed.join(builder.table('A', text), (a, b) => a + b, text)
    rekeyed.join(builder.table('B', text), (a, b) => a + b, text)
  })
  expect(repartitions(topology)).toEqual(['KSTREAM-KEY-SELECT-0000000001-repartition'])
})
