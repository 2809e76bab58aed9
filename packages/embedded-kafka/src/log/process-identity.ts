import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { BOOT } from './boot.ts'
import { systemCode } from './storage-error.ts'

/** Names a process so that a later one with the same number is not taken for it. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it was started, in the system's own words; empty where the system does not tell. */
  readonly startedAt: string
  readonly boot: string
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? '', boot: BOOT }
}

export function isAlive({ pid, startedAt, boot }: ProcessIdentity): boolean {
  if (boot !== BOOT || !exists(pid)) return false
  const start = startOf(pid)
  return start === undefined || startedAt === '' || start === startedAt
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It exists, and belongs to somebody else.
    return systemCode(error) === 'EPERM'
  }
}

/** Undefined if the system does not tell. */
function startOf(pid: number): string | undefined {
  try {
    // Behind the name, which may hold anything: the 20th field is the start, in clock ticks since the boot.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    if (process.platform !== 'darwin') return undefined
    const told = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 2000 })
    return told.status === 0 ? told.stdout.trim() : undefined
  }
}
