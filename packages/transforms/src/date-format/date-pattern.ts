/** Patterns of Java's SimpleDateFormat, taken apart. */
import { SluiceError } from '@sluice/sdk'

/** Text that stands for itself, or a field: a letter and how often it is written. */
export type PatternPart = { readonly text: string } | { readonly letter: PatternLetter; readonly count: number }

const LETTERS = 'GyYMLwWDdFEuaHkKhmsSzZX'
export type PatternLetter =
  | 'G'
  | 'y'
  | 'Y'
  | 'M'
  | 'L'
  | 'w'
  | 'W'
  | 'D'
  | 'd'
  | 'F'
  | 'E'
  | 'u'
  | 'a'
  | 'H'
  | 'k'
  | 'K'
  | 'h'
  | 'm'
  | 's'
  | 'S'
  | 'z'
  | 'Z'
  | 'X'

/** @throws SluiceError SETTINGS_INVALID in Java's words for a letter without a meaning or a quote without its end */
export function datePattern(pattern: string): readonly PatternPart[] {
  const parts: PatternPart[] = []
  for (const [piece] of pattern.matchAll(/'(?:[^']|'')*'?|([a-zA-Z])\1*|[^a-zA-Z']+/g)) {
    const first = piece[0]!
    if (first === "'") parts.push({ text: unquoted(piece) })
    else if (!/[a-zA-Z]/.test(first)) parts.push({ text: piece })
    else if (!LETTERS.includes(first)) throw refused(`Illegal pattern character '${first}'`)
    else if (first === 'X' && piece.length > 3) throw refused(`invalid ISO 8601 format: length=${piece.length}`)
    else parts.push({ letter: first as PatternLetter, count: piece.length })
  }
  return parts
}

function unquoted(piece: string): string {
  if (piece === "''") return "'"
  if (piece.length < 2 || !piece.endsWith("'")) throw refused('Unterminated quote')
  return piece.slice(1, -1).replaceAll("''", "'")
}

function refused(message: string): SluiceError {
  return new SluiceError('SETTINGS_INVALID', message, {
    remedy: "Use the letters of Java's SimpleDateFormat, and put text between single quotes.",
  })
}

/** English names, as in Java's US locale. */
export const MONTHS: readonly string[] = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
export const WEEKDAYS: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
]
