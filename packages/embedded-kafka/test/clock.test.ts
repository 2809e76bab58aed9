import { expect, jest, test } from '@jest/globals'
import { BrokerClock } from '../src/clock.ts'

test('a scheduled call that fails is told, and keeps no other from happening', () => {
  jest.useFakeTimers()
  const faults: unknown[] = []
  const clock = new BrokerClock((fault) => faults.push(fault))
  const happened: string[] = []
  const failure = new Error('it cannot be done')
  for (const [ms, what] of [
    [10, 'first'],
    [20, 'fails'],
    [20, 'second'],
    [40, 'third'],
  ] as const) {
    clock.schedule(ms, () => {
      if (what === 'fails') throw failure
      happened.push(what)
    })
  }
  jest.advanceTimersByTime(25)
  expect([happened, faults]).toEqual([['first', 'second'], [failure]])
  clock.freeze()
  clock.schedule(5, () => {
    throw failure
  })
  clock.advance(20)
  expect([happened, faults]).toEqual([
    ['first', 'second', 'third'],
    [failure, failure],
  ])
  clock.stop()
  jest.useRealTimers()
})
