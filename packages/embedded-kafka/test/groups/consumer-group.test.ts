import { describe, expect, it } from '@jest/globals'
import { code } from './classic-bench.ts'
import { ConsumerBench } from './consumer-bench.ts'

describe('joining a consumer group (KIP-848)', () => {
  it('assigns everything to the first member at once', () => {
    const bench = new ConsumerBench()
    const joined = bench.join('a')
    expect([joined.epoch, joined.heartbeatIntervalMs, bench.partitions(joined)]).toEqual([2, 5_000, [0, 1, 2, 3, 4, 5]])
    expect(bench.group.state).toBe('Stable')
  })

  it('assigns nothing of a topic that is not there, and more when it comes', () => {
    const bench = new ConsumerBench()
    bench.join('a', { topicNames: ['later'] })
    const id = bench.around.topic('later', 2)
    expect(bench.partitions(bench.beat('a'), id)).toEqual([0, 1])
  })

  it('says nothing of an assignment that is as before, unless it is asked for everything', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    expect(bench.beat('a').assignment).toBeNull()
    const full = bench.beat('a', { rebalanceTimeoutMs: 30_000, topicNames: ['t'], owned: [0, 1, 2, 3, 4, 5] })
    expect(bench.partitions(full)).toHaveLength(6)
  })

  it('takes a member that joins again for the same one', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a')
    expect(bench.join('a').epoch).toBe(epoch)
    expect(bench.group.members.size).toBe(1)
  })

  it('knows no stranger with an epoch', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    expect(code(() => bench.beat('zz', { epoch: 3 }))).toBe('UNKNOWN_MEMBER_ID')
  })

  it('fences an epoch that is too new or too old', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a')
    expect(code(() => bench.beat('a', { epoch: epoch + 1 }))).toBe('FENCED_MEMBER_EPOCH')
    expect(code(() => bench.beat('a', { epoch: epoch - 1 }))).toBe('FENCED_MEMBER_EPOCH')
  })

  it('takes the epoch before from a member whose answer was lost, if it has nothing that it should not have', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a')
    bench.join('b', { topicNames: ['other'] })
    bench.beat('a')
    expect(code(() => bench.beat('a', { epoch, owned: [0, 1, 2, 3, 4, 5] }))).toBe('NONE')
    expect(code(() => bench.beat('a', { epoch, owned: null }))).toBe('FENCED_MEMBER_EPOCH')
    expect(code(() => bench.beat('a', { epoch, owned: [0, 9] }))).toBe('FENCED_MEMBER_EPOCH')
  })

  it('is full at group.consumer.max.size', () => {
    const bench = new ConsumerBench()
    bench.around.settings['group.consumer.max.size'] = 1
    bench.join('a')
    expect(code(() => bench.join('b'))).toBe('GROUP_MAX_SIZE_REACHED')
  })
})

