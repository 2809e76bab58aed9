/** A distributed Connect worker in a process of its own, Java's or ours, from the same properties; spoken to by REST alone. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../free-ports.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const KAFKA_SH = path.join(ROOT, 'deploy/dev/kafka.sh')
const SERVES_MS = 120_000
const ANSWER_MS = 60_000
const GRACE_MS = 60_000
const LOOK_MS = 100
const TAIL_BYTES = 8_000

export type Runtime = 'java' | 'sluice'

export interface Status {
  readonly name: string
  readonly connector: { readonly state: string; readonly worker_id: string; readonly trace?: string }
  readonly tasks: readonly {
    readonly id: number
    readonly state: string
    readonly worker_id: string
    readonly trace?: string
  }[]
  readonly type: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** What all workers of a cluster have in common. */
export interface Cluster {
  readonly bootstrap: string
  readonly groupId: string
  /** For properties files and logs. */
  readonly folder: string
  readonly settings?: Readonly<Record<string, string>>
  /** Ours runs as it is installed, from `dist`, which must have been built; default: from source. */
  readonly isCompiled?: boolean
  /** The folder in which the worker's process runs; default: that of the repository. */
  readonly runsIn?: string
  /** Beside what this process has in its environment. */
  readonly environment?: Readonly<Record<string, string>>
}

export class ConnectWorkerProcess {
  readonly runtime: Runtime
  readonly url: string
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<number | null>

  private constructor(runtime: Runtime, url: string, child: ChildProcess, log: string) {
    this.runtime = runtime
    this.url = url
    this.#child = child
    this.#log = log
    this.#ended = new Promise((resolve) => child.once('exit', resolve))
  }

  /** Starts it and waits until it serves. */
  static async start(runtime: Runtime, cluster: Cluster): Promise<ConnectWorkerProcess> {
    const port = await freePorts(1)
    const file = path.join(cluster.folder, `worker-${port}.properties`)
    const settings = { ...defaults(cluster, port), ...cluster.settings }
    fs.writeFileSync(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    const log = path.join(cluster.folder, `worker-${port}-${runtime}.log`)
    const output = fs.openSync(log, 'w')
    const [command, ...args] = commandOf(runtime, file, cluster.isCompiled ?? false)
    const child = spawn(command!, args, {
      cwd: cluster.runsIn ?? ROOT,
      env: { ...process.env, ...cluster.environment },
      stdio: ['ignore', output, output],
    })
    fs.closeSync(output)
    const worker = new ConnectWorkerProcess(runtime, `http://127.0.0.1:${port}`, child, log)
    const serves = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`The ${runtime} worker has ended\n${worker.tail()}`)
      const { status } = await worker.ask('GET', '/connectors').catch(() => ({ status: 0 }))
      return status === 200
    }
    await until(`a ${runtime} worker serves`, serves, SERVES_MS).catch(async (error) => {
      await worker.end('SIGKILL')
      throw new Error(worker.tail(), { cause: error })
    })
    return worker
  }

  get pid(): number {
    return this.#child.pid!
  }

  get workerId(): string {
    return new URL(this.url).host
  }

  async ask(method: string, resource: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(this.url + resource, {
      method,
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
  }

  /** An answer below 300; a 409 of a rebalance is asked again. */
  async must(method: string, resource: string, body?: unknown): Promise<unknown> {
    let last: Answer | undefined
    const isAnswered = async (): Promise<boolean> => {
      last = await this.ask(method, resource, body)
      if (last.status !== 409) return true
      return false
    }
    await until(`${method} ${resource} is answered`, isAnswered, ANSWER_MS)
    if (last!.status < 300) return last!.body
    throw new Error(
      `${method} ${resource} of ${this.runtime} is answered ${last!.status}: ${JSON.stringify(last!.body)}`,
    )
  }

  async statuses(): Promise<ReadonlyMap<string, Status>> {
    const found = (await this.must('GET', '/connectors?expand=status')) as Record<string, { readonly status: Status }>
    return new Map(Object.entries(found).map(([name, { status }]) => [name, status]))
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Ends it and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
    await this.#ended
    clearTimeout(timer)
  }

  /** The last of its log. */
  tail(): string {
    return `--- ${this.#log}\n${fs.readFileSync(this.#log, 'utf8').slice(-TAIL_BYTES)}`
  }
}

/** Waits until `holds`; a throw ends the wait. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs: number,
  everyMs = LOOK_MS,
): Promise<void> {
  const end = performance.now() + deadlineMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Within ${deadlineMs} ms it did not come to pass that ${what}`)
    await new Promise((resolve) => void setTimeout(resolve, everyMs))
  }
}

let jars: string | undefined

function commandOf(runtime: Runtime, file: string, isCompiled: boolean): string[] {
  if (runtime === 'sluice') {
    const cli = path.join(ROOT, 'packages/cli')
    const main = isCompiled ? [`${cli}/dist/main.js`] : ['--conditions=@sluice/source', `${cli}/src/main.ts`]
    return [process.execPath, ...main, 'connect-distributed', file]
  }
  jars ??= execFileSync('bash', [KAFKA_SH, 'jars', '4.3.1'], { encoding: 'utf8' }).trim()
  const options = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  return ['java', ...options, log, '-cp', `${jars}/*`, 'org.apache.kafka.connect.cli.ConnectDistributed', file]
}

function defaults({ bootstrap, groupId }: Cluster, port: number): Record<string, string> {
  const topics: Record<string, string> = {}
  for (const kind of ['config', 'offset', 'status']) {
    topics[`${kind}.storage.topic`] = `${groupId}-${kind}s`
    topics[`${kind}.storage.replication.factor`] = '1'
  }
  return {
    ...topics,
    'bootstrap.servers': bootstrap,
    'group.id': groupId,
    listeners: `http://127.0.0.1:${port}`,
    'rest.advertised.host.name': '127.0.0.1',
    'rest.advertised.port': String(port),
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'offset.flush.interval.ms': '1000',
    'offset.storage.partitions': '2',
    'status.storage.partitions': '1',
    'plugin.discovery': 'service_load',
    'session.timeout.ms': '6000',
    'heartbeat.interval.ms': '500',
    'consumer.session.timeout.ms': '6000',
    'consumer.heartbeat.interval.ms': '500',
    'scheduled.rebalance.max.delay.ms': '0',
  }
}
