import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseDate, parseDateTime } from '../src/instants.ts'

const instant = fc.date({
  noInvalidDate: true,
  min: new Date('0000-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
})

test('reads every date and date-time that JavaScript writes', () => {
  fc.assert(
    fc.property(instant, (date) => {
      const text = date.toISOString()
      expect(parseDateTime(text)).toBe(date.getTime())
      expect(parseDate(text.slice(0, 10))).toBe(Math.floor(date.getTime() / 86_400_000) * 86_400_000)
    }),
  )
})

test('takes the offset into account', () => {
  expect(parseDateTime('2026-06-01T01:30:00+02:00')).toBe(Date.UTC(2026, 4, 31, 23, 30))
  expect(parseDateTime('2026-06-01T01:30:00.9999-00:30')).toBe(Date.UTC(2026, 5, 1, 2, 0, 0, 999))
})
