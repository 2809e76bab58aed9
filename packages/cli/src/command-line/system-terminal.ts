import { systemClock } from '@sluice/sdk'
import type { Terminal } from './declaration.ts'

let isWatched = false
let endsUnread = false

/**
 * This process' own. A reader that goes away, as `head` does, takes nothing with it but what would have been written.
 * @param isForReaders then it ends the process: nobody wants the rest
 */
export function systemTerminal(isForReaders = false): Terminal {
  endsUnread = isForReaders
  if (!isWatched) {
    isWatched = true
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (endsUnread) process.exit(0)
    })
    // Logs go there, too: a worker must outlive who reads them.
    process.stderr.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
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
