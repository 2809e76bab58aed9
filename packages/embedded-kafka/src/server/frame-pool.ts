const SIZES = [1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 20] as const
const KEPT_BYTES_MAX = 8 << 20

/**
 * Memory for requests of some size, used again once nobody holds a view of it: of produce requests, whose records the log has copied
 * when they are answered. One pool for all connections, so an idle connection keeps nothing.
 */
export class FramePool {
  readonly #spare: Buffer[][] = SIZES.map(() => [])
  readonly #own = new WeakSet<ArrayBufferLike>()
  #keptBytes = 0

  take(length: number): Buffer {
    const at = SIZES.findIndex((size) => size >= length)
    if (at === -1) return Buffer.allocUnsafeSlow(length)
    const size = SIZES[at]!
    const spare = this.#spare[at]!.pop()
    if (spare === undefined) {
      const fresh = Buffer.allocUnsafeSlow(size)
      this.#own.add(fresh.buffer)
      return fresh.subarray(0, length)
    }
    this.#keptBytes -= size
    return spare.subarray(0, length)
  }

  /** Gives memory back; what was not taken here, or would be too much to keep, is left to the garbage collector. */
  give(frame: Buffer): void {
    if (!this.#own.has(frame.buffer)) return
    const size = frame.buffer.byteLength
    if (this.#keptBytes + size > KEPT_BYTES_MAX) return
    this.#keptBytes += size
    this.#spare[SIZES.findIndex((one) => one === size)]!.push(Buffer.from(frame.buffer))
  }
}
