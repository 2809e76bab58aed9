/** A distributed worker of Java's Connect, in a process of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/free-port.ts'

const KAFKA_SH = path.join(import.meta.dirname, '../../../../../deploy/dev/kafka.sh')
const START_MS = 90_000
const ANSWER_MS = 30_000

export const hasJava: boolean = spawnSync('java', ['-version']).status === 0

interface ConnectorStatus {
  readonly connector: { readonly state: string }
  readonly tasks: readonly { readonly id: number; readonly state: string }[]
}

export class JavaWorker {
  readonly url: string
  readonly #folder: string
  readonly #process: ChildProcess
  #said = ''

  private constructor(url: string, folder: string, child: ChildProcess) {
    this.url = url
    this.#folder = folder
    this.#process = child
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said = (this.#said + text).slice(-20_000)))
    }
  }

  /** Resolves when it serves; `settings` in Connect's words. */
  static async start(settings: Readonly<Record<string, string>>): Promise<JavaWorker> {
    const jars = execFileSync('bash', [KAFKA_SH, 'jars'], { encoding: 'utf8' }).trim()
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'java-worker-'))
    const url = `http://127.0.0.1:${await freePort()}`
    const all = { ...settings, listeners: url, 'rest.advertised.host.name': '127.0.0.1' }
    const file = path.join(folder, 'worker.properties')
    fs.writeFileSync(
      file,
      Object.entries(all)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    const small = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
    const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
    const main = 'org.apache.kafka.connect.cli.ConnectDistributed'
    const child = spawn('java', [...small, log, '-cp', `${jars}/*`, main, file], { stdio: ['ignore', 'pipe', 'pipe'] })
    const worker = new JavaWorker(url, folder, child)
    try {
      await eventually('Java serves', () => worker.#serves(), START_MS)
    } catch (cause) {
      await worker.end('SIGKILL')
      throw new Error(worker.#said, { cause })
    }
    return worker
  }

  /** A source with one task that reads a file of one line. */
  async create(name: string): Promise<void> {
    const file = path.join(this.#folder, name)
    fs.writeFileSync(file, 'a line\n')
    const config = { 'connector.class': 'FileStreamSource', 'tasks.max': '1', file, topic: `lines-${name}` }
    const body = JSON.stringify({ name, config })
    const headers = { 'content-type': 'application/json' }
    const answer = await this.#ask('/connectors', { method: 'POST', body, headers })
    if (answer.status !== 201) throw new Error(`${name} was not created: ${answer.status} ${await answer.text()}`)
  }

  /** What runs here, as of its statuses: `-1/c` is the connector c, `0/c` its first task. */
  async running(): Promise<readonly string[]> {
    const answer = await this.#ask('/connectors?expand=status')
    const all = Object.entries((await answer.json()) as Readonly<Record<string, { readonly status: ConnectorStatus }>>)
    return all.flatMap(([name, { status }]) => {
      const tasks = status.tasks.filter(({ state }) => state === 'RUNNING').map(({ id }) => `${id}/${name}`)
      return status.connector.state === 'RUNNING' ? [`-1/${name}`, ...tasks] : tasks
    })
  }

  /** As an operator does (SIGTERM), or as the kernel does. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit')
      this.#process.kill(signal)
      await ended
    }
    fs.rmSync(this.#folder, { recursive: true, force: true })
  }

  async #serves(): Promise<boolean> {
    if (this.#process.exitCode !== null) throw new Error('The worker has ended')
    return (await this.#ask('/connectors').catch(() => undefined))?.status === 200
  }

  #ask(resource: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + resource, { ...init, signal: AbortSignal.timeout(ANSWER_MS) })
  }
}
