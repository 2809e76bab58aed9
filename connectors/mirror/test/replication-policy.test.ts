import { describe, expect, test } from '@jest/globals'
import {
  DefaultReplicationPolicy,
  IdentityReplicationPolicy,
  isCycle,
  originalTopic,
} from '../src/replication-policy.ts'

// Asked of connect-mirror 4.3.1: topic, internal, heartbeats, source, upstream, original.
const DEFAULT = [
  ['mm2-offset-syncs.b.internal', true, false, 'mm2-offset-syncs', 'b.internal', 'internal'],
  ['a.checkpoints.internal', true, false, 'a', 'checkpoints.internal', 'internal'],
  ['x.internal', false, false, 'x', 'internal', 'internal'],
  ['x-internal', false, false, null, null, 'x-internal'],
  ['__consumer_offsets', true, false, null, null, '__consumer_offsets'],
  ['a.heartbeats', false, true, 'a', 'heartbeats', 'heartbeats'],
  ['heartbeats', false, true, null, null, 'heartbeats'],
  ['mm2-x.internal', true, false, 'mm2-x', 'internal', 'internal'],
  ['.x', true, false, '', 'x', 'x'],
  ['a.b.t', false, false, 'a', 'b.t', 't'],
  ['a..t', false, false, 'a', '.t', 't'],
  ['a.', false, false, null, null, 'a.'],
] as const

describe('DefaultReplicationPolicy', () => {
  const policy = new DefaultReplicationPolicy()

  test.each(DEFAULT)(
    '%s is to it what it is to Java',
    (topic, isInternal, isHeartbeats, source, upstream, original) => {
      expect(policy.isInternal(topic)).toBe(isInternal)
      expect(policy.isHeartbeats(topic)).toBe(isHeartbeats)
      expect(policy.topicSource(topic)).toBe(source)
      expect(policy.upstreamTopic(topic)).toBe(upstream)
      expect(originalTopic(policy, topic)).toBe(original)
    },
  )

  test('a separator stands in the names of all topics, and if wanted not in those of the mirror itself', () => {
    const separated = new DefaultReplicationPolicy('__')
    expect(separated.remoteTopic('a', 't')).toBe('a__t')
    expect(separated.offsetSyncsTopic('b')).toBe('mm2-offset-syncs__b__internal')
    expect(separated.checkpointsTopic('a')).toBe('a__checkpoints__internal')
    expect(new DefaultReplicationPolicy('__', false).checkpointsTopic('a')).toBe('a.checkpoints.internal')
  })

  test('what came from the target is not sent back, over however many clusters it came', () => {
    expect(isCycle(policy, 'b', 'b.t')).toBe(true)
    expect(isCycle(policy, 'b', 'a.c.b.t')).toBe(true)
    expect(isCycle(policy, 'b', 'a.c.t')).toBe(false)
    expect(isCycle(policy, 'b', 't')).toBe(false)
  })
})

describe('IdentityReplicationPolicy', () => {
  const policy = new IdentityReplicationPolicy('a')
  // topic, on the target, heartbeats, source, upstream, original
  test.each([
    ['t', 't', false, 'a', 't', 't'],
    ['a.t', 'a.t', false, 'a', 'a.t', 'a.t'],
    ['heartbeats', 'a.heartbeats', true, null, null, 'heartbeats'],
    ['a.heartbeats', 'a.a.heartbeats', true, 'a', 'heartbeats', 'heartbeats'],
    ['b.a.heartbeats', 'a.b.a.heartbeats', true, 'b', 'a.heartbeats', 'heartbeats'],
  ] as const)('%s is to it what it is to Java', (topic, remote, isHeartbeats, source, upstream, original) => {
    expect(policy.remoteTopic('a', topic)).toBe(remote)
    expect(policy.isHeartbeats(topic)).toBe(isHeartbeats)
    expect(policy.topicSource(topic)).toBe(source)
    expect(policy.upstreamTopic(topic)).toBe(upstream)
    expect(originalTopic(policy, topic)).toBe(original)
  })

  test('goes round no circle of names that stay as they are', () => {
    expect(isCycle(policy, 'b', 't')).toBe(false)
    expect(isCycle(new IdentityReplicationPolicy('b'), 'b', 't')).toBe(true)
  })
})
