const BLOCK_BYTES = 2 * 1024 * 1024
const SPARE_BLOCKS_MAX = 8

interface Block {
  readonly bytes: Buffer
  used: number
  /** Views that have not come back. */
  lent: number
}

/**
 * Memory that files are read into for answers, and used again once the answers have left: fresh memory costs its pages, and with every
 * 64 MB of it a collection of all garbage. A view that never comes back costs nothing but this: its block is left to the collector.
 */
export class LentMemory {
  readonly #blocks = new WeakMap<ArrayBufferLike, Block>()
  readonly #spare: Block[] = []
  #block: Block | undefined

  /** Memory of the borrower's until it gives it back. */
  lend(length: number): Buffer {
    if (length > BLOCK_BYTES) return Buffer.allocUnsafeSlow(length)
    let block = this.#block
    if (block === undefined || block.used + length > BLOCK_BYTES) block = this.#block = this.#next()
    const view = block.bytes.subarray(block.used, block.used + length)
    block.used += length
    block.lent++
    return view
  }

  /** Nobody looks at a view any more. What was not lent here is ignored. */
  giveBack(view: Uint8Array): void {
    const block = this.#blocks.get(view.buffer)
    if (block === undefined || --block.lent > 0) return
    block.used = 0
    if (block !== this.#block && this.#spare.length < SPARE_BLOCKS_MAX) this.#spare.push(block)
  }

  #next(): Block {
    const spare = this.#spare.pop()
    if (spare !== undefined) return spare
    const block: Block = { bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES), used: 0, lent: 0 }
    this.#blocks.set(block.bytes.buffer, block)
    return block
  }
}
