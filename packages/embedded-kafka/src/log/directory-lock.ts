import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BrokerStartError } from '../start-error.ts'
import { systemCode } from './storage-error.ts'
import { type ProcessIdentity, isAlive, ownIdentity } from './process-identity.ts'

export interface DirectoryLock {
  release(): void
}

interface Owner extends ProcessIdentity {
  readonly isReleased: boolean
}

const NAME = /^lock\.(\d+)$/
const ATTEMPTS_MAX = 100

/**
 * Makes this process the owner of a data directory. The lock is a file with a number: the highest number owns. Who finds its owner
 * gone takes the next one, by a link, which only one of several starters can make; and the highest is never removed, so that a
 * slow starter cannot take a number that was passed. Throws if another process, or this one, owns the directory already.
 */
export function lockDirectory(path: string): DirectoryLock {
  const directory = resolve(path)
  const draft = join(directory, `lock.draft-${process.pid}-${randomBytes(6).toString('hex')}`)
  try {
    mkdirSync(directory, { recursive: true })
    writeFileSync(draft, textOf({ ...ownIdentity(), isReleased: false }))
  } catch (error) {
    throw new BrokerStartError(
      `The data directory ${directory} cannot be written to (${systemCode(error) ?? String(error)}).`,
      'Give a directory that this user may write to, on a disk that has room.',
      error,
    )
  }
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const newest = Math.max(0, ...numbersIn(directory))
      const owner = newest === 0 ? undefined : ownerOf(directory, newest)
      if (owner !== undefined && !owner.isReleased && isAlive(owner)) throw owned(directory, owner.pid)
      if (!isLinked(draft, join(directory, `lock.${newest + 1}`))) continue
      const numbers = numbersIn(directory)
      // Somebody was two steps ahead of a slow look at the directory.
      if (Math.max(...numbers) > newest + 1) {
        rmSync(join(directory, `lock.${newest + 1}`), { force: true })
        continue
      }
      for (const number of numbers) if (number <= newest) rmSync(join(directory, `lock.${number}`), { force: true })
      return { release: () => release(directory, newest + 1) }
    }
  } finally {
    rmSync(draft, { force: true })
  }
  throw new BrokerStartError(
    `The data directory ${directory} changes its owner all the time.`,
    'See that only one process is told to use it.',
  )
}

const LOOK_EVERY_MS = 20

/**
 * Waits for an owner that is on its way out: a process that was just killed is there for some moments more. At most `timeoutMs`, and
 * not for this process itself.
 */
export async function ownerLeaves(path: string, timeoutMs: number): Promise<void> {
  const directory = resolve(path)
  const deadline = performance.now() + timeoutMs
  while (isOwnedByAnother(directory) && performance.now() < deadline) await sleep(LOOK_EVERY_MS)
}

function isOwnedByAnother(directory: string): boolean {
  const isDirectory = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true
  const newest = isDirectory ? Math.max(0, ...numbersIn(directory)) : 0
  const owner = newest === 0 ? undefined : ownerOf(directory, newest)
  return owner !== undefined && !owner.isReleased && owner.pid !== process.pid && isAlive(owner)
}

/** The number stays, so that the next owner takes a higher one. */
function release(directory: string, number: number): void {
  try {
    writeFileSync(join(directory, `lock.${number}`), textOf({ ...ownIdentity(), isReleased: true }))
  } catch {
    // Then the end of the process releases it; or the directory itself is gone.
  }
}

function numbersIn(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const number = NAME.exec(name)?.[1]
    return number === undefined ? [] : [Number(number)]
  })
}

function ownerOf(directory: string, number: number): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, `lock.${number}`), 'utf8')) as Owner
  } catch {
    // It was passed and removed in between, or a power cut emptied it.
    return undefined
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw new BrokerStartError(
      `The data directory ${to} cannot be locked (${systemCode(error) ?? String(error)}).`,
      'Give a directory on a file system that has hard links.',
      error,
    )
  }
}

function textOf(owner: Owner): string {
  return `${JSON.stringify(owner)}\n`
}

function owned(directory: string, pid: number): BrokerStartError {
  const who = pid === process.pid ? 'this process' : `process ${pid}`
  return new BrokerStartError(
    `The data directory ${directory} belongs to a broker that is running in ${who}.`,
    `Stop it first (kill ${pid}), or give this broker a directory of its own.`,
  )
}
