import type { Clock } from '@sluice/sdk'

/** What a watchdog looks at: a loop that lives beats, whether its connector has anything to do or not. */
export interface Heartbeat {
  /** Turns of the loop so far. */
  readonly beats: number
  /** `clock.monotonic()` of the last one; of the start before the first. */
  readonly lastMs: number
}

/** What a loop tells about itself, when it is so and not when it was asked for. */
export interface TaskEvents {
  /** The connector's own part has been started (or goes on); or all that was under way is durable and stored, and nothing moves. */
  stateChanged(state: 'RUNNING' | 'PAUSED'): void
  /** For the first time since the task was started something was written to this topic, or read from it. */
  topicUsed(topic: string): void
}

/** Records with this key of this topic are held back, and all others go on. */
export interface PausedKey {
  readonly topic: string
  /** Its bytes in base64. */
  readonly key: string
}

/**
 * What a host wants of a task that runs. The loop looks at it between two batches. Cancelling is for a task that did not stop in time:
 * whatever it does later, nobody hears of it and nothing of it is stored (invariant 3).
 */
export class TaskControl {
  readonly #clock: Clock
  readonly #cancelled = new AbortController()
  #resumed: PromiseWithResolvers<void> | null = null
  #pausing = new AbortController()
  #beats = 0
  #lastMs: number
  #pausedKeys: readonly PausedKey[]
  /** Called after each change of what is wanted: for a loop that waits for other things besides. */
  onChange: (() => void) | null = null

  constructor(clock: Clock, isPaused = false, pausedKeys: readonly PausedKey[] = []) {
    this.#clock = clock
    this.#pausedKeys = pausedKeys
    this.#lastMs = clock.monotonic()
    if (isPaused) this.pause()
  }

  get isPaused(): boolean {
    return this.#resumed !== null
  }

  /** For tasks that know of keys: those of processors. */
  get pausedKeys(): readonly PausedKey[] {
    return this.#pausedKeys
  }

  set pausedKeys(keys: readonly PausedKey[]) {
    this.#pausedKeys = keys
    this.onChange?.()
  }

  get isCancelled(): boolean {
    return this.#cancelled.signal.aborted
  }

  /** Aborted for good when the task is left behind. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal
  }

  /** Aborted while the task is to pause: what waits without need, as an idle loop does, ends its wait by it. */
  get pausing(): AbortSignal {
    return this.#pausing.signal
  }

  get heartbeat(): Heartbeat {
    return { beats: this.#beats, lastMs: this.#lastMs }
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers<void>()
    this.#pausing.abort()
    this.onChange?.()
  }

  resume(): void {
    if (this.#resumed === null) return
    const { resolve } = this.#resumed
    this.#resumed = null
    this.#pausing = new AbortController()
    resolve()
    this.onChange?.()
  }

  cancel(): void {
    this.#cancelled.abort()
    this.onChange?.()
  }

  beat(): void {
    this.#beats += 1
    this.#lastMs = this.#clock.monotonic()
  }

  /** Resolves when the task is not to pause any more, or the signal is aborted. A paused loop goes on beating. */
  async resumed(signal: AbortSignal): Promise<void> {
    while (this.#resumed !== null && !signal.aborted) {
      const over = new AbortController()
      const end = (): void => over.abort()
      signal.addEventListener('abort', end, { once: true })
      await Promise.race([this.#resumed.promise, this.#clock.sleep(PAUSED_BEAT_MS, over.signal)])
      signal.removeEventListener('abort', end)
      over.abort()
      this.beat()
    }
  }
}

const PAUSED_BEAT_MS = 1000
