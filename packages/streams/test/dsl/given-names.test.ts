/** Names that are given, as Kafka Streams makes node and store names of them; the numbers of other names stay as they are. */
import { describe, expect, test } from '@jest/globals'
import { BufferConfig, JoinWindows, Serdes, Suppressed, TimeWindows } from '../../src/index.ts'
import { nodeNames, storesByNode, text, topologyOf } from './topology-of.ts'

const joined = (left: string | null, right: string | null): string => `${left}${right}`
const sided = { ...text, otherValue: Serdes.string }
const windows = JoinWindows.ofTimeDifferenceWithNoGrace(5)

describe('a join of two streams', () => {
  test('names five nodes, and its stores by a name of their own', () => {
    const topology = topologyOf((builder) => {
      const left = builder.stream('L', text)
      left.join(builder.stream('R', text), joined, windows, { ...sided, name: 'j', storeName: 's' }).to('out', text)
    })
    expect(nodeNames(topology)).toEqual([
      'KSTREAM-SOURCE-0000000000',
      'KSTREAM-SOURCE-0000000001',
      'j-this-windowed',
      'j-other-windowed',
      'j-this-join',
      'j-other-join',
      'j-merge',
      'KSTREAM-SINK-0000000007',
    ])
    expect(storesByNode(topology)).toEqual({
      'j-this-windowed': ['s-this-join-store'],
      'j-other-windowed': ['s-other-join-store'],
      'j-this-join': ['s-other-join-store'],
      'j-other-join': ['s-this-join-store'],
    })
    expect(topology.unnamedStores()).toEqual([])
  })

  test('of a left and an outer one the shared store says which it is', () => {
    const options = { ...sided, name: 'j', storeName: 's' }
    const stores = (kind: 'leftJoin' | 'outerJoin'): readonly string[] => {
      const topology = topologyOf((builder) => {
        const left = builder.stream('L', text)
        const right = builder.stream('R', text)
        if (kind === 'leftJoin') left.leftJoin(right, joined, windows, options)
        else left.outerJoin(right, joined, windows, options)
      })
      return [...topology.stores.keys()]
    }
    expect(stores('leftJoin')).toEqual(['s-this-join-store', 's-outer-other-join-store', 's-left-shared-join-store'])
    expect(stores('outerJoin')).toEqual([
      's-outer-this-join-store',
      's-outer-other-join-store',
      's-outer-shared-join-store',
    ])
  })

  test('names the repartition topics of both sides', () => {
    const topology = topologyOf((builder) => {
      const left = builder.stream('L', text).selectKey((_key, value) => value)
      const right = builder.stream('R', text).selectKey((_key, value) => value)
      left.join(right, joined, windows, { ...sided, name: 'j', storeName: 's' }).to('out', text)
    })
    expect([...topology.repartitions.keys()]).toEqual(['j-left-repartition', 'j-right-repartition'])
    expect(nodeNames(topology)).toContain('j-left-repartition-source')
    expect(topology.unnamedTopics()).toEqual([])
  })
})

test('a join of two tables names both sides after the one where they meet', () => {
  const topology = topologyOf((builder) => {
    const left = builder.table('L', { ...text, name: 'left', materialized: { name: 'left-rows' } })
    const right = builder.table('R', { ...text, name: 'right', materialized: { name: 'right-rows' } })
    left
      .join(right, joined, { name: 'both', materialized: { ...text, name: 'both-rows' } })
      .toStream({ name: 'changes' })
      .to('out', { ...text, name: 'end' })
  })
  expect(nodeNames(topology)).toEqual([
    'left-source',
    'left',
    'right-source',
    'right',
    'both-join-this',
    'both-join-other',
    'both',
    'changes',
    'end',
  ])
  expect(storesByNode(topology)).toMatchObject({ both: ['both-rows'], 'both-join-this': ['right-rows'] })
  expect(topology.unnamedStores()).toEqual([])
})

