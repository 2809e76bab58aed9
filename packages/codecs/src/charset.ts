/** Text to bytes and back in the charsets that StringConverter can be set to, with Java's names for them. */
import { ByteSlab } from './byte-slab.ts'
import { bufferOf, writeUtf8 } from './utf8-text.ts'

export interface Charset {
  /** The bytes are the caller's. What the charset lacks becomes `?`, as in Java. */
  encode(text: string): Uint8Array
  /** What is wrong in the bytes becomes U+FFFD, as in Java. */
  decode(bytes: Uint8Array): string
}

/** The charset of a Java name, in any case; undefined for one we do not have. A charset serves one converter. */
export function charsetOf(name: string): Charset | undefined {
  return CHARSETS.get(name.toUpperCase())?.()
}

function utf8(): Charset {
  const slab = new ByteSlab()
  return {
    encode(text) {
      const whole = text.isWellFormed() ? text : text.replace(LONE_SURROGATE, '?')
      const from = slab.reserve(slab.begin(), whole.length * 3)
      return slab.take(from + writeUtf8(slab.bytes, from, whole))
    },
    decode: (bytes) => bufferOf(bytes).toString('utf8'),
  }
}

function singleByte(highest: number): Charset {
  return {
    encode: (text) => Buffer.from(beyond(text, highest), 'latin1'),
    decode: (bytes) => {
      const text = bufferOf(bytes).toString('latin1')
      return highest === 0x7f ? text.replace(/[\x80-\xff]/g, '\uFFFD') : text
    },
  }
}

function beyond(text: string, highest: number): string {
  return highest === 0x7f ? text.replace(/[^\0-\x7f]/gu, '?') : text.replace(/[^\0-\xff]/gu, '?')
}

function utf16(order: 'LE' | 'BE' | 'marked'): Charset {
  const little = new TextDecoder('utf-16le', { ignoreBOM: true })
  const big = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16()
  return {
    encode(text) {
      const whole = text.isWellFormed() ? text : text.replace(LONE_SURROGATE, '\uFFFD')
      const bytes = Buffer.from(order === 'marked' ? `\uFEFF${whole}` : whole, 'utf16le')
      return order === 'LE' ? bytes : bytes.swap16()
    },
    decode(bytes) {
      if (order === 'LE') return little.decode(bytes)
      if (order === 'BE') return little.decode(big(bytes))
      if (bytes[0] === 0xff && bytes[1] === 0xfe) return little.decode(bytes.subarray(2))
      const text = little.decode(big(bytes))
      return text.startsWith('\uFEFF') ? text.slice(1) : text
    },
  }
}

const LONE_SURROGATE = /\p{Surrogate}/gu

const CHARSETS: ReadonlyMap<string, () => Charset> = new Map([
  ['UTF-8', utf8],
  ['UTF8', utf8],
  ['ISO-8859-1', () => singleByte(0xff)],
  ['ISO8859_1', () => singleByte(0xff)],
  ['LATIN1', () => singleByte(0xff)],
  ['US-ASCII', () => singleByte(0x7f)],
  ['ASCII', () => singleByte(0x7f)],
  ['UTF-16', () => utf16('marked')],
  ['UTF-16BE', () => utf16('BE')],
  ['UTF-16LE', () => utf16('LE')],
])
