import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { FileStore } from '@sluice/object-store'
import { query, readTxns } from '../support/table-state.ts'

const ROWS = 700

/** One life of the writer; killed after so many commits, at some moment of the next. True: it ended by itself. */
function live(root: string, commits: number, delayMs: number): Promise<boolean> {
  const script = join(import.meta.dirname, 'killed-writer.ts')
  const child = spawn(process.execPath, ['--no-warnings', '--conditions=@sluice/source', script, root, String(ROWS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let seen = 0
  child.stdout.on('data', (dots: Buffer) => {
    seen += dots.length
    if (seen >= commits) setTimeout(() => child.kill('SIGKILL'), delayMs)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      signal === null && code !== 0 ? reject(new Error(`exit ${code}`)) : resolve(code === 0),
    )
  })
}

test('kill -9 at any moment of writing, again and again: every row once', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sluice-kill-'))
  try {
    const store = new FileStore(root)
    let done = false
    for (let life = 0; life < 8 && !done; life++) done = await live(root, 8, life)
    done ||= await live(root, Infinity, 0)
    expect(done).toBe(true)
    const sql =
      'select count(*) as n, count(distinct "offset") as d, min("offset") as lo, max("offset") as hi from $files'
    expect(await query(store, 'events', sql)).toEqual([
      { n: String(ROWS), d: String(ROWS), lo: '0', hi: String(ROWS - 1) },
    ])
    expect(await readTxns(store, 'events')).toEqual({ p0: ROWS - 1 })
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}, 60_000)
