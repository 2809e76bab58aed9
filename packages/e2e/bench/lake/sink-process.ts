/** The lake sink as it is installed: `sluice connect-standalone`, compiled, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../trials/connect/connect-worker.ts'
import { freePorts } from '../../trials/free-ports.ts'
import { cpuSecondsOf } from '../broker.ts'
import { ORDER_SCHEMA } from './order-lines.ts'
import type { Usage } from './report-usage.ts'

const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url))
const REPORT = new URL('report-usage.ts', import.meta.url).href
const RUN_MS = 1_200_000
const STOP_MS = 60_000
const LOOK_MS = 300
const TAIL_BYTES = 4000

export interface SinkRun {
  readonly name: string
  readonly bootstrap: string
  readonly topics: readonly string[]
  /** Where the tables go. */
  readonly url: string
  /** How the store is reached. */
  readonly environment: Readonly<Record<string, string>>
  /** For properties and logs. */
  readonly folder: string
  /** Of the connector, beside those of every run. */
  readonly config: Readonly<Record<string, string>>
}

export class SinkProcess {
  readonly #child: ChildProcess
  readonly #rest: string
  readonly #log: string
  readonly #usage: string
  readonly #ended: Promise<number | null>

  static async start(run: SinkRun): Promise<SinkProcess> {
    const at = path.join(run.folder, run.name)
    const port = await freePorts(1)
    const worker = {
      'bootstrap.servers': run.bootstrap,
      'key.converter': 'StringConverter',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'true',
      'value.converter.schema.content': ORDER_SCHEMA,
      'offset.storage.file.filename': `${at}.positions`,
      'offset.flush.interval.ms': '1000',
      // A last commit of a thousand files takes a while.
      'task.shutdown.graceful.timeout.ms': String(STOP_MS / 2),
      listeners: `http://127.0.0.1:${port}`,
    }
    const connector = {
      name: run.name,
      'connector.class': 'lake',
      'tasks.max': '1',
      topics: run.topics.join(','),
      'lake.url': run.url,
      'consumer.override.auto.offset.reset': 'earliest',
      ...run.config,
    }
    fs.writeFileSync(`${at}-worker.properties`, propertiesOf(worker))
    fs.writeFileSync(`${at}.properties`, propertiesOf(connector))
    return new SinkProcess(at, port, run.environment)
  }

  private constructor(at: string, port: number, environment: Readonly<Record<string, string>>) {
    this.#rest = `http://127.0.0.1:${port}`
    this.#log = `${at}.log`
    this.#usage = `${at}.usage`
    const output = fs.openSync(this.#log, 'w')
    const args = ['--import', REPORT, MAIN, 'connect-standalone', `${at}-worker.properties`, `${at}.properties`]
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment, LAKE_BENCH_USAGE: this.#usage },
      stdio: ['ignore', output, output],
    })
    fs.closeSync(output)
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve))
    process.once('exit', this.#kill)
  }

  /** CPU-seconds so far, in steps of 10 ms. */
  get cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid!) ?? Number.NaN
  }

  /** Until so many records were given to the sink, by its own count. */
  async put(records: number): Promise<void> {
    const isThere = async (): Promise<boolean> => {
      if (this.#child.exitCode !== null || this.hasFailed) throw new Error(this.tail())
      const page = await fetch(`${this.#rest}/metrics`, { signal: AbortSignal.timeout(STOP_MS) })
        .then((answer) => answer.text())
        .catch(() => '')
      const found = /^kafka_connect_sink_task_sink_record_send_total\{[^}]*\} (\S+)$/m.exec(page)
      return Number(found?.[1] ?? 0) >= records
    }
    await until(`the sink has got ${records} records`, isThere, RUN_MS, LOOK_MS).catch((error: unknown) => {
      throw new Error(this.tail(), { cause: error })
    })
  }

  get hasFailed(): boolean {
    return /The task failed|The task has failed/.test(fs.readFileSync(this.#log, 'utf8'))
  }

  /** Stops it in order, so that all that it has got is committed. */
  async stop(): Promise<Usage> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    const status = await this.#ended
    clearTimeout(timer)
    process.off('exit', this.#kill)
    if (status !== 0 || !fs.existsSync(this.#usage)) throw new Error(`the sink ended with ${status}\n${this.tail()}`)
    return JSON.parse(fs.readFileSync(this.#usage, 'utf8')) as Usage
  }

  /** The last of its log. */
  tail(): string {
    return fs.readFileSync(this.#log, 'utf8').slice(-TAIL_BYTES)
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL')
}

function propertiesOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
