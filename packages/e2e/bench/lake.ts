/**
 * A million orders (274 MB of JSON) into Delta tables: from Kafka by the lake sink into S3, and from a file; what a start costs, what one
 * task weighs, how large the files are, and how the cost grows with files and tables. Beside them Iceberg's sink, delta-rs, DuckDB and
 * Spark on the same orders. CPU is that of the sink's process, or the peer's, from its start to its end.
 */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../trials/connect/connect-worker.ts'
import type { BenchCase } from './bench-case.ts'
import { curve, type CurveSteps } from './lake/curve.ts'
import { Ground, verifyFiles } from './lake/ground.ts'
import { type IcebergFigures, runIceberg, whyNoIceberg } from './lake/iceberg-sink.ts'
import { writeOrderLines } from './lake/order-lines.ts'
import { runLines } from './lake/lines-process.ts'
import { type PeerFigures, deltaRs, duckdbToParquet, sparkDelta } from './lake/python-peers.ts'
import type { Usage } from './lake/report-usage.ts'
import { MILLION, TWENTIETH } from './orders.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** Rows of what is measured until its first commit. */
const FIRST = 1000
const FIRST_MS = 60_000
const COMMITS = 10
const STEPS: CurveSteps = { files: [1, 10, 100, 1000], tables: [1, 10, 100] }
const SHORT_STEPS: CurveSteps = { files: [1, 50], tables: [1, 10] }
/** Iceberg's own default is five minutes. */
const ICEBERG_COMMIT_MS = 15_000

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  // What is measured is what is installed: compiled.
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
  const ground = await Ground.make(short ? TWENTIETH : MILLION)
  console.log(`  .. S3 is ${ground.storeName}`)
  try {
    const [first] = await ground.topics('first', 1, FIRST)
    const [topic] = await ground.topics('orders', 1, ground.set.rows)
    const ours = await measureOurs(ground, first!, topic!)
    note('ours', ours)
    const peers = await measurePeers(ground, first!, topic!, short)
    const grown = await curve(ground, topic!, short ? SHORT_STEPS : STEPS, ours.startCpuSeconds)
    return [...table(ground.set.rows, ours, peers), ...grown]
  } finally {
    await ground.end()
  }
}

/** It takes minutes: what is known is said. */
function note(name: string, figures: object): void {
  console.log(
    `  .. ${name}: ${JSON.stringify(figures, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value))}`,
  )
}

interface Ours {
  /** Until the first commit. */
  readonly startCpuSeconds: number
  readonly sink: Usage & { readonly bytes: number }
  readonly lines: Usage
}

interface Peers {
  readonly iceberg: { readonly first: IcebergFigures; readonly whole: IcebergFigures } | null
  readonly deltaRs: { readonly first: PeerFigures; readonly few: PeerFigures; readonly many: PeerFigures | null } | null
  readonly duckdb: PeerFigures | null
  readonly spark: { readonly first: PeerFigures; readonly whole: PeerFigures } | null
}

async function measureOurs(ground: Ground, first: string, topic: string): Promise<Ours> {
  const { rows } = ground.set
  const startCpuSeconds = await untilFirstCommit(ground, first)
  const sink = await ground.sink('whole', [topic], { 'flush.size': String(rows / COMMITS) })
  await sink.put(rows)
  const usage = await sink.stop()
  const { bytes } = await ground.facts('whole')
  await ground.verify('whole', topic)
  const folder = path.join(ground.folder, 'lines')
  const lines = runLines(ground.lines, folder, COMMITS, rows)
  await verifyFiles(folder, ground.set)
  return { startCpuSeconds, sink: { ...usage, bytes }, lines }
}

async function untilFirstCommit(ground: Ground, topic: string): Promise<number> {
  const sink = await ground.sink('first', [topic], { 'flush.size': String(FIRST), 'rotate.interval.ms': '0' })
  const isThere = async (): Promise<boolean> => {
    if (sink.hasFailed) throw new Error(sink.tail())
    return (await ground.facts('first')).files > 0
  }
  await until('the first commit is there', isThere, FIRST_MS, 10)
  const { cpuSeconds } = sink
  await sink.stop()
  return cpuSeconds
}

