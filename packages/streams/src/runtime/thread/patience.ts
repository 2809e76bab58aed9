import type { Clock } from '@sluice/sdk'
import type { StreamsSettings } from '../../streams-settings.ts'

/** How long attempts may fail, one after the other, before there is no other: `task.timeout.ms` from the first failure on. */
export class Patience {
  readonly #settings: StreamsSettings
  readonly #clock: Clock
  #failingSince: number | null = null
  /** Since then. */
  #failures = 0
  #startedAt = 0
  #wellAt = 0
  #hasProgressed = false

  constructor(settings: StreamsSettings, clock: Clock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** An attempt begins. */
  begin(): void {
    this.#startedAt = this.#wellAt = this.#clock.monotonic()
    this.#hasProgressed = false
  }

  /**
   * Nothing waits to become final just now. That an attempt lasts says nothing: what it cannot put out fails it only when the producer has
   * tried for long enough, which may be longer than the time that there is.
   */
  isWell(): void {
    this.#wellAt = this.#clock.monotonic()
  }

  /** The attempt has come further than the one before, or the next one will. */
  progressed(): void {
    this.#hasProgressed = true
  }

  /** After an attempt that has failed: how long to pause before the next one; null: the time is up. */
  pauseMs(): number | null {
    const { 'task.timeout.ms': timeoutMs, 'retry.backoff.ms': first, 'retry.backoff.max.ms': longest } = this.#settings
    const now = this.#clock.monotonic()
    // What has come further, or was well for so long, begins to fail now.
    if (this.#failingSince === null || this.#hasProgressed || this.#wellAt - this.#startedAt > timeoutMs)
      [this.#failingSince, this.#failures] = [now, 0]
    return now - this.#failingSince > timeoutMs ? null : Math.min(longest, first * 2 ** this.#failures++)
  }
}
