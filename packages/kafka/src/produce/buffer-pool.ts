/**
 * Memory for batches, leased and given back: bounded, and reused because touching fresh pages costs more than encoding into
 * them. Sizes of the caller's choice; equal sizes are reused.
 */
export class BufferPool {
  readonly bytesMax: number
  readonly #free = new Map<number, Buffer[]>()
  #freeBytes = 0
  #leasedBytes = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** Bytes out on lease. */
  get leasedBytes(): number {
    return this.#leasedBytes
  }

  /** A buffer of exactly that size, or null while too much is out on lease. */
  lease(bytes: number): Buffer | null {
    if (this.#leasedBytes + bytes > this.bytesMax) return null
    return this.#take(bytes)
  }

  /** As `lease`, but beyond the bound: for work that must go on so that others can give back. */
  leaseAnyway(bytes: number): Buffer {
    return this.#take(bytes)
  }

  /** Ends a lease. Nobody may look at the buffer afterwards. */
  release(buffer: Buffer): void {
    this.#leasedBytes -= buffer.length
    if (this.#leasedBytes + this.#freeBytes + buffer.length > this.bytesMax) return
    const free = this.#free.get(buffer.length)
    if (free === undefined) this.#free.set(buffer.length, [buffer])
    else free.push(buffer)
    this.#freeBytes += buffer.length
  }

  #take(bytes: number): Buffer {
    this.#leasedBytes += bytes
    const free = this.#free.get(bytes)?.pop()
    if (free !== undefined) {
      this.#freeBytes -= bytes
      return free
    }
    if (this.#leasedBytes + this.#freeBytes > this.bytesMax) this.#forgetFree()
    return Buffer.allocUnsafeSlow(bytes)
  }

  #forgetFree(): void {
    this.#free.clear()
    this.#freeBytes = 0
  }
}
