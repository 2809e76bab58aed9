/**
 * What a record has changed in the stores of its task, so that it can be taken back when the record fails: the latest first. What an
 * update replaced is put back, and told to the changelog as one more update. The time of a store stays where the record has moved it.
 */
export class UndoJournal {
  #undo: (() => void)[] = []

  add(undo: () => void): void {
    this.#undo.push(undo)
  }

  get isEmpty(): boolean {
    return this.#undo.length === 0
  }

  /** The record is through: what it has changed stays. */
  clear(): void {
    if (this.#undo.length > 0) this.#undo = []
  }

  takeBack(): void {
    const undo = this.#undo
    this.#undo = []
    for (let i = undo.length - 1; i >= 0; i--) undo[i]!()
  }
}
