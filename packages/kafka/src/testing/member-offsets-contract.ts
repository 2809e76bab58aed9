import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { eventually, groupProbe, pause, waitingForAnother } from './group-probe.ts'
import { assertRefused, record } from './port-fixture.ts'

/** What commits of members promise. */
export function memberOffsetsContract(test: WithKafka): void {
  test('what a member commits is found by everybody', async ({ kafka, another, topic, freshName }) => {
    const group = freshName()
    const name = await topic(2)
    const { member } = groupProbe(kafka, group, 'a')
    await member.join()
    const at = { topic: name, partition: 1 }
    await member.commit([{ ...at, offset: 5, metadata: 'five', leaderEpoch: 0 }])
    const partitions = [at, { topic: name, partition: 0 }]
    const expected = [{ ...at, offset: 5, metadata: 'five', leaderEpoch: 0 }]
    assert.deepEqual(await member.committed(partitions), expected)
    assert.deepEqual(await (await another()).groupOffsets(group).committed(partitions), expected)
    await member.close()
  })

  test('positions can be committed while everything is given up', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const at = { topic: await topic(), partition: 0 }
    let offset = 10
    const a = groupProbe(kafka, group, 'a', {
      hooks: { onRevoked: () => a.member.commit([{ ...at, offset: offset++, metadata: '' }]) },
    })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b')
    await b.member.join()
    assert.equal((await b.member.committed([at]))[0]?.offset, 10)
    await eventually('a is back', () => a.member.poll())
    await a.member.close()
    assert.equal((await kafka.groupOffsets(group).committed([at]))[0]?.offset, 11)
    await b.member.close()
  })

  test('a commit during a rebalance is refused for now, and says so', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const at = { topic: await topic(), partition: 0 }
    const held = Promise.withResolvers<void>()
    const a = groupProbe(kafka, group, 'a')
    await a.member.join()
    const b = groupProbe(kafka, group, 'b', { hooks: { onRevoked: () => held.promise } })
    await b.member.join()
    await eventually('both are in', () => a.member.poll() && b.member.poll())
    // Whoever came first leads. It joins again and waits for the other, who does not let go.
    a.member.requestRejoin('for the test')
    await eventually('a waits', () => a.events.at(-1) === 'revoked')
    const commit = a.member.commit([{ ...at, offset: 1, metadata: '' }])
    const error = await assertRefused(commit, 'KAFKA_REFUSED', 'REBALANCE_IN_PROGRESS')
    assert.equal(error.retriable, true)
    assert.throws(() => a.member.identity(), { code: 'KAFKA_REFUSED', retriable: true })
    held.resolve()
    await eventually('both are back', () => a.member.poll() && b.member.poll())
    await a.member.commit([{ ...at, offset: 2, metadata: '' }])
    await a.member.close()
    await b.member.close()
  })

  test('a member that keeps what it holds goes on committing while it waits for the others to join', async (fixture) => {
    const { kafka, topic, freshName } = fixture
    const group = freshName()
    const at = { topic: await topic(), partition: 0 }
    const { a, b, release } = await waitingForAnother(kafka, group)
    const { generationId } = a.member.identity()
    await a.member.commit([{ ...at, offset: 1, metadata: '' }])
    assert.equal((await kafka.groupOffsets(group).committed([at]))[0]?.offset, 1)
    release()
    await eventually('a is in the next generation', () => a.member.poll() && a.assignments.length > 2)
    assert.ok(a.member.identity().generationId > generationId)
    await a.member.commit([{ ...at, offset: 2, metadata: '' }])
    assert.equal((await kafka.groupOffsets(group).committed([at]))[0]?.offset, 2)
    assert.ok(!a.events.some((event) => event.startsWith('lost')))
    await a.member.close()
    await b.member.close()
  })

  test('a member without a place commits nothing', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const at = { topic: await topic(), partition: 0 }
    const { member } = groupProbe(kafka, group, 'a')
    const commit = (): Promise<void> => member.commit([{ ...at, offset: 1, metadata: '' }])
    await assertRefused(commit(), 'KAFKA_FENCED')
    await member.join()
    await member.leave('for the test')
    await assertRefused(commit(), 'KAFKA_FENCED')
    await member.close()
    await assertRefused(commit(), 'INTERRUPTED')
    assert.deepEqual(await kafka.groupOffsets(group).committed([at]), [])
  })

  test('who is no member cannot commit for a group that has members', async ({ kafka, topic, freshName }) => {
    const group = freshName()
    const at = { topic: await topic(), partition: 0 }
    const { member } = groupProbe(kafka, group, 'a')
    await member.join()
    const outsider = kafka.groupOffsets(group)
    await assertRefused(outsider.commit([{ ...at, offset: 1, metadata: '' }]), 'KAFKA_FENCED', 'UNKNOWN_MEMBER_ID')
    await member.close()
    await outsider.commit([{ ...at, offset: 2, metadata: '' }])
    assert.equal((await outsider.committed([at]))[0]?.offset, 2)
  })

  test('commits of a member arrive in the order of the calls', async ({ kafka, topic, freshName }) => {
    const at = { topic: await topic(), partition: 0 }
    const { member } = groupProbe(kafka, freshName(), 'a')
    await member.join()
    await Promise.all(
      Array.from({ length: 50 }, (_, offset) => member.commit([{ ...at, offset, metadata: `${offset}` }])),
    )
    assert.deepEqual(await member.committed([at]), [{ ...at, offset: 49, metadata: '49' }])
    await member.close()
  })

  test('metadata that the broker finds too large is refused, and the place is kept', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const at = { topic: await topic(), partition: 0 }
    const { member } = groupProbe(kafka, freshName(), 'a')
    await member.join()
    const tooLarge = member.commit([{ ...at, offset: 2, metadata: 'x'.repeat(4097) }])
    await assertRefused(tooLarge, 'KAFKA_REFUSED', 'OFFSET_METADATA_TOO_LARGE')
    assert.equal(member.poll(), true)
    await member.commit([{ ...at, offset: 2, metadata: '' }])
    await member.close()
  })

  test('offsets that a transaction decides about are waited for', async ({ kafka, another, topic, freshName }) => {
    const group = freshName()
    const at = { topic: await topic(), partition: 0 }
    const { member } = groupProbe(kafka, group, 'a')
    await member.join()
    const producer = await (await another()).transactionalProducer({ transactionalId: freshName() })
    await member.commit([{ ...at, offset: 1, metadata: '' }])
    producer.begin()
    await producer.produce([record(at.topic, { partition: 0, value: 'v' })])
    await producer.sendOffsets(member.identity(), [{ ...at, offset: 2, metadata: 'two' }])
    let isRead = false
    const reading = member.committed([at]).finally(() => (isRead = true))
    await pause(700)
    assert.equal(isRead, false)
    await producer.commit()
    assert.deepEqual(await reading, [{ ...at, offset: 2, metadata: 'two' }])
    await producer.close()
    await member.close()
  })
}
