import type { Clock } from '@sluice/sdk'
import type { Due, VitalSigns } from './vital-signs.ts'

/** The member that a heart beats for. `act` does not throw, and changes what is due. */
export interface Organism {
  /** Whether there is a place to keep. */
  readonly isInGroup: boolean
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
    while (!this.#isStopped) {
      const now = this.#clock.monotonic()
      const { isInGroup } = this.#organism
      const due = isInGroup ? this.#signs.due(now) : 'nothing'
      if (due === 'nothing')
        await this.#signs.changed.rung(this.#clock, isInGroup ? this.#signs.nextAt() - now : Infinity)
      else this.#organism.act(due)
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#signs.changed.ring()
  }
}
