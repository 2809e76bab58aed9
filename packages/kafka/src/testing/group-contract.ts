import assert from 'node:assert/strict'
import { RetriableError } from '@sluice/sdk'
import type { WithKafka } from './port-contract.ts'
import { eventually, groupProbe, metadataOf, pause, textProtocol } from './group-probe.ts'
import { assertRefused } from './port-fixture.ts'

/** What `groupMember` promises, whatever the group is for. */
export function groupContract(test: WithKafka): void {
  test('a lone member leads its group and assigns to itself', async ({ kafka, freshName }) => {
    const { member, events, assignments } = groupProbe(kafka, freshName(), 'a')
    await member.join()
    assert.deepEqual(events, ['assigned a/1'])
    const [{ memberId, leaderId, protocol, generationId }] = assignments as [(typeof assignments)[0]]
    assert.equal(leaderId, memberId)
    assert.equal(protocol, 'text')
    assert.ok(generationId > 0)
    assert.equal(member.poll(), true)
    await member.close()
  })

  test('what all members say of themselves reaches the leader and nobody else', async ({ kafka, freshName }) => {
    const group = freshName()
    const probes = [groupProbe(kafka, group, 'a'), groupProbe(kafka, group, 'b')]
    await Promise.all(probes.map(({ member }) => member.join()))
    await eventually('both are in one generation', () => probes.every(({ events }) => events.at(-1)!.endsWith('/2')))
    const last = probes.map(({ assignments }) => assignments.at(-1)!)
    const leader = last.find(({ memberId, leaderId }) => memberId === leaderId)!
    const follower = last.find(({ memberId, leaderId }) => memberId !== leaderId)!
    assert.deepEqual(leader.members.map(metadataOf).toSorted(), ['a', 'b'])
    assert.deepEqual(follower.members, [])
    assert.deepEqual(
      probes.map(({ events }) => events.at(-1)),
      ['assigned a/2', 'assigned b/2'],
    )
    for (const { member } of probes) await member.close()
  })

  test('a member that the leader leaves out gets no bytes', async ({ kafka, freshName }) => {
    const stingy = textProtocol('text', 'a', { assign: () => new Map() })
    const { member, events } = groupProbe(kafka, freshName(), 'a', { protocols: [stingy] })
    await member.join()
    assert.deepEqual(events, ['assigned '])
    await member.close()
  })

  test('an assignment to somebody who is no member ends the leader', async ({ kafka, freshName }) => {
    const wrong = textProtocol('text', 'a', { assign: () => new Map([['nobody', Buffer.from('x')]]) })
    const { member } = groupProbe(kafka, freshName(), 'a', { protocols: [wrong] })
    const error = await assertRefused(member.join(), 'INTERNAL')
    assert.ok(error.message.includes('nobody'))
    assert.throws(() => member.poll(), error)
    await member.close()
  })

  test('an assignor that fails for now is asked again', async ({ kafka, freshName }) => {
    let failures = 0
    const moody = textProtocol('text', 'a', {
      assign: (members) => {
        if (failures++ === 0) throw new RetriableError('KAFKA_UNREACHABLE', 'no broker there')
        return new Map(members.map(({ memberId }) => [memberId, Buffer.from('done')]))
      },
    })
    const { member, events } = groupProbe(kafka, freshName(), 'a', { protocols: [moody] })
    await member.join()
    assert.deepEqual(events, ['assigned done'])
    await member.close()
  })

  test('the group uses a protocol that all members have', async ({ kafka, freshName }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a', { protocols: [textProtocol('new', 'a'), textProtocol('old', 'a')] })
    await a.member.join()
    assert.equal(a.assignments.at(-1)!.protocol, 'new')
    const b = groupProbe(kafka, group, 'b', { protocols: [textProtocol('old', 'b')] })
    await b.member.join()
    assert.equal(b.assignments.at(-1)!.protocol, 'old')
    await eventually('a follows', () => a.assignments.at(-1)!.protocol === 'old')
    await b.member.close()
    await eventually('a returns to its best', () => a.assignments.at(-1)!.protocol === 'new')
    await a.member.close()
  })

  test('a member that has no protocol in common with the others is refused', async ({ kafka, freshName }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a', { protocols: [textProtocol('one', 'a')] })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b', { protocols: [textProtocol('other', 'b')] })
    const error = await assertRefused(b.member.join(), 'KAFKA_REFUSED', 'INCONSISTENT_GROUP_PROTOCOL')
    assert.equal(error.retriable, false)
    assert.ok(error.remedy !== undefined)
    assert.equal(a.member.poll(), true)
    await b.member.close()
    await a.member.close()
  })

  test('a member of another kind of group is refused', async ({ kafka, freshName }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a')
    await a.member.join()
    const b = groupProbe(kafka, group, 'b', { options: { protocolType: 'other' } })
    await assertRefused(b.member.join(), 'KAFKA_REFUSED', 'INCONSISTENT_GROUP_PROTOCOL')
    await b.member.close()
    await a.member.close()
  })

  test('a group without a name, and a session that the broker does not allow, are refused', async ({
    kafka,
    freshName,
  }) => {
    const nameless = groupProbe(kafka, '', 'a')
    await assertRefused(nameless.member.join(), 'KAFKA_REFUSED', 'INVALID_GROUP_ID')
    const hasty = groupProbe(kafka, freshName(), 'a', { options: { sessionTimeoutMs: 10 } })
    await assertRefused(hasty.member.join(), 'KAFKA_REFUSED', 'INVALID_SESSION_TIMEOUT')
    for (const { member } of [nameless, hasty]) await member.close()
  })

  test('an eager member is joined again only when onRevoked has settled', async ({ kafka, freshName }) => {
    const group = freshName()
    const settled: string[] = []
    const onRevoked = async (): Promise<void> => {
      await pause(700)
      settled.push('a')
    }
    const a = groupProbe(kafka, group, 'a', { hooks: { onRevoked } })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b')
    await b.member.join()
    assert.deepEqual(settled, ['a'])
    await eventually('a is back', () => a.member.poll())
    assert.deepEqual(a.events, ['assigned a/1', 'revoked', 'assigned a/2'])
    await b.member.close()
    await a.member.close()
  })

  test('while an eager member gives up, poll says that nothing may be worked on', async ({ kafka, freshName }) => {
    const group = freshName()
    const seen: boolean[] = []
    const a = groupProbe(kafka, group, 'a', { hooks: { onRevoked: () => void seen.push(a.member.poll()) } })
    await a.member.join()
    a.member.requestRejoin('for the test')
    await eventually('a has rejoined', () => a.assignments.length === 2)
    assert.deepEqual(seen, [false])
    await eventually('a works again', () => a.member.poll())
    await a.member.close()
  })

  test('a cooperative member keeps what it has when others join and leave', async ({ kafka, freshName }) => {
    const group = freshName()
    const protocols = (name: string) => [textProtocol('text', name, { isCooperative: true })]
    const a = groupProbe(kafka, group, 'a', { protocols: protocols('a') })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b', { protocols: protocols('b') })
    await b.member.join()
    await eventually('a knows of b', () => a.events.at(-1) === 'assigned a/2')
    await b.member.close()
    await eventually('a is alone', () => a.events.at(-1) === 'assigned a/1')
    assert.ok(!a.events.includes('revoked'))
    assert.equal(a.member.poll(), true)
    await a.member.close()
    assert.equal(a.events.at(-1), 'revoked')
  })

  test('a leader that rejoins makes a new generation for everybody', async ({ kafka, freshName }) => {
    const group = freshName()
    const probes = [groupProbe(kafka, group, 'a'), groupProbe(kafka, group, 'b')] as const
    for (const { member } of probes) await member.join()
    const areBack = (): boolean => probes.every(({ member, events }) => member.poll() && events.at(-1)!.endsWith('/2'))
    await eventually('both are in', areBack)
    const before = probes[0].member.identity().generationId
    const leader = probes.find(({ assignments }) => assignments.at(-1)!.members.length > 0)!
    leader.member.requestRejoin(`for the test: ${'x'.repeat(300)}`)
    await eventually('both are in a new one', () =>
      probes.every(({ assignments }) => assignments.at(-1)!.generationId > before),
    )
    await eventually('both are back', areBack)
    for (const { member } of probes) await member.close()
  })

  test('a follower that rejoins with nothing new to say gets its assignment again', async ({ kafka, freshName }) => {
    const group = freshName()
    const probes = [groupProbe(kafka, group, 'a'), groupProbe(kafka, group, 'b')] as const
    for (const { member } of probes) await member.join()
    await eventually('both are in', () =>
      probes.every(({ member, events }) => member.poll() && events.at(-1)!.endsWith('/2')),
    )
    const follower = probes.find(({ assignments }) => assignments.at(-1)!.members.length === 0)!
    const { generationId } = follower.member.identity()
    const times = follower.assignments.length
    follower.member.requestRejoin('for the test')
    await eventually('it is back', () => follower.assignments.length > times && follower.member.poll())
    assert.equal(follower.member.identity().generationId, generationId)
    for (const { member } of probes) await member.close()
  })

  test('metadata is asked for at each join, with the generation that the member had', async ({ kafka, freshName }) => {
    const generations: number[] = []
    const protocol = textProtocol('text', 'a', {
      metadata: ({ generationId }) => {
        generations.push(generationId)
        return Buffer.from('a')
      },
    })
    const { member, assignments } = groupProbe(kafka, freshName(), 'a', { protocols: [protocol] })
    await member.join()
    const first = member.identity().generationId
    assert.ok(generations.every((generation) => generation === -1))
    member.requestRejoin('for the test')
    await eventually('it has rejoined', () => assignments.length === 2)
    assert.equal(generations.at(-1), first)
    await member.close()
  })

  test('a member that left is nobody, and joins as somebody new', async ({ kafka, freshName }) => {
    const { member, events } = groupProbe(kafka, freshName(), 'a')
    await member.join()
    const before = member.identity()
    await member.leave('for the test')
    assert.deepEqual(events, ['assigned a/1', 'revoked'])
    assert.equal(member.poll(), false)
    assert.throws(() => member.identity(), { code: 'KAFKA_FENCED' })
    await member.join()
    assert.deepEqual(events, ['assigned a/1', 'revoked', 'assigned a/1'])
    assert.notEqual(member.identity().memberId, before.memberId)
    await member.close()
  })

  test('closing revokes and leaves, once, so that others take over at once', async ({ kafka, freshName }) => {
    const group = freshName()
    const probes = [groupProbe(kafka, group, 'a'), groupProbe(kafka, group, 'b')] as const
    for (const { member } of probes) await member.join()
    await eventually('both are in', () => probes.every(({ events }) => events.at(-1)!.endsWith('/2')))
    const [a, b] = probes
    const started = performance.now()
    await Promise.all([a.member.close(), a.member.close()])
    await a.member.close()
    assert.equal(
      a.events.filter((event) => event === 'revoked').length,
      a.events.filter((event) => event.startsWith('assigned')).length,
    )
    assert.throws(() => a.member.poll(), { code: 'INTERRUPTED' })
    assert.throws(() => a.member.identity(), { code: 'INTERRUPTED' })
    await assertRefused(a.member.join(), 'INTERRUPTED')
    await eventually('b is alone', () => b.events.at(-1) === 'assigned b/1')
    assert.ok(performance.now() - started < 5_000, 'not before the session of the other was over')
    await b.member.close()
  })

  test('closing does not wait for a hook longer than it is given', async ({ kafka, freshName }) => {
    const { member } = groupProbe(kafka, freshName(), 'a', { hooks: { onRevoked: () => new Promise(() => undefined) } })
    await member.join()
    await member.close(300)
    assert.throws(() => member.poll(), { code: 'INTERRUPTED' })
  })

  test('closing ends a join that waits for others', async ({ kafka, freshName }) => {
    const group = freshName()
    const held = Promise.withResolvers<void>()
    const a = groupProbe(kafka, group, 'a', { hooks: { onRevoked: () => held.promise } })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b')
    const joining = b.member.join()
    await pause(500)
    await Promise.all([assertRefused(joining, 'INTERRUPTED'), b.member.close()])
    held.resolve()
    await eventually('a is alone', () => a.events.at(-1) === 'assigned a/1' && a.member.poll())
    await a.member.close()
  })

  test('a join that takes too long is given up, and succeeds later', async ({ kafka, freshName }) => {
    const group = freshName()
    const held = Promise.withResolvers<void>()
    const a = groupProbe(kafka, group, 'a', { hooks: { onRevoked: () => held.promise } })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b')
    const error = await assertRefused(b.member.join(500), 'KAFKA_TIMEOUT')
    assert.equal(error.retriable, true)
    held.resolve()
    await b.member.join()
    assert.equal(b.events.at(-1), 'assigned b/2')
    await b.member.close()
    await a.member.close()
  })

  test('a member that dies without a word is replaced when its session is over', async ({
    kafka,
    another,
    freshName,
  }) => {
    const group = freshName()
    const other = await another()
    const a = groupProbe(other, group, 'a')
    await a.member.join()
    const b = groupProbe(kafka, group, 'b')
    await b.member.join()
    await eventually('both are in', () => a.events.at(-1) === 'assigned a/2' && b.member.poll())
    await other.close()
    await eventually('b is alone', () => b.events.at(-1) === 'assigned b/1' && b.member.poll())
    await b.member.close()
  })

  test('a member whose caller is stuck leaves, has lost all, and is back with the next poll', async ({
    kafka,
    freshName,
  }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a', { options: { rebalanceTimeoutMs: 1_500 } })
    await a.member.join()
    await eventually('a has left', () => a.events.length > 1)
    assert.deepEqual(a.events, ['assigned a/1', 'lost UNKNOWN_MEMBER_ID'])
    const b = groupProbe(kafka, group, 'b')
    await b.member.join()
    assert.equal(b.events.at(-1), 'assigned b/1')
    assert.throws(() => a.member.identity(), { code: 'KAFKA_FENCED' })
    assert.equal(a.member.poll(), false)
    await eventually('a is back', () => a.member.poll() && b.member.poll() && a.events.at(-1) === 'assigned a/2')
    await a.member.close()
    await b.member.close()
  })

  test('a hook that takes too long costs the place, and the others go on', async ({ kafka, freshName }) => {
    const group = freshName()
    const held = Promise.withResolvers<void>()
    const options = { rebalanceTimeoutMs: 1_500 }
    const a = groupProbe(kafka, group, 'a', { options, hooks: { onRevoked: () => held.promise } })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b')
    await b.member.join()
    assert.equal(b.events.at(-1), 'assigned b/1')
    held.resolve()
    await eventually('a is back', () => a.member.poll() && b.member.poll() && a.events.at(-1) === 'assigned a/2')
    await a.member.close()
    await b.member.close()
  })

  test('a hook that throws ends the membership, and others take over', async ({ kafka, freshName }) => {
    const group = freshName()
    const a = groupProbe(kafka, group, 'a', {
      hooks: {
        onRevoked: () => {
          throw new Error('cannot let go')
        },
      },
    })
    await a.member.join()
    const b = groupProbe(kafka, group, 'b')
    await b.member.join()
    await eventually('b is alone', () => b.events.at(-1) === 'assigned b/1')
    assert.throws(
      () => a.member.poll(),
      (error: Error) => (error.cause as Error).message === 'cannot let go',
    )
    await a.member.close()
    await b.member.close()
  })

  test('what onAssigned fails to take over is lost', async ({ kafka, freshName }) => {
    const onAssigned = (): Promise<void> => Promise.reject(new Error('cannot take it'))
    const a = groupProbe(kafka, freshName(), 'a', { hooks: { onAssigned } })
    await assertRefused(a.member.join(), 'INTERNAL')
    await eventually('all is lost', () => a.events.length > 0)
    assert.deepEqual(a.events, ['lost INTERNAL'])
    await a.member.close()
  })
}
