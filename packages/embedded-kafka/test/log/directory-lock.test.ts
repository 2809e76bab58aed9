import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { lockDirectory } from '../../src/log/directory-lock.ts'
import { isAlive, ownIdentity } from '../../src/log/process-identity.ts'

const PROGRAM = fileURLToPath(new URL('./locking-process.ts', import.meta.url))

describe('the lock of a data directory', () => {
  let directory: string
  const starters: ChildProcess[] = []
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'embedded-kafka-lock-'))
  })
  afterEach(() => {
    for (const starter of starters.splice(0)) starter.kill()
    rmSync(directory, { recursive: true, force: true })
  })

  /** What a process of its own prints: it holds the lock until its input ends, if it gets it. */
  async function outcomeOfStarter(): Promise<string> {
    const starter = spawn(process.execPath, ['--conditions=@sluice/source', PROGRAM, directory], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    starters.push(starter)
    const [text] = (await once(starter.stdout, 'data')) as [Buffer]
    return text.toString().trim()
  }

  const leave = (owner: object): void => writeFileSync(join(directory, 'lock.4'), JSON.stringify(owner))

  it('refuses a second owner, and says who has it and what to do', () => {
    const lock = lockDirectory(directory)
    expect(() => lockDirectory(directory)).toThrow(/running in this process.*Stop it first/)
    lock.release()
    lockDirectory(directory).release()
  })

  it('names the process that has it', () => {
    leave({ ...ownIdentity(), pid: process.ppid, startedAt: '', isReleased: false })
    expect(() => lockDirectory(directory)).toThrow(`process ${process.ppid}`)
  })

  it('is taken over from a process that is gone', () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    leave({ ...ownIdentity(), pid, isReleased: false })
    lockDirectory(directory).release()
    expect(readdirSync(directory)).toEqual(['lock.5'])
  })

  it('does not take a process for its owner that has got the same number later, or after a reboot', () => {
    expect(isAlive(ownIdentity())).toBe(true)
    expect(isAlive({ ...ownIdentity(), startedAt: '12' })).toBe(false)
    expect(isAlive({ ...ownIdentity(), boot: 'another' })).toBe(false)
    leave({ ...ownIdentity(), startedAt: '12', isReleased: false })
    lockDirectory(directory).release()
  })

  it('is taken over by one of several that start at the same time', async () => {
    leave({ ...ownIdentity(), startedAt: '12', isReleased: false })
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => outcomeOfStarter()))
    expect(outcomes.toSorted()).toEqual([...Array<string>(5).fill('BrokerStartError'), 'owner'])
  })

  it('says what to do when the directory cannot be written to', () => {
    writeFileSync(join(directory, 'file'), '')
    expect(() => lockDirectory(join(directory, 'file', 'data'))).toThrow(/cannot be written to.*Give a directory/)
  })
})