describe('partitions that move in a consumer group', () => {
  it('are not given to another member before the first one has let go of them', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a')
    expect(bench.partitions(bench.join('b'))).toEqual([])
    const revoking = bench.beat('a')
    expect([revoking.epoch, bench.partitions(revoking)]).toEqual([epoch, [0, 1, 2]])
    expect(bench.beat('b').assignment).toBeNull()
    expect(bench.group.state).toBe('Reconciling')
    const released = bench.beat('a', { owned: [0, 1, 2] })
    expect(released.epoch).toBe(epoch + 1)
    expect(bench.partitions(bench.beat('b'))).toEqual([3, 4, 5])
    expect(bench.group.state).toBe('Stable')
  })

  it('stay where they are while the member still names them', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.join('b')
    const { epoch } = bench.beat('a')
    expect(bench.beat('a', { owned: [0, 1, 2, 3] }).epoch).toBe(epoch)
    expect(bench.beat('a').epoch).toBe(epoch)
    expect(bench.beat('b').assignment).toBeNull()
  })

  it('need no second heartbeat when the member has them no more', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    const { epoch } = bench.join('b')
    expect(bench.beat('a', { owned: [0, 1, 2] }).epoch).toBe(epoch)
    expect(bench.partitions(bench.beat('b'))).toEqual([3, 4, 5])
  })

  it('are taken from a member that does not let go within its rebalance time-out', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.join('b')
    bench.beat('a')
    for (let i = 0; i < 3; i++) {
      bench.around.clock.advance(10_000)
      if (i < 2) bench.beat('a')
      bench.beat('b')
    }
    expect(code(() => bench.beat('a'))).toBe('UNKNOWN_MEMBER_ID')
    expect(bench.partitions(bench.join('b'))).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('are given on in steps while the target changes on the way', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.join('b')
    bench.beat('a')
    bench.join('c')
    bench.beat('a', { owned: [0, 1, 2] })
    bench.beat('a', { owned: [0, 1] })
    bench.beat('b')
    bench.beat('b', { owned: [3, 4] })
    bench.beat('c')
    const all = ['a', 'b', 'c'].flatMap((id) => bench.partitions(bench.join(id))!)
    expect(all.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5])
    expect(bench.group.state).toBe('Stable')
  })

  it('follow the number of partitions of a topic', () => {
    const bench = new ConsumerBench(1)
    bench.join('a')
    bench.around.topic('t', 3)
    expect(bench.partitions(bench.beat('a'))).toEqual([0, 1, 2])
  })

  it('are not assigned anew before the interval between assignments is over', () => {
    const bench = new ConsumerBench()
    bench.around.settings['group.consumer.assignment.interval.ms'] = 1_000
    const { epoch } = bench.join('a')
    expect(bench.join('b').epoch).toBe(epoch)
    expect(bench.group.state).toBe('Assigning')
    bench.around.clock.advance(1_000)
    expect(bench.beat('b').epoch).toBe(epoch + 1)
  })
})

describe('subscriptions of a consumer group', () => {
  it('raise the epoch when they change, and only then', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    const { epoch } = bench.group
    bench.beat('a', { topicNames: ['t'] })
    expect(bench.group.epoch).toBe(epoch)
    bench.beat('a', { topicNames: ['t', 'u'] })
    expect(bench.group.epoch).toBe(epoch + 1)
  })

  it('by an expression follow the topics that match', () => {
    const bench = new ConsumerBench()
    bench.join('a', { topicNames: null, topicRegex: 't|new-.*' })
    const id = bench.around.topic('new-1', 2)
    expect(bench.partitions(bench.beat('a'), id)).toEqual([0, 1])
  })

  it('let the members vote for an assignor', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    expect(bench.group.assignor).toBe('uniform')
    bench.beat('a', { serverAssignor: 'range' })
    expect(bench.group.assignor).toBe('range')
  })
})

describe('the end of a member of a consumer group', () => {
  it('comes without heartbeats, and its partitions go to the others', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.around.clock.advance(1_000)
    bench.join('b')
    bench.around.clock.advance(44_000)
    expect(code(() => bench.beat('a'))).toBe('UNKNOWN_MEMBER_ID')
    expect(bench.partitions(bench.beat('b'))).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('comes when it leaves, with a higher epoch of the group', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    const { epoch } = bench.group
    expect(bench.beat('a', { epoch: -1 })).toMatchObject({ epoch: -1, assignment: null })
    expect([bench.group.state, bench.group.epoch]).toEqual(['Empty', epoch + 1])
  })

  it('comes by the fault verb', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.group.expireMember('a')
    expect(bench.group.isEmpty).toBe(true)
  })
})

