/**
 * Stream processors, each in a process of its own: CPU per 1,000,000 orders (about 140 bytes of JSON, 50,000 customers, 4 partitions)
 * from RUNNING to closed, JIT warm-up included; start and memory. They run compiled, as of the last build, and start as a worker's cells do. The peer's figures are Kafka Streams 4.3.1's where it is here.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { connect } from '@sluice/kafka'
import type { BenchCase } from './bench-case.ts'
import { startEmbedded } from './broker.ts'
import { PEER, StreamsPeer, type PeerCost } from './streams/peer.ts'
import { createTopics, fillTopics } from './streams/topics.ts'

const ROOT = new URL('../../..', import.meta.url).pathname
const APP = new URL('streams/app.ts', import.meta.url).pathname
const DEADLINE_MS = 300_000
/** As packages/streams/README.md says. */
const FLAGS = ['--no-allocation-site-pretenuring', '--max-semi-space-size=8', '--heap-growing-percent=100']
/** What is compiled is found again at the next start, and the system's allocator keeps few heaps of its own. */
const ENVIRONMENT = {
  ...process.env,
  MALLOC_ARENA_MAX: '2',
  NODE_COMPILE_CACHE: path.join(ROOT, 'node_modules/.cache/compiled'),
}

/** CPU-seconds per 1,000,000 orders, at most. */
const BARS: Readonly<Record<string, number>> = {
  stateless: 3,
  count: 3.5,
  'count-memory': 3,
  sum: 5,
  'stream-table': 3.5,
  'stream-stream': 7,
  repartition: 5,
}

interface Cost {
  readonly startCpuSeconds: number
  readonly startMs: number
  readonly workCpuSeconds: number
  readonly workMs: number
  readonly memoryMiB: number
}

/** @param part one of the topologies; absent: all of them */
export async function bench(short: boolean, part?: string): Promise<readonly BenchCase[]> {
  if (part !== undefined && BARS[part] === undefined)
    throw new Error(`no topology ${part}: there are ${Object.keys(BARS).join(', ')}`)
  const count = short ? 20_000 : 1_000_000
  const broker = await startEmbedded()
  // A JVM is warm after hundreds of thousands of records: the short form has no use for it.
  const peer = short ? null : StreamsPeer.open()
  const kafka = await connect({ bootstrapServers: broker.address })
  try {
    await createTopics(kafka)
    // Of nothing: whoever is started later finds it compiled.
    await costOf(broker.address, 'count', 'at_least_once', 'compiled')
    await fillTopics(kafka, count)
    const cases: BenchCase[] = []
    let most = 0
    let peerMost: number | null = null
    // The short form says that they run; six topologies take a minute to start.
    const meant = part ?? (short ? 'count' : null)
    const bars = Object.entries(BARS).filter(([name]) => meant === null || name === meant)
    for (const [name, bar] of bars) {
      for (const guarantee of ['at_least_once', 'exactly_once_v2']) {
        const cost = await costOf(broker.address, name, guarantee)
        const isFirst = guarantee === 'at_least_once'
        const ours = (cost.workCpuSeconds * 1_000_000) / count
        const theirs = (await peer?.run(kafka, broker.address, name, guarantee, count)) ?? null
        if (theirs !== null) peerMost = Math.max(peerMost ?? 0, theirs.memoryMiB)
        cases.push({
          name: `${name}, ${isFirst ? 'at least once' : 'exactly once'}`,
          unit: 'CPU-s',
          ours,
          peer: peersOf(theirs, short),
          ...(isFirst ? { bar } : { bar: cases.at(-1)!.ours * 1.15 }),
        })
        most = Math.max(most, cost.memoryMiB)
        if (name === 'count' && !isFirst) {
          const peers = short ? [] : [{ name: PEER, value: theirs?.startCpuSeconds ?? null }]
          cases.push({ name: 'start to RUNNING', unit: 'CPU-s', ours: cost.startCpuSeconds, peer: peers, bar: 0.5 })
        }
      }
    }
    const peers = short ? [] : [{ name: PEER, value: peerMost }]
    cases.push({ name: 'peak memory', unit: 'MiB', ours: most, peer: peers, bar: 250 })
    return cases
  } finally {
    await kafka.close()
    peer?.close()
    broker.end()
  }
}

/** Warm, and with what its JIT compiler takes at first, which ours has in its figure too. */
function peersOf(cost: PeerCost | null, isShort: boolean): BenchCase['peer'] {
  if (isShort) return []
  return [
    { name: `${PEER}, warm`, value: cost?.warmCpuSeconds ?? null },
    { name: `${PEER}, from its start`, value: cost?.workCpuSeconds ?? null },
  ]
}

async function costOf(address: string, name: string, guarantee: string, id = `${name}-${guarantee}`): Promise<Cost> {
  const state = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-streams-'))
  try {
    const args = [...FLAGS, APP, address, name, guarantee, id, state]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: DEADLINE_MS, env: ENVIRONMENT })
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Cost
  } finally {
    fs.rmSync(state, { recursive: true, force: true })
  }
}
