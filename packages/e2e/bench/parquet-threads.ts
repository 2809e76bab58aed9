/**
 * The same rows to Parquet files in memory, encoded by the thread that takes them, and by threads of their own: wall and CPU time of the
 * whole process. Two files at once are what two tasks do, or one task with two partitions.
 */
import { setImmediate } from 'node:timers/promises'
import { SameThreadWriter, encoderThreads } from '@sluice/lake'
import type { EncoderUser, MemoryWriter, ParquetColumn, ParquetOptions } from '@sluice/lake'
import type { BenchCase } from './bench-case.ts'
import { orders } from './orders.ts'

/** Held as objects, and written as often as it takes. */
const ROWS_AT_HAND = 200_000
/** Between two breaths of the event loop. */
const ROWS_PER_BATCH = 2_000
const OPTIONS: ParquetOptions = { codec: 'zstd' }

interface Took {
  readonly wallMs: number
  readonly cpuSeconds: number
}

export async function threadCases(columns: readonly ParquetColumn[], rows: number): Promise<readonly BenchCase[]> {
  const atHand = orders(1, Math.min(ROWS_AT_HAND, rows)) as readonly object[] as readonly Record<string, unknown>[]
  await write(columns, atHand, atHand.length, 1, 0)
  const cases: BenchCase[] = []
  for (const [files, threads] of [
    [1, 0],
    [1, 1],
    [2, 0],
    [2, 1],
    [2, 2],
  ] as const) {
    globalThis.gc?.()
    const { wallMs, cpuSeconds } = await write(columns, atHand, rows, files, threads)
    const by = threads === 0 ? 'no thread of its own' : `${threads} thread${threads === 1 ? '' : 's'}`
    const name = `Parquet, ${rows} row objects, zstd, ${files === 1 ? 'one file' : 'two files'}, ${by}`
    cases.push({ name: `${name}: wall`, unit: 'ms', ours: wallMs, peer: [] })
    cases.push({ name: `${name}: CPU`, unit: 'CPU-s', ours: cpuSeconds, peer: [] })
  }
  return cases
}

async function write(
  columns: readonly ParquetColumn[],
  atHand: readonly Record<string, unknown>[],
  rows: number,
  files: number,
  threads: number,
): Promise<Took> {
  const user = threads === 0 ? undefined : encoderThreads.use(threads)
  if (user !== undefined) await warmUp(user, columns, atHand, threads)
  const cpuBefore = process.cpuUsage()
  const wallBefore = performance.now()
  const writers = open(user, columns, files)
  for (let from = 0; from < rows; from += ROWS_PER_BATCH) {
    const writer = writers[(from / ROWS_PER_BATCH) % files]!
    for (let i = from; i < from + ROWS_PER_BATCH; i++) writer.appendRow(atHand[i % atHand.length]!)
    await setImmediate()
    if (user?.isBehind === true) await user.caughtUp()
  }
  await Promise.all(writers.map((writer) => writer.finish()))
  const wallMs = performance.now() - wallBefore
  const { user: inUser, system } = process.cpuUsage(cpuBefore)
  await user?.release()
  return { wallMs, cpuSeconds: (inUser + system) / 1e6 }
}

/** Threads start and compile what they run once per process, not once per file. */
async function warmUp(
  user: EncoderUser,
  columns: readonly ParquetColumn[],
  atHand: readonly Record<string, unknown>[],
  threads: number,
): Promise<void> {
  const writers = open(user, columns, threads)
  for (const writer of writers) for (const row of atHand) writer.appendRow(row)
  await Promise.all(writers.map((writer) => writer.finish()))
}

function open(user: EncoderUser | undefined, columns: readonly ParquetColumn[], files: number): MemoryWriter[] {
  return Array.from({ length: files }, () =>
    user === undefined ? new SameThreadWriter(columns, OPTIONS) : user.writer(columns, OPTIONS),
  )
}
