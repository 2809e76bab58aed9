/**
 * Dice that fall the same whenever the same thing is made: they begin anew for each, from the seed and its place. The generator is sfc32
 * (Chris Doty-Humphrey); the words it begins with are mixed as MurmurHash3 finishes.
 */
export class RecordRandom {
  readonly #seedLow: number
  readonly #seedHigh: number
  #a = 0
  #b = 0
  #c = 0
  #counter = 1

  /** @param seed any text: each gives dice of its own */
  constructor(seed: string) {
    let [low, high] = [0x9747b28c, 0x5bd1e995]
    for (let i = 0; i < seed.length; i++) {
      low = mixed(low ^ seed.charCodeAt(i))
      high = mixed(high + low + i)
    }
    this.#seedLow = low
    this.#seedHigh = high
  }

  /** Begins with what is made at this place: three whole numbers of up to 53 bits. */
  at(first: number, second: number, third: number): this {
    let low = this.#seedLow
    let high = this.#seedHigh
    low = mixed(low ^ first)
    high = mixed(high + low + Math.floor(first / WORD))
    low = mixed(low ^ second)
    high = mixed(high + low + Math.floor(second / WORD))
    low = mixed(low ^ third)
    high = mixed(high + low + Math.floor(third / WORD))
    this.#a = low
    this.#b = high
    this.#c = mixed(low + high)
    this.#counter = 1
    for (let i = 0; i < WARM_UP; i++) this.word()
    return this
  }

  /** 32 bits. */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** From 0 to below 1, of 53 bits. */
  next(): number {
    return ((this.word() >>> 5) * 67_108_864 + (this.word() >>> 6)) / 2 ** 53
  }

  /** A whole number from 0 to below `below`, which is at most 2^53. */
  below(below: number): number {
    return below <= WORD ? Math.floor((this.word() / WORD) * below) : Math.floor(this.next() * below)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
}

const WORD = 2 ** 32
/** Turns after which the words at the beginning are no longer seen. */
const WARM_UP = 6

function mixed(word: number): number {
  let h = word | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
