import { ApiError } from '../api/handler.ts'
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

  /** Throws COORDINATOR_LOAD_IN_PROGRESS, at which clients try again, when no block can be claimed; so does Kafka. */
  next(): number {
    if (this.#next === this.#end) {
      const end = this.#end + BLOCK_SIZE
      this.#claim(end)
      this.#end = end
    }
    return this.#next++
  }

  #claim(nextBlock: number): void {
    try {
      this.#file.save({ nextBlock })
    } catch (error) {
      throw new ApiError('COORDINATOR_LOAD_IN_PROGRESS', `No producer ids can be claimed: ${String(error)}`)
    }
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
