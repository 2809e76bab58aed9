import type { Terminal } from '../command-line/declaration.ts'
import { plain } from './output.ts'

/** One line on standard error that is written over; nothing where nobody looks. */
export class ProgressLine {
  /** Whether somebody looks. */
  readonly isShown: boolean
  readonly #terminal: Terminal
  #hasText = false

  constructor(terminal: Terminal, isQuiet: boolean) {
    this.#terminal = terminal
    this.isShown = terminal.isInteractive && !isQuiet
  }

  show(text: string): void {
    if (!this.isShown) return
    this.#hasText = true
    this.#terminal.err(`\r${plain(text).slice(0, 118)}\u001B[K`)
  }

  clear(): void {
    if (this.#hasText) this.#terminal.err('\r\u001B[K')
    this.#hasText = false
  }
}
