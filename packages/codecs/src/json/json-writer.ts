/**
 * Writes JSON text as bytes, the way Jackson's UTF-8 generator does: characters beyond the BMP and lone surrogates as `\uXXXX`
 * in upper case, control characters likewise where no short escape exists, everything else as it is.
 */
import { ByteSlab } from '../byte-slab.ts'
import { javaDouble, javaFloat } from '@sluice/sdk/values'
import { writeUtf8 } from '../utf8-text.ts'

/** Below this many characters a loop is faster than a call into Node. */
const SHORT = 28
/** Long texts go piece by piece, so that the room to reserve for the worst case stays small. */
const PIECE = 4096
/** The worst case: `\uXXXX` for each. */
const BYTES_PER_CHAR = 6

export class JsonWriter {
  readonly #slab = new ByteSlab()
  #at = 0

  /** Begins a value; what an error left unfinished is forgotten. */
  begin(): void {
    this.#at = this.#slab.begin()
  }

  /** Ends the value. Its bytes are nobody else's and never change. */
  finish(): Uint8Array {
    return this.#slab.take(this.#at)
  }

  /** Prepared bytes, as they are. */
  raw(bytes: Uint8Array): void {
    const count = bytes.length
    let at = this.#slab.reserve(this.#at, count)
    const out = this.#slab.bytes
    if (count > 8) out.set(bytes, at)
    else for (let i = 0; i < count; i++) out[at + i] = bytes[i]!
    at += count
    this.#at = at
  }

  byte(byte: number): void {
    const at = this.#slab.reserve(this.#at, 1)
    this.#slab.bytes[at] = byte
    this.#at = at + 1
  }

  /** A JSON string. */
  string(text: string): void {
    const length = text.length
    if (length > PIECE) {
      this.byte(QUOTE)
      for (let i = 0; i < length; i += PIECE) this.#piece(text.substring(i, i + PIECE))
      this.byte(QUOTE)
      return
    }
    const from = this.#slab.reserve(this.#at, length * BYTES_PER_CHAR + 2)
    const out = this.#slab.bytes
    out[from] = QUOTE
    const to = writeText(out, from + 1, text)
    out[to] = QUOTE
    this.#at = to + 1
  }

  /** Text that needs no escapes: digits, names of literals. */
  ascii(text: string): void {
    const length = text.length
    const at = this.#slab.reserve(this.#at, length)
    const out = this.#slab.bytes
    if (length > SHORT) out.write(text, at, length, 'latin1')
    else for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i)
    this.#at = at + length
  }

  /** A safe integer. */
  integer(value: number): void {
    let at = this.#slab.reserve(this.#at, 17)
    const out = this.#slab.bytes
    let rest = value
    if (value < 0) {
      out[at++] = MINUS
      rest = -value
    }
    if (rest >= 1e9) {
      // What 32 bits do not hold goes in two parts that they do.
      const high = Math.floor(rest / 1e8)
      at = writeDigits(out, at, high, digitCount(high))
      at = writeDigits(out, at, rest - high * 1e8, 8)
    } else at = writeDigits(out, at, rest, digitCount(rest))
    this.#at = at
  }

  /** A double as Java prints it; what JSON has no number for becomes a string, as with Jackson. */
  double(value: number): void {
    const hundredths = Math.round(value * 100)
    if (hundredths / 100 === value && hundredths !== 0 && hundredths > -1e9 && hundredths < 1e9)
      this.#hundredths(hundredths)
    else if (Number.isFinite(value)) this.ascii(javaDouble(value))
    else this.string(String(value))
  }

  /** A float as Java prints it. */
  float(value: number): void {
    const float = Math.fround(value)
    if (Number.isFinite(float)) this.ascii(javaFloat(float))
    else this.string(String(float))
  }

  /** Bytes as a base64 string. */
  base64(bytes: Uint8Array): void {
    this.byte(QUOTE)
    this.ascii(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'))
    this.byte(QUOTE)
  }

  /** Decimals of so few digits are those that Java prints too: no shorter ones read back as the same double. */
  #hundredths(value: number): void {
    let at = this.#slab.reserve(this.#at, 12)
    const out = this.#slab.bytes
    if (value < 0) out[at++] = MINUS
    const rest = Math.abs(value) | 0
    const whole = (rest / 100) | 0
    at = writeDigits(out, at, whole, digitCount(whole))
    out[at++] = POINT
    at = writeDigits(out, at, rest - whole * 100, 2)
    this.#at = rest % 10 === 0 ? at - 1 : at
  }

  #piece(text: string): void {
    const from = this.#slab.reserve(this.#at, text.length * BYTES_PER_CHAR)
    this.#at = writeText(this.#slab.bytes, from, text)
  }
}

