/** Which rows have which time: what walking by time needs. Times mostly come in order. */
export class TimeIndex {
  readonly #rows = new Map<number, Set<number>>()
  /** Ascending. */
  readonly #times: number[] = []

  add(time: number, row: number): void {
    const rows = this.#rows.get(time)
    if (rows !== undefined) {
      rows.add(row)
      return
    }
    this.#rows.set(time, new Set([row]))
    const last = this.#times.at(-1)
    if (last === undefined || last < time) this.#times.push(time)
    else this.#times.splice(this.#firstAt(time), 0, time)
  }

  remove(time: number, row: number): void {
    const rows = this.#rows.get(time)!
    rows.delete(row)
    if (rows.size > 0) return
    this.#rows.delete(time)
    this.#times.splice(this.#firstAt(time), 1)
  }

  /** The times between the two, both included, ascending. */
  times(from: number, to: number): number[] {
    const begin = this.#firstAt(from)
    let end = begin
    while (end < this.#times.length && this.#times[end]! <= to) end++
    return this.#times.slice(begin, end)
  }

  at(time: number): Iterable<number> {
    return this.#rows.get(time) ?? []
  }

  #firstAt(time: number): number {
    let low = 0
    let high = this.#times.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#times[middle]! < time) low = middle + 1
      else high = middle
    }
    return low
  }
}
