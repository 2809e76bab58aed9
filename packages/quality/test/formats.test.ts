import { isIPv4, isIPv6 } from 'node:net'
import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FORMATS } from '../src/formats.ts'
import { ISO_COUNTRIES, ISO_CURRENCIES } from '../src/iso-codes.ts'

const CASES: Readonly<Record<string, { readonly right: readonly string[]; readonly wrong: readonly string[] }>> = {
  email: {
    right: ['a@b.cz', 'first.last+tag@sub.example.org', "o'neil@example.com", 'a@xn--hxajbheg2az3al.xn--jxalpdlp'],
    wrong: [
      'a',
      'a@b',
      '@b.cz',
      'a@',
      'a@@b.cz',
      '.a@b.cz',
      'a.@b.cz',
      'a..b@c.cz',
      'a b@c.cz',
      'a@-b.cz',
      'a@b-.cz',
      'a@b..cz',
      `${'a'.repeat(65)}@b.cz`,
      `a@${'b'.repeat(64)}.cz`,
    ],
  },
  uri: {
    right: [
      'https://example.org/a?b=c#d',
      'urn:isbn:0451450523',
      'mailto:a@b.cz',
      'file:///tmp/a',
      'http://[::1]:8080/',
      'ftp://u:p@h:21/%20',
      'http://h',
    ],
    wrong: [
      '',
      'example.org',
      '/a/b',
      'http://',
      'http:///a',
      'http://a b',
      'http://a/%2',
      '1http://a',
      'http://[::g]/',
      'http://[1.2.3.4]/',
      'http://h:x/',
      'http://ä.de/',
    ],
  },
  uuid: {
    right: ['00000000-0000-0000-0000-000000000000', '018F4E9A-7C2B-7abc-8def-0123456789ab'],
    wrong: [
      '',
      '018f4e9a7c2b7abc8def0123456789ab',
      '018f4e9a-7c2b-7abc-8def-0123456789a',
      '018f4e9a-7c2b-7abc-8def-0123456789ag',
      '{018f4e9a-7c2b-7abc-8def-0123456789ab}',
    ],
  },
  date: {
    right: ['2024-02-29', '2000-02-29', '0001-01-01', '2026-12-31'],
    wrong: [
      '2023-02-29',
      '1900-02-29',
      '2026-13-01',
      '2026-00-01',
      '2026-04-31',
      '2026-1-1',
      '20260101',
      '2026-01-01T00:00:00Z',
      '+2026-01-01',
    ],
  },
  'date-time': {
    right: [
      '2026-02-28T23:59:59Z',
      '2026-02-28t23:59:59.123456789z',
      '2026-02-28 00:00:00+14:00',
      '2016-12-31T23:59:60Z',
      '2017-01-01T00:59:60+01:00',
    ],
    wrong: [
      '2026-02-28',
      '2026-02-28T24:00:00Z',
      '2026-02-28T23:60:00Z',
      '2026-02-28T23:59:59',
      '2026-02-30T00:00:00Z',
      '2026-02-28T12:59:60Z',
      '2026-02-28T00:00:00+24:00',
      '2026-02-28T00:00Z',
    ],
  },
  'iso-country': {
    right: ['CZ', 'US', 'XK'].filter((code) => code !== 'XK'),
    wrong: ['cz', 'XX', 'UK', 'CZE', 'XK', ''],
  },
  'iso-currency': { right: ['EUR', 'CZK', 'XAU', 'XCG', 'ZWG'], wrong: ['eur', 'HRK', 'ANG', 'ABC', ''] },
  ipv4: {
    right: ['0.0.0.0', '255.255.255.255'],
    wrong: ['256.0.0.1', '1.2.3', '01.2.3.4', '1.2.3.4.', '1.2.3.4.5', ''],
  },
  ipv6: {
    right: ['::', '::1', '1::', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4', '1:2:3:4:5:6:1.2.3.4'],
    wrong: [
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '12345::',
      '1:2:3:4:5:6:7::8:9',
      '::1.2.3',
      '1.2.3.4::',
      'g::',
      '1:2:3:4:5:6:7:1.2.3.4',
      'fe80::1%eth0',
    ],
  },
}

test.each(Object.keys(FORMATS))('%s', (name) => {
  const { right, wrong } = CASES[name]!
  const { matches } = FORMATS[name]!
  expect(right.filter((text) => !matches(text))).toEqual([])
  expect(wrong.filter((text) => matches(text))).toEqual([])
})

test("addresses agree with Node's own parser", () => {
  const group = fc.oneof(
    fc.integer({ min: 0, max: 0x1ffff }).map((n) => n.toString(16)),
    fc.constantFrom('', '1.2.3.4', '::', ':'),
  )
  const ipv6 = fc.array(group, { maxLength: 10 }).map((groups) => groups.join(':'))
  const octet = fc.oneof(fc.integer({ min: 0, max: 300 }).map(String), fc.constantFrom('', '00', '1e1'))
  const ipv4 = fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.'))
  fc.assert(
    fc.property(fc.oneof(ipv6, ipv4, fc.ipV6(), fc.ipV4()), (text) => {
      expect([text, FORMATS['ipv6']!.matches(text)]).toEqual([text, isIPv6(text)])
      expect([text, FORMATS['ipv4']!.matches(text)]).toEqual([text, isIPv4(text)])
    }),
    { numRuns: 2000 },
  )
})

test('no text makes a format run away', () => {
  const texts = ['a', '1', 'a.', 'a@', 'a-', '1:', '%20', '2026-', ' ', '::', '/'].map((part) => part.repeat(100_000))
  const before = performance.now()
  for (const { matches } of Object.values(FORMATS)) for (const text of texts) matches(`http:${text}!`)
  for (const { matches } of Object.values(FORMATS)) for (const text of texts) matches(text)
  expect(performance.now() - before).toBeLessThan(2000)
})

test('the code lists are whole', () => {
  expect(ISO_COUNTRIES.size).toBe(249)
  expect(ISO_CURRENCIES.size).toBeGreaterThan(170)
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
  expect([...ISO_COUNTRIES].filter((code) => names.of(code) === undefined)).toEqual([])
})