describe('a static member of a consumer group', () => {
  const one = { instanceId: 'i1' }

  it('keeps its instance id from others while it is there', () => {
    const bench = new ConsumerBench()
    bench.join('a', one)
    expect(code(() => bench.join('b', one))).toBe('UNRELEASED_INSTANCE_ID')
  })

  it('leaves for now with epoch -2, and goes on under another id with what it had', () => {
    const bench = new ConsumerBench()
    bench.join('a', one)
    expect(bench.beat('a', { ...one, epoch: -2 }).epoch).toBe(-2)
    const { epoch } = bench.group
    expect(bench.partitions(bench.join('b', one))).toEqual([0, 1, 2, 3, 4, 5])
    expect(bench.group.epoch).toBe(epoch)
    expect([...bench.group.members.all.keys()]).toEqual(['b'])
  })

  it('loses what it had when it does not come back within its session', () => {
    const bench = new ConsumerBench()
    bench.join('a', one)
    bench.join('b')
    bench.beat('a', { ...one, epoch: -2 })
    for (let i = 0; i < 5; i++) {
      bench.around.clock.advance(9_000)
      bench.beat('b')
    }
    expect(bench.partitions(bench.join('b'))).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('fences the old member id', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a', one)
    bench.beat('a', { ...one, epoch: -2 })
    bench.join('b', one)
    expect(code(() => bench.beat('a', { ...one, epoch }))).toBe('FENCED_INSTANCE_ID')
    expect(code(() => bench.beat('a', { ...one, epoch: -1 }))).toBe('FENCED_INSTANCE_ID')
    expect(code(() => bench.beat('a', { instanceId: 'i2', epoch }))).toBe('UNKNOWN_MEMBER_ID')
  })
})

describe('a consumer group that is read back', () => {
  it('has its members with their epochs and partitions', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.join('b', { instanceId: 'i1' })
    bench.beat('a', { owned: [0, 1, 2] })
    bench.beat('b', { instanceId: 'i1' })
    const { epoch, targetEpoch } = bench.group
    bench.group = bench.restarted()
    expect([bench.group.epoch, bench.group.targetEpoch, bench.group.state]).toEqual([epoch, targetEpoch, 'Stable'])
    expect(bench.beat('a').assignment).toBeNull()
    const full = { rebalanceTimeoutMs: 1, topicNames: ['t'], owned: [3, 4, 5], instanceId: 'i1' }
    expect(bench.partitions(bench.beat('b', full))).toEqual([3, 4, 5])
  })

  it('still waits for a member to let go', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.join('b')
    bench.beat('a')
    bench.group = bench.restarted()
    expect(bench.beat('b').assignment).toBeNull()
    bench.beat('a', { owned: [0, 1, 2] })
    expect(bench.partitions(bench.beat('b'))).toEqual([3, 4, 5])
  })

  it('does not go back in epochs after all members have left', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.beat('a', { epoch: -1 })
    const { epoch } = bench.group
    bench.group = bench.restarted()
    bench.heard.clear()
    expect(bench.join('b').epoch).toBeGreaterThan(epoch)
  })

  it('gives members a fresh session', () => {
    const bench = new ConsumerBench()
    bench.join('a')
    bench.around.clock.advance(44_999)
    bench.group = bench.restarted()
    bench.around.clock.advance(44_999)
    expect(code(() => bench.beat('a'))).toBe('NONE')
  })
})

describe('offsets of a consumer group', () => {
  const claim = { memberId: 'a', instanceId: null, isTransactional: false, version: 9 }

  it('are committed by members of the current epoch only', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a')
    const check = (change: object): string => code(() => bench.group.rules.checkCommit({ ...claim, epoch, ...change }))
    expect(check({})).toBe('NONE')
    expect(check({ epoch: epoch + 1 })).toBe('STALE_MEMBER_EPOCH')
    expect(check({ memberId: 'zz' })).toBe('UNKNOWN_MEMBER_ID')
    expect(check({ memberId: '', epoch: -1 })).toBe('UNKNOWN_MEMBER_ID')
    expect(check({ version: 8 })).toBe('UNSUPPORTED_VERSION')
  })

  it('are taken from an older epoch for partitions that the member already had then (KIP-1251)', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a')
    bench.around.topic('t', 8)
    bench.beat('a')
    const check = bench.group.rules.checkCommit({ ...claim, epoch })
    expect([check?.(bench.topicId, 5), check?.(bench.topicId, 7)]).toEqual([true, false])
  })

  it('are committed by anybody while there are no members', () => {
    expect(code(() => new ConsumerBench().group.rules.checkCommit({ ...claim, epoch: -1 }))).toBe('NONE')
  })

  it('are told to members of the current epoch, and to who is no member', () => {
    const bench = new ConsumerBench()
    const { epoch } = bench.join('a')
    const check = (memberId: string | null, at: number): string =>
      code(() => bench.group.rules.checkFetch(memberId, at))
    expect([check(null, -1), check('a', epoch), check('a', 0), check('zz', 0)]).toEqual([
      'NONE',
      'NONE',
      'STALE_MEMBER_EPOCH',
      'UNKNOWN_MEMBER_ID',
    ])
  })
})
