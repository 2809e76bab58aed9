/** Whether JSON text is already what `jsonText` would make of its value: then it need not be made. */

const MEMBERS_MAX = 16
const DIGITS_MAX = 15
const WHOLE_DIGITS_MAX = 7

/**
 * Of one valid JSON value that is no string. True for texts without blanks, escapes and characters beyond the BMP, whose names are
 * different ones and no numbers, and whose numbers are written as Java writes them. There may be others; these are many.
 */
export function isAsWritten(bytes: Uint8Array, from: number, to: number): boolean {
  return valueEnd(bytes, from) === to
}

const OTHERWISE = -1
const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const CLOSING_BRACKET = 0x5d
const CLOSING_BRACE = 0x7d

/** Answers the place behind the value, or `OTHERWISE`. */
function valueEnd(bytes: Uint8Array, at: number): number {
  switch (bytes[at]!) {
    case QUOTE:
      return stringEnd(bytes, at + 1)
    case 0x7b:
      return objectEnd(bytes, at + 1)
    case 0x5b:
      return arrayEnd(bytes, at + 1)
    case 0x74:
    case 0x6e:
      return at + 4
    case 0x66:
      return at + 5
    default:
      return numberEnd(bytes, at)
  }
}

/** From behind the opening quote. */
function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at++]!
    if (byte === QUOTE) return at
    if (byte === 0x5c || byte >= 0xef) return OTHERWISE
  }
}

function objectEnd(bytes: Uint8Array, from: number): number {
  if (bytes[from] === CLOSING_BRACE) return from + 1
  const names: number[] = []
  let at = from
  for (;;) {
    const start = at + 1
    if (bytes[at] !== QUOTE) return OTHERWISE
    at = stringEnd(bytes, start)
    if (at < 0 || !isOrdinaryName(bytes, start) || isKnown(bytes, names, start, at)) return OTHERWISE
    if (names.length === 2 * MEMBERS_MAX || bytes[at] !== 0x3a) return OTHERWISE
    names.push(start, at)
    at = valueEnd(bytes, at + 1)
    if (at < 0) return OTHERWISE
    if (bytes[at] === CLOSING_BRACE) return at + 1
    if (bytes[at] !== COMMA) return OTHERWISE
    at++
  }
}

/** Names like numbers come first in an object, whatever stands where; and `__proto__` is a name of its own kind. */
function isOrdinaryName(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at]!
  return byte !== 0x5f && !(byte >= ZERO && byte <= 0x39)
}

/** Of a member that comes twice the last value counts. Names are compared with the quote behind them. */
function isKnown(bytes: Uint8Array, names: readonly number[], from: number, to: number): boolean {
  for (let i = 0; i < names.length; i += 2) {
    const other = names[i]!
    if (names[i + 1]! - other !== to - from) continue
    let k = 0
    while (from + k < to && bytes[other + k] === bytes[from + k]) k++
    if (from + k === to) return true
  }
  return false
}

function arrayEnd(bytes: Uint8Array, from: number): number {
  if (bytes[from] === CLOSING_BRACKET) return from + 1
  let at = from
  for (;;) {
    at = valueEnd(bytes, at)
    if (at < 0) return OTHERWISE
    if (bytes[at] === CLOSING_BRACKET) return at + 1
    if (bytes[at] !== COMMA) return OTHERWISE
    at++
  }
}

/**
 * Whole numbers up to 15 digits; and of at most so many those with a fraction that is not written as a power of ten: from 0.001 to
 * below 10,000,000, without zeros at its end.
 */
function numberEnd(bytes: Uint8Array, from: number): number {
  const isNegative = bytes[from] === MINUS
  const first = isNegative ? from + 1 : from
  const point = digitsEnd(bytes, first)
  const wholeDigits = point - first
  if (bytes[point] !== POINT) {
    const isPlain = (bytes[point]! | 0x20) !== 0x65 && wholeDigits >= 1 && wholeDigits <= DIGITS_MAX
    return isPlain && !(isNegative && bytes[first] === ZERO) ? point : OTHERWISE
  }
  const end = digitsEnd(bytes, point + 1)
  if (wholeDigits > WHOLE_DIGITS_MAX || end - first - 1 > DIGITS_MAX) return OTHERWISE
  if ((bytes[end]! | 0x20) === 0x65 || bytes[end - 1] === ZERO) return OTHERWISE
  const isSmall = bytes[first] === ZERO && bytes[point + 1] === ZERO && bytes[point + 2] === ZERO
  return isSmall && bytes[point + 3] === ZERO ? OTHERWISE : end
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at]! >= ZERO && bytes[at]! <= 0x39) at++
  return at
}
