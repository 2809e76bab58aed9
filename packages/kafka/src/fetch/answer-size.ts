const MIB = 1024 * 1024

/** A small answer is read into memory that is still warm, and leaves less garbage at a time. */
const SMALL_BYTES = MIB
/** A full answer that took longer than this is worth its way only if it is large. */
const FAR_MS = 8
const NEAR_MS = 2

/**
 * How much to ask a broker for at a time: little of one that is near, and more of one that is far away while the reader waits for it,
 * because a round trip brings one answer.
 */
export class AnswerSize {
  readonly #min: number
  readonly #max: number
  #bytes: number

  /** Never less than `minBytes`, for which the broker would wait in vain, nor more than `bytesMax`. */
  constructor(minBytes: number, bytesMax: number) {
    this.#max = bytesMax
    this.#min = Math.min(bytesMax, Math.max(SMALL_BYTES, minBytes))
    this.#bytes = this.#min
  }

  get bytes(): number {
    return this.#bytes
  }

  /** An answer to the last question; `isAwaited`: nothing else was there to be read. */
  answered(foundBytes: number, tookMs: number, isAwaited: boolean): void {
    if (foundBytes < this.#bytes / 2) return
    if (tookMs >= FAR_MS && isAwaited) this.#bytes = Math.min(this.#max, this.#bytes * 2)
    else if (tookMs <= NEAR_MS) this.#bytes = Math.max(this.#min, this.#bytes / 2)
  }
}
