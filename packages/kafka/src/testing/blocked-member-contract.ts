import assert from 'node:assert/strict'
import type { WithKafka } from './port-contract.ts'
import { eventually, groupProbe } from './group-probe.ts'
import { assertRefused } from './port-fixture.ts'

/** What a member promises whose process stands still. Nothing else in the process goes on either: not to be run beside other cases. */
export function blockedMemberContract(test: WithKafka): void {
  test('a member whose session ended unnoticed commits nothing and has lost all', async ({
    kafka,
    topic,
    freshName,
  }) => {
    const group = freshName()
    const at = { topic: await topic(), partition: 0 }
    const { member, events } = groupProbe(kafka, group, 'a')
    await member.join()
    // JavaScript that does not yield: no timer fires, no heartbeat goes out.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_100)
    assert.throws(() => member.identity(), { code: 'KAFKA_FENCED' })
    assert.equal(member.poll(), false)
    await assertRefused(member.commit([{ ...at, offset: 1, metadata: '' }]), 'KAFKA_FENCED')
    await eventually('it is back', () => member.poll())
    assert.deepEqual(events, ['assigned a/1', 'lost UNKNOWN_MEMBER_ID', 'assigned a/1'])
    await member.commit([{ ...at, offset: 2, metadata: '' }])
    assert.equal((await member.committed([at]))[0]?.offset, 2)
    await member.close()
  })
}
