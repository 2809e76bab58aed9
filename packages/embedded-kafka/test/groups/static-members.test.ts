import { describe, expect, it } from '@jest/globals'
import { ClassicBench, code } from './classic-bench.ts'

/** A stable group of one static member, `i1`. */
function withStatic(): { bench: ClassicBench; id: string } {
  const bench = new ClassicBench()
  const id = bench.stable(1, { instanceId: 'i1' })[0]!
  return { bench, id }
}

describe('a static member of a classic group (KIP-345)', () => {
  it('needs no id first', () => {
    const { result } = new ClassicBench().join({ instanceId: 'i1', isIdRequired: true })
    expect(result).toMatchObject({ error: 'NONE', generation: 1 })
    expect(result!.memberId).toMatch(/^i1-/)
  })

  it('comes back under a new id into the same generation, with its assignment', () => {
    const { bench, id } = withStatic()
    const { result } = bench.join({ instanceId: 'i1' })
    expect(result).toMatchObject({ error: 'NONE', generation: 1 })
    expect(result!.memberId).not.toBe(id)
    expect(bench.group.state).toBe('Stable')
    expect(Buffer.from(bench.sync(result!.memberId, 1).result!.assignment).toString()).toBe('part 0')
  })

  it('is told that it leads and need not assign again, if it can hear that (KIP-814)', () => {
    const { bench } = withStatic()
    const { result } = bench.join({ instanceId: 'i1' })
    expect(result).toMatchObject({ isAssignmentSkipped: true, leader: result!.memberId, members: [{}] })
  })

  it('is told the old leader otherwise, so that it does not assign', () => {
    const { bench, id } = withStatic()
    const { result } = bench.join({ instanceId: 'i1', canSkipAssignment: false })
    expect(result).toMatchObject({ isAssignmentSkipped: false, leader: id, members: [] })
  })

  it('is written under its new id', () => {
    const { bench } = withStatic()
    const { result } = bench.join({ instanceId: 'i1' })
    expect(bench.around.written.at(-1)).toMatchObject({ value: { members: [{ memberId: result!.memberId }] } })
  })

  it('keeps its old id when the new one cannot be written', () => {
    const { bench, id } = withStatic()
    bench.around.isDiskFull = true
    expect(code(() => bench.join({ instanceId: 'i1' }))).toBe('NOT_COORDINATOR')
    expect(code(() => bench.group.heartbeat(id, 'i1', 1))).toBe('NONE')
  })

  it('rebalances when the group would choose another protocol with it', () => {
    const bench = new ClassicBench()
    bench.stable(1, { instanceId: 'i1', protocols: ['a', 'b'] })
    expect(bench.join({ instanceId: 'i1', protocols: ['b', 'a'] }).result).toMatchObject({
      generation: 2,
      protocolName: 'b',
    })
  })

  it('fences whoever goes on under the old id', () => {
    const { bench, id } = withStatic()
    bench.join({ instanceId: 'i1' })
    expect(code(() => bench.group.heartbeat(id, 'i1', 1))).toBe('FENCED_INSTANCE_ID')
    expect(code(() => bench.join({ memberId: id, instanceId: 'i1' }))).toBe('FENCED_INSTANCE_ID')
    const claim = { memberId: id, instanceId: 'i1', epoch: 1, isTransactional: true, version: 5 }
    expect(code(() => bench.group.rules.checkCommit(claim))).toBe('FENCED_INSTANCE_ID')
    expect(bench.group.leave([{ memberId: id, instanceId: 'i1' }])[0]!.name).toBe('FENCED_INSTANCE_ID')
  })

  it('fences the old one where it waits', () => {
    const bench = new ClassicBench()
    bench.stable(1)
    const old = bench.join({ instanceId: 'i1' })
    bench.join({ instanceId: 'i1' })
    expect(old.result).toMatchObject({ error: 'FENCED_INSTANCE_ID' })
  })

  it('does not know an instance id that nobody has', () => {
    const { bench, id } = withStatic()
    expect(code(() => bench.group.heartbeat(id, 'i2', 1))).toBe('UNKNOWN_MEMBER_ID')
  })

  it('keeps its place in a rebalance that it misses, until its session ends', () => {
    const bench = new ClassicBench()
    const [dynamic] = bench.stable(1, { sessionTimeoutMs: 60_000 })
    bench.join({ instanceId: 'i1', sessionTimeoutMs: 60_000 })
    bench.join({ memberId: dynamic!, sessionTimeoutMs: 60_000 })
    const waiting = bench.join({ memberId: dynamic!, metadata: '-new', sessionTimeoutMs: 60_000 })
    bench.around.clock.advance(30_000)
    expect(waiting.result).toMatchObject({ error: 'NONE', members: [{}, {}] })
  })

  it('is waited for beyond the rebalance time-out when nobody else has come either, until its session ends', () => {
    const bench = new ClassicBench()
    const timeouts = { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 30_000 }
    const first = bench.join({ instanceId: 'i1', ...timeouts }).result!.memberId
    bench.join({ instanceId: 'i2', ...timeouts })
    bench.join({ instanceId: 'i1', memberId: first, ...timeouts })
    bench.group.leave([{ memberId: '', instanceId: 'i1' }])
    bench.around.clock.advance(90_000)
    expect([bench.group.state, bench.group.members.size]).toEqual(['PreparingRebalance', 1])
    bench.around.clock.advance(30_000)
    expect(bench.group.state).toBe('Empty')
  })

  it('is taken out by its instance id alone', () => {
    const { bench } = withStatic()
    expect(bench.group.leave([{ memberId: '', instanceId: 'i1' }])).toEqual([undefined])
    expect(bench.group.state).toBe('Empty')
  })
})
