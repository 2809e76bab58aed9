/** A caller that computes a lot, in one process with its heartbeats. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type Kafka, connect } from '../../src/index.ts'
import { eventually, groupProbe } from '../../src/testing/group-probe.ts'
import { FakeCluster } from '../fake/fake-cluster.ts'
import { ScriptedGroup } from './scripted-group.ts'

let cluster: FakeCluster
let group: ScriptedGroup
let kafka: Kafka

beforeEach(async () => {
  cluster = await FakeCluster.start(1)
  cluster.createTopic('t', 1)
  group = new ScriptedGroup(cluster)
  kafka = await connect({ bootstrapServers: cluster.bootstrap })
})
afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

/** Computes, and does not yield. */
function compute(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

const options = { sessionTimeoutMs: 1_000, heartbeatIntervalMs: 100 }

test('a caller that yields between its batches keeps its place for many sessions', async () => {
  const { member, events } = groupProbe(kafka, 'g', 'a', { options })
  await member.join()
  const until = performance.now() + 3_500
  while (performance.now() < until) {
    compute(60)
    await new Promise(setImmediate)
    expect(member.poll()).toBe(true)
  }
  expect(group.bodies('Heartbeat').length).toBeGreaterThan(5)
  expect(events).toEqual(['assigned a/1'])
})

test('a caller that did not yield for a session hands out and commits nothing more of what it had', async () => {
  const { member, events } = groupProbe(kafka, 'g', 'a', { options })
  await member.join()
  compute(1_100)
  // Before any timer has fired, and before the coordinator has been asked.
  expect(() => member.identity()).toThrow(expect.objectContaining({ code: 'KAFKA_FENCED', retriable: false }))
  expect(member.poll()).toBe(false)
  await expect(member.commit([{ topic: 't', partition: 0, offset: 1, metadata: '' }])).rejects.toMatchObject({
    code: 'KAFKA_FENCED',
  })
  await eventually('it is back', () => member.poll())
  expect(events).toEqual(['assigned a/1', 'lost UNKNOWN_MEMBER_ID', 'assigned a/1'])
  expect(group.bodies('OffsetCommit')).toEqual([])
})

test('promises that resolve one another for ever do not yield: that is found too', async () => {
  const { member, events } = groupProbe(kafka, 'g', 'a', { options })
  await member.join()
  const until = performance.now() + 1_100
  while (performance.now() < until) await Promise.resolve()
  expect(member.poll()).toBe(false)
  await eventually('it is back', () => member.poll())
  expect(events[1]).toBe('lost UNKNOWN_MEMBER_ID')
})