async function measurePeers(ground: Ground, first: string, topic: string, short: boolean): Promise<Peers> {
  const { lines, set } = ground
  const few = path.join(ground.folder, 'first.ndjson')
  writeOrderLines(few, FIRST)
  const at = (name: string): string => path.join(ground.folder, name)
  const deltaRsFirst = deltaRs(few, at('delta-rs-first'), 1)
  const sparkFirst = short ? null : sparkDelta(few, at('spark-first'))
  const peers: Peers = {
    deltaRs: deltaRsFirst && {
      first: deltaRsFirst,
      few: deltaRs(lines, at('delta-rs-few'), COMMITS)!,
      // Each takes a while, however few rows are in it.
      many: short ? null : deltaRs(lines, at('delta-rs-many'), 10 * COMMITS)!,
    },
    duckdb: duckdbToParquet(lines, at('duckdb.parquet')),
    spark: sparkFirst && { first: sparkFirst, whole: sparkDelta(lines, at('spark'))! },
    iceberg: short ? null : await measureIceberg(ground, first, topic, set.rows),
  }
  note('peers', peers)
  return peers
}

async function measureIceberg(ground: Ground, first: string, topic: string, rows: number): Promise<Peers['iceberg']> {
  const why = whyNoIceberg()
  if (why !== null) {
    console.log(`  Iceberg's sink is not here (${why}): not run`)
    return null
  }
  const { address } = ground.broker
  return {
    first: await runIceberg(address, first, path.join(ground.folder, 'iceberg-first'), FIRST, 1000),
    whole: await runIceberg(address, topic, path.join(ground.folder, 'iceberg-whole'), rows, ICEBERG_COMMIT_MS),
  }
}

function table(rows: number, { startCpuSeconds, sink, lines }: Ours, peers: Peers): BenchCase[] {
  const { iceberg, deltaRs: delta, duckdb, spark } = peers
  const scale = 1_000_000 / rows
  const at = (value: number | undefined): number | null => value ?? null
  const each = (value: number | undefined): number | null => (value === undefined ? null : value * scale)
  const sparkCost = spark === null ? undefined : spark.whole.cpuSeconds
  const icebergSteady = iceberg === null ? undefined : iceberg.whole.cpuSeconds - iceberg.first.cpuSeconds
  return [
    {
      name: 'Kafka JSON to Delta on S3, from the first commit on',
      unit: 'CPU-s',
      ours: (sink.cpuSeconds - startCpuSeconds) * scale,
      bar: 5.5,
      peer: [{ name: "Iceberg's sink, into a folder", value: each(icebergSteady) }],
    },
    {
      name: 'Kafka JSON to Delta on S3, the whole process',
      unit: 'CPU-s',
      ours: sink.cpuSeconds * scale,
      peer: [{ name: "Iceberg's sink, into a folder", value: each(iceberg?.whole.cpuSeconds) }],
    },
    {
      name: 'JSON lines to Delta in a folder, the whole process',
      unit: 'CPU-s',
      ours: lines.cpuSeconds * scale,
      bar: 4.5,
      peer: [
        { name: `delta-rs, ${COMMITS} commits`, value: each(delta?.few.cpuSeconds) },
        { name: `delta-rs, ${10 * COMMITS} commits`, value: each(delta?.many?.cpuSeconds) },
        { name: 'Spark, one commit, without its start', value: each(sparkCost) },
        { name: 'DuckDB, one Parquet file, no table', value: each(duckdb?.cpuSeconds) },
      ],
    },
    {
      name: 'start to first commit',
      unit: 'CPU-s',
      ours: startCpuSeconds,
      bar: 1.5,
      peer: [
        { name: "Iceberg's sink", value: at(iceberg?.first.cpuSeconds) },
        { name: 'Spark', value: at(spark?.first.processCpuSeconds) },
        { name: 'delta-rs', value: at(delta?.first.processCpuSeconds) },
      ],
    },
    {
      name: 'peak memory of the process with one task',
      unit: 'MiB',
      ours: sink.peakMiB,
      bar: 350,
      peer: [
        { name: "Iceberg's sink", value: at(iceberg?.whole.peakMiB) },
        { name: `delta-rs, ${COMMITS} commits`, value: at(delta?.few.peakMiB) },
        { name: 'Spark', value: at(spark?.whole.peakMiB) },
        { name: 'DuckDB', value: at(duckdb?.peakMiB) },
      ],
    },
    {
      name: 'bytes of the files (zstd)',
      unit: 'MB',
      ours: (sink.bytes / 1e6) * scale,
      bar: 45,
      peer: [
        { name: "Iceberg's sink", value: each(iceberg === null ? undefined : iceberg.whole.bytes / 1e6) },
        {
          name: `delta-rs, ${COMMITS} commits (snappy)`,
          value: each(delta === null ? undefined : delta.few.bytes / 1e6),
        },
        { name: 'DuckDB', value: each(duckdb === null ? undefined : duckdb.bytes / 1e6) },
        { name: 'Spark', value: each(spark === null ? undefined : spark.whole.bytes / 1e6) },
      ],
    },
  ]
}
