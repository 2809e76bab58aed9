import type { KeyIdentity } from '../key-identity.ts'

/** A key as rows are found by: written here once, then looked for in as many places as needed. */
export class PackedKey<K> {
  readonly #keys: KeyIdentity<K>
  bytes: Buffer = Buffer.allocUnsafe(64)
  length = 0
  hash = 0
  /** A text stands for itself, in UTF-8, whatever its converter writes; other keys are what their converter writes. */
  isText = false
  /** The text that was set last: one record asks for its key more than once. */
  #last: string | null = null

  constructor(keys: KeyIdentity<K>) {
    this.#keys = keys
  }

  set(key: K): this {
    if (typeof key === 'string') this.#setText(key)
    else this.#setBytes(this.#keys.bytes(key))
    return this
  }

  /** That of a row, as `read` gets it. */
  load(bytes: Buffer, start: number, end: number, isText: boolean, hash: number): this {
    this.#last = null
    this.isText = isText
    this.length = end - start
    this.hash = hash
    this.#reserve(this.length)
    copyBytes(bytes, start, end, this.bytes)
    return this
  }

  /** The bytes that the key of a row is written with, with room for so many more behind them. */
  write(bytes: Buffer, start: number, end: number, isText: boolean, more: number): Buffer {
    if (isText && !this.#keys.isUtf8) return this.#keys.bytesWithRoom(this.read(bytes, start, end, isText), more)
    const written = Buffer.allocUnsafe(end - start + more)
    copyBytes(bytes, start, end, written)
    return written
  }

  /** The key of a row. */
  read(bytes: Buffer, start: number, end: number, isText: boolean): K {
    if (isText) return bytes.toString('utf8', start, end) as K
    // A copy: what a converter hands out may lie on what it was given.
    return this.#keys.read(Uint8Array.prototype.slice.call(bytes, start, end))
  }

  #setText(text: string): void {
    if (text === this.#last) return
    this.#last = text
    this.isText = true
    const length = text.length
    this.#reserve(length * 3)
    const { bytes } = this
    let hash = SEED
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        this.length = bytes.write(text, 0, 'utf8')
        this.#hash()
        return
      }
      bytes[i] = code
      hash = Math.imul(hash ^ code, FACTOR)
    }
    this.length = length
    this.hash = mixed(hash)
  }

  #setBytes(bytes: Uint8Array): void {
    this.#last = null
    this.isText = false
    this.#reserve(bytes.length)
    this.bytes.set(bytes)
    this.length = bytes.length
    this.#hash()
  }

  #hash(): void {
    const { bytes, length } = this
    let hash = SEED
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[i]!, FACTOR)
    this.hash = mixed(hash)
  }

  #reserve(length: number): void {
    if (length > this.bytes.length) this.bytes = Buffer.allocUnsafe(length * 2)
  }
}

/** Keys are short: what `Buffer.copy` makes to say which bytes costs more than copying them. */
function copyBytes(from: Buffer, start: number, end: number, to: Buffer): void {
  if (end - start > SHORT_BYTES) from.copy(to, 0, start, end)
  else for (let i = start; i < end; i++) to[i - start] = from[i]!
}

const SHORT_BYTES = 48

/** FNV-1a, and what spreads its low bits, by which slots are chosen. */
const SEED = 0x811c9dc5 | 0
const FACTOR = 0x01000193

function mixed(hash: number): number {
  const high = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return high ^ (high >>> 13)
}
