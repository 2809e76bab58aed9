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
/** What a peer may hold however short memory is: most requests are smaller. */
const LITTLE_BYTES = 65_536

/**
 * Bounds what all connections together hold in memory. Over the bound nobody reads on who holds more than a little, and those who
 * have been still the longest are given up: peers that stopped half-way cannot make those wait who work.
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

  /** Whether `holder` may take more now. */
  hasRoomFor(holder: MemoryHolder): boolean {
    return !this.isFull || (this.#held.get(holder) ?? 0) <= LITTLE_BYTES
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
    const now = performance.now()
    const still = [...this.#held.keys()].filter(({ lastActive }) => now - lastActive > STALE_MS)
    for (const one of still.toSorted((a, b) => a.lastActive - b.lastActive)) {
      if (!this.isFull) return
      one.evict(`it held ${this.#held.get(one)} bytes and did not move while memory was short`)
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
