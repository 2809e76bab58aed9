import { expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import type { GroupAssignment } from '../../src/index.ts'
import { Membership } from '../../src/group/membership.ts'

const cause = new SluiceError('KAFKA_FENCED', 'gone', { place: { error: 'UNKNOWN_MEMBER_ID' } })

function assignment(generationId = 1): GroupAssignment {
  const place = { groupId: 'g', generationId, memberId: 'm', instanceId: null }
  return { ...place, protocol: 'p', leaderId: 'm', members: [], assignment: new Uint8Array(0) }
}

/** A member that has joined and works. */
function working({ isCooperative = false } = {}): Membership {
  const membership = new Membership('g', null)
  membership.requestJoin('first')
  membership.startJoin()
  membership.joined('m', 1)
  membership.synced(assignment(), isCooperative)
  membership.takeOver()
  membership.tookOver()
  return membership
}

test('waits until a join is asked for, then joins, takes over and waits again', () => {
  const membership = new Membership('g', null)
  expect(membership.next()).toBe('wait')
  membership.requestJoin('first')
  membership.requestJoin('second')
  expect(membership.next()).toBe('join')
  expect(membership.startJoin()).toBe('first')
  membership.joined('m', 1)
  expect([membership.state, membership.isInGroup, membership.isOwner]).toEqual(['syncing', true, false])
  membership.synced(assignment(), false)
  expect(membership.next()).toBe('hand over')
  membership.takeOver()
  expect(membership.isOwner).toBe(false)
  membership.tookOver()
  expect([membership.isOwner, membership.next()]).toEqual([true, 'wait'])
})

test('an eager member revokes before it joins again, a cooperative one joins at once', () => {
  const eager = working()
  eager.requestJoin('again')
  expect(eager.next()).toBe('revoke')
  eager.releasing()
  expect(eager.isOwner).toBe(false)
  eager.released()
  expect(eager.next()).toBe('join')
  const cooperative = working({ isCooperative: true })
  cooperative.requestJoin('again')
  expect(cooperative.next()).toBe('join')
  expect(cooperative.isOwner).toBe(true)
})

test('a rejoin asked for after the join has started is not forgotten', () => {
  const membership = working()
  membership.requestJoin('again')
  membership.releasing()
  membership.released()
  membership.startJoin()
  membership.requestJoin('once more')
  membership.joined('m', 2)
  membership.synced(assignment(2), false)
  membership.takeOver()
  membership.tookOver()
  expect(membership.next()).toBe('revoke')
})

test('what is lost is lost before anything else, and the loss is told once', () => {
  const membership = working()
  membership.requestJoin('again')
  membership.lose(cause, false)
  membership.lose(new SluiceError('KAFKA_FENCED', 'gone twice'), false)
  expect([membership.next(), membership.lost]).toEqual(['lose', cause])
  expect(membership.isOwner).toBe(false)
  membership.releasing()
  membership.released()
  expect([membership.next(), membership.lost]).toEqual(['join', undefined])
})

test('who holds nothing loses nothing', () => {
  const membership = new Membership('g', null)
  membership.requestJoin('first')
  membership.startJoin()
  membership.joined('m', 1)
  membership.lose(cause, true)
  expect([membership.next(), membership.lost, membership.place.memberId]).toEqual(['join', undefined, 'm'])
})

test('a loss while onAssigned runs is told after it', () => {
  const membership = new Membership('g', null)
  membership.requestJoin('first')
  membership.startJoin()
  membership.joined('m', 1)
  membership.synced(assignment(), false)
  membership.takeOver()
  membership.lose(cause, false)
  membership.tookOver()
  expect(membership.next()).toBe('lose')
})

test('an assignment that nobody was told of is forgotten with the place', () => {
  const membership = new Membership('g', null)
  membership.requestJoin('first')
  membership.startJoin()
  membership.joined('m', 1)
  membership.synced(assignment(), false)
  membership.lose(cause, false)
  expect(membership.next()).toBe('join')
})

test('every loss ends the attempt, so that older answers count for nothing', () => {
  const membership = working()
  const { attempt } = membership
  membership.lose(cause, false)
  expect(membership.attempt).toBeGreaterThan(attempt)
})

test('one that rests does not join before its caller is heard of', () => {
  const membership = working()
  membership.rest(cause)
  membership.releasing()
  membership.released()
  expect(membership.next()).toBe('wait')
  expect(() => membership.identity()).toThrow(expect.objectContaining({ code: 'KAFKA_FENCED' }))
  expect(membership.revive()).toBe(true)
  expect([membership.next(), membership.revive()]).toEqual(['join', false])
})

test('one that leaves revokes, tells, and does not come back by the way', () => {
  const membership = working()
  membership.leave('enough')
  membership.requestJoin('a heartbeat says so')
  expect(membership.next()).toBe('revoke')
  membership.releasing()
  membership.released()
  expect([membership.next(), membership.leaving]).toEqual(['leave', 'enough'])
  membership.depart()
  membership.left()
  expect(membership.next()).toBe('wait')
  membership.requestJoin('on request')
  expect(membership.next()).toBe('join')
})

test('one that closes revokes, leaves and ends', () => {
  const membership = working({ isCooperative: true })
  membership.close()
  expect(membership.next()).toBe('revoke')
  // The place is still there: positions can be committed.
  expect(membership.identity().generationId).toBe(1)
  membership.releasing()
  membership.released()
  expect(membership.next()).toBe('leave')
  membership.depart()
  membership.left()
  expect(membership.next()).toBe('end')
  expect(() => membership.identity()).toThrow(expect.objectContaining({ code: 'INTERRUPTED' }))
})

test('a failure of ours is told to the coordinator, one of its own is not', () => {
  const ours = working()
  ours.fail(new SluiceError('INTERNAL', 'a hook'), true)
  expect(ours.next()).toBe('lose')
  ours.released()
  expect([ours.next(), ours.place.memberId]).toEqual(['leave', 'm'])
  ours.depart()
  ours.left()
  expect(ours.next()).toBe('end')
  const theirs = working()
  theirs.fail(cause, false)
  theirs.released()
  expect([theirs.next(), theirs.place.memberId]).toEqual(['end', ''])
  theirs.requestJoin('never')
  expect(theirs.next()).toBe('end')
})

test('the place speaks for the member only while it is stable', () => {
  const membership = new Membership('g', 'i')
  expect(() => membership.identity()).toThrow(expect.objectContaining({ code: 'KAFKA_FENCED' }))
  membership.requestJoin('first')
  expect(() => membership.identity()).toThrow(expect.objectContaining({ retriable: true }))
  membership.startJoin()
  membership.joined('m', 1)
  expect(() => membership.identity()).toThrow(expect.objectContaining({ retriable: true }))
  membership.synced(assignment(), false)
  expect(membership.identity()).toEqual({ groupId: 'g', generationId: 1, memberId: 'm', instanceId: 'i' })
})

test('who keeps what it holds speaks in its generation until all have joined, and then in the next', () => {
  const membership = working({ isCooperative: true })
  const { tenure } = membership
  membership.requestJoin('again')
  membership.startJoin()
  expect(membership.identity().generationId).toBe(1)
  membership.joinFailed('the connection was lost')
  expect(membership.identity().generationId).toBe(1)
  membership.startJoin()
  membership.joined('m', 2)
  expect(() => membership.identity()).toThrow(expect.objectContaining({ retriable: true }))
  membership.synced(assignment(2), true)
  expect(membership.identity().generationId).toBe(2)
  membership.takeOver()
  membership.tookOver()
  expect(membership.tenure).toBe(tenure)
})

test('who has lost what it holds does not speak for it any more, whatever place it gets', () => {
  const membership = working({ isCooperative: true })
  const { tenure } = membership
  membership.requestJoin('again')
  membership.startJoin()
  membership.lose(cause, true)
  expect(() => membership.identity()).toThrow(expect.objectContaining({ code: 'KAFKA_FENCED', retriable: false }))
  membership.releasing()
  membership.released()
  expect(() => membership.identity()).toThrow(expect.objectContaining({ retriable: true }))
  membership.startJoin()
  membership.joined('m', 3)
  membership.synced(assignment(3), true)
  expect(membership.identity().generationId).toBe(3)
  expect(membership.tenure).toBeGreaterThan(tenure)
})
