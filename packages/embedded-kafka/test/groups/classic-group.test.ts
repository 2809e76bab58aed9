import { describe, expect, it } from '@jest/globals'
import { ClassicGroup } from '../../src/groups/classic-group.ts'
import { ClassicBench, code } from './classic-bench.ts'

describe('joining a classic group', () => {
  it('gives out an id first where clients can take one (KIP-394)', () => {
    const bench = new ClassicBench()
    const asked = bench.join({ isIdRequired: true })
    expect(asked.result).toMatchObject({ error: 'MEMBER_ID_REQUIRED', generation: -1 })
    expect(asked.result!.memberId).toMatch(/^c-[0-9a-f-]{36}$/)
    const { result } = bench.join({ isIdRequired: true, memberId: asked.result!.memberId })
    expect(result).toMatchObject({ error: 'NONE', generation: 1, memberId: asked.result!.memberId })
  })

  it('takes old clients in at once', () => {
    expect(new ClassicBench().join().result).toMatchObject({ error: 'NONE', generation: 1 })
  })

  it('tells the leader all members with their metadata, and others nothing', () => {
    const bench = new ClassicBench()
    const leader = bench.join({ metadata: '-1' }).result!.memberId
    const other = bench.join({ metadata: '-2' })
    const again = bench.join({ memberId: leader, metadata: '-1' }).result!
    expect(again.leader).toBe(leader)
    expect(again.members.map(({ metadata }) => Buffer.from(metadata).toString())).toEqual(['range-1', 'range-2'])
    expect(other.result).toMatchObject({ leader, generation: 2, members: [] })
  })

  it('refuses another protocol type, and protocols that nobody else has', () => {
    const bench = new ClassicBench()
    bench.stable(1)
    expect(code(() => bench.join({ protocolType: 'consumer' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(code(() => bench.join({ protocols: ['other'] }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
  })

  it('refuses a first member without a type or without protocols', () => {
    const bench = new ClassicBench()
    expect(code(() => bench.join({ protocolType: '' }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
    expect(code(() => bench.join({ protocols: [] }))).toBe('INCONSISTENT_GROUP_PROTOCOL')
  })

  it('lets an empty group change its protocol type', () => {
    const bench = new ClassicBench()
    const [only] = bench.stable(1)
    bench.group.leave([{ memberId: only!, instanceId: null }])
    expect(bench.join({ protocolType: 'stream' }).result).toMatchObject({ error: 'NONE', protocolType: 'stream' })
  })

  it('chooses the protocol that most members prefer among those that all have', () => {
    const bench = new ClassicBench()
    const first = bench.join({ protocols: ['a', 'b', 'c'] }).result!.memberId
    bench.join({ protocols: ['b', 'a'] })
    bench.join({ protocols: ['c', 'b', 'a'] })
    expect(bench.join({ memberId: first, protocols: ['a', 'b', 'c'] }).result!.protocolName).toBe('b')
  })

  it('does not know a member id that it never gave out', () => {
    const bench = new ClassicBench()
    bench.stable(1)
    expect(code(() => bench.join({ memberId: 'zz' }))).toBe('UNKNOWN_MEMBER_ID')
  })

  it('is full at group.max.size, but not for its own members', () => {
    const bench = new ClassicBench()
    bench.around.settings['group.max.size'] = 2
    const [first] = bench.stable(2)
    expect(code(() => bench.join())).toBe('GROUP_MAX_SIZE_REACHED')
    expect(code(() => bench.join({ memberId: first! }))).toBe('NONE')
  })

  it('tells a member whose answer was lost its generation again, without a rebalance', () => {
    const bench = new ClassicBench()
    const [, follower] = bench.stable(2)
    expect(bench.join({ memberId: follower! }).result).toMatchObject({ error: 'NONE', generation: 2 })
    expect(bench.group.state).toBe('Stable')
  })

  it('rebalances when the leader joins again, or a follower with other metadata', () => {
    const bench = new ClassicBench()
    const [leader, follower] = bench.stable(2)
    bench.join({ memberId: leader! })
    expect(bench.group.state).toBe('PreparingRebalance')
    const other = new ClassicBench()
    const ids = other.stable(2)
    other.join({ memberId: ids[1]!, metadata: '-new' })
    expect(other.group.state).toBe('PreparingRebalance')
    expect(follower).toBeDefined()
  })

  it('holds a rebalance until an id that was given out joins, or its session passes', () => {
    const bench = new ClassicBench()
    const [leader] = bench.stable(1)
    bench.join({ isIdRequired: true })
    const waiting = bench.join({ memberId: leader! })
    expect(waiting.result).toBeUndefined()
    bench.around.clock.advance(10_000)
    expect(waiting.result).toMatchObject({ error: 'NONE', generation: 2 })
  })
})

describe('a rebalance of a classic group', () => {
  it('waits for all members, and asks them to join with their heartbeats', () => {
    const bench = new ClassicBench()
    const [first, second] = bench.stable(2)
    const newcomer = bench.join()
    expect(bench.heartbeat(first!)).toBe('REBALANCE_IN_PROGRESS')
    bench.join({ memberId: first! })
    expect(newcomer.result).toBeUndefined()
    bench.join({ memberId: second! })
    expect(newcomer.result).toMatchObject({ error: 'NONE', generation: 3 })
  })

  it('goes on without members that do not come within the rebalance time-out', () => {
    const bench = new ClassicBench()
    const [first, second] = bench.stable(2, { sessionTimeoutMs: 60_000 })
    const waiting = bench.join({ memberId: first!, sessionTimeoutMs: 60_000 })
    bench.around.clock.advance(29_999)
    expect(waiting.result).toBeUndefined()
    bench.around.clock.advance(1)
    expect(waiting.result).toMatchObject({ error: 'NONE', generation: 3 })
    expect(bench.heartbeat(second!)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('takes another leader when the old one does not come', () => {
    const bench = new ClassicBench()
    const [, second] = bench.stable(2)
    const waiting = bench.join({ memberId: second!, metadata: '-new' })
    bench.around.clock.advance(30_000)
    expect(waiting.result).toMatchObject({ error: 'NONE', leader: second })
  })

  it('waits for more members before the first one when it is told to (KIP-134)', () => {
    const bench = new ClassicBench()
    bench.around.settings['group.initial.rebalance.delay.ms'] = 3_000
    const first = bench.join()
    bench.around.clock.advance(2_000)
    const second = bench.join()
    bench.around.clock.advance(1_000)
    expect(first.result).toBeUndefined()
    bench.around.clock.advance(3_000)
    expect([first.result, second.result]).toMatchObject([{ generation: 1 }, { generation: 1 }])
  })

  it('drops who does not sync within the rebalance time-out, and begins again', () => {
    const bench = new ClassicBench()
    const leader = bench.join({ sessionTimeoutMs: 60_000 }).result!.memberId
    const other = bench.join({ sessionTimeoutMs: 60_000 })
    bench.join({ memberId: leader, sessionTimeoutMs: 60_000 })
    const waiting = bench.sync(other.result!.memberId, 2)
    bench.around.clock.advance(30_000)
    expect(waiting.result).toMatchObject({ error: 'REBALANCE_IN_PROGRESS' })
    expect(bench.heartbeat(leader)).toBe('UNKNOWN_MEMBER_ID')
  })

  it('ends the wait of those who synced when another member joins', () => {
    const bench = new ClassicBench()
    const leader = bench.join().result!.memberId
    const other = bench.join()
    bench.join({ memberId: leader })
    const waiting = bench.sync(other.result!.memberId, 2)
    bench.join()
    expect(waiting.result).toMatchObject({ error: 'REBALANCE_IN_PROGRESS' })
  })

  it('takes out a newcomer whose client is gone before it learnt its id', () => {
    const bench = new ClassicBench()
    const [first] = bench.stable(1)
    const lost = bench.join()
    bench.group.disconnected(lost.respond, false)
    expect(bench.join({ memberId: first! }).result).toMatchObject({ error: 'NONE', generation: 2, members: [{}] })
  })

  it('gives a member whose client is gone its session to come back', () => {
    const bench = new ClassicBench()
    const [first] = bench.stable(1)
    const id = bench.join({ isIdRequired: true }).result!.memberId
    const lost = bench.join({ memberId: id, isIdRequired: true })
    bench.group.disconnected(lost.respond, true)
    const waiting = bench.join({ memberId: first! })
    expect(waiting.result).toMatchObject({ generation: 2, members: [{}, {}] })
    bench.around.clock.advance(10_000)
    expect(bench.heartbeat(id)).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('syncing a classic group', () => {
  it('hands the assignments of the leader to those who wait', () => {
    const bench = new ClassicBench()
    const leader = bench.join().result!.memberId
    const other = bench.join()
    bench.join({ memberId: leader })
    const id = other.result!.memberId
    const waiting = bench.sync(id, 2)
    expect(waiting.result).toBeUndefined()
    bench.sync(leader, 2, { [id]: 'two', [leader]: 'one' })
    expect(Buffer.from(waiting.result!.assignment).toString()).toBe('two')
    expect(bench.group.state).toBe('Stable')
  })

  it('answers at once in a stable group, and assigns nothing to who was forgotten', () => {
    const bench = new ClassicBench()
    const leader = bench.join().result!.memberId
    const other = bench.join()
    bench.join({ memberId: leader })
    bench.sync(leader, 2, { [leader]: 'all' })
    expect(bench.sync(other.result!.memberId, 2).result).toMatchObject({ error: 'NONE', assignment: new Uint8Array(0) })
  })

  it('refuses another generation, another protocol, and a stranger', () => {
    const bench = new ClassicBench()
    const leader = bench.join().result!.memberId
    expect(code(() => bench.sync(leader, 7))).toBe('ILLEGAL_GENERATION')
    expect(code(() => bench.sync('zz', 1))).toBe('UNKNOWN_MEMBER_ID')
    const named = { memberId: leader, instanceId: null, generation: 1, protocolType: 'connect', assignments: [] }
    expect(code(() => bench.group.sync({ ...named, protocolName: 'other' }, () => {}))).toBe(
      'INCONSISTENT_GROUP_PROTOCOL',
    )
    expect(code(() => bench.group.sync({ ...named, protocolType: 'x', protocolName: 'range' }, () => {}))).toBe(
      'INCONSISTENT_GROUP_PROTOCOL',
    )
  })

  it('believes no assignment that it could not write', () => {
    const bench = new ClassicBench()
    const leader = bench.join().result!.memberId
    bench.around.isDiskFull = true
    expect(bench.sync(leader, 1, { [leader]: 'all' }).result).toMatchObject({ error: 'COORDINATOR_NOT_AVAILABLE' })
    expect(bench.group.state).toBe('PreparingRebalance')
  })
})

describe('the session of a classic member', () => {
  it('ends without heartbeats, and the others rebalance', () => {
    const bench = new ClassicBench()
    const [first, second] = bench.stable(2)
    bench.around.clock.advance(9_000)
    bench.heartbeat(first!)
    bench.around.clock.advance(1_000)
    expect(bench.heartbeat(second!)).toBe('UNKNOWN_MEMBER_ID')
    expect(bench.heartbeat(first!)).toBe('REBALANCE_IN_PROGRESS')
  })

  it('does not end while the member waits for others', () => {
    const bench = new ClassicBench()
    const [first] = bench.stable(2, { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000 })
    const waiting = bench.join({ memberId: first!, rebalanceTimeoutMs: 60_000 })
    bench.around.clock.advance(60_000)
    expect(waiting.result).toMatchObject({ error: 'NONE' })
  })

  it('is kept by commits too', () => {
    const bench = new ClassicBench()
    const [only] = bench.stable(1)
    for (let i = 0; i < 5; i++) {
      bench.around.clock.advance(9_000)
      bench.group.committed(only!)
    }
    expect(bench.heartbeat(only!)).toBe('NONE')
  })

  it('ends at once by the fault verb', () => {
    const bench = new ClassicBench()
    const [first, second] = bench.stable(2)
    bench.group.expireMember(second!)
    expect(bench.heartbeat(first!)).toBe('REBALANCE_IN_PROGRESS')
  })

  it('is not kept by heartbeats of another generation', () => {
    const bench = new ClassicBench()
    const [only] = bench.stable(1)
    expect(bench.heartbeat(only!, 9)).toBe('ILLEGAL_GENERATION')
    bench.around.clock.advance(10_000)
    expect(bench.group.state).toBe('Empty')
  })
})

describe('leaving a classic group', () => {
  it('begins one rebalance for several members, and says what became of each', () => {
    const bench = new ClassicBench()
    const [first, second, third] = bench.stable(3)
    const outcome = bench.group.leave([
      { memberId: second!, instanceId: null },
      { memberId: third!, instanceId: null },
      { memberId: 'zz', instanceId: null },
      { memberId: '', instanceId: null },
    ])
    expect(outcome.map((error) => error?.name ?? 'NONE')).toEqual([
      'NONE',
      'NONE',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
    ])
    expect(bench.join({ memberId: first! }).result).toMatchObject({ generation: 3, members: [{}] })
  })

  it('empties the group in a generation of its own, which is written', () => {
    const bench = new ClassicBench()
    const [only] = bench.stable(1)
    bench.group.leave([{ memberId: only!, instanceId: null }])
    expect(bench.group.state).toBe('Empty')
    expect(bench.around.written.at(-1)).toMatchObject({
      kind: 'classicGroup',
      value: { generation: 2, members: [], leader: null, protocol: null, protocolType: 'connect' },
    })
  })

  it('takes an id back that was given out', () => {
    const bench = new ClassicBench()
    const id = bench.join({ isIdRequired: true }).result!.memberId
    expect(bench.group.leave([{ memberId: id, instanceId: null }])).toEqual([undefined])
    expect(code(() => bench.join({ memberId: id }))).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('a classic group that is read back', () => {
  it('has its generation, members and assignments, with fresh sessions', () => {
    const bench = new ClassicBench()
    const [first, second] = bench.stable(2)
    const record = bench.around.written.findLast(({ kind }) => kind === 'classicGroup')!
    bench.around.clock.advance(9_999)
    const again = new ClassicGroup('g', bench.around)
    again.restore(record.value as Parameters<ClassicGroup['restore']>[0])
    again.resume()
    bench.group = again
    expect(again.generation).toMatchObject({ number: 2, protocolType: 'connect', protocolName: 'range' })
    expect(again.members.leader).toBe(first)
    bench.around.clock.advance(9_999)
    expect(bench.heartbeat(second!)).toBe('NONE')
    expect(bench.sync(second!, 2).result).toMatchObject({ assignment: Buffer.from('part 1') })
  })

  it('is reduced when it has more members than are allowed now', () => {
    const bench = new ClassicBench()
    bench.stable(3)
    const record = bench.around.written.findLast(({ kind }) => kind === 'classicGroup')!
    bench.around.settings['group.max.size'] = 2
    const again = new ClassicGroup('g', bench.around)
    again.restore(record.value as Parameters<ClassicGroup['restore']>[0])
    again.resume()
    expect(again.state).toBe('PreparingRebalance')
  })
})

describe('offsets of a classic group', () => {
  const claim = { memberId: '', instanceId: null, epoch: -1, isTransactional: false, version: 9 }

  it('are committed by members of the current generation only', () => {
    const bench = new ClassicBench()
    const [only] = bench.stable(1)
    const check = (change: Partial<typeof claim>): string =>
      code(() => bench.group.rules.checkCommit({ ...claim, ...change }))
    expect(check({ memberId: only!, epoch: 1 })).toBe('NONE')
    expect(check({ memberId: only!, epoch: 2 })).toBe('ILLEGAL_GENERATION')
    expect(check({ memberId: 'zz', epoch: 1 })).toBe('UNKNOWN_MEMBER_ID')
    expect(check({})).toBe('UNKNOWN_MEMBER_ID')
  })

  it('are committed by anybody while there are no members', () => {
    expect(code(() => new ClassicBench().group.rules.checkCommit(claim))).toBe('NONE')
  })

  it('wait for the assignment of a new generation', () => {
    const bench = new ClassicBench()
    const only = bench.join().result!.memberId
    const check = (isTransactional: boolean): string =>
      code(() => bench.group.rules.checkCommit({ ...claim, memberId: only, epoch: 1, isTransactional }))
    expect([check(false), check(true)]).toEqual(['REBALANCE_IN_PROGRESS', 'NONE'])
  })

  it('may be committed in a transaction by a producer that says nothing of a member', () => {
    const bench = new ClassicBench()
    bench.stable(1)
    expect(code(() => bench.group.rules.checkCommit({ ...claim, isTransactional: true }))).toBe('NONE')
  })

  it('are not deleted while members of another type than consumer are there', () => {
    const bench = new ClassicBench()
    bench.stable(1)
    expect(code(() => bench.group.rules.checkOffsetDelete())).toBe('NON_EMPTY_GROUP')
  })
})
