import assert from 'node:assert/strict'
import { consumerProbe, eventually, groupProbe, waitingForAnother } from './group-probe.ts'
import type { WithKafka } from './port-contract.ts'
import { assertRefused } from './port-fixture.ts'
import { noMember, offsetAt, valuesFor, withTransactions } from './transaction-fixture.ts'

/** What `sendOffsets` promises of a group with members: the coordinator fences whoever is of an older generation (KIP-447). */
export function transactionMemberContract(withKafka: WithKafka): void {
  const test = withTransactions(withKafka)

  test("transaction: a member's offsets are committed with the records", async ({
    port,
    kafka,
    producer,
    offsetOf,
  }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const { member } = groupProbe(kafka, groupId, 'a')
    await member.join()
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'v'))
    await one.sendOffsets(member.identity(), [offsetAt(topic, 4)])
    await one.commit()
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), 4)
    await member.close()
  })

  test('transaction: a member of an older generation is fenced with its offsets and records', async (fixture) => {
    const { port, kafka, producer } = fixture
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const a = groupProbe(kafka, groupId, 'a')
    await a.member.join()
    const old = a.member.identity()
    const b = groupProbe(kafka, groupId, 'b')
    await b.member.join()
    await eventually('both are in', () => a.member.poll() && b.member.poll())
    assert.ok(a.member.identity().generationId > old.generationId)
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'zombie'))
    const late = one.sendOffsets(old, [offsetAt(topic, 9)])
    await assertRefused(late, 'KAFKA_TRANSACTION_ABORTABLE', 'ILLEGAL_GENERATION')
    await assertRefused(one.commit(), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'v'))
    await one.sendOffsets(a.member.identity(), [offsetAt(topic, 1)])
    await one.commit()
    assert.deepEqual(await fixture.committed(topic), ['v'])
    assert.equal(await fixture.offsetOf(groupId, { topic, partition: 0 }), 1)
    await a.member.close()
    await b.member.close()
  })

  test('transaction: who keeps what it holds goes on from one generation to the next; who has lost it does not', async (fixture) => {
    const { port, kafka, producer } = fixture
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const { a, b, release } = await waitingForAnother(kafka, groupId)
    const tenure = a.member.tenure()
    const { generationId } = tenure.identity()
    const one = await producer()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'while it waits'))
    await one.sendOffsets(tenure, [offsetAt(topic, 1)])
    await one.commit()
    assert.equal(await fixture.offsetOf(groupId, { topic, partition: 0 }), 1)
    release()
    await eventually('a is in the next generation', () => a.member.poll() && a.assignments.length > 2)
    one.begin()
    await one.produce(valuesFor(topic, 0, 'in the next'))
    // As seen by whoever asks just before the answer to its join arrives.
    const before = { ...tenure.identity(), generationId }
    let asked = 0
    const late = { groupId, identity: () => (asked++ === 0 ? before : tenure.identity()) }
    await one.sendOffsets(late, [offsetAt(topic, 2)])
    await one.commit()
    assert.equal(asked, 2)
    assert.deepEqual(await fixture.committed(topic), ['while it waits', 'in the next'])
    assert.equal(await fixture.offsetOf(groupId, { topic, partition: 0 }), 2)
    await a.member.leave('for the test')
    await a.member.join()
    one.begin()
    await one.produce(valuesFor(topic, 0, 'zombie'))
    await assertRefused(one.sendOffsets(tenure, [offsetAt(topic, 3)]), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    assert.equal(await fixture.offsetOf(groupId, { topic, partition: 0 }), 2)
    await a.member.close()
    await b.member.close()
  })

  test('transaction: a member that has left is fenced', async ({ port, kafka, producer, offsetOf }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const { member } = groupProbe(kafka, groupId, 'a')
    await member.join()
    const old = member.identity()
    await member.close()
    const one = await producer()
    one.begin()
    await assertRefused(one.sendOffsets(old, [offsetAt(topic, 9)]), 'KAFKA_TRANSACTION_ABORTABLE')
    await one.abort()
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), undefined)
  })

  test('transaction: two producers of one group do not fence each other', async ({
    port,
    kafka,
    producer,
    offsetOf,
  }) => {
    const [topic, groupId] = [await port.topic(2), port.freshName()]
    const probes = [groupProbe(kafka, groupId, 'a'), groupProbe(kafka, groupId, 'b')]
    for (const { member } of probes) await member.join()
    await eventually('both are in', () => probes.every(({ member }) => member.poll()))
    await Promise.all(
      probes.map(async ({ member }, partition) => {
        const one = await producer()
        one.begin()
        await one.sendOffsets(member.identity(), [offsetAt(topic, 10 + partition, partition)])
        await one.commit()
      }),
    )
    for (const partition of [0, 1]) assert.equal(await offsetOf(groupId, { topic, partition }), 10 + partition)
    for (const { member } of probes) await member.close()
  })

  test('transaction: a static member that was replaced is fenced, and can abort', async ({
    port,
    kafka,
    producer,
    offsetOf,
  }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const options = { instanceId: 'i', heartbeatIntervalMs: 2000 }
    const first = groupProbe(kafka, groupId, 'a', { options })
    await first.member.join()
    const old = first.member.identity()
    const second = groupProbe(kafka, groupId, 'a', { options })
    await second.member.join()
    const one = await producer()
    one.begin()
    await assertRefused(one.sendOffsets(old, [offsetAt(topic, 9)]), 'KAFKA_FENCED', 'FENCED_INSTANCE_ID')
    await assertRefused(one.commit(), 'KAFKA_FENCED')
    await one.abort()
    assert.equal(await offsetOf(groupId, { topic, partition: 0 }), undefined)
    await second.member.close(undefined, 'leave')
    await first.member.close()
  })

  test('transaction: the offsets of a consumer group move on from member to member', async ({
    port,
    kafka,
    producer,
    offsetOf,
  }) => {
    const [topic, groupId] = [await port.topic(), port.freshName()]
    for (const offset of [1, 2, 3]) {
      const { member } = consumerProbe(kafka, groupId, [topic])
      await member.join()
      const one = await producer()
      one.begin()
      await one.sendOffsets(member.identity(), [offsetAt(topic, offset)])
      await one.commit()
      await member.close()
      assert.equal(await offsetOf(groupId, { topic, partition: 0 }), offset)
    }
  })

  test('transaction: offsets of nobody are taken unchecked, also for a group that has members', async (fixture) => {
    const { port, kafka, producer } = fixture
    const [topic, groupId] = [await port.topic(), port.freshName()]
    const { member } = groupProbe(kafka, groupId, 'a')
    await member.join()
    const one = await producer()
    one.begin()
    await one.sendOffsets(noMember(groupId), [offsetAt(topic, 2)])
    await one.commit()
    assert.equal(await fixture.offsetOf(groupId, { topic, partition: 0 }), 2)
    await member.close()
  })
}
