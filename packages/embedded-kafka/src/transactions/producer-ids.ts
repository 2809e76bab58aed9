import type { StateFile } from '../settings/state-file.ts'

/** As many ids as Kafka's controller gives to a broker at once. */
const BLOCK_SIZE = 1000

/**
 * Producer ids, none of them ever given twice. A block is claimed on disk before the first id of it is used, so a process that is
 * killed loses at most the rest of a block.
 */
export class ProducerIds {
  readonly #file: StateFile
  #next: number
  #end: number

  constructor(file: StateFile) {
    this.#file = file
    this.#next = this.#end = firstUnclaimed(file.load())
  }

  next(): number {
    if (this.#next === this.#end) {
      const end = this.#end + BLOCK_SIZE
      this.#file.save({ nextBlock: end })
      this.#end = end
    }
    return this.#next++
  }
}

function firstUnclaimed(document: unknown): number {
  if (document === undefined) return 0
  if (typeof document === 'object' && document !== null && 'nextBlock' in document) {
    const { nextBlock } = document
    if (typeof nextBlock === 'number' && Number.isSafeInteger(nextBlock) && nextBlock >= 0) return nextBlock
  }
  throw new Error(`The file of producer ids says ${JSON.stringify(document)}, which names no block`)
}
