import { ConnectWorkerProcess, type Cluster, until } from '../connect/connect-worker.ts'
import type { StatusHistory } from './status-history.ts'

const TASKS = 4
const TOPICS = 10
const RUNNING_MS = 600_000
/** Requests to create at a time. */
const WIDTH = 20

/** So many connectors of four tasks each, and the workers that are there to run them. */
export class Fleet {
  readonly cluster: Cluster
  readonly workers: ConnectWorkerProcess[] = []
  readonly names: readonly string[]
  readonly #everyMs: number

  constructor(cluster: Cluster, connectors: number, everyMs: number) {
    this.cluster = cluster
    this.names = Array.from({ length: connectors }, (_, i) => `tick-${String(i).padStart(4, '0')}`)
    this.#everyMs = everyMs
  }

  get tasks(): readonly string[] {
    return this.names.flatMap((name) => Array.from({ length: TASKS }, (_, task) => `${name}-${task}`))
  }

  /** The keys of all that is to run, as the status topic has them. */
  get work(): readonly string[] {
    return [...this.names.map((name) => `status-connector-${name}`), ...this.tasks.map((task) => `status-task-${task}`)]
  }

  topics(): readonly string[] {
    return Array.from({ length: TOPICS }, (_, i) => `ticks-${i}`)
  }

  config(name: string, note: string): Readonly<Record<string, string>> {
    const topic = `ticks-${this.names.indexOf(name) % TOPICS}`
    return {
      'connector.class': 'ticking-source',
      'tasks.max': String(TASKS),
      topic,
      'every.ms': String(this.#everyMs),
      note,
    }
  }

  /** Starts so many at the same time; how long until each served, in ms. */
  async start(count: number): Promise<readonly number[]> {
    const since = performance.now()
    return Promise.all(
      Array.from({ length: count }, async () => {
        this.workers.push(await ConnectWorkerProcess.start('sluice', this.cluster))
        return performance.now() - since
      }),
    )
  }

  /** Ends one, or all. */
  async end(signal: 'SIGTERM' | 'SIGKILL', which: readonly ConnectWorkerProcess[] = [...this.workers]): Promise<void> {
    for (const worker of which) this.workers.splice(this.workers.indexOf(worker), 1)
    await Promise.all(which.map((worker) => worker.end(signal)))
  }

  /** Creates all of them; how long each took until it was answered, in ms, and all. The first one waits for the group, and is not told. */
  async create(): Promise<{ readonly tookMs: readonly number[]; readonly allMs: number }> {
    const took: number[] = []
    const left = [...this.names.entries()]
    const [, first] = left.shift()!
    await this.workers[0]!.must('PUT', `/connectors/${first}/config`, this.config(first, ''))
    const one = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [i, name] = next
        const since = performance.now()
        const worker = this.workers[i % this.workers.length]!
        await worker.must('PUT', `/connectors/${name}/config`, this.config(name, ''))
        took.push(performance.now() - since)
      }
    }
    const begun = performance.now()
    await Promise.all(Array.from({ length: WIDTH }, one))
    return { tookMs: took, allMs: performance.now() - begun }
  }

  /** Waits until everything is RUNNING on somebody who is there, by the status topic; how long that took, in ms. */
  async running(history: StatusHistory): Promise<number> {
    const since = performance.now()
    let others: string[] = []
    const isRunning = (): boolean => {
      const ids = new Set(this.workers.map(({ workerId }) => workerId))
      others = this.work.filter((key) => {
        const last = history.now.get(key)
        return last?.state !== 'RUNNING' || !ids.has(last.worker)
      })
      return others.length === 0
    }
    await until('everything is RUNNING', isRunning, RUNNING_MS, 50).catch((error) => {
      const shown = others.slice(0, 5).map((key) => `${key}: ${JSON.stringify(history.now.get(key) ?? null)}`)
      throw new Error(`${others.length} are not, as ${shown.join(', ')}`, { cause: error })
    })
    return performance.now() - since
  }

  /** What REST of every worker says against it that each is RUNNING, at the one who has it by the status topic. */
  async told(history: StatusHistory): Promise<string[]> {
    const problems = await Promise.all(
      this.workers.map(async (worker) => {
        const statuses = await worker.statuses()
        return this.names.flatMap((name) => {
          const status = statuses.get(name)
          if (status?.tasks.length !== TASKS)
            return [`${worker.workerId} knows ${status?.tasks.length ?? 0} tasks of ${name}`]
          const said = [
            [`status-connector-${name}`, status.connector] as const,
            ...status.tasks.map((task) => [`status-task-${name}-${task.id}`, task] as const),
          ]
          return said
            .filter(([key, { state, worker_id: id }]) => state !== 'RUNNING' || history.now.get(key)?.worker !== id)
            .map(([key, { state, worker_id: id }]) => `${worker.workerId} says of ${key}: ${state} at ${id}`)
        })
      }),
    )
    return problems.flat()
  }
}
