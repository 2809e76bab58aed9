/**
 * One process per directory: a file that names its owner. An owner that is gone (killed, or before a restart of the machine) is told
 * from a living one by its process id and the time it started, so that a lock never has to be removed by hand.
 */

import fs from 'node:fs'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'

const FILE = 'lock'
/** A lock that vanishes while it is looked at is tried again, but not for ever. */
const ATTEMPTS = 5

interface Owner {
  readonly pid: number
  /** When the process began, where the system tells; otherwise empty. */
  readonly started: string
  readonly boot: string
}

/** @throws SluiceError STATE_LOCKED, retriable, while another owner lives */
export function takeLock(directory: string): () => void {
  const file = path.join(directory, FILE)
  const own = JSON.stringify({ pid: process.pid, started: startOf(process.pid), boot: bootId() } satisfies Owner)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      fs.writeFileSync(file, own, { flag: 'wx' })
      return () => fs.rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = read(file)
    if (owner !== null && isAlive(owner)) throw locked(directory, owner)
    fs.rmSync(file, { force: true })
  }
  throw locked(directory, read(file))
}

function locked(directory: string, owner: Owner | null): SluiceError {
  const who = owner === null ? 'another process' : `process ${owner.pid}`
  return new SluiceError('STATE_LOCKED', `The state in ${directory} is in use by ${who}`, {
    place: { directory },
    retriable: true,
    remedy: 'Stop that process, or give this one another state directory.',
  })
}

/** Null: it is gone, or was never written whole. */
function read(file: string): Owner | null {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as Owner
  } catch {
    return null
  }
}

function isAlive({ pid, started, boot }: Owner): boolean {
  if (boot !== bootId()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return started === startOf(pid)
}

/** Which start of the machine this is; empty where the system does not tell. */
export function bootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets, and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
