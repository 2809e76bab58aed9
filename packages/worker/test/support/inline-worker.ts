/** Connectors and tasks in this process, as a host runs them, without a herder that would bring back what has failed. */
import { connect, type Kafka } from '@sluice/kafka'
import { kafkaConfig } from '@sluice/kafka/properties'
import { type Logger, type RawSettings, systemClock } from '@sluice/sdk'
import { InlineHost } from '../../src/cells/inline-host.ts'
import { KafkaEnvironment } from '../../src/cells/kafka-environment.ts'
import type { TaskHandle, WorkEnvironment } from '../../src/cells/work-environment.ts'
import type { ConnectorType, TaskId, WorkState } from '../../src/herder/herder.ts'
import type { Plugins } from '../../src/index.ts'
import type { ConnectorPositions } from '../../src/positions/connector-positions.ts'
import { openWorkerPositions } from '../../src/positions/worker-positions.ts'
import { workerSettings } from '../../src/worker-settings.ts'
import { eventually } from './eventually.ts'

export interface InlineOptions {
  readonly worker: RawSettings
  readonly connectors: readonly RawSettings[]
  readonly plugins: Plugins
  readonly logger: Logger
}

interface TaskShown {
  readonly task: number
  readonly state: WorkState
  readonly trace?: string
}

export class InlineWorker {
  readonly #options: InlineOptions
  readonly #kafka: Kafka
  readonly #positions: ConnectorPositions
  readonly #host: InlineHost
  readonly #tasks = new Map<string, TaskShown[]>()
  /** What each task failed on, or undefined. */
  readonly #ends: Promise<unknown>[] = []

  /** Resolves when every task runs, or has failed. */
  static async start(options: InlineOptions): Promise<InlineWorker> {
    const kafka = await connect({ ...kafkaConfig(options.worker).config, logger: options.logger })
    const positions = await openWorkerPositions('standalone', kafka, options.worker, options.logger)
    const worker = new InlineWorker(options, kafka, positions)
    try {
      for (const config of options.connectors) await worker.#startConnector(config)
      await eventually('all tasks have started', () =>
        worker.status().every(({ tasks }) => tasks.every(({ state }) => state !== 'UNASSIGNED')),
      )
      return worker
    } catch (error) {
      await worker.stop()
      throw error
    }
  }

  private constructor(options: InlineOptions, kafka: Kafka, positions: ConnectorPositions) {
    this.#options = options
    this.#kafka = kafka
    this.#positions = positions
    const { worker, plugins, logger } = options
    const environment = new KafkaEnvironment({
      worker,
      resolve: async (settings) => ({ settings, values: new Set() }),
      plugins: async () => plugins,
      kafka: async () => kafka,
      positions: async () => positions,
      close: async () => undefined,
      logger,
    })
    this.#host = new InlineHost({
      environment: this.#noting(environment),
      events: {
        connectorState: () => undefined,
        taskState: (id, state, trace) => this.#note(id, state, trace),
        reconfigurationRequested: () => undefined,
        topicUsed: () => undefined,
      },
      guard: { fence: async () => undefined, verify: async () => undefined },
      logger,
    })
  }

  status(): readonly { readonly name: string; readonly type: ConnectorType; readonly tasks: readonly TaskShown[] }[] {
    return [...this.#tasks].map(([name, tasks]) => {
      const config = this.#options.connectors.find((one) => one['name'] === name)
      return { name, type: this.#options.plugins.connectorType(config!['connector.class']!), tasks }
    })
  }

  progress(name: string): readonly unknown[] {
    return this.#host.progress(name).map(({ progress }) => progress)
  }

  /** Resolves when every task has ended; rejects with the first failure among them then. */
  async ended(): Promise<void> {
    const failure = (await Promise.all(this.#ends)).find((error) => error !== undefined)
    if (failure !== undefined) throw failure
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    await this.#host.stop(workerSettings.parse(this.#options.worker)['task.shutdown.graceful.timeout.ms'])
    await this.#positions.close()
    await this.#kafka.close()
  }

  async #startConnector(config: RawSettings): Promise<void> {
    const connector = config['name']!
    await this.#host.startConnector({ connector, config, targetState: 'STARTED' })
    const configs = await this.#host.taskConfigs(connector, Number(config['tasks.max'] ?? 1))
    this.#tasks.set(
      connector,
      configs.map((_, task) => ({ task, state: 'UNASSIGNED' })),
    )
    for (const [task, own] of configs.entries())
      await this.#host.startTask({
        id: { connector, task },
        config: own,
        connectorConfig: config,
        targetState: 'STARTED',
        tasks: configs.length,
        isExactlyOnce: false,
      })
  }

  #note({ connector, task }: TaskId, state: WorkState, trace: string | null): void {
    this.#tasks.get(connector)![task] = { task, state, ...(trace === null ? {} : { trace }) }
  }

  /** The environment, with what each task ends with noted. */
  #noting(environment: KafkaEnvironment): WorkEnvironment {
    const buildTask: WorkEnvironment['buildTask'] = async (...args): Promise<TaskHandle> => {
      const { promise: end, resolve } = Promise.withResolvers<unknown>()
      this.#ends.push(end)
      try {
        const handle = await environment.buildTask(...args)
        const run = async (signal: AbortSignal): Promise<void> => {
          try {
            await handle.run(signal)
            resolve(undefined)
          } catch (error) {
            resolve(error)
            throw error
          }
        }
        return { progress: () => handle.progress(), figures: () => handle.figures?.() ?? [], run }
      } catch (error) {
        resolve(error)
        throw error
      }
    }
    return {
      clock: systemClock,
      instruments: environment.instruments,
      connector: (config) => environment.connector(config),
      resolve: (config) => environment.resolve(config),
      metrics: () => environment.metrics(),
      close: () => environment.close(),
      buildTask,
    }
  }
}
