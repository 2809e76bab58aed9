/**
 * kill -9 at random moments of the quickstart's process (broker, worker and processor), started again at once each time, until it ends by
 * itself. Its cells have to notice for themselves. Then the ledger, counted by others than the code on trial (kafkajs reads the topics,
 * DuckDB the table, a few lines here the CSV):
 *
 *   lost       lines of the file that are neither in the clean topic nor in quarantine                     must be 0
 *   missing    records of the clean topic, by partition and offset, that the table has not                 must be 0
 *   doubled    records of the clean topic, by partition and offset, that the table has more than once      must be 0
 *   unbalanced partitions where in = passed + quarantined + dropped does not hold, or in is not their end  must be 0
 *   orphans    cells that outlived a killed run by more than 5 s, processes and locks left behind          must be 0
 *
 * Records that were sent or processed again after a kill are printed too: at-least-once is what is promised up to the table.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { processesMarked } from '../test/support/marked-processes.ts'
import { leftBehind, QuickstartRun } from '../test/support/quickstart-run.ts'
import { readLedger, type Ledger } from './quickstart-ledger.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import type { TrialOptions } from './trial-options.ts'

const CSV = path.join(
  path.dirname(createRequire(import.meta.url).resolve('vega-datasets')),
  '..',
  'data',
  'birdstrikes.csv',
)
const CELLS_END_MS = 5_000
const LOOK_MS = 100
/** About how long records are on the move. */
const MOVING_MS = 1_500

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
      const killed: Killed[] = []
      for (let n = 0; n < 2 && left > 0; n++, left--) killed.push(await runAndKill(dir, left, flow, random))
      const finished = await runToTheEnd(dir)
      const cells = (await Promise.all(killed.map(({ cells }) => cells))).map(({ left: those }) => those)
      const ledger = await inspect(dir)
      const orphans = sum(cells) + leftBehind(dir).length
      held = (await report(life, killed, finished, ledger, orphans)) && held
    } finally {
      fs.rmSync(dir, { recursive: true, force: true })
    }
  }
  console.log(held ? 'kill-quickstart: held' : 'kill-quickstart: FAILED')
  return held
}

interface Flow {
  readonly sourceMs: number
  readonly endMs: number
}

async function measureFlow(): Promise<Flow> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-'))
  try {
    const { status, output, sourceMs, endMs } = await runToTheEnd(dir)
    if (status !== 0) throw new Error(`the undisturbed run failed:\n${output}`)
    return { sourceMs, endMs }
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

interface Killed {
  readonly moment: string
  /** How long cells have outlived it; and how many still do after that. */
  readonly cells: Promise<{ readonly forMs: number; readonly left: number }>
}

/** Every other kill falls anywhere; those between fall where records move, which is a small part of the time. */
async function runAndKill(dir: string, n: number, { endMs }: Flow, random: SeededRandom): Promise<Killed> {
  const run = new QuickstartRun(dir)
  await run.said('Kafka is up')
  const since = performance.now()
  if (n % 2 === 0) await sleep(random.next() * endMs)
  else {
    // In a run after another one they may have arrived already.
    await run.wrote('bird_strikes.raw').catch(() => undefined)
    await sleep(random.next() * MOVING_MS)
  }
  const moment = `${Math.round(performance.now() - since)} ms`
  run.kill()
  const hadEnded = (await run.ended()) !== 137
  // Beside the next run, which begins at once.
  return { moment: hadEnded ? `${moment} (it had ended)` : moment, cells: cellsEnd(run.mark) }
}

async function cellsEnd(mark: string): Promise<{ forMs: number; left: number }> {
  const since = performance.now()
  for (;;) {
    const left = processesMarked(mark).length
    const forMs = Math.round(performance.now() - since)
    if (left === 0 || forMs >= CELLS_END_MS) return { forMs, left }
    await sleep(LOOK_MS)
  }
}

interface Finished extends Flow {
  readonly status: number
  readonly output: string
}

async function runToTheEnd(dir: string): Promise<Finished> {
  const run = new QuickstartRun(dir)
  const at = (words: string): Promise<number> =>
    run.said(words).then(
      () => performance.now(),
      () => Number.NaN,
    )
  const [up, source, all] = [at('Kafka is up'), at('lines read'), at('records put')]
  const status = await run.ended()
  return { status, output: run.output, sourceMs: (await source) - (await up), endMs: (await all) - (await up) }
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

async function report(
  life: number,
  killed: readonly Killed[],
  finished: Finished,
  ledger: Ledger,
  orphans: number,
): Promise<boolean> {
  const { lost, missing, doubled, unbalanced } = ledger
  const held = finished.status === 0 && lost + missing + doubled + unbalanced + orphans === 0
  const outlived = Math.max(...(await Promise.all(killed.map(({ cells }) => cells))).map(({ forMs }) => forMs))
  console.log(
    `life ${life}: killed after ${killed.map(({ moment }) => moment).join(' and ')}, outlived by cells for ${outlived} ms at most, completed in ` +
      `${Math.round(finished.endMs)} ms; lines ${ledger.lines}, raw ${ledger.raw}, clean ${ledger.clean}, quarantine ${ledger.quarantine}, ` +
      `table rows ${ledger.rows} in version ${ledger.version}; lost ${lost}, missing ${missing}, doubled ${doubled}, unbalanced ${unbalanced}, orphans ${orphans}` +
      ` (sent or processed again: ${ledger.raw - ledger.lines} + ${ledger.clean - ledger.passed}) ${held ? 'held' : 'FAILED'}`,
  )
  if (finished.status !== 0) console.log(finished.output)
  for (const line of ledger.lostLines.slice(0, 5)) console.log(`  lost: ${line}`)
  return held
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
