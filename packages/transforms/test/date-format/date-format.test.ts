/** Dates are written and read as Java's SimpleDateFormat does it, in UTC and English. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { dateFormat } from '../../src/date-format/format-date.ts'
import { dateParser } from '../../src/date-format/parse-date.ts'

const instant = Date.UTC(2023, 10, 14, 22, 13, 20, 123)

describe('writing', () => {
  test.each([
    ['yyyy-MM-dd HH:mm:ss.SSS', '2023-11-14 22:13:20.123'],
    ["yyyy-MM-dd'T'HH:mm:ssXXX", '2023-11-14T22:13:20Z'],
    ['EEE, d MMM yyyy h:mm a z Z', 'Tue, 14 Nov 2023 10:13 PM UTC +0000'],
    ['EEEE MMMM y yy', 'Tuesday November 2023 23'],
    ["''yy 'o''clock'", "'23 o'clock"],
    ['YYYY-ww u F W D', '2023-46 2 2 3 318'],
    ['k K G', '22 10 AD'],
    ['SSSSS', '00123'],
  ])('%s gives %s', (pattern, text) => expect(dateFormat(pattern)(instant)).toBe(text))

  test.each([
    [Date.UTC(2022, 11, 31), '2022-53'],
    [Date.UTC(2023, 0, 1), '2023-01'],
    [Date.UTC(2024, 11, 28, 23, 59), '2024-52'],
    [Date.UTC(2024, 11, 29), '2025-01'],
    [Date.UTC(2025, 0, 4), '2025-01'],
    [Date.UTC(2025, 0, 5), '2025-02'],
  ])('weeks begin on Sunday and the first holds January 1st: %p is in %s', (at, week) =>
    expect(dateFormat('YYYY-ww')(at)).toBe(week),
  )

  test.each([
    [-12_219_292_800_000, 'Fri 1582-10-15 D278 AD'],
    [-12_219_292_800_001, 'Thu 1582-10-04 D277 AD'],
    [-14_825_462_400_000, 'Thu 1500-03-05 D065 AD'],
    [-62_135_596_800_000, 'Mon 0001-01-03 D003 AD'],
    [-62_135_769_600_001, 'Fri 0001-12-31 D366 BC'],
    [-11_644_473_600_000_000, 'Sun 367023-11-12 D316 BC'],
    [8_640_000_000_086_400, 'Sat 275760-09-13 D257 AD'],
  ])('before 15 October 1582 days are of the Julian calendar, and there is no end to them: %p is %s', (at, text) =>
    expect(dateFormat("EEE yyyy-MM-dd 'D'DDD G")(at)).toBe(text),
  )

  test('midnight is hour 24 or 12 where hours are counted from 1', () =>
    expect(dateFormat('k h a')(0)).toBe('24 12 AM'))
})

describe('reading', () => {
  test.each([
    ['yyyyMMddHHmmssSSS', '20231114221320123', instant],
    ['yyyy-MM-dd', '2023-11-14 and more', Date.UTC(2023, 10, 14)],
    ['d MMM yyyy', '14 november 2023', Date.UTC(2023, 10, 14)],
    ['MMMM d, yyyy', 'Nov 14, 2023', Date.UTC(2023, 10, 14)],
    ['yyyy-MM-dd hh:mm a', '2023-11-14 12:05 am', Date.UTC(2023, 10, 14, 0, 5)],
    ['yyyy-MM-dd hh:mm a', '2023-11-14 12:05 PM', Date.UTC(2023, 10, 14, 12, 5)],
    ['yyyy-MM-dd HH:mm Z', '2023-11-14 22:13 +0130', Date.UTC(2023, 10, 14, 20, 43)],
    ["yyyy-MM-dd'T'HH:mmXXX", '2023-11-14T22:13-05:00', Date.UTC(2023, 10, 15, 3, 13)],
    ['EEE, yyyy-MM-dd', 'Mon, 2023-11-14', Date.UTC(2023, 10, 14)],
    ['yyyy D', '2024 366', Date.UTC(2024, 11, 31)],
    ['yyyy-MM-dd', '2023-13-32', Date.UTC(2024, 1, 1)],
    ['yyyy', '0050', new Date(0).setUTCFullYear(49, 11, 30)],
    ['yyyy-MM-dd', '0001-01-01', -62_135_769_600_000],
    ['yyyy-MM-dd', '1582-10-04', Date.UTC(1582, 9, 14)],
    ['yyyy-MM-dd', '1582-10-15', Date.UTC(1582, 9, 15)],
    ['yyyy D', '1500 366', -14_799_456_000_000],
    // The month is `-0`, the day `2`.
    ['yyyyMMdd', '2024-02-29 23:59:59', Date.UTC(2023, 11, 2)],
  ])('by %s, %s', (pattern, text, milliseconds) => expect(dateParser(pattern)(text)).toBe(milliseconds))

  test('takes a year of two digits for one near now', () => {
    const now = new Date().getUTCFullYear()
    for (const year of [now - 79, now - 10, now, now + 10]) {
      const text = String(year).slice(-2)
      expect(new Date(dateParser('yy')(text)!).getUTCFullYear()).toBe(year)
    }
  })

  test.each([
    ['yyyy-MM-dd', '2023/11/14'],
    ['yyyy-MM-dd', ''],
    ['MMM', 'Foo'],
    ['a', 'XM'],
    ['Z', 'nowhere'],
  ])('by %s does not take %j', (pattern, text) => expect(dateParser(pattern)(text)).toBeUndefined())

  test('is refused for patterns that count in weeks, instead of guessing', () =>
    expect(() => dateParser('YYYY-ww')('2023-46')).toThrow('counts in weeks'))

  test('gives back what was written', () =>
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        for (const pattern of ['yyyy-MM-dd HH:mm:ss.SSS', 'yyyyMMddHHmmssSSS', "MMMM d, yyyy G 'at' h:mm:ss.SSS a XXX"])
          expect(dateParser(pattern)(dateFormat(pattern)(date.getTime()))).toBe(date.getTime())
      }),
    ))
})

test.each([
  ['bb', "Illegal pattern character 'b'"],
  ["yyyy 'open", 'Unterminated quote'],
  ['XXXX', 'invalid ISO 8601 format'],
])('the pattern %j is refused', (pattern, message) => expect(() => dateFormat(pattern)).toThrow(message))
