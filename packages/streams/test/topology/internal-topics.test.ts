import { expect, test } from '@jest/globals'
import {
  JoinWindows,
  Serdes,
  SessionWindows,
  TimeWindows,
  UnlimitedWindows,
  internalTopics,
  planPartitions,
  type StreamsBuilder,
} from '../../src/index.ts'
import { text, topologyOf } from '../dsl/topology-of.ts'

const DAY_MS = 86_400_000

function topicsOf(
  write: (builder: StreamsBuilder) => void,
  optimizations: 'none' | 'all' = 'none',
): Record<string, { readonly partitions: number; readonly configs: Readonly<Record<string, string>> }> {
  const topology = topologyOf(write, optimizations).forApplication('app')
  const plan = planPartitions(topology, new Map(Object.entries({ in: 3, L: 3, R: 3 })))
  return Object.fromEntries(internalTopics(topology, 'app', plan).map(({ name, ...topic }) => [name, topic]))
}

const grouped = (builder: StreamsBuilder) => builder.stream('in', text).groupByKey()

test('repartition topics are never cleaned by time, and named after the application', () => {
  const topics = topicsOf((builder) => builder.stream('in', text).repartition({ name: 'r', partitions: 7 }))
  expect(topics).toEqual({
    'app-r-repartition': {
      kind: 'repartition',
      partitions: 7,
      configs: {
        'message.timestamp.type': 'CreateTime',
        'cleanup.policy': 'delete',
        'retention.ms': '-1',
        'segment.bytes': '52428800',
      },
    },
  })
})

test('changelogs have the partitions of their tasks, and settings by the kind of store', () => {
  const topics = topicsOf((builder) => {
    const stream = grouped(builder)
    stream.count({ materialized: { name: 'kv' } })
    stream.windowedBy(TimeWindows.ofSizeAndGrace(10, 5)).count({ materialized: { name: 'w' } })
    stream.windowedBy(UnlimitedWindows.of()).count({ materialized: { name: 'u' } })
    stream.windowedBy(SessionWindows.ofInactivityGapWithNoGrace(20)).count({ materialized: { name: 's' } })
    stream.count({ materialized: { name: 'v', historyRetentionMs: 100 } })
    builder
      .stream('L', text)
      .join(builder.stream('R', text), (a, b) => a + b, JoinWindows.ofTimeDifferenceWithNoGrace(5), {
        ...text,
        otherValue: Serdes.string,
        storeName: 'j',
      })
  })
  const created = { 'message.timestamp.type': 'CreateTime' }
  expect(topics['app-kv-changelog']).toEqual({
    kind: 'changelog',
    partitions: 3,
    configs: { ...created, 'cleanup.policy': 'compact' },
  })
  const windowed = (retentionMs: number): unknown => ({
    ...created,
    'cleanup.policy': 'compact,delete',
    'retention.ms': String(retentionMs),
  })
  expect(topics['app-w-changelog']?.configs).toEqual(windowed(15 + DAY_MS))
  expect(topics['app-u-changelog']?.configs).toEqual(windowed(-1))
  expect(Number(topics['app-s-changelog']?.configs['retention.ms'])).toBeGreaterThanOrEqual(20 + DAY_MS)
  expect(topics['app-v-changelog']?.configs).toEqual({
    ...created,
    'cleanup.policy': 'compact',
    'min.compaction.lag.ms': String(100 + DAY_MS),
  })
  expect(topics['app-j-this-join-store-changelog']?.configs).toMatchObject({ 'cleanup.policy': 'delete' })
})

test('settings given with the store win; a store without logging has no changelog', () => {
  const topics = topicsOf((builder) => {
    const stream = grouped(builder)
    stream.count({ materialized: { name: 'a', logging: { 'cleanup.policy': 'delete', 'retention.ms': '5' } } })
    stream.count({ materialized: { name: 'b', logging: false } })
  })
  expect(Object.keys(topics)).toEqual(['app-a-changelog'])
  expect(topics['app-a-changelog']?.configs).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '5' })
})

test('a table needs no changelog where its source topic serves as one; a global one never has any', () => {
  const write = (builder: StreamsBuilder): void => {
    builder.table('in', { ...text, materialized: { name: 't' } })
    builder.globalTable('L', text)
  }
  expect(Object.keys(topicsOf(write))).toEqual(['app-t-changelog'])
  expect(topicsOf(write, 'all')).toEqual({})
  const store = topologyOf(write, ['reuse.ktable.source.topics']).stores.get('t')
  expect(store).toMatchObject({ sourceTopic: 'in', definition: { logging: null } })
})

test('a name that is too long with the application’s before it is refused', () => {
  const count = (length: number) => () =>
    topicsOf((builder) => grouped(builder).count({ materialized: { name: 's'.repeat(length) } }))
  expect(count(235)).not.toThrow()
  expect(count(236)).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
})
