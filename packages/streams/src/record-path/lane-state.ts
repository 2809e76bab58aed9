/** So many of one key may wait: they are called for one after the other, and a commit waits for all of them. */
const WAITING_PER_KEY = 16

/** Where the calls of one node stand. */
export class LaneState<C extends { readonly order: string | null }> {
  running = 0
  /** In their order. */
  readonly waiting: C[] = []
  /** The keys that are called for. */
  readonly busy = new Set<string>()
  readonly #waitingOf = new Map<string, number>()
  /** Keys for which more wait than should. */
  #crowded = 0

  get isCrowded(): boolean {
    return this.#crowded > 0
  }

  wait(call: C): void {
    this.waiting.push(call)
    if (call.order === null) return
    const count = (this.#waitingOf.get(call.order) ?? 0) + 1
    this.#waitingOf.set(call.order, count)
    if (count === WAITING_PER_KEY + 1) this.#crowded += 1
  }

  /** That one waits no longer. */
  leave(at: number): C {
    const call = this.waiting.splice(at, 1)[0]!
    if (call.order === null) return call
    const count = this.#waitingOf.get(call.order)! - 1
    if (count === 0) this.#waitingOf.delete(call.order)
    else this.#waitingOf.set(call.order, count)
    if (count === WAITING_PER_KEY) this.#crowded -= 1
    return call
  }
}
