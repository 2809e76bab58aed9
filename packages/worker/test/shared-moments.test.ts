import { describe, expect, test } from '@jest/globals'
import { sharedPause, untilShared } from '../src/shared-moments.ts'

describe('those who keep one period', () => {
  test('wake at the same moments, whenever they began', () => {
    const begun = [0, 17.25, 400, 999]
    expect(begun.map((now) => now + untilShared(1000, now))).toEqual([1000, 1000, 1000, 2000])
  })

  test('wake once for each, also with timers that are a little early', () => {
    expect(999.4 + untilShared(1000, 999.4)).toBe(2000)
    expect(untilShared(1, 0)).toBe(1)
    expect(untilShared(1, 0.5)).toBe(1.5)
  })

  test('a pause is a little shorter or longer, never by more than half a period', () => {
    const ends = [0, 60, 124, 126, 249].map((now) => now + sharedPause(1000, 250, now))
    expect(ends).toEqual([1000, 1000, 1000, 1250, 1250])
  })
})
