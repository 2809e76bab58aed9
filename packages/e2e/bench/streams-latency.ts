/**
 * How long a record takes through an application that counts (changelog, no cache, a commit every 100 ms), at 1,000 records a second: from
 * when it was due to be sent until its count is read, read committed where it is exactly once. And how long a restart takes until the
 * next count is read: right after a clean stop, and after kill -9, when the old member is missed first.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Fetcher, type Kafka, type Producer } from '@sluice/kafka'
import type { BenchCase } from './bench-case.ts'
import { startEmbedded } from './broker.ts'
import { PARTITIONS } from './streams/topics.ts'

const APP = new URL('streams/counting-app.ts', import.meta.url).pathname
const PER_SECOND = 1_000
const CUSTOMERS = 50_000
const SESSION_MS = 6_000
const DEADLINE_MS = 60_000
/** In milliseconds, the middle one and the 99th of a hundred. */
const BARS: Readonly<Record<string, readonly [number, number]>> = { at_least_once: [5, 30], exactly_once_v2: [60, 150] }

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = await startEmbedded()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-latency-'))
  const kafka = await connect({ bootstrapServers: broker.address })
  const cases: BenchCase[] = []
  try {
    for (const [guarantee, bars] of Object.entries(BARS)) {
      const run = new Run(kafka, broker.address, guarantee, path.join(folder, guarantee))
      await run.start()
      await run.flow(short ? 500 : 8_000)
      const latencies = (await run.flow(short ? 1_000 : 20_000)).toSorted((a, b) => a - b)
      const name = guarantee === 'at_least_once' ? 'at least once' : 'exactly once'
      const at = (share: number): number => latencies[Math.floor(latencies.length * share)]!
      cases.push({ name: `${name}, the middle one`, unit: 'ms', ours: at(0.5), peer: [], bar: bars[0] })
      cases.push({ name: `${name}, 99 of 100`, unit: 'ms', ours: at(0.99), peer: [], bar: bars[1] })
      if (guarantee === 'exactly_once_v2') {
        const clean = await run.restart('SIGTERM')
        cases.push({ name: 'restart after a clean stop', unit: 'ms', ours: clean, peer: [], bar: 2_000 })
        const killed = short ? null : await run.restart('SIGKILL')
        if (killed !== null)
          cases.push({ name: 'restart after kill -9', unit: 'ms', ours: killed, peer: [], bar: SESSION_MS + 2_000 })
      }
      await run.end()
    }
    return cases
  } finally {
    await kafka.close()
    broker.end()
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** An application and who writes and reads beside it. */
class Run {
  readonly #address: string
  readonly #guarantee: string
  readonly #id: string
  readonly #stateDir: string
  readonly #producer: Producer
  readonly #fetcher: Fetcher
  #app: ChildProcess | null = null
  /** When each record was due, by its key: a key is not used twice at a time. */
  readonly #due = new Map<string, number>()
  #sent = 0

  constructor(kafka: Kafka, address: string, guarantee: string, stateDir: string) {
    this.#address = address
    this.#guarantee = guarantee
    this.#id = `latency-${guarantee.replaceAll('_', '-')}`
    this.#stateDir = stateDir
    this.#producer = kafka.producer()
    this.#fetcher = kafka.fetcher({
      isolation: guarantee === 'exactly_once_v2' ? 'read_committed' : 'read_uncommitted',
      maxWaitMs: 500,
    })
  }

  async start(): Promise<void> {
    await this.#spawn()
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)
    this.#fetcher.assign(partitions.map((partition) => ({ topic: `${this.#id}-out`, partition, offset: 0 })))
  }

  /** Sends at its pace for so long. @returns how long each record took, in milliseconds */
  async flow(forMs: number): Promise<number[]> {
    const took: number[] = []
    const count = Math.round((forMs / 1_000) * PER_SECOND)
    const reading = this.#read(count, took)
    const startedAt = performance.now()
    for (let sent = 0; sent < count;) {
      const now = performance.now()
      const records = []
      for (; sent < count && startedAt + (sent * 1_000) / PER_SECOND <= now; sent++)
        records.push(this.#record(startedAt + (sent * 1_000) / PER_SECOND))
      if (records.length > 0) void this.#producer.produce(records)
      await sleep(1)
    }
    await reading
    return took
  }

  /** Ends the application and starts it at once; a record waits for it. @returns how long its count took, in milliseconds */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
    await this.#stop(signal)
    const took: number[] = []
    const startedAt = performance.now()
    await this.#producer.produce([this.#record(startedAt)])
    await this.#spawn()
    await this.#read(1, took)
    return took[0]!
  }

  async end(): Promise<void> {
    await this.#stop('SIGTERM')
    await this.#producer.close()
    await this.#fetcher.close()
  }

  async #spawn(): Promise<void> {
    const child = spawn(process.execPath, [APP, this.#address, this.#guarantee, this.#id, this.#stateDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#app = child
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the application ended')))
    ended.catch(() => undefined)
    const late = new AbortController()
    const deadline = sleep(DEADLINE_MS, undefined, { signal: late.signal }).then(() =>
      Promise.reject(new Error('the application does not run')),
    )
    deadline.catch(() => undefined)
    await Promise.race([once(child.stdout, 'data'), ended, deadline])
    late.abort()
  }

  async #stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#app!
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  #record(dueAt: number) {
    const key = `c-${String(this.#sent++ % CUSTOMERS).padStart(6, '0')}`
    this.#due.set(key, dueAt)
    const value = {
      id: `o-${this.#sent}`,
      customer: key,
      product: 'p-00001',
      amount: 50,
      currency: 'EUR',
      ts: Date.now(),
      status: 'open',
      items: 3,
    }
    return {
      topic: `${this.#id}-in`,
      partition: null,
      key: Buffer.from(key),
      value: Buffer.from(JSON.stringify(value)),
      headers: null,
      timestamp: Date.now(),
    }
  }

  async #read(count: number, took: number[]): Promise<void> {
    for (const until = performance.now() + DEADLINE_MS; took.length < count;) {
      if (performance.now() > until) throw new Error(`${took.length} of ${count} counts came`)
      const fetched = await this.#fetcher.poll(1_000)
      const now = performance.now()
      for (const { batches } of fetched) {
        for (const batch of batches) {
          for (let i = 0; i < batch.count; i++) {
            const key = Buffer.from(batch.key(i)!).toString()
            const dueAt = this.#due.get(key)
            if (dueAt === undefined) continue
            this.#due.delete(key)
            took.push(now - dueAt)
          }
        }
      }
    }
  }
}
