import type { Clock } from '@sluice/sdk'
import type { Due, VitalSigns } from './vital-signs.ts'

/** The member that a heart beats for. `act` does not throw, and changes what is due. */
export interface Organism {
  /** Whether there is a place to keep. */
  readonly isInGroup: boolean
  /** Whether there is something to lose, also while a new place is being sought. */
  readonly isOwner: boolean
  act(due: Exclude<Due, 'nothing'>): void
}

/** The timer of a member: looks at its vital signs whenever one of them is due or has changed. */
export class Heart {
  readonly #clock: Clock
  readonly #signs: VitalSigns
  readonly #organism: Organism
  #isStopped = false

  constructor(clock: Clock, signs: VitalSigns, organism: Organism) {
    this.#clock = clock
    this.#signs = signs
    this.#organism = organism
  }

  async run(): Promise<void> {
    this.#signs.yielded(this.#clock.monotonic())
    while (!this.#isStopped) {
      const now = this.#clock.monotonic()
      const due = this.#due(now)
      this.#signs.yielded(now)
      if (due === 'nothing') await this.#signs.changed.rung(this.#clock, this.#restMs(now))
      else this.#organism.act(due)
    }
  }

  #due(now: number): Due {
    if (this.#organism.isInGroup) return this.#signs.due(now)
    return this.#organism.isOwner && this.#signs.wasStarved(now) ? 'session over' : 'nothing'
  }

  /** Never for longer than an interval while there is something to lose, so that it is known when JavaScript last yielded. */
  #restMs(now: number): number {
    const { isInGroup, isOwner } = this.#organism
    const longestMs = isInGroup || isOwner ? this.#signs.heartbeatIntervalMs : Infinity
    return isInGroup ? Math.min(longestMs, this.#signs.nextAt() - now) : longestMs
  }

  stop(): void {
    this.#isStopped = true
    this.#signs.changed.ring()
  }
}
