/** Random choices that a seed repeats: what a model test did once it can do again. */
export class Seeded {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1). mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.next() * below)
  }

  isOneIn(chances: number): boolean {
    return this.below(chances) === 0
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }
}

/** Seeds of a model test: a few of its own, or those in SLUICE_MODEL_SEEDS, as in `7` or `100-199`. */
export function seeds(own: readonly number[]): readonly number[] {
  const wanted = process.env['SLUICE_MODEL_SEEDS']
  if (wanted === undefined) return own
  const [first, last = first] = wanted.split('-').map(Number)
  return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
