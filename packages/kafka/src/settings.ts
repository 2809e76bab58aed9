import { SluiceError } from '@sluice/sdk'

/** Kafka's times and sizes are of 32 bits; nor does a timer of Node wait for longer than so many milliseconds. */
const WHOLE_MAX = 0x7fffffff

/** Gathers what is wrong with settings, so that one error says it all. */
export class SettingsCheck {
  readonly #whose: string
  readonly #problems: string[] = []

  /** `whose`: as in `a producer`. */
  constructor(whose: string) {
    this.#whose = whose
  }

  /** `what` says what is, and what should be. */
  check(isRight: boolean, what: string): void {
    if (!isRight) this.#problems.push(what)
  }

  /** Each is a whole number from `least` on, or left out. */
  whole(settings: Readonly<Record<string, number | undefined>>, least: number): void {
    for (const [name, value] of Object.entries(settings)) {
      const isRight = value === undefined || (Number.isInteger(value) && value >= least && value <= WHOLE_MAX)
      this.check(isRight, `${name} is ${value}: a whole number from ${least} to ${WHOLE_MAX}`)
    }
  }

  oneOf(name: string, value: string, known: readonly string[]): void {
    this.check(known.includes(value), `${name} is ${value}: one of ${known.join(', ')}`)
  }

  /** @throws SluiceError SETTINGS_INVALID with all that was found */
  done(): void {
    if (this.#problems.length === 0) return
    const message = `The settings of ${this.#whose} are wrong: ${this.#problems.join('; ')}`
    throw new SluiceError('SETTINGS_INVALID', message, {
      remedy: 'Set what is named to a value of the kind that is named.',
    })
  }
}
