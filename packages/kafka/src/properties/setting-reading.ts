import { SluiceError, type RawSettings } from '@sluice/sdk'

/** Reads settings and remembers which. An empty text is as if it were not there, as in Kafka where it means nothing. */
export class Reading {
  readonly #raw: RawSettings
  readonly #taken = new Set<string>()

  constructor(raw: RawSettings) {
    this.#raw = raw
  }

  take(key: string): string | undefined {
    const text = this.#raw[key]
    this.#taken.add(key)
    return text === undefined || text.trim() === '' ? undefined : text.trim()
  }

  /** Whether it is given, if only as an empty text. */
  has(key: string): boolean {
    return this.#raw[key] !== undefined
  }

  rest(): RawSettings {
    return Object.fromEntries(Object.entries(this.#raw).filter(([key]) => !this.#taken.has(key)))
  }
}

export function wrong(setting: string, what: string, remedy?: string): SluiceError {
  return new SluiceError('SETTINGS_INVALID', `${setting} ${what}`, remedy === undefined ? {} : { remedy })
}
