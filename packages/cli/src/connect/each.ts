/** The same for many connectors: one that fails does not keep the others from it. */
import { describeError, SluiceError } from '@sluice/sdk'
import type { Terminal } from '../command-line/declaration.ts'
import { EXIT, exitStatusOf } from '../command-line/exit-status.ts'

/** Without the next ones none of these can go on: nobody is there, or lets us in. */
const ENDS_ALL: ReadonlySet<string> = new Set(['WORKER_UNREACHABLE', 'WORKER_AUTHENTICATION', 'INTERRUPTED'])

/** The exit status of the first that did not come out well; `act` gives one, or throws. */
export async function forEach<T>(
  items: readonly T[],
  name: (item: T) => string,
  terminal: Terminal,
  act: (item: T) => Promise<number>,
): Promise<number> {
  let status: number = EXIT.ok
  for (const item of items) {
    try {
      const outcome = await act(item)
      status ||= outcome
    } catch (error) {
      if (error instanceof SluiceError && ENDS_ALL.has(error.code)) throw error
      if (items.length === 1) throw error
      terminal.err(`sluice: ${name(item)}: ${describeError(error)}\n`)
      status ||= exitStatusOf(error)
    }
  }
  return status
}
