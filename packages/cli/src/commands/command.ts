import type { CommandNode } from '../command-line/declaration.ts'

/** A command of `sluice`. What only its `run` needs is imported there: the other commands do without. */
export interface Command {
  readonly name: string
  /** One line. */
  readonly summary: string
  /** Its declaration: help, the reference page and completion are written by it. */
  readonly node: CommandNode
  /** Runs until it is interrupted. When it has stopped, the process ends, with what a connector may have left behind in it. */
  readonly isServer: boolean
  /** Of an error that `run` throws. */
  exitStatus(error: unknown): number
  /**
   * Resolves to the exit status. The signal is aborted on Ctrl-C and SIGTERM; the command then stops what it started.
   * @throws SluiceError: printed with its remedy; exit status by `exitStatus`, 130 for INTERRUPTED
   */
  run(args: readonly string[], signal: AbortSignal): Promise<number>
}
