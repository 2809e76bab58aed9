import { describe, expect, test } from '@jest/globals'
import { RetriableError, systemClock } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { TaskControl } from '../../src/record-path/task-control.ts'
import { eventually } from '../support/eventually.ts'
import { batches, SourceRun, sourceRecord } from '../support/source-run.ts'

describe('a source that is to pause', () => {
  test('stops polling, has what was polled durable and stored, says PAUSED, and goes on with the same task', async () => {
    let n = 0
    let starts = 0
    const run = new SourceRun({
      task: () => ({ start: async () => void starts++, poll: async () => [sourceRecord(++n)] }),
      flushIntervalMs: 1_000_000,
    })
    const ended = run.run()
    await eventually('some are sent', () => run.producer.durable.length > 3)
    run.control.pause()
    await eventually('paused', () => run.told.at(-1) === 'PAUSED')
    expect(run.positions.at).toBe(n)
    expect(run.producer.durable).toHaveLength(n)
    const before = n
    await systemClock.sleep(30)
    expect(n).toBe(before)
    run.control.resume()
    await eventually('it goes on', () => n > before + 3)
    run.stop()
    expect(await ended).toBeUndefined()
    expect([starts, run.told]).toEqual([1, ['RUNNING', 'topic out', 'PAUSED', 'RUNNING']])
  })

  test('before it has begun is not started until it is resumed', async () => {
    let starts = 0
    let deliveries = 0
    const run = new SourceRun({
      task: () => ({ start: async () => void starts++, poll: batches([sourceRecord(1)]) }),
      isPaused: true,
      deliver: async () => {
        deliveries += 1
        throw new Error('here it would claim its id')
      },
    })
    const ended = run.run()
    await systemClock.sleep(20)
    expect([starts, deliveries, run.told]).toEqual([0, 0, ['PAUSED']])
    run.control.resume()
    expect(await ended).toMatchObject({ message: 'here it would claim its id' })
    expect([starts, deliveries]).toEqual([0, 1])
  })

  test('interrupts an idle wait, and may be resumed before anybody has looked', async () => {
    const clock = new FakeClock()
    const run = new SourceRun({ task: () => ({ poll: async () => [] }), clock })
    const ended = run.run()
    // The loop's wait, and the one of the regular storing.
    await eventually('the loop waits', () => clock.sleeping === 2)
    run.control.pause()
    await eventually('paused, though no time has passed', () => run.told.at(-1) === 'PAUSED')
    run.control.resume()
    await eventually('running', () => run.told.at(-1) === 'RUNNING')
    run.control.pause()
    run.control.resume()
    await systemClock.sleep(10)
    expect(run.told).toEqual(['RUNNING', 'PAUSED', 'RUNNING'])
    run.stop()
    expect(await ended).toBeUndefined()
  })

  test('ends when it is told to stop meanwhile', async () => {
    const run = new SourceRun({ task: () => ({ poll: async () => [] }) })
    const ended = run.run()
    run.control.pause()
    await eventually('paused', () => run.told.at(-1) === 'PAUSED')
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.told).toEqual(['RUNNING', 'PAUSED'])
  })
})

describe('a source that was left behind', () => {
  test('stores no positions any more and tells nothing, whatever becomes durable later', async () => {
    const settled: unknown[] = []
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1)]), settled: async (at) => void settled.push(at) }),
      flushIntervalMs: 5,
    })
    run.producer.holds = true
    const ended = run.run()
    await eventually('one is under way', () => run.producer.calls.length === 1)
    run.control.cancel()
    run.stop()
    run.producer.calls[0]!.done()
    await ended
    await systemClock.sleep(20)
    expect([run.positions.stores, settled, run.told]).toEqual([[], [], ['RUNNING']])
  })

  test('stores nothing even if it was about to: stopped, and waiting for what is under way', async () => {
    const run = new SourceRun({ task: () => ({ poll: batches([sourceRecord(1)]) }), flushTimeoutMs: 5000 })
    run.producer.holds = true
    const ended = run.run()
    await eventually('one is under way', () => run.producer.calls.length === 1)
    run.stop()
    await systemClock.sleep(20)
    run.control.cancel()
    run.producer.calls[0]!.done()
    await ended
    expect([run.producer.durable.length, run.positions.stores, run.told]).toEqual([1, [], ['RUNNING']])
  })

  test('may be stuck in its own poll: what comes of that later is neither stored nor told', async () => {
    const gate = Promise.withResolvers<void>()
    const run = new SourceRun({
      task: () => ({
        poll: async () => {
          await gate.promise
          return [sourceRecord(1)]
        },
      }),
    })
    const ended = run.run()
    await eventually('started', () => run.told.length === 1)
    run.stop()
    run.control.cancel()
    gate.resolve()
    await ended
    expect([run.positions.stores, run.told]).toEqual([[], ['RUNNING']])
  })
})

describe('the heart-beat', () => {
  test('stands still while a poll does not come back, and goes on while a source is idle or paused', async () => {
    const clock = new FakeClock({ impatient: true })
    const gate = Promise.withResolvers<void>()
    let isStuck = false
    const run = new SourceRun({
      task: () => ({
        poll: async () => {
          if (isStuck) await gate.promise
          return []
        },
      }),
      clock,
    })
    const ended = run.run()
    await eventually('it beats while idle', () => run.control.heartbeat.beats > 5)
    run.control.pause()
    await eventually('paused', () => run.told.at(-1) === 'PAUSED')
    const paused = run.control.heartbeat
    await eventually('it beats while paused', () => run.control.heartbeat.beats > paused.beats + 3)
    expect(run.control.heartbeat.lastMs).toBeGreaterThan(paused.lastMs)
    isStuck = true
    run.control.resume()
    await systemClock.sleep(30)
    const stuck = run.control.heartbeat.beats
    await systemClock.sleep(30)
    expect(run.control.heartbeat.beats).toBe(stuck)
    gate.resolve()
    run.stop()
    await ended
  })
})

test('a start that asks for later is tried again, and RUNNING is told only then', async () => {
  let starts = 0
  const run = new SourceRun({
    task: () => ({
      start: async () => {
        if (++starts < 3) throw new RetriableError('SOURCE_UNAVAILABLE', 'not yet')
      },
      poll: async () => [],
    }),
    clock: new FakeClock({ impatient: true }),
  })
  const ended = run.run()
  await eventually('running', () => run.told.length > 0)
  expect([starts, run.told]).toEqual([3, ['RUNNING']])
  run.stop()
  await ended
})

test('a control is at rest until it is asked', async () => {
  const control = new TaskControl(new FakeClock())
  expect([control.isPaused, control.isCancelled, control.pausing.aborted]).toEqual([false, false, false])
  await control.resumed(new AbortController().signal)
})
