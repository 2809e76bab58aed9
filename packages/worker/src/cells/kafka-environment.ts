/** What connectors run with, in a cell or in the worker itself: plugins, a way to Kafka, and positions, each opened when it is first needed. */
import { connect, type Kafka } from '@sluice/kafka'
import { kafkaConfig } from '@sluice/kafka/properties'
import { systemClock, systemRandom, type Connector, type Logger, type RawSettings } from '@sluice/sdk'
import { ConfigProviders } from '../config-providers.ts'
import { transactionalId } from '../exactly-once.ts'
import type { Plugins } from '../plugins/catalogue.ts'
import { openPlugins, pluginPath } from '../plugins/open-plugins.ts'
import { transactional, type ConnectorPositions } from '../positions/connector-positions.ts'
import { transactionalPositions } from '../positions/transactional-positions.ts'
import { openWorkerPositions, type WorkerMode } from '../positions/worker-positions.ts'
import type { ExactlyOnce } from '../source-builder.ts'
import type { WorkerParts } from '../worker-parts.ts'
import { workerSettings } from '../worker-settings.ts'
import { CellMetrics } from './cell-metrics.ts'
import { buildTask } from './task-builder.ts'
import type { TaskHandle, TaskHooks, WorkEnvironment, WorkSettings } from './work-environment.ts'
import type { ExactlyOnceGuard, TaskStart } from './work-host.ts'

/** In the form that goes to a cell. */
export interface CellGiven {
  readonly mode: WorkerMode
  /** The worker's settings, as in its properties file. */
  readonly worker: RawSettings
  /** Modules of connectors: package names, or paths beginning with `/`. */
  readonly modules: readonly string[]
}

/** Kafka, and what is in it or beside it. */
export interface Reach {
  readonly kafka: Kafka
  readonly positions: ConnectorPositions
}

export interface EnvironmentParts {
  /** The worker's settings, resolved. */
  readonly worker: RawSettings
  /** Puts the values of config providers in. */
  readonly resolve: WorkEnvironment['resolve']
  readonly plugins: () => Promise<Plugins>
  /** Asked again after it has failed: the broker may be back when the next task asks. */
  readonly reach: () => Promise<Reach>
  /** Ends what the two have opened for this environment alone. */
  readonly close: () => Promise<void>
  readonly logger: Logger
}

/** Of a cell: everything is its own. */
export async function openEnvironment(given: CellGiven, logger: Logger): Promise<WorkEnvironment> {
  const providers = ConfigProviders.of(given.worker)
  const { settings: worker, values: own } = await providers.resolve(given.worker)
  const places = { modules: given.modules, folders: pluginPath(worker['plugin.path']) }
  let reaching: Promise<Reach> | undefined
  return new KafkaEnvironment({
    worker,
    resolve: async (config) => {
      const { settings, values } = await providers.resolve(config)
      return { settings, values: new Set([...own, ...values]) }
    },
    plugins: () => openPlugins(places, logger),
    reach: () => (reaching = openReach(given.mode, worker, logger)),
    close: async () => {
      const reached = await reaching?.catch(() => null)
      await reached?.positions.close()
      await reached?.kafka.close()
    },
    logger,
  })
}

export class KafkaEnvironment implements WorkEnvironment {
  readonly clock = systemClock
  readonly instruments: CellMetrics = new CellMetrics()
  readonly #parts: EnvironmentParts
  readonly #plugins: () => Promise<Plugins>
  readonly #reach: () => Promise<Reach>

  constructor(parts: EnvironmentParts) {
    this.#parts = parts
    this.#plugins = once(parts.plugins)
    this.#reach = once(parts.reach)
  }

  async prepare(): Promise<void> {
    await Promise.all([this.#plugins(), this.#reach()])
  }

  async connector(config: RawSettings): Promise<Connector> {
    return (await this.#plugins()).loadFor(config, this.#parts.worker)
  }

  resolve(config: RawSettings): Promise<WorkSettings> {
    return this.#parts.resolve(config)
  }

  async buildTask(connector: Connector, config: RawSettings, start: TaskStart, hooks: TaskHooks): Promise<TaskHandle> {
    const { worker, logger } = this.#parts
    const [plugins, { kafka, positions }] = await Promise.all([this.#plugins(), this.#reach()])
    const parts: WorkerParts = {
      worker,
      settings: workerSettings.parse(worker),
      plugins,
      kafka,
      // A sink has none.
      positions: await positions.of(connector.kind === 'source' ? config : {}),
      metrics: hooks.metrics,
      logger,
      clock: systemClock,
      random: systemRandom,
    }
    const isExactlyOnce = connector.kind === 'source' && start.isExactlyOnce
    const exactlyOnce = isExactlyOnce ? await this.#exactlyOnce(positions, config, start, hooks.guard) : null
    return buildTask(parts, connector, config, start.id.task, hooks, exactlyOnce)
  }

  metrics(): ReturnType<CellMetrics['samples']> {
    return this.instruments.samples()
  }

  close(): Promise<void> {
    return this.#parts.close()
  }

  async #exactlyOnce(
    positions: ConnectorPositions,
    config: RawSettings,
    { id }: TaskStart,
    guard: ExactlyOnceGuard,
  ): Promise<ExactlyOnce> {
    const store = transactional(await positions.of(config))
    return {
      transactionalId: transactionalId(this.#parts.worker['group.id']!, id.connector, id.task),
      positions: transactionalPositions(store, id.connector),
      positionTopic: store.topic,
      fence: () => guard.fence(id.connector),
      verify: () => guard.verify(id),
    }
  }
}

async function openReach(mode: WorkerMode, worker: RawSettings, logger: Logger): Promise<Reach> {
  const kafka = await connect({ ...kafkaConfig(worker).config, logger, clock: systemClock })
  try {
    return { kafka, positions: await openWorkerPositions(mode, kafka, worker, logger) }
  } catch (error) {
    await kafka.close()
    throw error
  }
}

/** What it came to the first time; after a failure it is tried again. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null
  return () =>
    (opened ??= open().catch((error: unknown) => {
      opened = null
      throw error
    }))
}
