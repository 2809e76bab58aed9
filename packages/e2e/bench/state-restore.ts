/**
 * How a table of 1,000,000 keys comes back, of 4 partitions, on disk: from its changelog, from a snapshot and what follows it, and from a
 * standby copy. CPU of the whole process from the start of its run, or of the change of hands, until it is RUNNING, compiled as of the
 * last build; each in a process of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from '@sluice/kafka'
import type { BenchCase } from './bench-case.ts'
import { startEmbedded } from './broker.ts'
import { fillChangelog, RESTORED } from './streams/restored-table.ts'

const APP = new URL('streams/restore-app.ts', import.meta.url).pathname
const DEADLINE_MS = 120_000

interface Said {
  readonly what: string
  readonly cpuSeconds: number
  readonly ms: number
  readonly memoryMiB: number
  readonly partitions?: number
  readonly records?: number
}

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const rows = short ? 20_000 : 1_000_000
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-restore-'))
  const broker = await startEmbedded()
  const apps: App[] = []
  const start = (name: string, snapshotUrl = '-', standbys = 0): App => {
    const app = new App([broker.address, path.join(folder, name), snapshotUrl, String(standbys)])
    apps.push(app)
    return app
  }
  try {
    const kafka = await connect({ bootstrapServers: broker.address })
    await fillChangelog(kafka, rows)
    await kafka.close()
    const isComplete = ({ what, partitions }: Said): boolean => what === 'RUNNING' && partitions === RESTORED.partitions

    const first = start('changelog')
    const changelog = await first.until(isComplete)
    await first.stop()

    const again = start('changelog')
    const disk = await again.until(isComplete)
    await again.stop()

    const url = `file://${path.join(folder, 'snapshots')}`
    const writer = start('changelog', url)
    for (let taken = 0; taken < RESTORED.partitions; taken++)
      await writer.until(({ what }) => what === 'Snapshot taken')
    await writer.stop()
    const second = start('snapshot', url)
    const snapshot = await second.until(isComplete)
    await second.stop()

    const active = start('changelog', '-', 1)
    await active.until(isComplete)
    const third = start('standby', '-', 1)
    await third.until(({ what }) => what === 'Standby copies have caught up')
    third.tell('watch')
    await active.stop()
    const standby = await third.until(isComplete)
    await third.stop()

    return [
      ...lines(`changelog`, changelog, 2, changelog),
      ...lines(`snapshot and the rest of the changelog`, snapshot, 0.7, changelog),
      ...lines(`standby copy`, standby, 0.7, changelog),
      ...lines(`state directory that is there`, disk, undefined, changelog),
    ].map((one) => ({ ...one, name: `${rows} rows from ${one.name}` }))
  } finally {
    for (const app of apps) app.end()
    broker.end()
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function lines(name: string, { cpuSeconds, ms, memoryMiB }: Said, bar: number | undefined, base: Said): BenchCase[] {
  const isBase = base.cpuSeconds === cpuSeconds
  const peer = (value: number): BenchCase['peer'] => (isBase ? [] : [{ name: 'from the changelog', value }])
  return [
    { name, unit: 'CPU-s', ours: cpuSeconds, peer: peer(base.cpuSeconds), ...(bar === undefined ? {} : { bar }) },
    { name: `${name}, time`, unit: 'ms', ours: ms, peer: peer(base.ms) },
    { name: `${name}, peak memory`, unit: 'MiB', ours: memoryMiB, peer: [] },
  ]
}

class App {
  readonly #child: ChildProcess
  readonly #said: Said[] = []
  readonly #ended: Promise<void>
  #wake = Promise.withResolvers<void>()

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [APP, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#said.push(JSON.parse(line) as Said)
      this.#wake.resolve()
    })
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => {
        this.#wake.resolve()
        resolve()
      })
    })
  }

  /** The next thing it says that is so. */
  async until(isSo: (said: Said) => boolean): Promise<Said> {
    const deadline = performance.now() + DEADLINE_MS
    for (;;) {
      for (let said = this.#said.shift(); said !== undefined; said = this.#said.shift()) if (isSo(said)) return said
      if (this.#child.exitCode !== null) throw new Error(`The application ended with ${this.#child.exitCode}`)
      if (performance.now() > deadline) throw new Error('The application did not come so far in time')
      this.#wake = Promise.withResolvers()
      const timer = setTimeout(() => this.#wake.resolve(), 1000)
      await this.#wake.promise
      clearTimeout(timer)
    }
  }

  tell(line: string): void {
    this.#child.stdin!.write(`${line}\n`)
  }

  async stop(): Promise<void> {
    this.tell('stop')
    await this.#ended
  }

  end(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL')
  }
}