const QUOTE = 0x22
const MINUS = 0x2d
const POINT = 0x2e

/** Bytes that cannot stand in a JSON string as they come out of UTF-8: 1. */
const NEEDS_CARE = new Uint8Array(256)
NEEDS_CARE.fill(1, 0, 0x20)
NEEDS_CARE[QUOTE] = 1
NEEDS_CARE[0x5c] = 1
// 0xf0 and up begin a character beyond the BMP. 0xef may begin the replacement character that Node writes for a lone surrogate.
NEEDS_CARE.fill(1, 0xef)

/** Writes a text, escaped, without quotes. There is room for the worst case. @returns the place behind it */
function writeText(out: Buffer, from: number, text: string): number {
  const length = text.length
  // The rare case stands outside of the loops, which keeps them tight.
  let i = 0
  if (length <= SHORT) {
    for (; i < length; i++) {
      const char = text.charCodeAt(i)
      if (char > 0x7e || NEEDS_CARE[char] === 1) break
      out[from + i] = char
    }
    return i === length ? from + length : writeEscaped(out, from + i, text, i)
  }
  const count = writeUtf8(out, from, text)
  while (i < count && NEEDS_CARE[out[from + i]!] === 0) i++
  return i === count ? from + count : writeEscaped(out, from, text, 0)
}

/** As `writeText`, for the characters from `first` on, one by one. */
function writeEscaped(out: Buffer, from: number, text: string, first: number): number {
  let at = from
  for (let i = first; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char < 0x80) {
      if (NEEDS_CARE[char] === 0) {
        out[at++] = char
        continue
      }
      out[at++] = 0x5c
      const short = SHORT_ESCAPES[char]!
      if (short !== 0) out[at++] = short
      else at = writeHex(out, at, char)
    } else if (char < 0x800) {
      out[at++] = 0xc0 | (char >> 6)
      out[at++] = 0x80 | (char & 0x3f)
    } else if (char >= 0xd800 && char <= 0xdfff) {
      out[at++] = 0x5c
      at = writeHex(out, at, char)
    } else {
      out[at++] = 0xe0 | (char >> 12)
      out[at++] = 0x80 | ((char >> 6) & 0x3f)
      out[at++] = 0x80 | (char & 0x3f)
    }
  }
  return at
}

const SHORT_ESCAPES = new Uint8Array(128)
for (const [char, escape] of Object.entries({
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\f': 'f',
  '\r': 'r',
  '"': '"',
  '\\': '\\',
}))
  SHORT_ESCAPES[char.charCodeAt(0)] = escape.charCodeAt(0)

const HEX = Buffer.from('0123456789ABCDEF')

/** `uXXXX` */
function writeHex(out: Buffer, from: number, char: number): number {
  out[from] = 0x75
  for (let i = 0; i < 4; i++) out[from + 1 + i] = HEX[(char >> (12 - 4 * i)) & 0xf]!
  return from + 5
}

/** The last digits of a number below 2^31, so many of them. @returns the place behind them */
function writeDigits(out: Buffer, at: number, value: number, count: number): number {
  let rest = value | 0
  for (let i = at + count - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0
    out[i] = 0x30 + rest - tenth * 10
    rest = tenth
  }
  return at + count
}

function digitCount(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  if (value < 10_000) return 4
  if (value < 100_000) return 5
  if (value < 1_000_000) return 6
  if (value < 10_000_000) return 7
  return value < 100_000_000 ? 8 : 9
}
