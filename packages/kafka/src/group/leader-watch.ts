import { type Clock, type Logger, describeError } from '@sluice/sdk'

export interface LeaderWatchParts {
  readonly clock: Clock
  readonly logger: Logger
  /** Ends all watching. */
  readonly signal: AbortSignal
  readonly intervalMs: number
  count(topics: readonly string[]): Promise<ReadonlyMap<string, number>>
  onChange(reason: string): void
}

/** The leader of a classic group looks whether topics have appeared, grown or gone since it assigned them. */
export class LeaderWatch {
  readonly #parts: LeaderWatchParts
  #watching = new AbortController()

  constructor(parts: LeaderWatchParts) {
    this.#parts = parts
  }

  /** From now on these topics; `known`: what the assignment was made from. */
  start(topics: readonly string[], known: ReadonlyMap<string, number> | undefined): void {
    this.stop()
    this.#watching = new AbortController()
    void this.#watch(topics, known, AbortSignal.any([this.#parts.signal, this.#watching.signal]))
  }

  stop(): void {
    this.#watching.abort(null)
  }

  async #watch(
    topics: readonly string[],
    known: ReadonlyMap<string, number> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, logger, intervalMs } = this.#parts
    for (let before = known; !signal.aborted;) {
      if (before !== undefined) await clock.sleep(intervalMs, signal)
      if (signal.aborted) return
      try {
        const now = await this.#parts.count(topics)
        if (before !== undefined && !signal.aborted && !areSame(before, now)) {
          return this.#parts.onChange(`cached metadata has changed from ${text(before)} to ${text(now)}`)
        }
        before = now
      } catch (error) {
        logger.debug('The topics of a group could not be looked at', { error: describeError(error) })
        await clock.sleep(intervalMs, signal)
      }
    }
  }
}

function areSame(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([topic, count]) => b.get(topic) === count)
}

function text(counts: ReadonlyMap<string, number>): string {
  return `{${Array.from(counts, ([topic, count]) => `${topic}=${count}`).join(', ')}}`
}
