/**
 * One sick connector after the other beside ten healthy ones on one distributed worker, a cell for each: it blocks for ever in each
 * method, holds the event loop, exhausts memory, calls process.exit, throws where nobody catches. Counted:
 *
 *   stopped     healthy connectors that sent nothing while a sick one was there                          must be 0
 *   restarted   healthy connectors whose process has changed, or which were not RUNNING for a moment     must be 0
 *   unanswered  questions to REST that were not answered 200                                             must be 0
 *   unshown     sick connectors that were not shown FAILED with the reason, or not started again         must be 0
 *   undeleted   sick connectors that could not be deleted                                                must be 0
 *
 * The answers' p99 and the change in what the healthy ones send are printed beside the bars of 1 s and 10 %.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type Kafka } from '@sluice/kafka'
import { startEmbedded } from './broker-on-trial.ts'
import { ConnectWorkerProcess, until, type Status } from './connect/connect-worker.ts'
import { Answers, percentile } from './isolation/answers.ts'
import { SICKNESSES, type Sickness } from './isolation/sicknesses.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import type { TrialOptions } from './trial-options.ts'

const CONNECTORS = fileURLToPath(new URL('../../worker/test/cells/sick-connectors.ts', import.meta.url))
const HEALTHY = Array.from({ length: 10 }, (_, n) => `healthy-${n}`)
const TOPIC = 'isolation.topic'
const P99_BAR_MS = 1000
const CHANGE_BAR_PERCENT = 10
const SHOWN_MS = 60_000

interface Times {
  readonly stallMs: number
  readonly windowMs: number
}

interface Outcome {
  readonly stopped: number
  readonly restarted: number
  readonly unanswered: number
  readonly unshown: number
  readonly undeleted: number
}

export async function trial({ full, seed, only }: TrialOptions): Promise<boolean> {
  const times: Times = full ? { stallMs: 10_000, windowMs: 20_000 } : { stallMs: 3_000, windowMs: 3_000 }
  const random = new SeededRandom(seed)
  const sicknesses = SICKNESSES.filter(({ sick }) => only === null || sick.includes(only))
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-isolation-'))
  const broker = await startEmbedded()
  const kafka = await connect({ bootstrapServers: `127.0.0.1:${broker.port}` })
  try {
    const worker = await startWorker(broker.port, folder, times)
    try {
      return await new Ward(worker, kafka, folder, times).treat(shuffled(sicknesses, random))
    } finally {
      await worker.end('SIGTERM')
    }
  } finally {
    await kafka.close()
    await broker.stop()
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function startWorker(port: number, folder: string, { stallMs }: Times): Promise<ConnectWorkerProcess> {
  const settings = {
    plugins: CONNECTORS,
    isolation: 'connector',
    'cell.stall.timeout.ms': String(stallMs),
    'cell.memory.max.bytes': '402653184',
    'cell.request.timeout.ms': '2000',
    'task.shutdown.graceful.timeout.ms': '2000',
  }
  return ConnectWorkerProcess.start('sluice', {
    bootstrap: `127.0.0.1:${port}`,
    groupId: 'isolation',
    folder,
    settings,
  })
}

/** The healthy ones, and those that come to them one by one. */
class Ward {
  readonly #worker: ConnectWorkerProcess
  readonly #kafka: Kafka
  readonly #folder: string
  readonly #times: Times
  readonly #allAnswers: number[] = []
  #pids = new Map<string, string>()

  constructor(worker: ConnectWorkerProcess, kafka: Kafka, folder: string, times: Times) {
    this.#worker = worker
    this.#kafka = kafka
    this.#folder = folder
    this.#times = times
  }