test('a join by foreign key names its nodes, its store and its topics', () => {
  const topology = topologyOf((builder) => {
    const left = builder.table('L', { ...text, materialized: { name: 'left' } })
    const right = builder.table('R', { ...text, materialized: { name: 'right' } })
    left.join(right, (value) => value, joined, { name: 'fk', materialized: { ...text, name: 'rows' } })
  })
  expect(nodeNames(topology).filter((name) => name.startsWith('fk'))).toEqual([
    'fk-subscription-registration-processor',
    'fk-subscription-registration-sink',
    'fk-subscription-registration-source',
    'fk-subscription-receive',
    'fk-subscription-join-foreign',
    'fk-foreign-join-subscription',
    'fk-subscription-response-sink',
    'fk-subscription-response-source',
    'fk-subscription-response-resolver',
    'fk-result',
  ])
  expect([...topology.repartitions.keys()]).toEqual([
    'fk-subscription-registration-topic',
    'fk-subscription-response-topic',
  ])
  expect([...topology.stores.keys()]).toEqual(['left', 'right', 'fk-subscription-store', 'rows'])
  expect([...topology.unnamedStores(), ...topology.unnamedTopics()]).toEqual([])
})

test('a grouping names its key selector and its repartition topic, an aggregation its node and its store', () => {
  const topology = topologyOf((builder) =>
    builder
      .stream('in', text)
      .groupBy((_key, value) => value, { ...text, name: 'by-value' })
      .count({ name: 'counting', materialized: { name: 'counts' } })
      .suppress(Suppressed.untilTimeLimit(5, BufferConfig.unbounded(), { name: 'calm' })),
  )
  expect(nodeNames(topology)).toEqual([
    'KSTREAM-SOURCE-0000000000',
    'by-value',
    'by-value-repartition-filter',
    'by-value-repartition-sink',
    'by-value-repartition-source',
    'counting',
    'calm',
  ])
  expect([...topology.stores.keys()]).toEqual(['counts', 'calm-store'])
})

test('a grouping of a table names the topic, its nodes are named after the aggregation', () => {
  const topology = topologyOf((builder) =>
    builder
      .table('in', text)
      .groupBy((_key, value) => [value, value], { ...text, name: 'by-value' })
      .count({ name: 'counting', materialized: { name: 'counts' } }),
  )
  expect(nodeNames(topology).slice(2)).toEqual(['by-value', 'counting-sink', 'counting-source', 'counting'])
  expect([...topology.repartitions.keys()]).toEqual(['by-value-repartition'])
})

test('cogrouped streams have a node each, numbered, and one where they meet', () => {
  const topology = topologyOf((builder) => {
    const append = (_key: string, value: string, aggregate: string): string => aggregate + value
    builder
      .stream('L', text)
      .groupByKey()
      .cogroup(append)
      .cogroup(builder.stream('R', text).groupByKey(), append)
      .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
      .aggregate(() => '', { name: 'co', materialized: { name: 'rows', value: Serdes.string } })
  })
  expect(nodeNames(topology).slice(2)).toEqual(['co-cogroup-agg-0', 'co-cogroup-agg-1', 'co-cogroup-merge'])
})

test('what has no name is listed: stores and topics', () => {
  const topology = topologyOf((builder) => {
    builder
      .stream('in', text)
      .groupBy((_key, value) => value, text)
      .count()
    const left = builder.stream('L', text)
    left.leftJoin(builder.stream('R', text), joined, windows, sided)
  })
  expect(topology.unnamedStores()).toEqual([
    'KSTREAM-AGGREGATE-STATE-STORE-0000000003',
    'KSTREAM-JOINTHIS-0000000012-store',
    'KSTREAM-OUTEROTHER-0000000013-store',
    'KSTREAM-OUTERSHARED-0000000012-store',
  ])
  expect(topology.unnamedTopics()).toEqual(['KSTREAM-AGGREGATE-STATE-STORE-0000000003-repartition'])
})
