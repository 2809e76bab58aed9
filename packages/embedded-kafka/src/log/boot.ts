import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

/**
 * Names this run of the operating system. What a process wrote without a flush is whole as long as the system has not gone down
 * in between, however the process ended. Where the system has no name for it, the time it was started, to ten seconds.
 */
export const BOOT: string = bootId() ?? `since ${Math.round(Date.now() / 10_000 - uptime() / 10)}`

function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}
