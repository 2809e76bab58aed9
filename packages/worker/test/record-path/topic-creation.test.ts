import { describe, expect, test } from '@jest/globals'
import { TopicCreation } from '../../src/record-path/topic-creation.ts'

describe('the rules of topic creation (KIP-158)', () => {
  const creation = TopicCreation.of({
    'topic.creation.groups': 'compacted, wide',
    'topic.creation.default.partitions': '3',
    'topic.creation.default.replication.factor': '2',
    'topic.creation.default.retention.ms': '1000',
    'topic.creation.compacted.include': 'keyed-.*, tables\\.[a-z]+',
    'topic.creation.compacted.exclude': 'keyed-not, .*-tmp',
    'topic.creation.compacted.cleanup.policy': 'compact',
    'topic.creation.wide.include': '.*-tmp',
    'topic.creation.wide.partitions': '12',
    'topic.creation.wide.replication.factor': '-1',
  })

  test('the first that includes the whole name and does not exclude it decides', () => {
    const compacted = { partitions: 3, replicationFactor: 2, configs: { 'cleanup.policy': 'compact' } }
    expect(creation.spec('keyed-a')).toEqual({ topic: 'keyed-a', ...compacted })
    expect(creation.spec('tables.users')).toEqual({ topic: 'tables.users', ...compacted })
    expect(creation.spec('keyed-b-tmp')).toEqual({
      topic: 'keyed-b-tmp',
      partitions: 12,
      replicationFactor: -1,
      configs: {},
    })
  })

  test('default comes last, with topic settings of its own', () => {
    const others = { partitions: 3, replicationFactor: 2, configs: { 'retention.ms': '1000' } }
    for (const topic of ['keyed-not', 'x-keyed-a', 'tables.Users', 'my.tables.users', 'tablesXusers'])
      expect(creation.spec(topic)).toEqual({ topic, ...others })
  })

  test('without rules a topic is as the broker makes it', () => {
    expect(TopicCreation.of({}).spec('t')).toEqual({ topic: 't', partitions: -1, replicationFactor: -1, configs: {} })
  })

  test('a rule that includes nothing has no topics; default may be named, and stays last', () => {
    const rules = TopicCreation.of({
      'topic.creation.groups': 'default,empty,a',
      'topic.creation.a.include': 'a',
      'topic.creation.a.partitions': '7',
    })
    expect(rules.spec('a').partitions).toBe(7)
    expect(rules.spec('').partitions).toBe(-1)
  })

  test.each([
    ['topic.creation.g.partitions', '0'],
    ['topic.creation.g.partitions', '-2'],
    ['topic.creation.g.replication.factor', '1.5'],
    ['topic.creation.default.partitions', 'many'],
    ['topic.creation.g.include', 'a('],
  ])('%s = %s is refused by name', (key, value) => {
    const raw = { 'topic.creation.groups': 'g', 'topic.creation.g.include': 'a', [key]: value }
    expect(() => TopicCreation.of(raw)).toThrow(expect.objectContaining({ code: 'SETTINGS_INVALID' }))
    expect(() => TopicCreation.of(raw)).toThrow(key)
  })
})
