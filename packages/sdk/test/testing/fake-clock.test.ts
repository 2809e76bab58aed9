import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'

test('time stands still until it is advanced; sleepers wake in the order of their time', async () => {
  const clock = new FakeClock({ now: 1000 })
  const woken: string[] = []
  const late = clock.sleep(20).then(() => woken.push('late'))
  const early = clock.sleep(10).then(() => woken.push('early'))
  clock.advance(9)
  await Promise.resolve()
  expect(clock.sleeping).toBe(2)
  clock.advance(11)
  await Promise.all([late, early])
  expect(woken).toEqual(['early', 'late'])
  expect([clock.now(), clock.monotonic(), clock.sleeping]).toEqual([1020, 20, 0])
})

test('an abort ends a sleep at once, and is no error', async () => {
  const clock = new FakeClock()
  const abort = new AbortController()
  const sleep = clock.sleep(1000, abort.signal)
  abort.abort()
  await sleep
  await clock.sleep(1000, abort.signal)
  expect(clock.monotonic()).toBe(0)
})

test('an impatient clock lets every sleep pass at once', async () => {
  const clock = new FakeClock({ impatient: true })
  await clock.sleep(60_000)
  expect(clock.monotonic()).toBe(60_000)
})
