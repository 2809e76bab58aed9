/** How the cost of a row grows with the files of a commit, and with the tables of a process. */
import type { BenchCase } from '../bench-case.ts'
import type { Ground } from './ground.ts'

/** Between commits, in each of the tables. */
const COMMITS = 10
/** How much more than the ones before further files or tables may cost each: what is above it grows faster than they do. */
const SLACK = 1.5

export interface CurveSteps {
  readonly files: readonly number[]
  readonly tables: readonly number[]
}

/** @param startCpuSeconds what a sink takes until its first commit, which is left out */
export async function curve(
  ground: Ground,
  topic: string,
  steps: CurveSteps,
  startCpuSeconds: number,
): Promise<BenchCase[]> {
  const files = await along('files per commit', steps.files, (count) =>
    costOf(ground, `files-${count}`, [topic], { 'partition.by': `bucket(${count}:id)` }, startCpuSeconds),
  )
  const tables = await along('tables in one process', steps.tables, async (count) => {
    const topics = count === 1 ? [topic] : await ground.topics(`tables-${count}`, count, ground.set.rows)
    return costOf(ground, `tables-${count}`, topics, {}, startCpuSeconds)
  })
  return [...files, ...tables]
}

async function along(
  what: string,
  steps: readonly number[],
  cost: (count: number) => Promise<number>,
): Promise<BenchCase[]> {
  const cases: BenchCase[] = []
  for (const [i, count] of steps.entries()) {
    const ours = await cost(count)
    const { ours: least } = cases[0] ?? { ours }
    const before = cases.at(-1)
    // What noise makes of a small difference is no measure of anything.
    const isLast = i === steps.length - 1 && before !== undefined
    const grown = isLast ? Math.max(before.ours - least, least / 10) : 0
    const bar = isLast ? { bar: least + SLACK * grown * (count / steps[i - 1]!) } : {}
    cases.push({ name: `Kafka to Delta, ${what}: ${count}`, unit: 'CPU-s', ours, peer: [], ...bar })
  }
  return cases
}

/** CPU-seconds per million rows. */
async function costOf(
  ground: Ground,
  name: string,
  topics: readonly string[],
  config: Readonly<Record<string, string>>,
  startCpuSeconds: number,
): Promise<number> {
  const { rows } = ground.set
  const sink = await ground.sink(name, topics, { 'flush.size': String(rows / COMMITS / topics.length), ...config })
  await sink.put(rows)
  const { cpuSeconds, peakMiB } = await sink.stop()
  const facts = await ground.facts(name)
  if (facts.rows !== rows) throw new Error(`${name}: ${facts.rows} rows, not ${rows}`)
  console.log(`  .. ${name}: ${facts.files} files by ${facts.versions} entries of the log, ${Math.round(peakMiB)} MiB`)
  return (Math.max(0, cpuSeconds - startCpuSeconds) * 1_000_000) / rows
}
