/** A command of `sluice`. What only its `run` needs is imported there: the other commands do without. */
export interface Command {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** Name and arguments. */
  readonly usage: string
  readonly details?: string
  /**
   * Resolves to the exit status. The signal is aborted on Ctrl-C and SIGTERM; the command then stops what it started.
   * @throws SluiceError: printed with its remedy; exit status 1, or 130 for INTERRUPTED
   */
  run(args: readonly string[], signal: AbortSignal): Promise<number>
}
