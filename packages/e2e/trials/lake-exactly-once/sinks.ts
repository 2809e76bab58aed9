/** Lake sinks on two workers, each with a process of its own for its tasks, and what may befall these. */
import { setTimeout as sleep } from 'node:timers/promises'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kafka } from '@sluice/kafka'
import { type Cluster, ConnectWorkerProcess, until } from '../connect/connect-worker.ts'
import { ORDER_SCHEMA, Orders } from './orders.ts'
import { descendantsOf, signalAll } from './process-tree.ts'
import { BUCKET } from './s3-orders.ts'
import type { StoreOnTrial } from './store-on-trial.ts'
import { readTable, type TableLedger } from './table-ledger.ts'

const MUTANTS = fileURLToPath(new URL('mutants.ts', import.meta.url))
const LOOK_MS = 200
/** So that a dead worker's, and a dead task's, place is free again soon. */
const SESSION_MS = 3_000
/** Longer than a session: whoever is frozen for so long has lost its partitions. */
export const FROZEN_MS = SESSION_MS + 2_500

export interface SinkGround {
  readonly bootstrap: string
  readonly kafka: Kafka
  readonly store: StoreOnTrial
  readonly folder: string
  /** Of the workers' group, and the prefix of its tables. */
  readonly name: string
}

/** A sink, the topic that it reads, and its table. */
export interface SinkOnTrial {
  readonly connector: string
  readonly orders: Orders
}

export class Sinks {
  readonly workers: ConnectWorkerProcess[] = []
  readonly #ground: SinkGround
  readonly #cluster: Cluster

  constructor(ground: SinkGround) {
    this.#ground = ground
    this.#cluster = {
      bootstrap: ground.bootstrap,
      groupId: ground.name,
      folder: ground.folder,
      environment: ground.store.environment,
      settings: {
        'session.timeout.ms': String(SESSION_MS),
        'heartbeat.interval.ms': '300',
        'consumer.session.timeout.ms': String(SESSION_MS),
        'consumer.heartbeat.interval.ms': '300',
        'offset.flush.interval.ms': '300',
        'cell.spares': '0',
        plugins: MUTANTS,
      },
    }
  }

  async startWorker(): Promise<ConnectWorkerProcess> {
    const worker = await ConnectWorkerProcess.start('sluice', this.#cluster)
    this.workers.push(worker)
    return worker
  }

  async create(
    connector: string,
    kind: string,
    rowsPerCommit: number,
    tasks: number,
    more: Readonly<Record<string, string>> = {},
  ): Promise<SinkOnTrial> {
    const orders = await Orders.make(this.#ground.kafka, `${this.#ground.name}-${connector}`, rowsPerCommit)
    await this.workers[0]!.must('PUT', `/connectors/${connector}/config`, {
      'connector.class': kind,
      'tasks.max': String(tasks),
      topics: orders.topic,
      'lake.url': `s3://${BUCKET}/${this.#ground.name}`,
      'table.name': connector,
      'kafka.coordinates': 'true',
      'flush.size': String(rowsPerCommit),
      'rotate.interval.ms': '300',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'true',
      'value.converter.schema.content': ORDER_SCHEMA,
      'consumer.override.auto.offset.reset': 'earliest',
      // A commit covers whole fetches, and these whole batches: as small as they are written.
      'consumer.override.fetch.max.bytes': '1000',
      'consumer.override.max.partition.fetch.bytes': '1000',
      'restart.backoff.initial.ms': '100',
      'restart.backoff.max.ms': '1000',
      ...more,
    })
    return { connector, orders }
  }

  /** Until the offsets that it has committed say that it has got so many. */
  async passed({ connector, orders }: SinkOnTrial, records: number, deadlineMs: number): Promise<void> {
    let last = 0
    const isThere = async (): Promise<boolean> => {
      last = await orders.passedBy(connector).catch(() => last)
      return last >= records
    }
    await until(`${connector} has passed ${records}`, isThere, deadlineMs, LOOK_MS).catch((error: unknown) => {
      throw new Error(`${last} of ${records} are passed\n${this.tails()}`, { cause: error })
    })
  }

  /** Kills a worker, which its cells have to notice for themselves, and starts another. */
  async killWorker(at: number): Promise<void> {
    await this.workers.splice(at, 1)[0]!.end('SIGKILL')
    await this.startWorker()
  }

  /** Kills what a worker has started, and not the worker. @returns how many processes that were */
  killCells(at: number): number {
    const cells = descendantsOf(this.workers[at]!.pid)
    signalAll(cells, 'SIGKILL')
    return cells.length
  }

  /** Kills all workers and all cells at one moment. @returns how many processes that were */
  async killEverybody(): Promise<number> {
    const dead = this.workers.splice(0)
    const pids = dead.flatMap(({ pid }) => [...descendantsOf(pid), pid])
    signalAll(pids, 'SIGKILL')
    await Promise.all(dead.map((worker) => worker.end('SIGKILL')))
    return pids.length
  }

  async startBoth(): Promise<void> {
    await Promise.all([this.startWorker(), this.startWorker()])
  }

  /** Freezes a worker with its cells, or its cells alone. @returns what thaws them */
  freeze(at: number, what: 'worker' | 'cells'): () => void {
    const { pid } = this.workers[at]!
    const frozen = what === 'worker' ? [pid, ...descendantsOf(pid)] : descendantsOf(pid)
    signalAll(frozen, 'SIGSTOP')
    return () => signalAll(frozen, 'SIGCONT')
  }

  async ledger({ connector, orders }: SinkOnTrial): Promise<TableLedger> {
    const { store, name } = this.#ground
    const table = this.tableFolder(connector)
    fs.rmSync(table, { recursive: true, force: true })
    fs.mkdirSync(table, { recursive: true })
    await store.dump(`${name}/${connector}/`, table)
    if (!(await orders.isWhole())) throw new Error(`the topic ${orders.topic} is not what was written`)
    return readTable(table, orders.ends())
  }

  tableFolder(connector: string): string {
    return path.join(this.#ground.folder, 'tables', this.#ground.name, connector)
  }

  /** How many tasks were stopped because another one has their partitions, by the workers' logs. */
  fenced(): number {
    const { folder } = this.#ground
    const logs = fs.readdirSync(folder).filter((name) => name.endsWith('.log'))
    const lines = logs.flatMap((name) => fs.readFileSync(path.join(folder, name), 'utf8').split('\n'))
    return lines.filter((line) => / ERROR .*The task failed .*Another writer/.test(line)).length
  }

  tails(): string {
    return this.workers.map((worker) => worker.tail()).join('\n')
  }

  async stop(): Promise<void> {
    await this.killEverybody()
    // Cells whose worker has gone end by themselves.
    await sleep(100)
  }
}
