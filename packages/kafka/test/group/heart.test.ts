import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { Heart } from '../../src/group/heart.ts'
import { type Due, VitalSigns } from '../../src/group/vital-signs.ts'

const TIMES = { sessionTimeoutMs: 100, heartbeatIntervalMs: 30, rebalanceTimeoutMs: 1_000 }

function signs(): VitalSigns {
  const made = new VitalSigns(TIMES)
  made.polled(0)
  made.confirmed(0)
  return made
}

test('a heartbeat is due an interval after the last one that was sent, and not while one is under way', () => {
  const vital = signs()
  expect([vital.due(29), vital.due(30), vital.nextAt()]).toEqual(['nothing', 'heartbeat', 30])
  vital.beatStarted()
  expect([vital.due(30), vital.nextAt()]).toEqual(['nothing', 100])
  vital.confirmed(30)
  vital.beatEnded(60)
  expect([vital.due(59), vital.due(60)]).toEqual(['nothing', 'heartbeat'])
})

test('a session is counted from when the last answered heartbeat was sent, not from when it was answered', () => {
  const vital = signs()
  vital.beatStarted()
  // Sent at 30, answered at 90: the coordinator may have seen it at 30.
  vital.confirmed(30)
  vital.beatEnded(60)
  expect([vital.isSessionOver(129), vital.isSessionOver(130)]).toEqual([false, true])
  expect(vital.due(130)).toBe('session over')
})

test('an answer that comes late does not take back what a later one confirmed', () => {
  const vital = signs()
  vital.confirmed(60)
  vital.confirmed(30)
  expect(vital.isSessionOver(159)).toBe(false)
})

test('the caller is missed when it has not polled for the rebalance time-out', () => {
  const vital = signs()
  vital.confirmed(990)
  expect([vital.due(999), vital.due(1_000)]).toEqual(['nothing', 'poll over'])
  vital.polled(1_000)
  expect(vital.due(1_000)).toBe('nothing')
})

test('news hurries the next heartbeat, also behind one that is under way', () => {
  const vital = signs()
  vital.hurry()
  expect(vital.due(1)).toBe('heartbeat')
  vital.beatStarted()
  vital.hurry()
  expect(vital.due(2)).toBe('nothing')
  vital.confirmed(1)
  vital.beatEnded(31)
  expect(vital.due(2)).toBe('heartbeat')
})

test('beats on time for a member of a group, rests for others, and stops', async () => {
  const clock = new FakeClock()
  const vital = new VitalSigns(TIMES)
  const acts: string[] = []
  const organism = {
    isInGroup: false,
    isOwner: false,
    act(due: Exclude<Due, 'nothing'>) {
      acts.push(`${due} at ${clock.monotonic()}`)
      if (due !== 'heartbeat') organism.isInGroup = false
      else vital.beatEnded(clock.monotonic() + TIMES.heartbeatIntervalMs)
    },
  }
  const heart = new Heart(clock, vital, organism)
  const running = heart.run()
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await new Promise(setImmediate)
  }
  await advance(500)
  expect([acts, clock.sleeping]).toEqual([[], 0])
  organism.isInGroup = true
  vital.polled(500)
  vital.confirmed(500)
  await advance(0)
  await advance(30)
  await advance(30)
  expect(acts).toEqual(['heartbeat at 530', 'heartbeat at 560'])
  // JavaScript did not yield for longer than a session: that comes before any heartbeat.
  await advance(70)
  expect(acts.at(-1)).toBe('session over at 630')
  await advance(1_000)
  expect(acts.length).toBe(3)
  heart.stop()
  await running
  expect(clock.sleeping).toBe(0)
})

test('one that works while it joins again has lost its work when JavaScript did not yield for a session', async () => {
  const clock = new FakeClock()
  const vital = new VitalSigns(TIMES)
  const acts: string[] = []
  const organism = {
    isInGroup: false,
    isOwner: true,
    act(due: Exclude<Due, 'nothing'>) {
      acts.push(`${due} at ${clock.monotonic()}`)
      organism.isOwner = false
    },
  }
  const heart = new Heart(clock, vital, organism)
  const running = heart.run()
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await new Promise(setImmediate)
  }
  for (let i = 0; i < 20; i++) await advance(30)
  expect([acts, vital.wasStarved(699)]).toEqual([[], false])
  expect(vital.wasStarved(700)).toBe(true)
  await advance(100)
  expect(acts).toEqual(['session over at 700'])
  heart.stop()
  await running
})
