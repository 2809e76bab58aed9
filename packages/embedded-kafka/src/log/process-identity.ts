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

/** Whether a process still runs: one that has ended and that nobody has asked for its status yet does not. */
export function isAlive({ pid, startedAt, boot }: ProcessIdentity): boolean {
  if (boot !== BOOT || !exists(pid) || hasEnded(pid)) return false
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

/** A zombie, or one that is about to be none. */
function hasEnded(pid: number): boolean {
  const state = statOf(pid)?.[0]
  return state === 'Z' || state === 'X'
}

/** Undefined if the system does not tell. */
function startOf(pid: number): string | undefined {
  // In clock ticks since the boot.
  const start = statOf(pid)?.[19]
  if (start !== undefined || process.platform !== 'darwin') return start
  const told = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 2000 })
  return told.status === 0 ? told.stdout.trim() : undefined
}

/** What Linux says of a process, behind its name, which may hold anything. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
