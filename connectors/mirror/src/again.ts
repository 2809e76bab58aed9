import { describeError, type Clock, type ConnectorContext, type Logger } from '@sluice/sdk'

/** What a connector needs that watches something beside its tasks. */
export type WatchContext = Pick<ConnectorContext, 'logger' | 'clock' | 'requestTaskReconfiguration'>

/** Work that is done at intervals until it is stopped. One that fails is told of and done again the next time. */
export class Repeated {
  readonly #stop = new AbortController()
  readonly #running: Promise<unknown>[] = []
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** First after an interval. `intervalMs` null: never. */
  every(intervalMs: number | null, what: string, work: () => Promise<void>): void {
    if (intervalMs !== null) this.#running.push(this.#repeat(intervalMs, what, work))
  }

  /** Resolves when what is being done is over. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  async #repeat(intervalMs: number, what: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop
    for (;;) {
      await this.#clock.sleep(intervalMs, signal)
      if (signal.aborted) return
      try {
        await work()
      } catch (error) {
        if (!signal.aborted) this.#logger.warn(`${what} failed; trying again later`, { reason: describeError(error) })
      }
    }
  }
}
