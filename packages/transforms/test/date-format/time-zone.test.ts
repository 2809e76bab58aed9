/** Offsets are those of java.time; what is expected was printed by Java. */
import { describe, expect, test } from '@jest/globals'
import { offsetText, parseOffset, timeZone } from '../../src/date-format/time-zone.ts'
import { zonedTime, zonedTimestamp } from '../../src/date-format/zoned-text.ts'

const MINUTE_MS = 60_000
const local = (text: string): number => Date.parse(`${text}Z`)

describe('a place', () => {
  const prague = timeZone('Europe/Prague')!

  test('has the offset of the season', () => {
    expect(prague.offsetAtLocal(local('2024-01-15T12:00'))).toBe(60 * MINUTE_MS)
    expect(prague.offsetAtLocal(local('2024-07-15T12:00'))).toBe(120 * MINUTE_MS)
    expect(prague.offsetAt(local('2024-03-31T00:59:59'))).toBe(60 * MINUTE_MS)
    expect(prague.offsetAt(local('2024-03-31T01:00'))).toBe(120 * MINUTE_MS)
  })

  test('has, at a local time that is there twice, the earlier offset, and in a gap the one before it', () => {
    expect(prague.offsetAtLocal(local('2024-10-27T02:30'))).toBe(120 * MINUTE_MS)
    expect(prague.offsetAtLocal(local('2024-10-27T03:00'))).toBe(60 * MINUTE_MS)
    expect(prague.offsetAtLocal(local('2024-03-31T02:30'))).toBe(60 * MINUTE_MS)
    expect(prague.offsetAtLocal(local('2024-03-31T03:00'))).toBe(120 * MINUTE_MS)
  })

  test('may change its offset by half an hour, or a minute past midnight', () => {
    expect(timeZone('Australia/Lord_Howe')!.offsetAtLocal(local('2024-07-01T00:00'))).toBe(630 * MINUTE_MS)
    const newfoundland = timeZone('America/St_Johns')!
    expect(newfoundland.offsetAtLocal(local('2005-10-30T00:07:13'))).toBe(-210 * MINUTE_MS)
    expect(newfoundland.offsetAtLocal(local('2005-10-29T23:00'))).toBe(-150 * MINUTE_MS)
  })

  test('must exist', () => {
    for (const name of ['Europe/Nowhere', '', '+19:00', '08:00', '+8']) expect(timeZone(name)).toBeUndefined()
  })
})

test('an offset is itself at all times', () => {
  const zone = timeZone('-03:30')!
  expect([zone.offsetAt(0), zone.offsetAtLocal(1e12)]).toEqual([-210 * MINUTE_MS, -210 * MINUTE_MS])
  for (const text of ['Z', '+05:30', '-00:45', '+01:02:03']) expect(offsetText(parseOffset(text))).toBe(text)
})

describe('a text with an offset', () => {
  const moved = (text: string): string | undefined => zonedTimestamp(text, () => 330 * MINUTE_MS)

  test.each([
    ['2018-01-02T11:15:30.123456789+00:00', '2018-01-02T16:45:30.123456789+05:30'],
    ['2018-12-31T23:00:00.120Z', '2019-01-01T04:30:00.12+05:30'],
    ['2018-01-02T11:15+05:30', '2018-01-02T11:15:00+05:30'],
    ['0001-01-01T00:00:00Z', '0001-01-01T05:30:00+05:30'],
    ['+12345-01-01T00:00:00Z', '+12345-01-01T05:30:00+05:30'],
  ])('%s becomes %s', (text, expected) => expect(moved(text)).toBe(expected))

  test.each(['2018-01-02', '2018-01-02T11:15:30', 'today', '+999999999-01-01T00:00:00Z'])('%s is none', (text) =>
    expect(moved(text)).toBeUndefined(),
  )

  test('may be of a time alone, which goes round at midnight', () => {
    expect(zonedTime('11:15:30.123456789+00:00', 330 * MINUTE_MS)).toBe('16:45:30.123456789+05:30')
    expect(zonedTime('00:30:00Z', -60 * MINUTE_MS)).toBe('23:30:00-01:00')
    expect(zonedTime('24h', 0)).toBeUndefined()
  })
})
