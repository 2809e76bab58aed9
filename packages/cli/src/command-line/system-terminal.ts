import { systemClock } from '@sluice/sdk'
import type { Terminal } from './declaration.ts'

let isWatched = false

/** This process' own. A reader that goes away, as `head` does, ends it: nobody wants the rest. */
export function systemTerminal(): Terminal {
  if (!isWatched) {
    isWatched = true
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isInteractive: process.stderr.isTTY,
    clock: systemClock,
    env: process.env,
    stdin: () => process.stdin,
  }
}
