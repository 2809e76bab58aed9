import { describe, expect, test } from '@jest/globals'
import { calendarDay, daysOf } from '@sluice/sdk/values'

const DAY_MS = 86_400_000
const FIRST_GREGORIAN = -141_427

describe('the calendar of Java', () => {
  test('is that of JavaScript from 15 October 1582 on', () => {
    for (let days = FIRST_GREGORIAN; days < 200_000; days += 13) {
      const date = new Date(days * DAY_MS)
      const expected = { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate() }
      expect([days, calendarDay(days)]).toEqual([days, expected])
    }
  })

  test('has leap days in every fourth year before, and no days between 4 and 15 October 1582', () => {
    expect(calendarDay(FIRST_GREGORIAN)).toEqual({ year: 1582, month: 9, day: 15 })
    expect(calendarDay(FIRST_GREGORIAN - 1)).toEqual({ year: 1582, month: 9, day: 4 })
    expect(calendarDay(daysOf(1500, 1, 29))).toEqual({ year: 1500, month: 1, day: 29 })
    expect(daysOf(1, 0, 1) - daysOf(0, 11, 31)).toBe(1)
    expect(daysOf(1, 0, 1)).toBe(-719_164)
  })

  test('counts days back to themselves, also where JavaScript has none', () => {
    for (let days = -3_000_000_000; days < 3_000_000_000; days += 7_654_321) {
      const { year, month, day } = calendarDay(days)
      expect(daysOf(year, month, day)).toBe(days)
    }
  })

  test('carries over what lies beyond a month or a year', () => {
    expect(daysOf(2023, 13, 30)).toBe(daysOf(2024, 2, 1))
    expect(daysOf(2024, -1, 0)).toBe(daysOf(2023, 10, 30))
  })
})
