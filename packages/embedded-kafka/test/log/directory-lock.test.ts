import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { lockDirectory, ownerLeaves } from '../../src/log/directory-lock.ts'
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

  it('is taken over from a process that has ended and was not asked for its status yet', async () => {
    // The parent becomes another program, which knows of no child.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
    starters.push(parent)
    const [text] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(text.toString())
    for (let i = 0; i < 500 && !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(' Z '); i++) await sleep(10)
    leave({ ...ownIdentity(), pid, startedAt: '', isReleased: false })
    lockDirectory(directory).release()
  })

  it('is waited for while its owner is on its way out', async () => {
    const owner = spawn('sleep', ['0.2'])
    starters.push(owner)
    leave({ ...ownIdentity(), pid: owner.pid, startedAt: '', isReleased: false })
    await ownerLeaves(directory, 60_000)
    lockDirectory(directory).release()
    leave({ ...ownIdentity(), pid: process.ppid, startedAt: '', isReleased: false })
    rmSync(join(directory, 'lock.5'))
    await ownerLeaves(directory, 30)
    expect(() => lockDirectory(directory)).toThrow(`process ${process.ppid}`)
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
