import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

let dir = ''
let fifo = ''
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'process-end-'))
  fifo = path.join(dir, 'fifo')
  execFileSync('mkfifo', [fifo])
})
afterAll(() => fs.rmSync(dir, { recursive: true }))

/** A process that does this, and then ends with status 3. */
function ending(work: string, graceMs = 200): SpawnSyncReturns<string> {
  const module = new URL('../../src/command-line/process-end.ts', import.meta.url).href
  const code = `
    import fs from 'node:fs'
    import { endProcess } from ${JSON.stringify(module)}
    setInterval(() => undefined, 1000)
    ${work}
    await endProcess(3, ${graceMs})`
  // A process that does not end is killed by SIGTERM, which it could be told from.
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 20_000 })
}

test('a process that has nothing under way ends with its status, whatever it still listens to', () => {
  expect(ending('')).toMatchObject({ status: 3, signal: null, stderr: '' })
})

test('what comes back in time is waited for', () => {
  const work = `fs.readFile(${JSON.stringify(process.execPath)}, () => console.log('read'))`
  expect(ending(work, 15_000)).toMatchObject({ status: 3, signal: null, stdout: 'read\n' })
})

test('a read that hangs keeps no process: it is ended without', () => {
  const { signal, stderr } = ending(`fs.readFile(${JSON.stringify(fifo)}, () => undefined)`)
  expect(signal).toBe('SIGKILL')
  expect(stderr).toMatch(/a read of a file .* hangs/)
})
