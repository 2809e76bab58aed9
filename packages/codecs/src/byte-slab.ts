/**
 * Where encoded values are put: slabs that are filled from front to back and handed out in slices. A slab is never written
 * twice in the same place and never used again, so a slice keeps its bytes for as long as anybody holds it; what nobody holds
 * is collected. One allocation serves hundreds of records.
 */
const SLAB_BYTES = 64 * 1024

export class ByteSlab {
  /** The slab; writers write into it directly, between `reserve` and `take`. */
  bytes: Buffer = Buffer.alloc(0)
  /** Where the value at hand begins. */
  #start = 0

  /** Begins a value, or begins it again after an error. @returns the place to write at */
  begin(): number {
    return this.#start
  }

  /**
   * Makes room for `count` bytes behind `position`. The value so far may move to another slab.
   * @returns the place to write at
   */
  reserve(position: number, count: number): number {
    return position + count <= this.bytes.length ? position : this.#move(position, count)
  }

  /** Ends the value and hands it out. */
  take(end: number): Buffer {
    const value = this.bytes.subarray(this.#start, end)
    // A slab made for one big value is not shared with small ones, which would keep all of it alive.
    if (this.bytes.length > SLAB_BYTES) {
      this.bytes = Buffer.alloc(0)
      this.#start = 0
    } else this.#start = end
    return value
  }

  #move(position: number, count: number): number {
    const written = position - this.#start
    const needed = written + count
    const slab = Buffer.allocUnsafeSlow(needed > SLAB_BYTES / 4 ? Math.max(SLAB_BYTES, needed * 2) : SLAB_BYTES)
    this.bytes.copy(slab, 0, this.#start, position)
    this.bytes = slab
    this.#start = 0
    return written
  }
}
