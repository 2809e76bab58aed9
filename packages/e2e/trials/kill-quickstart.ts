/**
 * kill -9 at random moments of the quickstart, restarted each time until it ends by itself. Then the ledger, counted by others than the
 * code on trial (kafkajs reads the topics, DuckDB the table, a few lines here the CSV):
 *
 *   lost       lines of the file that are neither in the clean topic nor in quarantine                     must be 0
 *   missing    records of the clean topic, by partition and offset, that the table has not                 must be 0
 *   doubled    records of the clean topic, by partition and offset, that the table has more than once      must be 0
 *   unbalanced partitions where in = passed + quarantined + dropped does not hold, or in is not their end  must be 0
 *   orphans    processes or locks left behind                                                              must be 0
 *
 * Records that were sent or processed again after a kill are printed too: at-least-once is what is promised up to the table.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { readLedger, type Ledger } from './quickstart-ledger.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import type { TrialOptions } from './trial-options.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CSV = path.join(
  path.dirname(createRequire(import.meta.url).resolve('vega-datasets')),
  '..',
  'data',
  'birdstrikes.csv',
)
const RUN_DEADLINE_MS = 180_000
/** About how long records are on the move before the source says that it is done. */
const MOVING_MS = 800

export async function trial({ full, seed }: TrialOptions): Promise<boolean> {
  const random = new SeededRandom(seed)
  const kills = full ? 10 : 3
  // Two kills a life: a second one hits a run that has to take up what a first one left.
  const lives = Math.ceil(kills / 2)
  const flow = await measureFlow()
  console.log(
    `seed ${seed}: ${kills} kills over ${lives} lives; undisturbed, the source is done ${Math.round(flow.sourceMs)} ms after Kafka is up and everything after ${Math.round(flow.endMs)} ms`,
  )
  let left = kills
  let held = true
  for (let life = 1; life <= lives; life++) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-'))
    try {
      const moments: string[] = []
      for (let n = 0; n < 2 && left > 0; n++, left--) moments.push(await runAndKill(dir, moment(flow, left, random)))
      const finished = await runToTheEnd(dir)
      const ledger = await inspect(dir)
      const orphans = leftBehind(dir)
      held = report(life, moments, finished, ledger, orphans) && held
    } finally {
      fs.rmSync(dir, { recursive: true, force: true })
    }
  }
  console.log(held ? 'kill-quickstart: held' : 'kill-quickstart: FAILED')
  return held
}

function start(dir: string): ChildProcess {
  const args = ['--conditions=@sluice/source', 'packages/cli/src/main.ts', 'quickstart', '--dir', dir]
  return spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Resolves when the child has said so, or has ended. */
function said(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve) => {
    let text = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes(words)) resolve()
    })
    child.once('exit', () => resolve())
  })
}

interface Flow {
  readonly sourceMs: number
  readonly endMs: number
}

/** Every other kill falls anywhere; those between fall where records move, which is a small part of the time. */
function moment({ sourceMs, endMs }: Flow, n: number, random: SeededRandom): number {
  const from = n % 2 === 0 ? 0 : Math.max(0, sourceMs - MOVING_MS)
  return from + random.next() * (endMs - from)
}

async function measureFlow(): Promise<Flow> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-'))
  try {
    const child = start(dir)
    await said(child, 'Kafka is up')
    const since = performance.now()
    const source = said(child, 'lines read').then(() => performance.now() - since)
    const all = said(child, 'rows put').then(() => performance.now() - since)
    const { status, output } = await ended(child)
    if (status !== 0) throw new Error(`the undisturbed run failed:\n${output}`)
    return { sourceMs: await source, endMs: await all }
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

async function runAndKill(dir: string, afterMs: number): Promise<string> {
  const child = start(dir)
  await said(child, 'Kafka is up')
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  const alive = child.exitCode === null
  child.kill('SIGKILL')
  await ended(child)
  return alive ? `${Math.round(afterMs)} ms` : `${Math.round(afterMs)} ms (it had ended)`
}

async function runToTheEnd(dir: string): Promise<{ status: number; output: string }> {
  return ended(start(dir))
}

function ended(child: ChildProcess): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    let output = ''
    child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), RUN_DEADLINE_MS)
    const done = (): void => {
      clearTimeout(timer)
      resolve({ status: child.exitCode ?? 137, output })
    }
    if (child.exitCode !== null || child.signalCode !== null) done()
    else child.once('close', done)
  })
}

async function inspect(dir: string): Promise<Ledger> {
  const kafka = await startEmbeddedKafka({ dataDir: path.join(dir, 'kafka') })
  try {
    return await readLedger({
      broker: kafka.bootstrapServers,
      dataset: 'bird_strikes',
      csv: CSV,
      table: path.join(dir, 'lake', 'bird_strikes'),
    })
  } finally {
    await kafka.close()
  }
}

/** Processes that still name the folder, and the lock. */
function leftBehind(dir: string): number {
  const processes = spawnSync('pgrep', ['-f', dir], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((pid) => pid !== '')
  return processes.length + (fs.existsSync(path.join(dir, 'lock')) ? 1 : 0)
}

function report(
  life: number,
  moments: string[],
  finished: { status: number; output: string },
  ledger: Ledger,
  orphans: number,
): boolean {
  const { lost, missing, doubled, unbalanced } = ledger
  const held = finished.status === 0 && lost + missing + doubled + unbalanced + orphans === 0
  console.log(
    `life ${life}: killed after ${moments.join(' and ')}; lines ${ledger.lines}, raw ${ledger.raw}, clean ${ledger.clean}, quarantine ${ledger.quarantine}, ` +
      `table rows ${ledger.rows} in version ${ledger.version}; lost ${lost}, missing ${missing}, doubled ${doubled}, unbalanced ${unbalanced}, orphans ${orphans}` +
      ` (sent or processed again: ${ledger.raw - ledger.lines} + ${ledger.clean - ledger.passed}) ${held ? 'held' : 'FAILED'}`,
  )
  if (finished.status !== 0) console.log(finished.output)
  for (const line of ledger.lostLines.slice(0, 5)) console.log(`  lost: ${line}`)
  return held
}
