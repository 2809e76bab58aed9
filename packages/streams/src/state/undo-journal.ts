/** What can put back what an update replaced. */
export interface Undoable<K, B> {
  undo(key: K, before: B): void
}

const CALLED: Undoable<() => void, null> = { undo: (call) => call() }

/**
 * What a record has changed in the stores of its task, so that it can be taken back when the record fails: the latest first. What an
 * update replaced is put back, and told to the changelog as one more update. The time of a store stays where the record has moved it.
 *
 * Each record writes it and hardly any reads it: places are used again, and what the last records left in them is overwritten.
 */
export class UndoJournal {
  readonly #changed: Undoable<unknown, unknown>[] = []
  readonly #keys: unknown[] = []
  readonly #before: unknown[] = []
  #count = 0

  add(undo: () => void): void {
    this.note(CALLED, undo, null)
  }

  /** As `add` of a function that calls `changed.undo`, without making one. */
  note<K, B>(changed: Undoable<K, B>, key: K, before: B): void {
    const at = this.#count++
    this.#changed[at] = changed
    this.#keys[at] = key
    this.#before[at] = before
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** The record is through: what it has changed stays. */
  clear(): void {
    this.#count = 0
    if (this.#keys.length > PLACES_MOST) this.#cut()
  }

  takeBack(): void {
    const count = this.#count
    this.#count = 0
    for (let i = count - 1; i >= 0; i--) this.#changed[i]!.undo(this.#keys[i], this.#before[i])
  }

  #cut(): void {
    this.#changed.length = 0
    this.#keys.length = 0
    this.#before.length = 0
  }
}

/** A record that changed very much does not keep it for ever. */
const PLACES_MOST = 64
