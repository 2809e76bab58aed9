/**
 * One bound for all lake tasks of a process: what each holds is known to all, and whoever holds most gives up first. Without it many
 * tables, each within its own bound, would take the memory together.
 */
export class MemoryBudget {
  readonly #held = new Map<object, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  /** Says what a task holds now, in bytes. */
  hold(holder: object, bytes: number): void {
    this.#total += bytes - (this.#held.get(holder) ?? 0)
    this.#held.set(holder, bytes)
  }

  release(holder: object): void {
    this.#total -= this.#held.get(holder) ?? 0
    this.#held.delete(holder)
  }

  /** Whether this task should store what it holds: all together are above the bound, and none holds more. */
  isOver(holder: object, boundBytes: number): boolean {
    const own = this.#held.get(holder) ?? 0
    if (this.#total <= boundBytes || own === 0) return false
    for (const bytes of this.#held.values()) if (bytes > own) return false
    return true
  }
}

/** Of this process. */
export const processBudget: MemoryBudget = new MemoryBudget()
