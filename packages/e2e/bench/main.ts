/**
 * `npm run bench [-- NAME[:PART]…] [--json FILE] [--short]`: per case our figure, the peers' of the same run, the ratio, the bar.
 * Figures are CPU time of this process (user and system), because machines are noisy; a figure above its bar fails the run,
 * except in the short form, whose figures are too cold to be judged. `streams:count` is one topology of `streams`.
 */
import fs from 'node:fs'
import type { BenchCase } from './bench-case.ts'

interface Bench {
  readonly name: string
  readonly load: () => Promise<{
    bench(short: boolean, part?: string): Promise<readonly BenchCase[]> | readonly BenchCase[]
  }>
}

const benches: readonly Bench[] = [
  { name: 'kafka-protocol', load: () => import('./kafka-protocol.ts') },
  { name: 'kafka', load: () => import('./kafka.ts') },
  { name: 'embedded-kafka', load: () => import('./embedded-kafka.ts') },
  { name: 'connect', load: () => import('./connect.ts') },
  { name: 'codecs', load: () => import('./codecs.ts') },
  { name: 'gate', load: () => import('./gate.ts') },
  { name: 'parquet', load: () => import('./parquet.ts') },
  { name: 'lake-decoder', load: () => import('./lake-decoder.ts') },
  { name: 'delta', load: () => import('./delta.ts') },
  { name: 'lake', load: () => import('./lake.ts') },
  { name: 'file-to-topic', load: () => import('./file-to-topic.ts') },
  { name: 'datagen', load: () => import('./datagen.ts') },
  { name: 'mirror', load: () => import('./mirror.ts') },
  { name: 'topic-to-sink', load: () => import('./topic-to-sink.ts') },
  { name: 'state', load: () => import('./state.ts') },
  { name: 'state-restore', load: () => import('./state-restore.ts') },
  { name: 'streams', load: () => import('./streams.ts') },
  { name: 'streams-latency', load: () => import('./streams-latency.ts') },
  { name: 'quickstart-path', load: () => import('./quickstart-path.ts') },
]

const { names, json, short } = parse(process.argv.slice(2))
const wanted = new Map(
  names.map((name) => {
    const [bench = name, part] = name.split(':')
    return [bench, part] as const
  }),
)
const unknown = [...wanted.keys()].filter((name) => !benches.some((bench) => bench.name === name))
if (unknown.length > 0) {
  console.error(`bench: unknown: ${unknown.join(', ')}; known are ${benches.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const results: Record<string, readonly BenchCase[]> = {}
let missed = 0
for (const { name, load } of benches) {
  if (wanted.size > 0 && !wanted.has(name)) continue
  console.log(`\n${name}`)
  const startedAt = performance.now()
  const cases = await (await load()).bench(short, wanted.get(name))
  results[name] = cases
  for (const at of cases) {
    const over = at.bar !== undefined && at.ours > at.bar
    if (over && !short) missed += 1
    console.log(`  ${row(at, over)}`)
  }
  if (cases.length === 0) console.log('  not run: see above')
  console.log(`  took ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
}
if (json !== undefined) fs.writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`)
if (missed > 0) console.error(`\nbench: ${missed} above the bar`)
process.exit(missed > 0 ? 1 : 0)

function row({ name, unit, ours, peer, bar }: BenchCase, over: boolean): string {
  const peers = peer.map(({ name: who, value }) =>
    value === null ? `${who}: not run` : `${who}: ${figure(value)} (ours is ${(ours / value).toFixed(2)}x)`,
  )
  const limit = bar === undefined ? '' : `  bar ${figure(bar)}${over ? ' MISSED' : ' met'}`
  return `${name.padEnd(58)} ${figure(ours).padStart(8)} ${unit}${limit}${peers.map((text) => `\n${' '.repeat(6)}${text}`).join('')}`
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(3)
}

function parse(args: readonly string[]): { names: string[]; json: string | undefined; short: boolean } {
  const names: string[] = []
  let json: string | undefined
  let short = false
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--json') json = args[++i]
    else if (args[i] === '--short') short = true
    else names.push(args[i]!)
  }
  return { names, json, short }
}
