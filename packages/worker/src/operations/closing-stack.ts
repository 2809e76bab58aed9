/** What is open, closed in the other order, whatever of it fails: whether something stops, or does not get to run. */
export class ClosingStack {
  readonly #open: (() => Promise<void>)[] = []
  #closed: Promise<void> | undefined

  /** Closed before what was deferred earlier. */
  defer(close: () => Promise<void>): void {
    this.#open.push(close)
  }

  /** Rejects with the first failure, when all has been closed. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    const outcomes: PromiseSettledResult<void>[] = []
    for (const close of this.#open.toReversed()) outcomes.push(...(await Promise.allSettled([close()])))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }
}
