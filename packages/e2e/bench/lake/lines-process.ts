/** `lines-job.ts` in a process of its own. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Usage } from './report-usage.ts'

const JOB = fileURLToPath(new URL('lines-job.ts', import.meta.url))
const REPORT = new URL('report-usage.ts', import.meta.url).href
const RUN_MS = 600_000

/** What the whole process took for the first so many lines of the file, put into a new table below the folder. */
export function runLines(file: string, folder: string, commits: number, count: number): Usage {
  fs.mkdirSync(folder, { recursive: true })
  const usage = path.join(folder, 'usage.json')
  execFileSync(process.execPath, ['--import', REPORT, JOB, file, folder, String(commits), String(count)], {
    env: { ...process.env, LAKE_BENCH_USAGE: usage },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: RUN_MS,
  })
  return JSON.parse(fs.readFileSync(usage, 'utf8')) as Usage
}
