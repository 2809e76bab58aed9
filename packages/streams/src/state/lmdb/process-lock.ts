/**
 * One owner per directory: a file whose name tells who it is. An owner that is gone (killed, or before a restart of the machine) is told
 * from a living one by its process id and the time it started, so that a lock never has to be removed by hand.
 */

import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'

const PREFIX = 'lock'
/** What earlier releases put there: one file for all of them, with its owner as JSON. */
const EARLIER = 'lock'

interface Owner {
  readonly pid: number
  /** When the process began, where the system tells; otherwise empty. */
  readonly started: string
  readonly boot: string
}

/**
 * Everyone puts a file of his own beside those of the others, and looks for others that live then: of two, the later one sees the
 * earlier one, whoever else takes away what the dead left. At worst, two that come in the same moment both give way, and try again.
 * Who would be refused anyway finds out before he puts his file: that would make others give way to somebody who does not get it either.
 * @throws SluiceError STATE_LOCKED, retriable, while another owner lives
 */
export function takeLock(directory: string): () => void {
  refuseOthers(directory, filesIn(directory))
  const own = nameOf({ pid: process.pid, started: startOf(process.pid), boot: bootId() })
  fs.writeFileSync(path.join(directory, own), '', { flag: 'wx' })
  const unlock = (): void => fs.rmSync(path.join(directory, own), { force: true })
  try {
    const others = filesIn(directory).filter((file) => file !== own)
    refuseOthers(directory, others)
    for (const file of others) fs.rmSync(path.join(directory, file), { force: true })
  } catch (error) {
    unlock()
    throw error
  }
  return unlock
}

function refuseOthers(directory: string, files: readonly string[]): void {
  const living = files.map((file) => ownerOf(directory, file)).find((owner) => owner !== null && isAlive(owner))
  if (living == null) return
  throw new SluiceError('STATE_LOCKED', `The state in ${directory} is in use by process ${living.pid}`, {
    place: { directory },
    retriable: true,
    remedy: 'Stop that process, or give this one another state directory.',
  })
}

function filesIn(directory: string): readonly string[] {
  return fs.readdirSync(directory).filter((file) => file === EARLIER || file.startsWith(`${PREFIX}.`))
}

/** All is in the name: it is there whole or not at all. Never used twice, so that nobody takes away what became somebody else's. */
function nameOf({ pid, started, boot }: Owner): string {
  return [PREFIX, pid, started, boot, randomUUID()].join('.')
}

/** Null: it is gone, or was never written whole. */
function ownerOf(directory: string, file: string): Owner | null {
  if (file === EARLIER) return earlierOwner(path.join(directory, file))
  const [, pid = '', started = '', boot = ''] = file.split('.')
  return { pid: Number(pid), started, boot }
}

function earlierOwner(file: string): Owner | null {
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
