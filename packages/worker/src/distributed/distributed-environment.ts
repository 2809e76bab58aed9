/** What the cells of a distributed worker run connectors with: plugins, a way to Kafka, and positions, each opened when it is first needed. */
import { connect, type Kafka } from '@sluice/kafka'
import { systemClock, systemRandom, type Connector, type Logger, type RawSettings } from '@sluice/sdk'
import { CellMetrics } from '../cells/cell-metrics.ts'
import { buildTask } from '../cells/task-builder.ts'
import type { TaskHandle, TaskHooks, WorkEnvironment } from '../cells/work-environment.ts'
import type { TaskStart } from '../cells/work-host.ts'
import { ConfigProviders } from '../config-providers.ts'
import { kafkaConfig } from '../kafka-config.ts'
import type { Plugins } from '../plugins/catalogue.ts'
import { transactionalPositions } from '../positions/transactional-positions.ts'
import { openPlugins, pluginPath } from '../plugins/open-plugins.ts'
import { standaloneSettings } from '../settings.ts'
import type { ExactlyOnce } from '../source-builder.ts'
import type { WorkerParts } from '../standalone.ts'
import { ConnectorPositions } from './connector-positions.ts'

/** In the form that goes to a cell. */
export interface DistributedGiven {
  /** The worker's settings, as in its properties file. */
  readonly worker: RawSettings
  /** Modules of connectors: package names, or paths beginning with `/`. */
  readonly modules: readonly string[]
}

export async function openEnvironment(given: DistributedGiven, logger: Logger): Promise<WorkEnvironment> {
  const providers = ConfigProviders.of(given.worker)
  const { settings } = await providers.resolve(given.worker)
  return new DistributedEnvironment(settings, given.modules, providers, logger)
}

class DistributedEnvironment implements WorkEnvironment {
  readonly clock = systemClock
  readonly instruments: CellMetrics = new CellMetrics()
  readonly #worker: RawSettings
  readonly #modules: readonly string[]
  readonly #providers: ConfigProviders
  readonly #logger: Logger
  #plugins: Promise<Plugins> | null = null
  #opened: Promise<{ readonly kafka: Kafka; readonly positions: ConnectorPositions }> | null = null

  constructor(worker: RawSettings, modules: readonly string[], providers: ConfigProviders, logger: Logger) {
    this.#worker = worker
    this.#modules = modules
    this.#providers = providers
    this.#logger = logger
  }

  async connector(config: RawSettings): Promise<Connector> {
    return (await this.#loadedPlugins()).loadFor(config, this.#worker)
  }

  async resolve(config: RawSettings): Promise<RawSettings> {
    return (await this.#providers.resolve(config)).settings
  }

  async buildTask(connector: Connector, config: RawSettings, start: TaskStart, hooks: TaskHooks): Promise<TaskHandle> {
    const [plugins, { kafka, positions }] = await Promise.all([this.#loadedPlugins(), this.#open()])
    const { task } = start.id
    const isSource = connector.kind === 'source'
    const store = isSource ? await positions.of(config) : positions.worker
    const parts: WorkerParts = {
      worker: this.#worker,
      connectors: [],
      plugins,
      logger: this.#logger,
      metrics: this.instruments,
      clock: systemClock,
      random: systemRandom,
      settings: standaloneSettings.parse(this.#worker),
      kafka,
      positions: store,
    }
    const exactlyOnce: ExactlyOnce | null =
      isSource && start.isExactlyOnce
        ? {
            transactionalId: `${this.#worker['group.id']}-${start.id.connector}-${task}`,
            positions: transactionalPositions(store, start.id.connector),
            positionTopic: store.topic,
            fence: () => hooks.guard.fence(start.id.connector),
            verify: () => hooks.guard.verify(start.id),
          }
        : null
    return buildTask(parts, connector, config, task, hooks, exactlyOnce)
  }

  metrics(): ReturnType<CellMetrics['samples']> {
    return this.instruments.samples()
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => null)
    await opened?.positions.close()
    await opened?.kafka.close()
  }

  #loadedPlugins(): Promise<Plugins> {
    const places = { modules: this.#modules, folders: pluginPath(this.#worker['plugin.path']) }
    return (this.#plugins ??= openPlugins(places, this.#logger).catch((error: unknown) => {
      this.#plugins = null
      throw error
    }))
  }

  #open(): Promise<{ readonly kafka: Kafka; readonly positions: ConnectorPositions }> {
    return (this.#opened ??= this.#openAll().catch((error: unknown) => {
      // The broker may be back when the next task asks.
      this.#opened = null
      throw error
    }))
  }

  async #openAll(): Promise<{ readonly kafka: Kafka; readonly positions: ConnectorPositions }> {
    const kafka = await connect({ ...kafkaConfig(this.#worker).config, logger: this.#logger, clock: systemClock })
    try {
      return { kafka, positions: await ConnectorPositions.open(kafka, this.#worker, this.#logger) }
    } catch (error) {
      await kafka.close()
      throw error
    }
  }
}
