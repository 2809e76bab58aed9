import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { lockFolder } from '../../src/quickstart/lock.ts'

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url))

let dir: string
let holders: ChildProcess[]
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-lock-'))
  holders = []
})
afterEach(async () => {
  await Promise.all(holders.map((holder) => ended(holder, 'SIGKILL')))
  fs.rmSync(dir, { recursive: true, force: true })
})

/** Starts a process that wants the lock, and waits for what it says. */
async function holder(): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--conditions=@sluice/source', HOLDER, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  holders.push(child)
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  return { child, said: said.trim() }
}

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  if (signal === undefined) child.stdin!.end()
  else child.kill(signal)
  await exit
}

const lockFile = (): string => path.join(dir, 'lock')

describe('the lock of a folder', () => {
  test('is held by one process; another is refused, by the name of the first, and told what to do', async () => {
    const { child, said } = await holder()
    expect(said).toBe('locked')
    const refusal = expect.objectContaining({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(`process ${child.pid}`),
      remedy: expect.stringContaining('--dir'),
    })
    expect(() => lockFolder(dir)).toThrow(refusal)
    expect((await holder()).said).toContain(`process ${child.pid}`)
  })

  test('is free again when its holder gives it back', async () => {
    const { child } = await holder()
    await ended(child)
    expect(fs.existsSync(lockFile())).toBe(false)
    lockFolder(dir)()
    expect(fs.existsSync(lockFile())).toBe(false)
  })

  test('is taken over from a process that was killed', async () => {
    const { child } = await holder()
    await ended(child, 'SIGKILL')
    expect(fs.existsSync(lockFile())).toBe(true)
    const unlock = lockFolder(dir)
    expect(fs.readFileSync(lockFile(), 'utf8')).toBe(String(process.pid))
    unlock()
  })

  test.each(['', 'not a number', '-1', '0'])('is taken over when its file says %j, which is no process', (content) => {
    fs.writeFileSync(lockFile(), content)
    lockFolder(dir)()
    expect(fs.existsSync(lockFile())).toBe(false)
  })

  test('makes the folder if it is not there', () => {
    const below = path.join(dir, 'a', 'b')
    const unlock = lockFolder(below)
    expect(fs.existsSync(path.join(below, 'lock'))).toBe(true)
    unlock()
  })

  test('given back twice does no harm', () => {
    const unlock = lockFolder(dir)
    unlock()
    expect(unlock).not.toThrow()
  })
})
