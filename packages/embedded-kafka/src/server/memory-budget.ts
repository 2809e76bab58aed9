/** Somebody who holds memory on behalf of a peer: half a request, or answers that are not fetched. */
export interface MemoryHolder {
  /** When the peer last moved, in milliseconds of a monotonic clock. */
  readonly lastActive: number
  /** Gives the memory back and the peer up. */
  evict(reason: string): void
}

/** A peer that holds memory and has not moved for this long is given up when others need it. */
const STALE_MS = 5_000
const LOOK_EVERY_MS = 500

/**
 * Bounds what all connections together hold in memory. Over the bound nobody reads on, and whoever has been still the longest is
 * given up: peers that stopped half-way cannot make those wait who work.
 */
export class MemoryBudget {
  readonly #bytesMax: number
  readonly #held = new Map<MemoryHolder, number>()
  readonly #waiting = new Set<() => void>()
  #total = 0
  #timer: NodeJS.Timeout | undefined

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get total(): number {
    return this.#total
  }

  get isFull(): boolean {
    return this.#total > this.#bytesMax
  }

  /** States what `holder` holds now. */
  hold(holder: MemoryHolder, bytes: number): void {
    const before = this.#held.get(holder) ?? 0
    if (bytes === before) return
    if (bytes === 0) this.#held.delete(holder)
    else this.#held.set(holder, bytes)
    this.#total += bytes - before
    if (this.isFull) this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
    else if (this.#timer !== undefined) this.#release()
  }

  /** Calls `run` once there is room; at once when there is. */
  whenRoom(run: () => void): void {
    if (this.isFull) this.#waiting.add(run)
    else run()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#waiting.clear()
  }

  #look(): void {
    const [first] = [...this.#held.keys()].toSorted((a, b) => a.lastActive - b.lastActive)
    if (first !== undefined && performance.now() - first.lastActive > STALE_MS) {
      first.evict(`it held ${this.#held.get(first)} bytes and did not move while memory was short`)
    }
  }

  #release(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const run of waiting) run()
  }
}
