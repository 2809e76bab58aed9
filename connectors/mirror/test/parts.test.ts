/** Small rules: splitting, filters, partitions as text, positions, settings. */
import { describe, expect, test } from '@jest/globals'
import { mirrorCheckpoint, mirrorHeartbeat, mirrorSource } from '@sluice/connector-mirror'
import { included } from '../src/filters.ts'
import { mirroredBy, policyOf } from '../src/settings.ts'
import { nextOffset, parsePartition, partitionText, sourcePartition } from '../src/source/topic-partitions.ts'
import { deal } from '../src/splitting.ts'
import { clientProperties } from '../src/cluster-settings.ts'

const CLUSTERS = {
  'source.cluster.alias': 'a',
  'target.cluster.alias': 'b',
  'source.cluster.bootstrap.servers': 'a:1',
  'target.cluster.bootstrap.servers': 'b:1',
}

describe('work', () => {
  test('is split evenly, the partitions of a topic over tasks', () => {
    expect(deal(['t-0', 't-1', 't-2', 'u-0', 'u-1'], 2)).toEqual([
      ['t-0', 't-2', 'u-1'],
      ['t-1', 'u-0'],
    ])
  })

  test('makes no task that has none', () => {
    expect(deal([1, 2], 5)).toEqual([[1], [2]])
    expect(deal([], 5)).toEqual([])
  })
})

describe('names', () => {
  test('are compared from beginning to end, and exclusions win', () => {
    const isIncluded = included(['orders', 'log\\..*'], ['.*\\.replica'])
    expect(['orders', 'log.x', 'orders2', 'myorders', 'log.replica'].filter(isIncluded)).toEqual(['orders', 'log.x'])
  })

  test('that are no regular expression are refused before anything runs', () => {
    const problems = mirrorSource.settings.problems({ ...CLUSTERS, topics: 'a,(' })
    expect(problems).toMatchObject([
      { setting: 'topics', message: expect.stringContaining('( is no regular expression') },
    ])
  })

  test('of internal topics and of cycles are never mirrored, heartbeats wherever they are', () => {
    const isMirrored = mirroredBy(mirrorSource.settings.parse({ ...CLUSTERS, topics: 'orders,b\\.orders,mm2-x.*' }))
    const topics = ['orders', 'b.orders', 'mm2-x.internal', 'heartbeats', 'c.heartbeats', 'other']
    expect(topics.filter(isMirrored)).toEqual(['orders', 'heartbeats', 'c.heartbeats'])
  })
})

describe('partitions and positions', () => {
  test('are written as Java writes them', () => {
    expect(partitionText({ topic: 'a-b', partition: 3 })).toBe('a-b-3')
    expect(parsePartition('a-b-3')).toEqual({ topic: 'a-b', partition: 3 })
    expect(() => parsePartition('orders')).toThrow('is no topic')
    expect(JSON.stringify(sourcePartition('src', { topic: 't', partition: 3 }))).toBe(
      '{"cluster":"src","partition":3,"topic":"t"}',
    )
  })

  test('a position is the record that was mirrored last', () => {
    const at = { topic: 't', partition: 0 }
    expect(nextOffset({ offset: 5 }, at)).toBe(6)
    expect(nextOffset(null, at)).toBeNull()
    expect(() => nextOffset({ offset: 'x' }, at)).toThrow('has no offset')
  })
})

describe('settings', () => {
  test('of a cluster are those of Kafka clients, below its name', () => {
    const parsed = mirrorSource.settings.parse({
      ...CLUSTERS,
      'source.cluster.security.protocol': 'SASL_SSL',
      'source.cluster.sasl.jaas.config': 'hunter2',
    })
    expect(clientProperties(parsed, 'source')).toEqual({
      'bootstrap.servers': 'a:1',
      'security.protocol': 'SASL_SSL',
      'sasl.jaas.config': 'hunter2',
    })
    expect(JSON.stringify(parsed)).not.toContain('hunter2')
  })

  test('name the policy by its class or the last word of it', () => {
    for (const name of ['org.apache.kafka.connect.mirror.IdentityReplicationPolicy', 'IdentityReplicationPolicy']) {
      const parsed = mirrorSource.settings.parse({ ...CLUSTERS, 'replication.policy.class': name })
      expect(policyOf(parsed).remoteTopic('a', 't')).toBe('t')
    }
  })

  test('that name another converter are refused: it would change what is mirrored', async () => {
    for (const connector of [mirrorSource, mirrorCheckpoint, mirrorHeartbeat]) {
      const problems = (raw: Record<string, string>) => connector.validate!(raw, new AbortController().signal)
      expect(await problems({ 'value.converter': 'org.apache.kafka.connect.json.JsonConverter' })).toMatchObject([
        { setting: 'value.converter' },
      ])
      const bytes = 'org.apache.kafka.connect.converters.ByteArrayConverter'
      expect(await problems({ 'key.converter': bytes, 'value.converter': 'ByteArrayConverter' })).toEqual([])
    }
  })

  test('make a mirror exactly once only when it reads what is committed', () => {
    const support = (raw: Record<string, string>) =>
      mirrorSource.exactlyOnceSupport!(mirrorSource.settings.parse({ ...CLUSTERS, ...raw }))
    expect(support({})).toBe('supported')
    expect(support({ 'source.consumer.isolation.level': 'read_uncommitted' })).toBe('unsupported')
  })

  test('switch everything off', async () => {
    const raw = { ...CLUSTERS, enabled: 'false' }
    for (const connector of [mirrorSource, mirrorCheckpoint, mirrorHeartbeat])
      expect(await connector.taskSettings!(connector.settings.parse(raw) as never, raw, 3)).toEqual([])
  })
})
