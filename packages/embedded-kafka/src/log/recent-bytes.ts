/** A piece of memory that appended bytes are laid out in, one after the other. */
export interface Slab {
  readonly bytes: Buffer
  used: number
  /** Whether somebody may hold a view of it. */
  isSeen: boolean
  /** Those who have bytes in it; told when it is forgotten. Null if it lives as long as they do. */
  readonly holders: Set<SlabHolder> | null
}

export interface SlabHolder {
  forget(slab: Slab): void
}

const SLAB_BYTES = 1024 * 1024

/**
 * The newest bytes of all logs together, so that readers near the end never touch a file. When there are too many, the oldest
 * slab is forgotten; its memory is free when the last view of it is gone.
 */
export class RecentBytes {
  readonly #bytesMax: number
  readonly #slabs: Slab[] = []
  /** Memory of a slab that nobody has seen: the next one takes it. Fresh memory costs pages, and collections of garbage. */
  #spare: Buffer | undefined
  #bytes = 0

  /** `bytesMax` bounds what is remembered. Infinity is for logs that live in memory: then a slab lives as long as its holders. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A slab with room for `length` bytes behind `used`. */
  reserve(length: number): Slab {
    const newest = this.#slabs.at(-1)
    if (newest !== undefined && newest.bytes.length - newest.used >= length) return newest
    const isBounded = this.#bytesMax < Infinity
    const slab: Slab = { bytes: this.#memory(length), used: 0, isSeen: false, holders: isBounded ? new Set() : null }
    if (!isBounded) this.#slabs.length = 0
    this.#slabs.push(slab)
    this.#bytes += slab.bytes.length
    while (this.#bytes > this.#bytesMax && this.#slabs.length > 1) this.#forgetOldest()
    return slab
  }

  #memory(length: number): Buffer {
    const spare = this.#spare
    if (spare === undefined || spare.length < length) return Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length))
    this.#spare = undefined
    return spare
  }

  clear(): void {
    while (this.#slabs.length > 0) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const oldest = this.#slabs.shift()!
    this.#bytes -= oldest.bytes.length
    for (const holder of oldest.holders ?? []) holder.forget(oldest)
    oldest.holders?.clear()
    if (!oldest.isSeen && oldest.bytes.length === SLAB_BYTES) this.#spare = oldest.bytes
  }
}
