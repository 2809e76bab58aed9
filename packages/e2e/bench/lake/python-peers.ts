/** delta-rs, DuckDB, pyarrow and Spark, each in a process of its own, from the environments that .ci/lake-peers makes. Null: not here. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const CACHE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'sluice-ci')
const PYTHON = path.join(CACHE, 'delta-rs/bin/python')
const SPARK = path.join(CACHE, 'spark')
const RUN_MS = 600_000

export interface PeerFigures {
  readonly cpuSeconds: number
  /** From the process's start to the end of the step. */
  readonly processCpuSeconds: number
  readonly peakMiB: number
  readonly bytes: number
}

/** @param folder one that is not there yet */
export function deltaRs(lines: string, folder: string, commits: number): PeerFigures | null {
  return run(PYTHON, 'deltalake, pyarrow', 'deltars.py', [lines, folder, String(commits)])
}

export function duckdbToParquet(lines: string, file: string): PeerFigures | null {
  return run(PYTHON, 'duckdb, pyarrow', 'duck.py', [lines, file])
}

/** Needs Java as well. */
export function sparkDelta(lines: string, folder: string): PeerFigures | null {
  return run(path.join(SPARK, 'venv/bin/python'), 'pyspark', 'spark_delta.py', [
    lines,
    folder,
    path.join(SPARK, 'jars'),
  ])
}

const missing = new Map<string, string | null>()

function run(python: string, modules: string, script: string, args: readonly string[]): PeerFigures | null {
  const key = `${python} ${modules}`
  if (!missing.has(key)) {
    missing.set(key, whyNot(python, modules))
    const why = missing.get(key)
    if (why !== null) console.log(`  ${modules} is not here (${why}; .ci/lake-peers): not run`)
  }
  if (missing.get(key) !== null) return null
  const file = fileURLToPath(new URL(`peers/${script}`, import.meta.url))
  const { status, stdout, stderr } = spawnSync(python, [file, ...args], { encoding: 'utf8', timeout: RUN_MS })
  if (status !== 0) throw new Error(`${script} ended with ${status}\n${stderr.slice(-2000)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as PeerFigures
}

function whyNot(python: string, modules: string): string | null {
  if (!fs.existsSync(python)) return `there is no ${python}`
  const { status, stderr } = spawnSync(python, ['-c', `import ${modules}`], { encoding: 'utf8' })
  return status === 0 ? null : (stderr.trim().split('\n').at(-1) ?? 'it cannot be loaded')
}
