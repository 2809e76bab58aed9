/**
 * Memory of large answers, used again. An answer of a megabyte outlives a few collections of new objects: then only a full collection
 * frees it, and until one comes there are dozens of megabytes of them.
 */

/** Smaller answers are rather garbage. */
const LEAST_BYTES = 64 * 1024
/** What waits to be used again, of all connections in this thread. */
const SPARE_BYTES_MAX = 8 * 1024 * 1024
/** Steps of sizes: answers to one question are seldom of one length. */
const STEP_BYTES = 256 * 1024
/** An answer does not take memory that is so many times too large. */
const TOO_LARGE = 4

const spare: Buffer[] = []
let spareBytes = 0
/** Handed out, and not given back: anything else is not taken back. */
const lent = new WeakSet<ArrayBufferLike>()

/** Memory for an answer, with anything in it. It is the taker's for as long as a view of it is held, unless it is given back. */
export function takeFrameMemory(length: number): Buffer {
  if (length < LEAST_BYTES) return Buffer.allocUnsafeSlow(length)
  const fits = spare.findIndex((one) => one.length >= length && one.length <= length * TOO_LARGE)
  const memory =
    fits === -1 ? Buffer.allocUnsafeSlow(Math.ceil(length / STEP_BYTES) * STEP_BYTES) : spare.splice(fits, 1)[0]!
  if (fits !== -1) spareBytes -= memory.length
  lent.add(memory.buffer)
  return memory.subarray(0, length)
}

/** Nobody will look at it through any view of it: it becomes another answer. */
function giveBack(memory: ArrayBufferLike): void {
  if (!lent.delete(memory) || spareBytes + memory.byteLength > SPARE_BYTES_MAX) return
  spare.push(Buffer.from(memory))
  spareBytes += memory.byteLength
}

/** An answer whose memory is given back when the last who holds a part of it has let go. Who forgets to costs no more than garbage. */
export class LentFrame {
  readonly #memory: ArrayBufferLike
  #holders = 0

  private constructor(memory: ArrayBufferLike) {
    this.#memory = memory
  }

  /** Null: this part of an answer is not in memory that can be given back. */
  static of(part: Uint8Array): LentFrame | null {
    return lent.has(part.buffer) ? new LentFrame(part.buffer) : null
  }

  hold(): void {
    this.#holders++
  }

  letGo(): void {
    if (--this.#holders === 0) giveBack(this.#memory)
  }
}
