/** Workers in processes of their own, as an operator starts them: `sluice connect-distributed worker.properties`, on the broker of the tests. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RawSettings } from '@sluice/sdk'
import { formatProperties } from '../../src/index.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { clusterSettings } from './connect-cluster.ts'
import { RestClient } from './rest-client.ts'

const MAIN = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url))
const START_MS = 60_000
/** What is ended before it has stopped in order is missed by its groups for as long as a session lasts. */
const PATIENT: RawSettings = {
  'task.shutdown.graceful.timeout.ms': '10000',
  'consumer.session.timeout.ms': '6000',
  'consumer.heartbeat.interval.ms': '500',
}
const GRACE_MS = 20_000
const TAIL_CHARS = 4_000

/** What VerifiableSource and VerifiableSink print. */
export interface PrintedFact {
  readonly name: string
  readonly task: number | string
  readonly seqno: number | string
  readonly committed?: true
  readonly flushed?: true
}

/** The processes of one Connect cluster, and a folder for their files. */
export class ConnectProcesses {
  readonly name = `cluster-${randomUUID().slice(0, 8)}`
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-scenario-'))
  readonly workers: ConnectProcess[] = []
  readonly #settings: RawSettings
  /** Of workers that have ended, too. */
  readonly #logs: string[] = []

  constructor(settings: RawSettings = {}) {
    this.#settings = settings
  }

  static async of(workers: number, settings: RawSettings = {}): Promise<ConnectProcesses> {
    const cluster = new ConnectProcesses(settings)
    await Promise.all(Array.from({ length: workers }, () => cluster.add()))
    return cluster
  }

  async add(): Promise<ConnectProcess> {
    const port = await freePort()
    const { isolation: _, ...shared } = clusterSettings(this.name)
    const settings = { ...shared, ...PATIENT, ...this.#settings, listeners: `http://127.0.0.1:${port}` }
    const file = path.join(this.folder, `${port}.properties`)
    fs.writeFileSync(file, formatProperties(settings))
    const log = path.join(this.folder, `${port}-${this.#logs.length}.log`)
    this.#logs.push(log)
    const worker = await ConnectProcess.start(`http://127.0.0.1:${port}`, ['connect-distributed', file], log)
    this.workers.push(worker)
    return worker
  }

  /** Ends one worker at once, as when its machine is gone. */
  async kill(worker: ConnectProcess): Promise<void> {
    this.workers.splice(this.workers.indexOf(worker), 1)
    await worker.end('SIGKILL')
  }

  /** Ends one worker and starts another in its place, which serves when this resolves. */
  async bounce(worker: ConnectProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.workers.splice(this.workers.indexOf(worker), 1)
    await worker.end(signal)
    await this.add()
  }

  /** What was printed of a connector by all workers there were, oldest first for each. */
  printed(connector: string): readonly PrintedFact[] {
    return this.#logs
      .flatMap((log) => fs.readFileSync(log, 'utf8').match(/\{"name":[^{}]*\}/g) ?? [])
      .map((line) => JSON.parse(line) as PrintedFact)
      .filter(({ name }) => name === connector)
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.end('SIGTERM')))
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

export class ConnectProcess extends RestClient {
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<unknown>

  private constructor(url: string, child: ChildProcess, log: string) {
    super(url)
    this.#child = child
    this.#log = log
    this.#ended = new Promise((resolve) => child.once('exit', resolve))
  }

  /** Starts `sluice ARGS` and waits until it serves at the URL; without one it is left to the caller when it is there. */
  static async start(url: string, args: readonly string[], log: string): Promise<ConnectProcess> {
    const output = fs.openSync(log, 'w')
    const child = spawn(process.execPath, ['--conditions=@sluice/source', MAIN, ...args], {
      stdio: ['ignore', output, output],
    })
    fs.closeSync(output)
    const worker = new ConnectProcess(url, child, log)
    if (url !== '')
      await eventually(
        'the worker serves',
        async () => {
          if (child.exitCode !== null) throw new Error(`The worker has ended\n${worker.tail()}`)
          const answer = await worker.ask('GET', '/connectors').catch(() => null)
          return answer?.status === 200
        },
        START_MS,
      ).catch(async (error: unknown) => {
        await worker.end('SIGKILL')
        throw new Error(worker.tail(), { cause: error })
      })
    return worker
  }

  /** Ends it and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill(signal)
    const late = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
    await this.#ended
    clearTimeout(late)
  }

  /** The last of its log. */
  tail(): string {
    return fs.readFileSync(this.#log, 'utf8').slice(-TAIL_CHARS)
  }
}
