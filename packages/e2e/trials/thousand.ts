/**
 * `npm run trial -- thousand [--full]`: 100 connectors with 400 tasks in shared cells on three distributed workers; with --full 1,000 with
 * 4,000. All are created, stopped with their workers, and started again; REST is asked while they run; a worker leaves in order and comes
 * back, another one is killed and comes back. Counted, from the status topic, from what the tasks have sent, and by REST:
 *
 *   not running    connectors and tasks that are not RUNNING in the end, on one worker, by REST of each             must be 0
 *   disturbed      connectors and tasks that were stopped or started and did not have to move                       must be 0
 *   overlapping    … that ran on two workers at the same time                                                       must be 0
 *   needless       moves beyond those that an even share needs, and one more per worker                             must be 0
 *   uneven         connectors or tasks that a worker has more than another one, less one                            must be 0
 *   lost, twice    records; twice may be what a killed worker had                                                   must be 0
 *   5xx            answers of REST, and requests without one                                                        must be 0
 *
 * Times and memory are printed beside targets for three machines with four cores each.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type Kafka } from '@sluice/kafka'
import { cpuSecondsOfTree, descendants, proportionalMiB } from '../bench/process-tree.ts'
import { startEmbedded } from './broker-on-trial.ts'
import type { ConnectWorkerProcess } from './connect/connect-worker.ts'
import { Answers, percentile } from './isolation/answers.ts'
import { Fleet } from './thousand/fleet.ts'
import { AnswerCounts, offer, type Offered } from './thousand/rest-load.ts'
import { StatusHistory } from './thousand/status-history.ts'
import { TickLedger } from './thousand/tick-ledger.ts'
import type { TrialOptions } from './trial-options.ts'

const SOURCE = fileURLToPath(new URL('./thousand/ticking-source.ts', import.meta.url))
const WORKERS = 3
const GROUP = 'thousand'

interface Size {
  readonly connectors: number
  readonly everyMs: number
  readonly sessionMs: number
  readonly loadMs: number
  readonly settleMs: number
}

const SHORT: Size = { connectors: 100, everyMs: 2_000, sessionMs: 6_000, loadMs: 1_500, settleMs: 1_000 }
const FULL: Size = { connectors: 1_000, everyMs: 20_000, sessionMs: 10_000, loadMs: 10_000, settleMs: 15_000 }

export async function trial({ full }: TrialOptions): Promise<boolean> {
  const size = full ? FULL : SHORT
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-thousand-'))
  // What Apache Kafka has by default: those who come together begin together.
  const broker = await startEmbedded(undefined, { 'group.initial.rebalance.delay.ms': '3000' })
  const bootstrap = `127.0.0.1:${broker.port}`
  const kafka = await connect({ bootstrapServers: bootstrap })
  const settings = {
    plugins: SOURCE,
    isolation: 'shared',
    'session.timeout.ms': String(size.sessionMs),
    'heartbeat.interval.ms': '1000',
    'status.storage.topic': `${GROUP}-status`,
    'status.storage.partitions': '5',
    'offset.storage.partitions': '25',
    'offset.flush.interval.ms': '10000',
  }
  const fleet = new Fleet({ bootstrap, groupId: GROUP, folder, settings }, size.connectors, size.everyMs)
  try {
    const held = await new Thousand(fleet, kafka, size).run()
    console.log(`thousand: ${held ? 'held' : `FAILED (see ${folder})`}`)
    if (held) fs.rmSync(folder, { recursive: true, force: true })
    return held
  } catch (error) {
    for (const worker of fleet.workers) console.log(worker.tail())
    throw error
  } finally {
    await fleet.end('SIGKILL')
    await kafka.close()
    await broker.stop()
  }
}

class Thousand {
  readonly #fleet: Fleet
  readonly #kafka: Kafka
  readonly #size: Size
  readonly #answers = new AnswerCounts()
  readonly #mayRepeat = new Set<string>()
  #history!: StatusHistory
  #held = true

  constructor(fleet: Fleet, kafka: Kafka, size: Size) {
    this.#fleet = fleet
    this.#kafka = kafka
    this.#size = size
  }

  async run(): Promise<boolean> {
    const { names, tasks } = this.#fleet
    const machine = `a machine of ${os.availableParallelism()} cores`
    console.log(`${names.length} connectors, ${tasks.length} tasks, ${WORKERS} workers on ${machine}; load ${load()}`)
    await this.#kafka.admin.ensureTopics(this.#fleet.topics().map((topic) => ({ topic, partitions: 2 })))
    await this.#fleet.start(WORKERS)
    this.#history = await StatusHistory.open(this.#kafka, `${GROUP}-status`)
    const ledger = await TickLedger.open(this.#kafka, this.#fleet.topics())
    try {
      await this.#create()
      await this.#coldStart()
      await this.#memory()
      await this.#rest()
      await this.#rebalances()
      await this.#judge(ledger)
      return this.#held
    } finally {
      await ledger.close()
      await this.#history.close()
    }
  }

  async #create(): Promise<void> {
    const { tookMs, allMs } = await this.#fleet.create()
    const running = allMs + (await this.#fleet.running(this.#history))
    console.log(
      `created at ${((tookMs.length * 1000) / allMs).toFixed(1)}/s, 20 at a time: p50 ${ms(percentile(tookMs, 0.5))} (target 100 ms), ` +
        `p99 ${ms(percentile(tookMs, 0.99))} (target 1000 ms); all RUNNING ${seconds(running)} after the first request; load ${load()}`,
    )
  }

  async #coldStart(): Promise<void> {
    const ending = performance.now()
    await this.#fleet.end('SIGTERM')
    console.log(`all workers ended in order within ${seconds(performance.now() - ending)}`)
    await this.#history.caughtUp()
    const mark = this.#history.length
    const since = performance.now()
    const served = await this.#fleet.start(WORKERS)
    await this.#fleet.running(this.#history)
    const running = performance.now() - since
    const starts = this.#history.since(mark).filter(({ state }) => state === 'RUNNING').length
    const written = this.#history.length - mark
    console.log(
      `cold start: REST serves after ${served.map(seconds).join(', ')} (target 10 s), all RUNNING after ${seconds(running)} (target 120 s); ` +
        `${starts} starts of ${this.#fleet.work.length}, ${written} statuses written; load ${load()}`,
    )
  }

  async #memory(): Promise<void> {
    await pause(this.#size.settleMs)
    for (const { workerId, pid } of this.#fleet.workers) {
      const cells = descendants(pid).map(proportionalMiB)
      const all = cells.reduce((sum, mib) => sum + mib, 0)
      const perTask = (all * 1024 * WORKERS) / this.#fleet.tasks.length
      console.log(
        `memory of ${workerId}: the worker ${mib(proportionalMiB(pid))} (target 400 MiB), ${cells.length} cells ${mib(all)}, ` +
          `${perTask.toFixed(0)} KiB per task`,
      )
    }
    const cpu = await cpuOf(this.#fleet.workers, this.#size.loadMs)
    console.log(`CPU when nobody asks: ${cpu.map((share) => `${(share * 100).toFixed(1)} %`).join(', ')} of a core`)
  }

  async #rest(): Promise<void> {
    const { names, workers } = this.#fleet
    const { loadMs } = this.#size
    const name = (n: number): string => names[(n * 7919) % names.length]!
    const changed = names.slice(0, 20)
    const list = '/connectors?expand=status'
    const offers: readonly Offered[] = [
      {
        name: 'GET one status',
        method: 'GET',
        path: (n) => `/connectors/${name(n)}/status`,
        perSecond: 200,
        targetMs: 50,
      },
      { name: `GET ${list}`, method: 'GET', path: () => list, perSecond: 50, targetMs: 300 },
      { name: 'GET /connectors', method: 'GET', path: () => '/connectors', perSecond: 50, targetMs: 300 },
      {
        name: 'PUT config',
        method: 'PUT',
        path: (n) => `/connectors/${changed[n % changed.length]}/config`,
        body: (n) => this.#fleet.config(changed[n % changed.length]!, `changed ${n}`),
        perSecond: 2,
        targetMs: 1000,
      },
    ]
    await this.#history.caughtUp()
    const mark = this.#history.length
    for (const [i, one] of offers.entries())
      console.log(`${await offer(workers[i % workers.length]!.url, one, loadMs, this.#answers)}; load ${load()}`)
    const since = performance.now()
    const scrape = await fetch(`${workers[0]!.url}/metrics`)
    const series = (await scrape.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
    this.#answers.note(scrape.status)
    console.log(`GET /metrics: ${ms(performance.now() - since)} (target 300 ms), ${series} series (target 20,000)`)
    await this.#fleet.running(this.#history)
    await pause(this.#size.settleMs)
    await this.#history.caughtUp()
    const own = (key: string): boolean => changed.some((of) => key.includes(`-${of}`))
    const others = new Set(
      this.#history
        .since(mark)
        .map(({ key }) => key)
        .filter((key) => !own(key)),
    )
    this.#count('while REST was asked: disturbed', [...others])
  }

  async #rebalances(): Promise<void> {
    const { workers } = this.#fleet
    const leaver = workers[0]!
    await this.#upheaval('a worker leaves in order', null, () => this.#fleet.end('SIGTERM', [leaver]))
    await this.#upheaval('it comes back', null, async () => void (await this.#fleet.start(1)))
    const victim = workers[0]!
    const killed = { worker: victim.workerId, at: 0 }
    for (const [key, { worker }] of this.#history.now)
      if (worker === victim.workerId) this.#mayRepeat.add(key.replace(/^status-task-/, ''))
    await this.#upheaval('a worker is killed', killed, async () => {
      killed.at = Date.now()
      await this.#fleet.end('SIGKILL', [victim])
    })
    await this.#upheaval('another one comes', null, async () => void (await this.#fleet.start(1)))
  }

  async #upheaval(
    name: string,
    died: { readonly worker: string; readonly at: number } | null,
    happen: () => Promise<void>,
  ): Promise<void> {
    await this.#history.caughtUp()
    const mark = this.#history.length
    const before = this.#shares()
    const asked = new Answers(this.#fleet.workers.at(-1)!, [
      `/connectors/${this.#fleet.names[0]}/status`,
      '/connectors',
    ])
    const since = performance.now()
    await happen()
    const happened = performance.now() - since
    await this.#balanced()
    const running = performance.now() - since
    await asked.stop()
    for (const took of asked.tookMs) this.#answers.note(took < 30_000 ? 200 : 0)
    await pause(this.#size.settleMs)
    await this.#history.caughtUp()
    const { moved, disturbed, given, got, downMs, overlapping } = this.#history.upheaval(mark, died)
    const after = this.#shares()
    console.log(
      `${name} (${seconds(happened)}): all RUNNING after ${seconds(running)}; ${moved.length} moved, not RUNNING for ` +
        `p50 ${seconds(percentile(downMs, 0.5))}, at most ${seconds(Math.max(0, ...downMs))} ` +
        `(target ${died === null ? 10 : this.#size.sessionMs / 1000 + 15} s); REST p99 of ${asked.tookMs.length} ${ms(percentile(asked.tookMs, 0.99))}; ` +
        `tasks per worker ${[...after.values()].map(({ tasks }) => tasks).join(', ')}; load ${load()}`,
    )
    this.#count(`  disturbed`, disturbed)
    this.#count(`  overlapping`, overlapping)
    const needless = [...new Set([...before.keys(), ...after.keys()])].flatMap((worker) => {
      const [was, is] = [total(before.get(worker)), total(after.get(worker))]
      const isTooMuch =
        (got.get(worker) ?? 0) > Math.max(0, is - was) + 1 || (given.get(worker) ?? 0) > Math.max(0, was - is) + 1
      return isTooMuch
        ? [`${worker} had ${was}, gave ${given.get(worker) ?? 0}, got ${got.get(worker) ?? 0}, has ${is}`]
        : []
    })
    this.#count(`  needless`, needless)
    this.#count(
      `  uneven`,
      (['connectors', 'tasks'] as const).filter((kind) => spread([...after.values()].map((share) => share[kind])) > 1),
    )
  }

  /** Everything is RUNNING, and nobody has more than a share. */
  async #balanced(): Promise<void> {
    const end = performance.now() + 120_000
    do {
      await this.#fleet.running(this.#history)
      const shares = [...this.#shares().values()]
      const isEven = shares.length === this.#fleet.workers.length && spread(shares.map(({ tasks }) => tasks)) <= 1
      if (isEven) return
      await pause(50)
    } while (performance.now() < end)
  }

  /** What each worker has, by the status topic. */
  #shares(): Map<string, { connectors: number; tasks: number }> {
    const shares = new Map<string, { connectors: number; tasks: number }>()
    for (const [key, { worker }] of this.#history.now) {
      const share = shares.get(worker) ?? { connectors: 0, tasks: 0 }
      shares.set(worker, share)
      if (key.startsWith('status-task-')) share.tasks++
      else share.connectors++
    }
    return shares
  }

  async #judge(ledger: TickLedger): Promise<void> {
    this.#count('not running', await this.#fleet.told(this.#history))
    // Everybody has sent something since the last change, and what was sent last was sent by whoever has the task.
    const counts = ledger.counts()
    const silent = (): string[] =>
      this.#fleet.tasks.filter((task) => (ledger.counts().get(task) ?? 0) <= (counts.get(task) ?? 0))
    for (let left = 10; left > 0 && silent().length > 0; left--) await pause(this.#size.everyMs / 4)
    this.#count('silent', silent())
    const owners = new Map(
      this.#fleet.workers.flatMap(({ workerId, pid }) => descendants(pid).map((cell) => [cell, workerId] as const)),
    )
    const elsewhere = [...ledger.lastPids()].filter(
      ([task, pid]) => owners.get(pid) !== this.#history.now.get(`status-task-${task}`)?.worker,
    )
    this.#count(
      'sent by somebody else than who has the task',
      elsewhere.map(([task]) => task),
    )
    const { tasks, records, lost, twice, twiceInOrder, overlapping } = ledger.outcome(this.#mayRepeat)
    console.log(
      `records: ${records} of ${tasks} tasks, lost ${lost}, twice ${twice}, of those not of a killed worker ${twiceInOrder}`,
    )
    this.#held &&= lost === 0 && twiceInOrder === 0 && tasks === this.#fleet.tasks.length
    this.#count('two at work on one task', overlapping)
    console.log(`answers of REST: ${this.#answers.shown()}; 5xx or none: ${this.#answers.wrong}`)
    this.#held &&= this.#answers.wrong === 0 && this.#answers.total > 0
  }

  #count(what: string, wrong: readonly string[]): void {
    console.log(`${what} ${wrong.length}${wrong.length === 0 ? '' : `: ${wrong.slice(0, 5).join(', ')}`}`)
    if (wrong.length > 0) this.#held = false
  }
}

/** Of the last minute: whoever else works on the machine is in the times. */
function load(): string {
  return os.loadavg()[0]!.toFixed(1)
}

function total(share: { readonly connectors: number; readonly tasks: number } | undefined): number {
  return share === undefined ? 0 : share.connectors + share.tasks
}

function spread(counts: readonly number[]): number {
  return Math.max(...counts) - Math.min(...counts)
}

/** Of a core, of each with its cells. */
async function cpuOf(workers: readonly ConnectWorkerProcess[], forMs: number): Promise<readonly number[]> {
  const before = workers.map(({ pid }) => cpuSecondsOfTree(pid))
  await pause(forMs)
  return workers.map(({ pid }, i) => ((cpuSecondsOfTree(pid) - before[i]!) * 1000) / forMs)
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, forMs))
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function seconds(value: number): string {
  return `${(value / 1000).toFixed(1)} s`
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`
}
