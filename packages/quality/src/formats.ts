/** Formats of text, each by a test of our own whose cost is linear in the text. */
import { parseDate, parseDateTime } from './instants.ts'
import { ISO_COUNTRIES, ISO_CURRENCIES } from './iso-codes.ts'

export interface Format {
  /** What a text must be, for reasons and documentation. */
  readonly expected: string
  readonly matches: (text: string) => boolean
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const EMAIL_LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const HOST_LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
// RFC 3986: scheme, then only characters that a URI may hold, percent signs only as escapes.
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/

export const FORMATS: Readonly<Record<string, Format>> = {
  email: {
    expected:
      'an e-mail address: a dotted local part of at most 64 characters and a domain of at least two labels (RFC 5321, no quotes)',
    matches: isEmail,
  },
  uri: {
    expected: 'an absolute URI of RFC 3986 characters; with // it must name a host, unless the scheme is file',
    matches: isUri,
  },
  uuid: {
    expected: 'a UUID of any version, 8-4-4-4-12 hexadecimal digits',
    matches: (text) => text.length === 36 && UUID.test(text),
  },
  ipv4: { expected: 'an IPv4 address in dotted decimal, without leading zeros', matches: isIpv4 },
  ipv6: { expected: 'an IPv6 address (RFC 4291), without zone', matches: isIpv6 },
  date: { expected: 'a calendar date as 2026-02-28', matches: (text) => !Number.isNaN(parseDate(text)) },
  'date-time': {
    expected: 'a date-time of RFC 3339 as 2026-02-28T12:30:00Z',
    matches: (text) => !Number.isNaN(parseDateTime(text)),
  },
  'iso-country': {
    expected: 'a country code of ISO 3166-1 alpha-2, upper case',
    matches: (text) => ISO_COUNTRIES.has(text),
  },
  'iso-currency': { expected: 'a currency code of ISO 4217, upper case', matches: (text) => ISO_CURRENCIES.has(text) },
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at < 1 || at > 64 || text.length > 254) return false
  return EMAIL_LOCAL.test(text.slice(0, at)) && isHostName(text.slice(at + 1), 2)
}

function isHostName(text: string, labelsMin: number): boolean {
  const labels = text.split('.')
  return text.length <= 253 && labels.length >= labelsMin && labels.every((label) => HOST_LABEL.test(label))
}

function isUri(text: string): boolean {
  if (!URI.test(text)) return false
  const colon = text.indexOf(':')
  if (!text.startsWith('//', colon + 1)) return true
  const authority = text.slice(colon + 3).split(/[/?#]/, 1)[0]!
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (host.startsWith('[')) return /^\[[^[\]]+\](?::\d*)?$/.test(host) && isIpv6(host.slice(1, host.indexOf(']')))
  if (host.startsWith(':') || host === '') return text.slice(0, colon).toLowerCase() === 'file' && host === ''
  return /^[^:[\]]+(?::\d*)?$/.test(host)
}

function isIpv4(text: string): boolean {
  return text.length <= 15 && IPV4.test(text)
}

function isIpv6(text: string): boolean {
  if (text.length < 2 || text.length > 45) return false
  const halves = text.split('::')
  if (halves.length > 2) return false
  const left = groupsOf(halves[0]!, halves.length === 1)
  if (left < 0) return false
  if (halves.length === 1) return left === 8
  const right = groupsOf(halves[1]!, true)
  return right >= 0 && left + right <= 7
}

/** How many 16-bit groups a run of them is (an IPv4 tail counts two), or -1 when it is none. */
function groupsOf(text: string, mayEndInIpv4: boolean): number {
  if (text === '') return 0
  const groups = text.split(':')
  let count = 0
  for (const [i, group] of groups.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(group)) count++
    else if (mayEndInIpv4 && i === groups.length - 1 && isIpv4(group)) count += 2
    else return -1
  }
  return count
}
