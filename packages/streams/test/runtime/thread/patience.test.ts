import { expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { streamsSettings } from '../../../src/index.ts'
import { Patience } from '../../../src/runtime/thread/patience.ts'

const TIMEOUT_MS = 60_000

function patience() {
  const clock = new FakeClock()
  const settings = streamsSettings.parse({ 'application.id': 'app', 'task.timeout.ms': String(TIMEOUT_MS) })
  const one = new Patience(settings, clock)
  return {
    one,
    /** Of an attempt of so long, the pause behind it. */
    pauseAfter: (ms: number, during: () => void = () => undefined): number | null => {
      one.begin()
      during()
      clock.advance(ms)
      return one.pauseMs()
    },
    clock,
  }
}

test('attempts come to an end behind task.timeout.ms, each after a longer pause', () => {
  const { pauseAfter } = patience()
  expect([1_000, 20_000, 20_000, 20_000, 1].map((ms) => pauseAfter(ms))).toEqual([100, 200, 400, 800, null])
})

test('they do though each takes longer than that to fail', () => {
  const { pauseAfter } = patience()
  expect([120_000, 120_000].map((ms) => pauseAfter(ms))).toEqual([100, null])
})

test('one that was well for longer than that, or has come further, begins to fail when it does', () => {
  const { one, pauseAfter, clock } = patience()
  const well = (ms: number) => () => {
    clock.advance(ms)
    one.isWell()
  }
  expect(pauseAfter(1_000)).toBe(100)
  expect(pauseAfter(120_000, well(TIMEOUT_MS + 1))).toBe(100)
  expect(pauseAfter(1_000)).toBe(200)
  expect(pauseAfter(120_000, () => one.progressed())).toBe(100)
  expect(pauseAfter(120_000, well(TIMEOUT_MS))).toBeNull()
})
