/** What ends every wait of a loop when there is something else to do. It rings until it was heard, so that no ring is lost. */
export class WakeUp {
  #bell = new AbortController()

  /** Aborted while it rings: for whatever waits now. */
  get signal(): AbortSignal {
    return this.#bell.signal
  }

  ring(): void {
    this.#bell.abort()
  }

  /** Before looking at what it rang for. */
  heard(): void {
    if (this.#bell.signal.aborted) this.#bell = new AbortController()
  }
}
