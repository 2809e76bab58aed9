/**
 * Split block bloom filters (parquet-format's BloomFilter.md): whether a chunk may hold a value, in a few bits per distinct
 * value. Hashes are kept until the chunk ends, since the size of a filter depends on how many there are.
 */
import type { ThriftWriter } from './thrift.ts'
import { hash, hashBytes } from './xxhash64.ts'

/** A reader looks for a value in vain this often at most. */
const FALSE_POSITIVES = 0.01
const BLOCK_BYTES = 32
/** A filter does not grow beyond this, and becomes less sharp instead. */
const FILTER_BYTES_MAX = 1024 * 1024
const SALT = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const

export class BloomFilter {
  /** Pairs of words: low, high. */
  #hashes: Int32Array = new Int32Array(1024)
  #count = 0

  /** `fixedLength`: 0 where each value stands behind its length, which is not hashed. */
  addAll(values: Uint8Array, fixedLength: number): void {
    for (let at = 0; at < values.length;) {
      let length = fixedLength
      if (length === 0) {
        length = values[at]! | (values[at + 1]! << 8) | (values[at + 2]! << 16) | (values[at + 3]! << 24)
        at += 4
      }
      this.#add(values, at, length)
      at += length
    }
  }

  /** The filter with its header; starts again from nothing. Undefined when there were no values. */
  finish(thrift: ThriftWriter): Uint8Array | undefined {
    const count = this.#count
    this.#count = 0
    if (count === 0) return undefined
    const words = new Int32Array(sizeFor(count) / 4)
    const blocks = words.length / 8
    for (let i = 0; i < count; i++) {
      const low = this.#hashes[2 * i]!
      const block = Math.floor(((this.#hashes[2 * i + 1]! >>> 0) * blocks) / 2 ** 32)
      for (const [k, salt] of SALT.entries()) words[8 * block + k]! |= 1 << (Math.imul(low, salt) >>> 27)
    }
    thrift.i32(1, 4 * words.length)
    for (const id of [2, 3, 4]) {
      thrift.struct(id)
      thrift.emptyStruct(1) // split blocks; XXH64; not compressed
      thrift.end()
    }
    return Buffer.concat([thrift.finish(), new Uint8Array(words.buffer)])
  }

  #add(bytes: Uint8Array, start: number, length: number): void {
    hashBytes(bytes, start, length)
    const at = 2 * this.#count++
    if (at === this.#hashes.length) {
      const larger = new Int32Array(2 * at)
      larger.set(this.#hashes)
      this.#hashes = larger
    }
    this.#hashes[at] = hash.low
    this.#hashes[at + 1] = hash.high
  }
}

/** A power of two. */
function sizeFor(values: number): number {
  const bits = (-8 * values) / Math.log(1 - FALSE_POSITIVES ** (1 / 8))
  let bytes = BLOCK_BYTES
  while (bytes * 8 < bits && bytes < FILTER_BYTES_MAX) bytes *= 2
  return bytes
}
