/**
 * Order where order matters: what is done to one connector or task is done one after the other, and what is done to different ones
 * does not wait. An operation on several waits for the earlier ones of all of them.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** How many lanes have something in them. */
  get busy(): number {
    return this.#tails.size
  }

  run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#tails.get(key)).filter((tail) => tail !== undefined)
    const mine = before.length === 0 ? work() : Promise.allSettled(before).then(work)
    const tail = mine.then(
      () => undefined,
      () => undefined,
    )
    for (const key of keys) this.#tails.set(key, tail)
    void tail.then(() => {
      for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key)
    })
    return mine
  }

  /** Resolves when all that was begun so far is over. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values())
  }
}
