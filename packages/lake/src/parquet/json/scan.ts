/**
 * JSON text in UTF-8, looked over byte by byte without making anything of it. Each function is given the place where something begins
 * and answers the place behind it, or `UNSURE`: what stands there is wrong, or so unusual that a whole parser should judge. So what
 * passes is what `JSON.parse` takes, in valid UTF-8, less deep than `DEPTH_MAX`, with whole numbers of at most 64 bits.
 */
import { isLong } from './numbers.ts'

export const UNSURE = -1

const DEPTH_MAX = 100
/** Longer ones cost so much to be read that looking for them here is no gain. */
const NUMBER_LENGTH_MAX = 100

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const CLOSING_BRACKET = 0x5d
const CLOSING_BRACE = 0x7d

/** 1 for ASCII that stands for itself in a string. */
const PLAIN = new Uint8Array(256)
PLAIN.fill(1, 0x20, 0x80)
PLAIN[QUOTE] = 0
PLAIN[BACKSLASH] = 0

/** 1 for what may stand behind a backslash, `u` excepted. */
const ESCAPED = new Uint8Array(256)
for (const char of '"\\/bfnrt') ESCAPED[char.charCodeAt(0)] = 1

export function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  while (isBlank(bytes[at]!)) at++
  return at
}

export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** @param from behind the opening quote; the answer `to` is behind the closing one, or it is `~to` when there are escapes */
export function skipString(bytes: Uint8Array, from: number): number {
  let at = from
  let hasEscapes = false
  for (;;) {
    let byte = bytes[at]!
    while (PLAIN[byte] === 1) byte = bytes[++at]!
    if (byte === QUOTE) return hasEscapes ? ~(at + 1) : at + 1
    if (byte === BACKSLASH) {
      hasEscapes = true
      at = skipEscape(bytes, at + 1)
    } else at = skipCharacter(bytes, at, byte)
    if (at < 0) return UNSURE
  }
}

function withoutMark(to: number): number {
  return to < UNSURE ? ~to : to
}

function skipEscape(bytes: Uint8Array, at: number): number {
  if (ESCAPED[bytes[at]!] === 1) return at + 1
  if (bytes[at] !== 0x75) return UNSURE
  for (let i = 1; i <= 4; i++) if (!isHex(bytes[at + i]!)) return UNSURE
  return at + 5
}

function isHex(byte: number): boolean {
  const letter = byte | 0x20
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66)
}

/** A character of two bytes or more, as RFC 3629 allows it: in its shortest form, no surrogate, none above U+10FFFF. */
function skipCharacter(bytes: Uint8Array, at: number, first: number): number {
  if (!(first >= 0xc2)) return UNSURE
  const second = bytes[at + 1]!
  if ((second & 0xc0) !== 0x80) return UNSURE
  if (first < 0xe0) return at + 2
  if ((bytes[at + 2]! & 0xc0) !== 0x80) return UNSURE
  if (first < 0xf0) return (first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f) ? UNSURE : at + 3
  if ((bytes[at + 3]! & 0xc0) !== 0x80) return UNSURE
  return first > 0xf4 || (first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f) ? UNSURE : at + 4
}

export function skipNumber(bytes: Uint8Array, from: number): number {
  const first = bytes[from] === MINUS ? from + 1 : from
  let at = first
  if (bytes[at] === ZERO) at++
  else {
    while (isDigit(bytes[at]!)) at++
    if (at === first) return UNSURE
  }
  if (isDigit(bytes[at]!)) return UNSURE
  const behindWhole = at
  if (bytes[at] === POINT) {
    at++
    if (!isDigit(bytes[at]!)) return UNSURE
    while (isDigit(bytes[at]!)) at++
  }
  if ((bytes[at]! | 0x20) === 0x65) {
    at++
    if (bytes[at] === MINUS || bytes[at] === 0x2b) at++
    if (!isDigit(bytes[at]!)) return UNSURE
    while (isDigit(bytes[at]!)) at++
  }
  if (at === behindWhole) return isLong(bytes, from, at) ? at : UNSURE
  return at - from <= NUMBER_LENGTH_MAX ? at : UNSURE
}

/** A number without point and exponent, of at most 64 bits. */
export function skipWhole(bytes: Uint8Array, from: number): number {
  const first = bytes[from] === MINUS ? from + 1 : from
  let at = first
  if (bytes[at] === ZERO) at++
  else while (isDigit(bytes[at]!)) at++
  const byte = bytes[at]!
  if (at === first || isDigit(byte) || byte === POINT || (byte | 0x20) === 0x65) return UNSURE
  return isLong(bytes, from, at) ? at : UNSURE
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

/** Any value. @param depth how many objects and arrays are around it */
export function skipValue(bytes: Uint8Array, from: number, depth: number): number {
  switch (bytes[from]!) {
    case QUOTE:
      return withoutMark(skipString(bytes, from + 1))
    case 0x7b:
      return skipObject(bytes, from + 1, depth + 1)
    case 0x5b:
      return skipArray(bytes, from + 1, depth + 1)
    case 0x74:
    case 0x66:
    case 0x6e:
      return skipWord(bytes, from)
    default:
      return skipNumber(bytes, from)
  }
}

/** `true`, `false` or `null`. */
export function skipWord(bytes: Uint8Array, at: number): number {
  switch (bytes[at]!) {
    case 0x74:
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : UNSURE
    case 0x66:
      return bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65
        ? at + 5
        : UNSURE
    case 0x6e:
      return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : UNSURE
    default:
      return UNSURE
  }
}

/** Behind the colon that follows a member's name, and the blanks around it. */
export function skipColon(bytes: Uint8Array, from: number): number {
  let at = from
  if (bytes[at] !== COLON) {
    at = skipBlanks(bytes, at)
    if (bytes[at] !== COLON) return UNSURE
  }
  at++
  return bytes[at]! > 0x20 ? at : skipBlanks(bytes, at)
}

function skipObject(bytes: Uint8Array, from: number, depth: number): number {
  if (depth > DEPTH_MAX) return UNSURE
  let at = skipBlanks(bytes, from)
  if (bytes[at] === CLOSING_BRACE) return at + 1
  for (;;) {
    if (bytes[at] !== QUOTE) return UNSURE
    at = withoutMark(skipString(bytes, at + 1))
    if (at < 0) return UNSURE
    at = skipColon(bytes, at)
    if (at < 0) return UNSURE
    at = skipValue(bytes, at, depth)
    if (at < 0) return UNSURE
    at = skipBlanks(bytes, at)
    if (bytes[at] === CLOSING_BRACE) return at + 1
    if (bytes[at] !== COMMA) return UNSURE
    at = skipBlanks(bytes, at + 1)
  }
}

function skipArray(bytes: Uint8Array, from: number, depth: number): number {
  if (depth > DEPTH_MAX) return UNSURE
  let at = skipBlanks(bytes, from)
  if (bytes[at] === CLOSING_BRACKET) return at + 1
  for (;;) {
    at = skipValue(bytes, at, depth)
    if (at < 0) return UNSURE
    at = skipBlanks(bytes, at)
    if (bytes[at] === CLOSING_BRACKET) return at + 1
    if (bytes[at] !== COMMA) return UNSURE
    at = skipBlanks(bytes, at + 1)
  }
}
