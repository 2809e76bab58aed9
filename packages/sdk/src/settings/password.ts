import { inspect } from 'node:util'

/**
 * A secret setting (Kafka's `Password`). However it is printed (in a message, a log line, JSON, the debugger's inspector)
 * it reads `[hidden]`; only `value()` tells the secret.
 */
export class Password {
  static readonly HIDDEN = '[hidden]'
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The secret itself. Ask for it where it is used, not before. */
  value(): string {
    return this.#value
  }

  equals(other: unknown): boolean {
    return other instanceof Password && other.#value === this.#value
  }

  toString(): string {
    return Password.HIDDEN
  }

  toJSON(): string {
    return Password.HIDDEN
  }

  static {
    Object.defineProperty(this.prototype, inspect.custom, { value: () => Password.HIDDEN })
  }
}
