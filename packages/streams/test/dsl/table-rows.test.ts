/** When a table keeps its rows, and when its changes say what was there: asked for by what follows it. */
import { describe, expect, test } from '@jest/globals'
import { Serdes, StreamsBuilder, type KTable } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { storesByNode, text, topologyOf } from './topology-of.ts'

const joined = (left: string, right: string): string => left + right

describe('a table of a topic', () => {
  test('keeps nothing while its rows are only passed on', () => {
    const topology = topologyOf((builder) =>
      builder
        .table('in', text)
        .mapValues((value) => value)
        .toStream()
        .to('out', text),
    )
    expect(topology.stores.size).toBe(0)
  })

  test('keeps its rows under a given name', () => {
    const table = new StreamsBuilder().table('in', { ...text, materialized: { name: 'rows' } })
    expect(table.queryableStoreName()).toBe('rows')
  })

  test('keeps its rows when they are looked up, also through a table that is made of it', () => {
    const topology = topologyOf((builder) => {
      const table = builder.table('R', text).filter(() => true)
      builder.stream('L', text).join(table, joined, text)
    })
    expect(storesByNode(topology)).toEqual({
      'KTABLE-SOURCE-0000000002': ['R-STATE-STORE-0000000000'],
      'KSTREAM-JOIN-0000000005': ['R-STATE-STORE-0000000000'],
    })
  })

  test('keeps its rows when old values are asked for', () => {
    const topology = topologyOf((builder) =>
      builder
        .table('in', text)
        .mapValues((value) => value)
        .groupBy((key, value) => [value, key], text)
        .count(),
    )
    expect(storesByNode(topology)).toMatchObject({ 'KTABLE-SOURCE-0000000002': ['in-STATE-STORE-0000000000'] })
  })

  test('does not when a named table behind it can say them', () => {
    const topology = topologyOf((builder) =>
      builder
        .table('in', text)
        .mapValues((value) => value, { materialized: { ...text, name: 'mapped' } })
        .groupBy((key, value) => [value, key], text)
        .count(),
    )
    expect(storesByNode(topology)).toMatchObject({ 'KTABLE-MAPVALUES-0000000003': ['mapped'] })
    expect(topology.stores.has('in-STATE-STORE-0000000000')).toBe(false)
  })
})

describe('a filter', () => {
  const run = (write: (table: KTable<string, string>) => KTable<string, string>, isKept: boolean): unknown[] => {
    const topology = topologyOf((builder) => {
      const table = builder.table('in', isKept ? { ...text, materialized: { name: 'kept' } } : text)
      write(table).toStream().to('out', text)
    })
    const driver = new TopologyTestDriver(topology)
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
      ['k', 'no'],
      ['k', 'yes'],
      ['k', 'no'],
      ['k', 'no'],
    ])
    return driver.createOutputTopic('out', Serdes.string, Serdes.string).readValuesToList()
  }
  const isYes = (_key: string, value: string): boolean => value === 'yes'

  test('deletes rows that never matched when its table keeps none, as Kafka Streams does', () => {
    expect(run((table) => table.filter(isYes), false)).toEqual([null, 'yes', null, null])
  })

  test('deletes a row once when its table keeps them', () => {
    expect(run((table) => table.filter(isYes), true)).toEqual(['yes', null])
  })
})

test('a versioned table stays one through filter and mapValues, and is none behind a join', () => {
  const builder = new StreamsBuilder()
  const versioned = builder.table('V', { ...text, materialized: { name: 'v', historyRetentionMs: 10 } })
  const plain = builder.table('P', text)
  expect(versioned.filter(() => true).mapValues((value) => value).rows.isVersioned).toBe(true)
  expect(versioned.filter(() => true, { materialized: { name: 'f' } }).rows.isVersioned).toBe(false)
  expect(versioned.join(plain, joined).rows.isVersioned).toBe(false)
})

test('a table of a stream keeps its rows as one of a topic does', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', text)
  const table = stream.toTable()
  expect(table.queryableStoreName()).toBeNull()
  builder.stream('L', text).join(table, joined, text)
  expect(table.queryableStoreName()).toBe('KSTREAM-TOTABLE-STATE-STORE-0000000002')
})
