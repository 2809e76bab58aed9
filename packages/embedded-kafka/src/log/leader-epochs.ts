/** When each leader epoch of a partition began (KIP-101): from which offset on its leader wrote. */
export class LeaderEpochs {
  readonly #entries: [epoch: number, startOffset: number][] = []

  /** The newest epoch; -1 before the first. */
  get latest(): number {
    return this.#entries.at(-1)?.[0] ?? -1
  }

  /** An epoch begins at an offset, unless it, or a later one, has begun before. */
  begin(epoch: number, startOffset: number): void {
    if (epoch <= this.latest || epoch < 0) return
    // One that wrote nothing is of no use to anybody who compares.
    while ((this.#entries.at(-1)?.[1] ?? -1) >= startOffset) this.#entries.pop()
    this.#entries.push([epoch, startOffset])
  }

  /** The largest epoch at or below this one, and where it ends; -1 and -1 if unknown. */
  endOffset(epoch: number, logEnd: number): { readonly epoch: number; readonly endOffset: number } {
    const entries = this.#entries
    if (epoch < 0 || epoch > this.latest) return { epoch: -1, endOffset: -1 }
    if (epoch === this.latest) return { epoch, endOffset: logEnd }
    let at = entries.length - 1
    while (at >= 0 && entries[at]![0] > epoch) at--
    // Before the first epoch that is known: the log has held nothing of it for long.
    if (at < 0) return { epoch, endOffset: entries[0]![1] }
    return { epoch: entries[at]![0], endOffset: entries[at + 1]![1] }
  }

  /** The log begins at an offset now: older epochs end there at the latest. */
  truncateBefore(offset: number): void {
    const entries = this.#entries
    while (entries.length > 1 && entries[1]![1] <= offset) entries.shift()
    if (entries.length > 0 && entries[0]![1] < offset) entries[0]![1] = offset
  }

  store(): readonly (readonly [number, number])[] {
    return this.#entries.map(([epoch, start]) => [epoch, start] as const)
  }

  load(entries: readonly (readonly [number, number])[]): void {
    this.#entries.splice(0, Infinity, ...entries.map(([epoch, start]): [number, number] => [epoch, start]))
  }
}
