/** When a cell that has ended is started again, and when no more. Pure: it is told the time. */

export interface RestartLimits {
  /** The n-th restart waits n² times this. */
  readonly restartDelayMs: number
  readonly restartDelayMaxMs: number
  /** A cell that lived so long begins to count anew. */
  readonly restartResetMs: number
  /** A death this soon after the start is a young one. */
  readonly youngMs: number
  /** So many young deaths in a row: it will not get better by itself. */
  readonly youngDeathsMax: number
}

export const RESTART_LIMITS: RestartLimits = {
  restartDelayMs: 1_000,
  restartDelayMaxMs: 60_000,
  restartResetMs: 300_000,
  youngMs: 60_000,
  youngDeathsMax: 3,
}

export type RestartDecision = { readonly type: 'restart'; readonly delayMs: number } | { readonly type: 'poison' }

export class RestartPolicy {
  readonly #limits: RestartLimits
  #deaths = 0
  #youngDeaths = 0

  constructor(limits: RestartLimits = RESTART_LIMITS) {
    this.#limits = limits
  }

  /** `livedMs`: since something was started in it last. */
  died(livedMs: number): RestartDecision {
    const { restartDelayMs, restartDelayMaxMs, restartResetMs, youngMs, youngDeathsMax } = this.#limits
    this.#deaths = livedMs >= restartResetMs ? 1 : this.#deaths + 1
    this.#youngDeaths = livedMs < youngMs ? this.#youngDeaths + 1 : 0
    if (this.#youngDeaths >= youngDeathsMax) return { type: 'poison' }
    return { type: 'restart', delayMs: Math.min(this.#deaths ** 2 * restartDelayMs, restartDelayMaxMs) }
  }

  /** Somebody has looked at it and tries once more: one further young death is one too many. */
  forgive(): void {
    this.#deaths = 0
    this.#youngDeaths = Math.min(this.#youngDeaths, this.#limits.youngDeathsMax - 1)
  }

  /** What it died of is not there any more. */
  reset(): void {
    this.#deaths = 0
    this.#youngDeaths = 0
  }
}
