import { describe, expect, test } from '@jest/globals'
import { pathFormat } from '../../src/files/path-format.ts'

/** Sunday, 3 March 2024, 07:05:09.042 */
const AT = Date.UTC(2024, 2, 3, 7, 5, 9, 42)

describe('patterns of Joda-Time', () => {
  test.each([
    ["'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH", 'year=2024/month=03/day=03/hour=07'],
    ['yyyy-M-d', '2024-3-3'],
    ['yy', '24'],
    ['MMM/MMMM', 'Mar/March'],
    ['E/EEEE/e', 'Sun/Sunday/7'],
    ['xxxx-ww', '2024-09'],
    ['DDD', '063'],
    ['H:mm:ss.SSS', '7:05:09.042'],
    ['hh a / kk / KK', '07 AM / 07 / 07'],
    ["'o''clock' ''", "o'clock '"],
    ['', ''],
  ])('%s', (pattern, expected) => {
    expect(pathFormat(pattern, 'en-US').format(AT)).toBe(expected)
  })

  test('words are of the locale, in Java’s spelling too', () => {
    expect(pathFormat('MMMM', 'de_DE').format(AT)).toBe('März')
  })

  test('the first days of January may belong to the last week of the year before', () => {
    expect(pathFormat('xxxx-ww', 'en').format(Date.UTC(2027, 0, 2))).toBe('2026-53')
  })

  test.each([
    ['year=YYYY', 'the letter r is none of'],
    ["'year", 'a quote is not closed'],
  ])('%s is refused', (pattern, reason) => {
    expect(() => pathFormat(pattern, 'en')).toThrow(reason)
  })
})
