import { refusals } from './refusal.ts'

/** More would wait for longer than anybody waits for an answer. */
const WAITING_MAX = 1000

/** Lets one thing happen after the other. */
export class WriteQueue {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #isClosed = false

  /** @throws RegistryRefusal 503 when too many wait, or nothing is written any more */
  async run<T>(write: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_MAX || this.#isClosed) throw refusals.busy()
    this.#waiting += 1
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    try {
      await before
      return await write()
    } finally {
      this.#waiting -= 1
      resolve()
    }
  }

  /** Resolves when what was accepted has happened. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
  }
}