  async treat(sicknesses: readonly Sickness[]): Promise<boolean> {
    await this.#kafka.admin.ensureTopics([{ topic: TOPIC, partitions: 1 }])
    for (const name of HEALTHY) await this.#create(name, { 'per.poll': '50', pulse: this.#pulse(name) })
    await until('the healthy ones run', async () => this.#areRunning(await this.#worker.statuses()), SHOWN_MS)
    await until('they beat', () => HEALTHY.every((name) => this.#beats(name).length > 0), SHOWN_MS)
    this.#pids = new Map(HEALTHY.map((name) => [name, this.#beats(name).at(-1)!]))
    const answers = this.#answers()
    const alone = await this.#rate(2 * this.#times.windowMs)
    await answers.stop()
    console.log(
      `alone: ${Math.round(alone)} records/s, p99 of ${answers.tookMs.length} answers ${ms(percentile(answers.tookMs, 0.99))}`,
    )
    let held = true
    const changes: number[] = []
    for (const sickness of sicknesses) {
      const { outcome, rate } = await this.#beside(sickness)
      const change = (rate / alone - 1) * 100
      changes.push(change)
      const isHeld = Object.values(outcome).every((count) => count === 0)
      held &&= isHeld
      const counts = Object.entries(outcome).map(([what, count]) => `${what} ${count}`)
      console.log(
        `${sickness.sick.padEnd(20)} ${counts.join(', ')}; ${change >= 0 ? '+' : ''}${change.toFixed(1)} % records/s ${isHeld ? 'held' : 'FAILED'}`,
      )
    }
    const p99 = percentile(this.#allAnswers, 0.99)
    console.log(
      `${sicknesses.length} sick connectors beside ${HEALTHY.length} healthy ones: p99 of ${this.#allAnswers.length} answers ${ms(p99)} (bar ${P99_BAR_MS} ms), ` +
        `records/s ${mean(changes).toFixed(1)} % in the mean, ${Math.min(...changes).toFixed(1)} % at worst (bar -${CHANGE_BAR_PERCENT} %)`,
    )
    console.log(held ? 'isolation: held' : 'isolation: FAILED')
    return held
  }

  async #beside(sickness: Sickness): Promise<{ readonly outcome: Outcome; readonly rate: number }> {
    const answers = this.#answers()
    const before = new Map(HEALTHY.map((name) => [name, this.#beats(name).length]))
    const watching = new Watching(this.#worker)
    const name = `sick-${sickness.sick}`
    const [rate, unshown] = await Promise.all([
      this.#rate(this.#times.windowMs),
      this.#fallIll(name, sickness, watching),
    ])
    const stopped = HEALTHY.filter((healthy) => this.#beats(healthy).length <= before.get(healthy)!).length
    const undeleted = await this.#remove(name)
    await watching.stop()
    await answers.stop()
    this.#allAnswers.push(...answers.tookMs)
    const restarted = HEALTHY.filter(
      (healthy) => watching.wasDisturbed(healthy) || this.#beats(healthy).at(-1) !== this.#pids.get(healthy),
    ).length
    return { outcome: { stopped, restarted, unanswered: answers.failed, unshown, undeleted }, rate }
  }

  /** 1 if it did not show as it must. */
  async #fallIll(name: string, { sick, kind, expected }: Sickness, watching: Watching): Promise<number> {
    const config = { sick, 'after.ms': '300', ...(kind === 'sick-sink' ? { topics: TOPIC } : {}) }
    const created = await this.#worker.ask(
      'PUT',
      `/connectors/${name}/config`,
      this.#config(name, { ...config, 'connector.class': kind }),
    )
    if (expected.shows === 'refused') return created.status >= 400 ? 0 : 1
    if (created.status >= 300) {
      console.log(`  ${name} was not created: ${JSON.stringify(created.body)}`)
      return 1
    }
    if (expected.shows === 'nothing') return 0
    const { of, reason } = expected
    try {
      await until('it is shown FAILED, and started again', () => watching.cameBack(name, of, reason), SHOWN_MS)
      return 0
    } catch {
      console.log(`  ${name}: ${watching.seen(name)}`)
      return 1
    }
  }

  /** 1 if it is still there. */
  async #remove(name: string): Promise<number> {
    const { status } = await this.#worker.ask('DELETE', `/connectors/${name}`).catch(() => ({ status: 0 }))
    if (status !== 204 && status !== 404) return 1
    try {
      await until(
        'it is gone',
        async () => (await this.#worker.ask('GET', `/connectors/${name}/status`)).status === 404,
        SHOWN_MS,
      )
      return 0
    } catch {
      return 1
    }
  }

  async #create(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#worker.must('PUT', `/connectors/${name}/config`, this.#config(name, config))
  }

  #config(name: string, config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    return { name, 'connector.class': 'sick-source', topic: TOPIC, 'tasks.max': '1', ...config }
  }

  #answers(): Answers {
    return new Answers(this.#worker, ['/connectors?expand=status', '/connectors/healthy-0/status', '/connectors', '/'])
  }

  #areRunning(statuses: ReadonlyMap<string, Status>): boolean {
    return HEALTHY.every((name) => isWell(statuses.get(name)))
  }

  /** Records per second that the healthy ones send. */
  async #rate(windowMs: number): Promise<number> {
    const since = performance.now()
    const before = await this.#end()
    await new Promise((resolve) => void setTimeout(resolve, windowMs))
    return ((await this.#end()) - before) / ((performance.now() - since) / 1000)
  }

  async #end(): Promise<number> {
    const [end] = await this.#kafka.admin.listOffsets([{ topic: TOPIC, partition: 0 }], 'latest')
    return end!.offset
  }

  #pulse(name: string): string {
    return path.join(this.#folder, `${name}.pulse`)
  }

  /** The process of each poll. */
  #beats(name: string): readonly string[] {
    const file = this.#pulse(name)
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trimEnd().split('\n') : []
  }
}

/** Looks at all statuses, often, and remembers what they were. */
class Watching {
  readonly #worker: ConnectWorkerProcess
  readonly #disturbed = new Set<string>()
  readonly #history = new Map<string, string[]>()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>

  constructor(worker: ConnectWorkerProcess) {
    this.#worker = worker
    this.#running = this.#run()
  }

  wasDisturbed(name: string): boolean {
    return this.#disturbed.has(name)
  }

  /** FAILED for this reason, and RUNNING after it; a connector that never is may be FAILED twice. */
  cameBack(name: string, of: 'connector' | 'task', reason: RegExp): boolean {
    const history = this.#history.get(`${name} ${of}`) ?? []
    const failed = history.findIndex((state) => state.startsWith('FAILED') && reason.test(state))
    if (failed === -1) return false
    return history.slice(failed + 1).some((state) => state.startsWith('RUNNING') || reason.test(state))
  }

  seen(name: string): string {
    return JSON.stringify([...this.#history].filter(([key]) => key.startsWith(`${name} `)))
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const statuses = await this.#worker.statuses().catch(() => new Map<string, Status>())
      for (const name of HEALTHY) if (statuses.size > 0 && !isWell(statuses.get(name))) this.#disturbed.add(name)
      for (const [name, { connector, tasks }] of statuses) {
        this.#note(`${name} connector`, `${connector.state} ${connector.trace ?? ''}`)
        if (tasks[0] !== undefined) this.#note(`${name} task`, `${tasks[0].state} ${tasks[0].trace ?? ''}`)
      }
      await new Promise((resolve) => void setTimeout(resolve, 20))
    }
  }

  #note(key: string, state: string): void {
    const history = this.#history.get(key) ?? []
    this.#history.set(key, history)
    if (history.at(-1) !== state) history.push(state)
  }
}

function isWell(status: Status | undefined): boolean {
  return status?.connector.state === 'RUNNING' && status.tasks.length === 1 && status.tasks[0]!.state === 'RUNNING'
}

function shuffled<T>(items: readonly T[], random: SeededRandom): readonly T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}
