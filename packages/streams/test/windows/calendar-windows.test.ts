import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CalendarWindows, type CalendarUnit } from '../../src/windows/calendar-windows.ts'
import { windowsOf } from '../support/windows-of.ts'

const HOUR_MS = 3_600_000
const at = (text: string): number => Date.parse(text)
const day = (zone: string): CalendarWindows => CalendarWindows.ofUnitWithNoGrace('day', zone)
const isoOf = (windows: CalendarWindows, timestamp: number): string[] =>
  windowsOf(windows, timestamp)[0]!.map((time) => new Date(time).toISOString().replace(':00.000', ''))

describe('days', () => {
  test.each([
    // The clock goes forward at 2: 23 hours. It goes back at 3: 25 hours.
    ['Europe/Berlin', '2026-03-29T12:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z'],
    ['Europe/Berlin', '2026-10-25T00:30Z', '2026-10-24T22:00Z', '2026-10-25T23:00Z'],
    // Midnight does not exist: the day begins at 1 o'clock.
    ['Asia/Beirut', '2022-03-27T12:00Z', '2022-03-26T22:00Z', '2022-03-27T21:00Z'],
    ['America/Sao_Paulo', '2018-11-04T12:00Z', '2018-11-04T03:00Z', '2018-11-05T02:00Z'],
    // Midnight comes twice: the day begins with the first.
    ['America/Havana', '2023-11-05T12:00Z', '2023-11-05T04:00Z', '2023-11-06T05:00Z'],
    // From midnight back to 23 o'clock: the day before has 25 hours.
    ['America/Sao_Paulo', '2018-02-17T12:00Z', '2018-02-17T02:00Z', '2018-02-18T03:00Z'],
    // Half an hour of summer time; a quarter of an hour beside the hour.
    ['Australia/Lord_Howe', '2026-04-05T03:00Z', '2026-04-04T13:00Z', '2026-04-05T13:30Z'],
    ['Asia/Kathmandu', '2026-01-01T00:00Z', '2025-12-31T18:15Z', '2026-01-01T18:15Z'],
    // Samoa left 2011-12-30 out.
    ['Pacific/Apia', '2011-12-30T09:59Z', '2011-12-29T10:00Z', '2011-12-30T10:00Z'],
    ['Pacific/Apia', '2011-12-30T10:00Z', '2011-12-30T10:00Z', '2011-12-31T10:00Z'],
    ['UTC', '1970-01-01T00:00Z', '1970-01-01T00:00Z', '1970-01-02T00:00Z'],
  ])('%s, %s', (zone, instant, start, end) => expect(isoOf(day(zone), at(instant))).toEqual([start, end]))

  test.each(['Europe/Berlin', 'America/St_Johns', 'Africa/Casablanca', 'Pacific/Apia', 'America/Havana'])(
    '%s: a day begins at the first minute in which the zone’s calendar shows its date, whenever one asks',
    (zone) => {
      const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' })
      fc.assert(
        fc.property(
          fc.integer({ min: at('2008-01-01T00:00Z') / 60_000, max: at('2027-01-01T00:00Z') / 60_000 }),
          (minute) => {
            const timestamp = minute * 60_000
            // Every minute of two days before: where a date is shown for the first time that is later than all before.
            let latest = format.format(timestamp - 60 * HOUR_MS)
            let start = 0
            for (let time = timestamp - 60 * HOUR_MS; time <= timestamp; time += 60_000) {
              const shown = format.format(time)
              if (shown > latest) {
                latest = shown
                start = time
              }
            }
            expect(day(zone).firstStart(timestamp)).toBe(start)
          },
        ),
        { numRuns: 6 },
      )
    },
  )

  test('windows lie end to end: each instant is in exactly one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Apia', 'America/St_Johns'),
        fc.constantFrom<CalendarUnit>('day', 'week', 'month', 'quarter', 'year'),
        fc.integer({ min: at('1987-01-01T00:00Z'), max: at('2027-01-01T00:00Z') }),
        (zone, unit, timestamp) => {
          const windows = CalendarWindows.ofUnitWithNoGrace(unit, zone)
          const found = windowsOf(windows, timestamp)
          expect(found).toHaveLength(1)
          const [start, end] = found[0]!
          expect(start! <= timestamp && timestamp < end!).toBe(true)
          expect(end! - start!).toBeLessThanOrEqual(windows.sizeMs)
          expect(windows.firstStart(end! - 1)).toBe(start)
          expect(windows.firstStart(end!)).toBe(end)
        },
      ),
      { numRuns: 60 },
    )
  })
})

test('weeks begin on Monday, months, quarters and years on their first day', () => {
  const of = (unit: CalendarUnit): string[] =>
    isoOf(CalendarWindows.ofUnitWithNoGrace(unit, 'Europe/Berlin'), at('2026-03-29T12:00Z'))
  expect(of('week')).toEqual(['2026-03-22T23:00Z', '2026-03-29T22:00Z'])
  expect(of('month')).toEqual(['2026-02-28T23:00Z', '2026-03-31T22:00Z'])
  expect(of('quarter')).toEqual(['2025-12-31T23:00Z', '2026-03-31T22:00Z'])
  expect(of('year')).toEqual(['2025-12-31T23:00Z', '2026-12-31T23:00Z'])
})

test('a unit that the calendar does not have is refused', () =>
  expect(() => CalendarWindows.ofUnitWithNoGrace(JSON.parse('"hour"') as 'day', 'UTC')).toThrow(
    expect.objectContaining({ code: 'TOPOLOGY_INVALID', message: expect.stringContaining('hour') as unknown }),
  ))

test('a zone that is not known is refused', () =>
  expect(() => day('Europe/Atlantis')).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' })))
