/**
 * Order where order matters: what is done to one connector or task is done one after the other, and what is done to different ones
 * does not wait. An operation on several waits for the earlier ones of all of them.
 */
export class Lanes {
  /** The last operation of each lane; it does not reject. */
  readonly #tails = new Map<string, Promise<unknown>>()

  run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#tails.get(key)).filter((tail) => tail !== undefined)
    const mine = before.length === 0 ? work() : Promise.all(before).then(work)
    const tail = Promise.allSettled([mine])
    for (const key of keys) this.#tails.set(key, tail)
    void this.#leave(keys, tail)
    return mine
  }

  isBusy(key: string): boolean {
    return this.#tails.has(key)
  }

  /** Forgets lanes that nobody has entered since. */
  async #leave(keys: readonly string[], tail: Promise<unknown>): Promise<void> {
    await tail
    for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key)
  }
}
