import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JoinWindows } from '../../src/windows/join-windows.ts'
import { SessionWindows } from '../../src/windows/session-windows.ts'
import { SlidingWindows } from '../../src/windows/sliding-windows.ts'
import { TimeWindows } from '../../src/windows/time-windows.ts'
import { UnlimitedWindows } from '../../src/windows/unlimited-windows.ts'
import { windowsOf } from '../support/windows-of.ts'

describe('TimeWindows', () => {
  test('a record is in every window [n·advance, n·advance + size) from the epoch on that holds its time, and in no other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }).chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 1, max: size }))),
        fc.integer({ min: 0, max: 200 }),
        ([size, advance], timestamp) => {
          const naive = []
          for (let start = 0; start <= timestamp; start += advance)
            if (timestamp < start + size) naive.push([start, start + size])
          expect(windowsOf(TimeWindows.ofSizeWithNoGrace(size).advanceBy(advance), timestamp)).toEqual(naive)
        },
      ),
    )
  })

  test('times of today are as exact as small ones', () => {
    expect(windowsOf(TimeWindows.ofSizeWithNoGrace(60_000), 1_700_000_099_999)).toEqual([
      [1_700_000_040_000, 1_700_000_100_000],
    ])
  })

  test.each([
    ['a size of 0', () => TimeWindows.ofSizeWithNoGrace(0)],
    ['a size that is no whole number', () => TimeWindows.ofSizeWithNoGrace(1.5)],
    ['an advance of 0', () => TimeWindows.ofSizeWithNoGrace(10).advanceBy(0)],
    ['an advance beyond the size', () => TimeWindows.ofSizeWithNoGrace(10).advanceBy(11)],
    ['a negative grace', () => TimeWindows.ofSizeAndGrace(10, -1)],
  ])('%s is refused', (_what, make) => expect(make).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' })))
})

test('UnlimitedWindows: one window from its start on, none before', () => {
  const windows = UnlimitedWindows.of().startOn(10)
  expect(windowsOf(windows, 9)).toEqual([])
  expect(windowsOf(windows, 10)).toEqual([[10, Infinity]])
  expect(windowsOf(UnlimitedWindows.of(), 5)).toEqual([[0, Infinity]])
})

test('SlidingWindows and SessionWindows refuse what is negative; 0 is allowed', () => {
  expect(SlidingWindows.ofTimeDifferenceWithNoGrace(0)).toMatchObject({ differenceMs: 0, graceMs: 0 })
  expect(SessionWindows.ofInactivityGapAndGrace(0, 3)).toMatchObject({ gapMs: 0, graceMs: 3 })
  expect(() => SlidingWindows.ofTimeDifferenceWithNoGrace(-1)).toThrow('time difference')
  expect(() => SessionWindows.ofInactivityGapWithNoGrace(-1)).toThrow('gap')
})

test('JoinWindows: before and after may be negative, but not turn the interval around', () => {
  expect(JoinWindows.ofTimeDifferenceWithNoGrace(0).after(6).before(-2)).toMatchObject({ beforeMs: -2, afterMs: 6 })
  expect(JoinWindows.ofTimeDifferenceAndGrace(5, 3).sizeMs).toBe(10)
  expect(() => JoinWindows.ofTimeDifferenceWithNoGrace(5).before(-6)).toThrow('before it begins')
})
