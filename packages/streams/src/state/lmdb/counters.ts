import type { Database } from 'lmdb'
import type { Counter } from '../tables.ts'

interface Kept extends Counter {
  /** As it is on disk. */
  written: number
}

/** Numbers by name, written with the commit that changed them. */
export class Counters {
  readonly #database: Database<Buffer, Buffer>
  readonly #counters = new Map<string, Kept>()

  constructor(database: Database<Buffer, Buffer>) {
    this.#database = database
  }

  counter(name: string, initial: number): Counter {
    let counter = this.#counters.get(name)
    if (counter === undefined) {
      const value = this.#database.getBinary(Buffer.from(name))?.readDoubleBE() ?? initial
      counter = { value, written: value }
      this.#counters.set(name, counter)
    }
    return counter
  }

  /** Within a transaction, of those that begin with that and that nobody has asked for yet. */
  forget(prefix: string): void {
    const [start, end] = [Buffer.from(prefix), Buffer.from(`${prefix}\u{10ffff}`)]
    const names = Array.from(this.#database.getKeys({ start, end }))
    for (const name of names) this.#database.removeSync(name)
  }

  /** As they are now, for `revert`. */
  mark(): ReadonlyMap<string, number> {
    return new Map([...this.#counters].map(([name, { value }]) => [name, value]))
  }

  /** The transaction came to nothing. */
  revert(marks: ReadonlyMap<string, number>): void {
    for (const [name, counter] of this.#counters) counter.value = marks.get(name) ?? counter.written
  }

  /** Within a transaction. */
  write(): void {
    for (const [name, { value, written }] of this.#counters) {
      if (value === written) continue
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeDoubleBE(value)
      this.#database.putSync(Buffer.from(name), bytes)
    }
  }

  settle(): void {
    for (const counter of this.#counters.values()) counter.written = counter.value
  }
}
