/**
 * Workers of one Connect cluster in this process (Kafka's EmbeddedConnectCluster), on the broker of the tests: the whole of
 * DistributedWorker, spoken to by REST alone. Connectors run inline, so that a test can look into them.
 */
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { MemoryMetrics, type RawSettings } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { DistributedWorker, LogLevels } from '../../src/index.ts'
import { connectPlugins } from '../support/connect-plugins.ts'
import { eventually } from '../support/eventually.ts'
import { address } from '../support/test-cluster.ts'
import connectors from './monitorable-connectors.ts'
import { RestClient } from './rest-client.ts'

const MODULES = [
  '@sluice/connector-kafka-examples',
  fileURLToPath(new URL('monitorable-connectors.ts', import.meta.url)),
]
const PROCESSORS = [fileURLToPath(new URL('../processors/ailing-processor.ts', import.meta.url))]

export class ConnectCluster {
  /** Of the group; nobody else has it. */
  readonly name = `cluster-${randomUUID().slice(0, 8)}`
  readonly workers: ConnectWorker[] = []
  readonly #settings: RawSettings

  constructor(settings: RawSettings = {}) {
    this.#settings = settings
  }

  static async of(workers: number, settings: RawSettings = {}): Promise<ConnectCluster> {
    const cluster = new ConnectCluster(settings)
    for (let n = 0; n < workers; n++) await cluster.add()
    return cluster
  }

  async add(more: RawSettings = {}): Promise<ConnectWorker> {
    const worker = await ConnectWorker.start({ ...clusterSettings(this.name), ...this.#settings, ...more })
    this.workers.push(worker)
    return worker
  }

  async remove(worker: ConnectWorker): Promise<void> {
    this.workers.splice(this.workers.indexOf(worker), 1)
    await worker.stop()
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.stop()))
  }

  /** How many running tasks each worker has, as the first of them tells: `3,3`. */
  async shares(): Promise<string> {
    const all = [...(await this.workers[0]!.statuses()).values()].flatMap(({ tasks }) => tasks)
    const running = all.filter(({ state }) => state === 'RUNNING')
    return this.workers.map(({ workerId }) => running.filter((task) => task.worker_id === workerId).length).join()
  }
}

export class ConnectWorker extends RestClient {
  readonly logger: MemoryLogger
  readonly #worker: DistributedWorker
  /** What the worker could not go on for. */
  readonly fatal: unknown[]

  private constructor(worker: DistributedWorker, logger: MemoryLogger, fatal: unknown[]) {
    super(worker.url.replace(/\/$/, ''))
    this.#worker = worker
    this.logger = logger
    this.fatal = fatal
  }

  /** @throws SluiceError as DistributedWorker.start */
  static async start(settings: RawSettings): Promise<ConnectWorker> {
    const logger = new MemoryLogger()
    const fatal: unknown[] = []
    const worker = await DistributedWorker.start({
      settings,
      plugins: connectPlugins(connectors),
      modules: MODULES,
      processors: PROCESSORS,
      logger,
      logLevels: new LogLevels(),
      metrics: new MemoryMetrics(),
      version: '4.3.1+sluice.test',
      commit: 'none',
      onFatal: (error) => fatal.push(error),
    })
    return new ConnectWorker(worker, logger, fatal)
  }

  /** Waits until it has read its topics. @throws what it could not go on for */
  async healthy(): Promise<void> {
    await eventually('the worker is healthy', async () => {
      if (this.fatal.length > 0) throw this.fatal[0] as Error
      return (await this.ask('GET', '/health/ready')).status === 200
    })
  }

  stop(): Promise<void> {
    return this.#worker.stop()
  }
}

/** Settings of a worker that is quick to see what happens. */
export function clusterSettings(name: string, bootstrapServers = address): RawSettings {
  return {
    'bootstrap.servers': bootstrapServers,
    'group.id': name,
    listeners: 'http://127.0.0.1:0',
    'config.storage.topic': `${name}-configs`,
    'config.storage.replication.factor': '1',
    'offset.storage.topic': `${name}-offsets`,
    'offset.storage.replication.factor': '1',
    'offset.storage.partitions': '1',
    'status.storage.topic': `${name}-status`,
    'status.storage.replication.factor': '1',
    'status.storage.partitions': '1',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'offset.flush.interval.ms': '50',
    'task.shutdown.graceful.timeout.ms': '1000',
    'session.timeout.ms': '6000',
    'heartbeat.interval.ms': '100',
    'scheduled.rebalance.max.delay.ms': '0',
    isolation: 'inline',
  }
}
