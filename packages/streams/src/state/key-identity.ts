/**
 * Keys as stores know them. Two keys are one when their bytes are; writing them each time is what a store must not do, so that texts
 * and numbers stand for themselves, and only other keys for their bytes. A converter that writes different texts as the same bytes
 * (such as one for US-ASCII, of other texts) is none for the keys of a store.
 */

import { keyBytes, type SideCodec } from './formats/side-codec.ts'

export type KeyId = string | number | bigint | boolean

/** Before the bytes of a key that is no text: no text that is a key begins like this in practice, and stores have keys of one kind. */
const BYTES_MARK = '\0'

export class KeyIdentity<K> {
  readonly #codec: SideCodec<K>
  /** Texts are written in UTF-8. Most keys are such texts, and most of those of ASCII, which is written here faster. */
  readonly isUtf8: boolean

  constructor(codec: SideCodec<K>, isUtf8 = false) {
    this.#codec = codec
    this.isUtf8 = isUtf8
  }

  id(key: K): KeyId {
    if (typeof key === 'string') return key.isWellFormed() ? key : key.toWellFormed()
    if (typeof key === 'number' || typeof key === 'boolean') return key
    if (typeof key === 'bigint')
      return key >= Number.MIN_SAFE_INTEGER && key <= Number.MAX_SAFE_INTEGER ? Number(key) : key
    return BYTES_MARK + this.order(key)
  }

  bytes(key: K): Uint8Array {
    return keyBytes(this.#codec, key)
  }

  /** The key's bytes, with room for so many more behind them. */
  bytesWithRoom(key: K, more: number): Buffer {
    if (this.isUtf8 && typeof key === 'string') {
      const bytes = Buffer.allocUnsafe(key.length + more)
      if (writesAscii(key, bytes)) return bytes
    }
    const written = keyBytes(this.#codec, key)
    const bytes = Buffer.allocUnsafe(written.length + more)
    bytes.set(written)
    return bytes
  }

  /** The key's bytes as a text that compares as they do. */
  order(key: K): string {
    if (this.isUtf8 && typeof key === 'string' && isAscii(key)) return key
    return orderOf(keyBytes(this.#codec, key))
  }

  read(bytes: Uint8Array): K {
    return this.#codec.decode(bytes)
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** False: there is a character that is none of ASCII. */
function writesAscii(text: string, bytes: Buffer): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return false
    bytes[i] = code
  }
  return true
}

/** One character per byte: engines compare texts faster than bytes, and keep them smaller. */
export function orderOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

export function bytesOfOrder(order: string): Buffer {
  return Buffer.from(order, 'latin1')
}

/** The least text that is more than this one: what makes an included end of a range one that is not. */
export function justBehind(order: string): string {
  return order + '\0'
}

/** The least text that is more than all that begin with this one; null: there is none. */
export function behindPrefix(prefix: string): string | null {
  let end = prefix.length
  while (end > 0 && prefix.charCodeAt(end - 1) === 0xff) end--
  return end === 0 ? null : prefix.slice(0, end - 1) + String.fromCharCode(prefix.charCodeAt(end - 1) + 1)
}
