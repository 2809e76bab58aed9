import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { eventually, groupProbe, pause } from './group-probe.ts'
import { assertRefused } from './port-fixture.ts'

/** What members with an `instanceId` promise (KIP-345). */
export function staticMemberContract(test: WithKafka): void {
  test('a static member that comes back within its session costs the others nothing', async ({ kafka, freshName }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a', { options: { instanceId: 'i-a' } })
    const b = groupProbe(kafka, group, 'b', { options: { instanceId: 'i-b' } })
    await a.member.join()
    await b.member.join()
    await eventually('both are in', () => a.events.at(-1) === 'assigned a/2' && a.member.poll() && b.member.poll())
    const { generationId } = a.member.identity()
    await b.member.close()
    const again = groupProbe(kafka, group, 'b', { options: { instanceId: 'i-b' } })
    await again.member.join()
    assert.deepEqual(again.events, ['assigned b/2'])
    await pause(600)
    assert.equal(a.member.poll(), true)
    assert.equal(a.member.identity().generationId, generationId)
    assert.equal(again.member.identity().generationId, generationId)
    assert.equal(again.member.identity().instanceId, 'i-b')
    await again.member.close(undefined, 'leave')
    await a.member.close(undefined, 'leave')
  })

  test('a static leader that comes back takes over what it had', async ({ kafka, freshName }) => {
    const group = freshName()
    const options = { instanceId: 'i-a' }
    const a = groupProbe(kafka, group, 'a', { options })
    await a.member.join()
    await a.member.close()
    const again = groupProbe(kafka, group, 'a', { options })
    await again.member.join()
    assert.deepEqual(again.events, ['assigned a/1'])
    await again.member.close(undefined, 'leave')
  })

  test('a static member that is told to leave is gone at once', async ({ kafka, freshName }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a', { options: { instanceId: 'i-a' } })
    const b = groupProbe(kafka, group, 'b')
    await a.member.join()
    await b.member.join()
    await eventually('both are in', () => a.events.at(-1) === 'assigned a/2' && b.member.poll())
    const started = performance.now()
    await a.member.close(undefined, 'leave')
    await eventually('b is alone', () => b.events.at(-1) === 'assigned b/1')
    assert.ok(performance.now() - started < 5_000)
    await b.member.close()
  })

  test('a second member of the same instance fences the first one for good', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const name = await topic()
    const options = { instanceId: 'i' }
    const first = groupProbe(kafka, group, 'a', { options: { ...options, heartbeatIntervalMs: 1_500 } })
    await first.member.join()
    const second = groupProbe(kafka, group, 'a', { options })
    await second.member.join()
    const commit = first.member.commit([{ topic: name, partition: 0, offset: 7, metadata: '' }])
    await assertRefused(commit, 'KAFKA_FENCED', 'FENCED_INSTANCE_ID')
    await eventually('the first has lost all', () => first.events.at(-1) === 'lost FENCED_INSTANCE_ID')
    assert.throws(() => first.member.poll(), { code: 'KAFKA_FENCED' })
    await assertRefused(first.member.join(), 'KAFKA_FENCED', 'FENCED_INSTANCE_ID')
    await first.member.close()
    assert.equal(second.member.poll(), true)
    await second.member.commit([{ topic: name, partition: 0, offset: 8, metadata: '' }])
    await second.member.close(undefined, 'leave')
  })

  test('a static member whose caller is stuck keeps its place in the group, and knows that it is not to work', async ({
    kafka,
    freshName,
  }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a', { options: { instanceId: 'i-a', rebalanceTimeoutMs: 1_000 } })
    await a.member.join()
    await eventually('a has lost all', () => a.events.length === 2)
    assert.deepEqual(a.events, ['assigned a/1', 'lost UNKNOWN_MEMBER_ID'])
    await eventually('a is back', () => a.member.poll())
    assert.equal(a.events.at(-1), 'assigned a/1')
    await a.member.close(undefined, 'leave')
  })
}
