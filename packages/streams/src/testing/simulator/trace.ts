import { createHash } from 'node:crypto'

/** What happened in a simulation, line by line: two runs of one seed have the same lines. */
export class Trace {
  readonly #lines: string[] = []

  /** @param at milliseconds since the beginning */
  add(at: number, who: string, what: string): void {
    this.#lines.push(`${at.toFixed(3)} ${who} ${what}`)
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  /** SHA-256 of the lines, in hexadecimal digits. */
  get hash(): string {
    return createHash('sha256').update(this.#lines.join('\n')).digest('hex')
  }
}
