import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from './eventually.ts'
import { type ClientRelease, startJava } from './java.ts'
import type { Program } from './program.ts'

const START_DEADLINE_MS = 90_000
const ANSWER_DEADLINE_MS = 30_000

/** What `GET /connectors/NAME/status` says. */
export interface ConnectorStatus {
  readonly connector: { readonly state: string; readonly trace?: string }
  readonly tasks: readonly { readonly id: number; readonly state: string; readonly trace?: string }[]
}

/** A distributed worker of Java's Connect, and its REST interface. */
export class ConnectWorker implements AsyncDisposable {
  readonly #folder: string
  readonly #url: string
  readonly #program: Program

  private constructor(folder: string, url: string, program: Program) {
    this.#folder = folder
    this.#url = url
    this.#program = program
  }

  /** Starts one in the group `connect` and waits until it serves; `settings` in Connect's words. */
  static async start(
    release: ClientRelease,
    bootstrapServers: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ConnectWorker> {
    const port = await freePort()
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-connect-'))
    const file = path.join(folder, 'worker.properties')
    const all = { ...defaults(bootstrapServers, port), ...settings }
    writeFileSync(
      file,
      Object.entries(all)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    const program = startJava(release, 'org.apache.kafka.connect.cli.ConnectDistributed', [file])
    const worker = new ConnectWorker(folder, `http://127.0.0.1:${port}`, program)
    try {
      await worker.#until(
        'it serves',
        async () => (await worker.#ask('GET', '/connectors')).status === 200,
        START_DEADLINE_MS,
      )
    } catch (error) {
      await worker[Symbol.asyncDispose]()
      throw error
    }
    return worker
  }

  async create(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#must('POST', '/connectors', { name, config })
    await this.running(name)
  }

  get<T>(resource: string): Promise<T> {
    return this.#must('GET', resource) as Promise<T>
  }

  /** Restarts a connector and its tasks. */
  async restart(name: string): Promise<void> {
    await this.#must('POST', `/connectors/${name}/restart?includeTasks=true`)
    await this.running(name)
  }

  /** Waits until the connector and its task run. */
  async running(name: string): Promise<void> {
    let last: ConnectorStatus | undefined
    const isRunning = async (): Promise<boolean> => {
      last = await this.get<ConnectorStatus>(`/connectors/${name}/status`)
      return last.tasks.length > 0 && [last.connector, ...last.tasks].every(({ state }) => state === 'RUNNING')
    }
    await this.#until(`${name} is running`, isRunning, START_DEADLINE_MS).catch((error) => {
      throw new Error(`${name} is ${JSON.stringify(last)}`, { cause: error })
    })
  }

  /** Ends it as an operator does (SIGTERM), or as the kernel does. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#program.end(signal)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SIGKILL')
  }

  report(): string {
    return this.#program.report()
  }

  async #must(method: string, resource: string, body?: object): Promise<unknown> {
    const { status, text } = await this.#ask(method, resource, body)
    if (status >= 300) throw new Error(`${method} ${resource} is answered with ${status}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  async #ask(method: string, resource: string, body?: object): Promise<{ status: number; text: string }> {
    const answer = await fetch(this.#url + resource, {
      method,
      signal: AbortSignal.timeout(ANSWER_DEADLINE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    return { status: answer.status, text: await answer.text() }
  }

  async #until(what: string, holds: () => Promise<boolean>, deadlineMs: number): Promise<void> {
    const isOver = async (): Promise<boolean> => this.#program.hasEnded || (await holds())
    await eventually(what, isOver, deadlineMs).catch((error) => {
      throw new Error(this.report(), { cause: error })
    })
    if (this.#program.hasEnded) throw new Error(`The worker has ended\n${this.report()}`)
  }
}

function defaults(bootstrapServers: string, port: number): Record<string, string> {
  const topics: Record<string, string> = {}
  for (const kind of ['config', 'offset', 'status']) {
    topics[`${kind}.storage.topic`] = `connect-${kind}`
    topics[`${kind}.storage.replication.factor`] = '1'
  }
  return {
    ...topics,
    'bootstrap.servers': bootstrapServers,
    'group.id': 'connect',
    listeners: `http://127.0.0.1:${port}`,
    'rest.advertised.host.name': '127.0.0.1',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'offset.flush.interval.ms': '1000',
    'offset.storage.partitions': '2',
    'status.storage.partitions': '1',
    'plugin.discovery': 'service_load',
    // A killed one is to be missed soon, the consumers of its sinks as well.
    'session.timeout.ms': '6000',
    'consumer.session.timeout.ms': '6000',
    'consumer.heartbeat.interval.ms': '500',
    'heartbeat.interval.ms': '500',
    // What a sink has written is committed, offsets of the source included.
    'consumer.isolation.level': 'read_committed',
    'scheduled.rebalance.max.delay.ms': '0',
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
