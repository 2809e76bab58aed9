import { RecordRandom } from './record-random.ts'

export interface TableLifeOptions {
  readonly seed: string
  /** Rows at once, at most. */
  readonly size: number
  /** Between a row's insert and its delete, on average. */
  readonly updates: number
  readonly hasDeletes: boolean
}

/** What happens to which row: Debezium's `c`, `u` or `d`. */
export interface Visit {
  readonly op: 'c' | 'u' | 'd'
  /** Which row it is, of all that there ever are: from 0. */
  readonly row: number
  /** 0 as it is inserted; then how often it was changed, its delete included. */
  readonly version: number
}

const SLOTS = 1
const ROUNDS = 2

/**
 * Who is inserted, updated and deleted when. The table has places for so many rows; each round visits each place once, in an order of its
 * own. A place has lives one after the other, all of the same length, which is its own: so what a visit finds follows from the number of
 * the round, and needs none of the visits before.
 */
export class TableLife {
  readonly #size: number
  /** Visits of a life at each place. */
  readonly #lengths: readonly number[]
  readonly #random: RecordRandom
  #round = -1
  #factor = 1
  #shift = 0

  constructor({ seed, size, updates, hasDeletes }: TableLifeOptions) {
    this.#size = size
    this.#random = new RecordRandom(`life ${seed}`)
    this.#lengths = Array.from({ length: size }, (_, slot) =>
      hasDeletes ? 2 + this.#random.at(SLOTS, slot, 0).below(2 * updates + 1) : Infinity,
    )
  }

  visit(number: number): Visit {
    const size = this.#size
    const round = Math.floor(number / size)
    const slot = this.#slot(round, number % size)
    const length = this.#lengths[slot]!
    const life = length === Infinity ? 0 : Math.floor(round / length)
    const version = length === Infinity ? round : round % length
    const op = version === 0 ? 'c' : version === length - 1 ? 'd' : 'u'
    return { op, row: life * size + slot, version }
  }

  /** Places in the order of the round: a step that shares no divisor with their number comes to each of them once. */
  #slot(round: number, index: number): number {
    if (round !== this.#round) {
      const random = this.#random.at(ROUNDS, round, 0)
      this.#round = round
      this.#shift = random.below(this.#size)
      this.#factor = 1 + random.below(this.#size)
      while (divisorOf(this.#factor, this.#size) !== 1) this.#factor++
    }
    return (this.#factor * index + this.#shift) % this.#size
  }
}

function divisorOf(a: number, b: number): number {
  return b === 0 ? a : divisorOf(b, a % b)
}
