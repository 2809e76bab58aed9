/**
 * The patterns of `path.format`, as Joda-Time reads them (`org.joda.time.format.DateTimeFormat`): the letters below, text in single
 * quotes, anything that is no letter as it is.
 */
type Part = (local: Date, locale: string) => string

export interface PathFormat {
  /** @param local the local time as if it were UTC, in milliseconds since the epoch */
  format(local: number): string
}

const DAY_MS = 86_400_000

/** By letter; `count` is how often it stands there. */
const LETTERS: Readonly<Record<string, (count: number) => Part>> = {
  y: year,
  Y: year,
  M: (count) =>
    count < 3 ? number(count, (at) => at.getUTCMonth() + 1) : word({ month: count === 3 ? 'short' : 'long' }),
  d: (count) => number(count, (at) => at.getUTCDate()),
  D: (count) => number(count, (at) => Math.floor((at.getTime() - Date.UTC(at.getUTCFullYear(), 0)) / DAY_MS) + 1),
  e: (count) => number(count, (at) => at.getUTCDay() || 7),
  E: (count) => word({ weekday: count < 4 ? 'short' : 'long' }),
  w: (count) => number(count, (at) => isoWeek(at).week),
  x: (count) => number(count, (at) => isoWeek(at).year),
  a: () => (at) => (at.getUTCHours() < 12 ? 'AM' : 'PM'),
  H: (count) => number(count, (at) => at.getUTCHours()),
  k: (count) => number(count, (at) => at.getUTCHours() || 24),
  K: (count) => number(count, (at) => at.getUTCHours() % 12),
  h: (count) => number(count, (at) => at.getUTCHours() % 12 || 12),
  m: (count) => number(count, (at) => at.getUTCMinutes()),
  s: (count) => number(count, (at) => at.getUTCSeconds()),
  S: (count) => (at) => String(at.getUTCMilliseconds()).padStart(3, '0').padEnd(count, '0').slice(0, count),
}

/** @throws RangeError that says what of the pattern, or of the locale, is not understood */
export function pathFormat(pattern: string, locale: string): PathFormat {
  const [language] = Intl.getCanonicalLocales(locale.replaceAll('_', '-'))
  const parts = partsOf(pattern)
  return { format: (local) => parts.map((part) => part(new Date(local), language ?? 'en')).join('') }
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = []
  // A run of one letter, a quoted text ('' in it is a quote), or any other character.
  const tokens = /([A-Za-z])\1*|'((?:[^']|'')*)'|([\s\S])/g
  for (const [token, letter, quoted, other] of pattern.matchAll(tokens)) {
    if (letter !== undefined) {
      const make = LETTERS[letter]
      if (make === undefined)
        throw new RangeError(
          `the letter ${letter} is none of ${Object.keys(LETTERS).join('')}; put text in single quotes`,
        )
      parts.push(make(token.length))
    } else if (other === "'") throw new RangeError('a quote is not closed')
    else {
      const text = quoted === undefined ? other! : quoted === '' ? "'" : quoted.replaceAll("''", "'")
      parts.push(() => text)
    }
  }
  return parts
}

function number(count: number, take: (at: Date) => number): Part {
  return (at) => String(take(at)).padStart(count, '0')
}

/** Two letters are the last two digits; others the whole year. */
function year(count: number): Part {
  if (count === 2) return (at) => String(at.getUTCFullYear() % 100).padStart(2, '0')
  return number(count, (at) => at.getUTCFullYear())
}

function word(options: Intl.DateTimeFormatOptions): Part {
  const formats = new Map<string, Intl.DateTimeFormat>()
  return (at, locale) => {
    let format = formats.get(locale)
    if (format === undefined)
      formats.set(locale, (format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })))
    return format.format(at)
  }
}

/** The week of ISO 8601: its year has the week's Thursday. */
function isoWeek(at: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(at.getTime() + (4 - (at.getUTCDay() || 7)) * DAY_MS)
  const first = Date.UTC(thursday.getUTCFullYear(), 0)
  return { year: thursday.getUTCFullYear(), week: Math.floor((thursday.getTime() - first) / DAY_MS / 7) + 1 }
}
