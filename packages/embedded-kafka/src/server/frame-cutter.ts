import type { FramePool } from './frame-pool.ts'

/** Why a connection's bytes cannot be cut into requests: it is closed. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

/** Up to this size a request gets its memory at once; a larger one as its bytes arrive, for a length costs nothing to announce. */
const AT_ONCE_BYTES_MAX = 1 << 20
/** The header of a request: key, version, correlation id, length of the client id. */
const FRAME_BYTES_MIN = 10

/**
 * Cuts what a connection receives into requests: a length of four bytes, then as many bytes. A request that arrived in one piece is a
 * view of what arrived; another is put together in memory of its own. Nothing is copied twice.
 */
export class FrameCutter {
  #bytesMin = FRAME_BYTES_MIN
  #bytesMax: number
  readonly #pool: FramePool
  /** Received, not cut yet. */
  #rest: Buffer | undefined
  #at = 0
  /** The bytes of a length that arrived in pieces. */
  #length = 0
  #lengthBytes = 0
  /** The request being put together: `#length` bytes, of which `#filled` are there. */
  #partial: Buffer | undefined
  #filled = 0

  constructor(bytesMax: number, pool: FramePool) {
    this.#bytesMax = bytesMax
    this.#pool = pool
  }

  /** From now on other lengths count: of strangers, or of tokens that have no header. */
  bound(bytesMax: number, hasHeader: boolean): void {
    this.#bytesMin = hasHeader ? FRAME_BYTES_MIN : 0
    this.#bytesMax = bytesMax
  }

  /** Memory that a request which is not whole yet takes. */
  get heldBytes(): number {
    return this.#partial?.length ?? 0
  }

  /** Whether a request has begun and has not ended. */
  get isMidFrame(): boolean {
    return this.#partial !== undefined || this.#lengthBytes > 0
  }

  /** Takes bytes over; they must not change any more. */
  push(bytes: Buffer): void {
    this.#rest = this.#rest === undefined ? bytes : Buffer.concat([this.#rest.subarray(this.#at), bytes])
    this.#at = 0
  }

  /** The next whole request; undefined when its end has not arrived. @throws FrameError for a length that no request has */
  next(): Buffer | undefined {
    const rest = this.#rest
    if (rest === undefined) return undefined
    if (this.#partial !== undefined) return this.#fill(rest, this.#partial)
    while (this.#lengthBytes < 4) {
      if (this.#at === rest.length) return this.#exhausted()
      this.#length = (this.#length << 8) | rest[this.#at++]!
      this.#lengthBytes++
    }
    const length = this.#length
    if (length < this.#bytesMin || length > this.#bytesMax) {
      throw new FrameError(`a request announces ${length} bytes; ${this.#bytesMin} to ${this.#bytesMax} are taken`)
    }
    if (rest.length - this.#at < length) {
      return this.#fill(rest, this.#pool.take(Math.min(length, AT_ONCE_BYTES_MAX)))
    }
    const frame = rest.subarray(this.#at, this.#at + length)
    this.#at += length
    this.#reset()
    return frame
  }

  #fill(rest: Buffer, into: Buffer): Buffer | undefined {
    const part = Math.min(this.#length - this.#filled, rest.length - this.#at)
    let partial = into
    if (this.#filled + part > partial.length) {
      const capacity = Math.max(this.#filled + part, partial.length * 2)
      partial = Buffer.allocUnsafeSlow(Math.min(this.#length, capacity))
      into.copy(partial, 0, 0, this.#filled)
    }
    rest.copy(partial, this.#filled, this.#at, this.#at + part)
    this.#filled += part
    this.#at += part
    this.#partial = partial
    if (this.#filled < this.#length) return this.#exhausted()
    this.#reset()
    return partial
  }

  #reset(): void {
    this.#length = 0
    this.#lengthBytes = 0
    this.#partial = undefined
    this.#filled = 0
    if (this.#rest !== undefined && this.#at === this.#rest.length) this.#exhausted()
  }

  #exhausted(): undefined {
    this.#rest = undefined
    this.#at = 0
    return undefined
  }
}
