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
import { buildSinkTask } from '../sink-builder.ts'
import { buildSourceTask, type ExactlyOnce } from '../source-builder.ts'
import { workerSettings } from '../worker-settings.ts'
import { CellMetrics } from './cell-metrics.ts'
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

export interface EnvironmentParts {
  /** The worker's settings, resolved. */
  readonly worker: RawSettings
  /** Puts the values of config providers in. */
  readonly resolve: WorkEnvironment['resolve']
  readonly plugins: () => Promise<Plugins>
  /** Asked again after it has failed: the broker may be back when the next task asks. */
  readonly kafka: () => Promise<Kafka>
  /** As `kafka`, and asked by who has a source: the topic is followed from then on. */
  readonly positions: (kafka: Kafka) => Promise<ConnectorPositions>
  /** Ends what these have opened for this environment alone. */
  readonly close: () => Promise<void>
  readonly logger: Logger
}

/** Of a cell: everything is its own. */
export async function openEnvironment(given: CellGiven, logger: Logger): Promise<WorkEnvironment> {
  const providers = ConfigProviders.of(given.worker)
  const { settings: worker, values: own } = await providers.resolve(given.worker)
  const places = { modules: given.modules, folders: pluginPath(worker['plugin.path']) }
  let connecting: Promise<Kafka> | undefined
  let opening: Promise<ConnectorPositions> | undefined
  return new KafkaEnvironment({
    worker,
    resolve: async (config) => {
      const { settings, values } = await providers.resolve(config)
      return { settings, values: new Set([...own, ...values]) }
    },
    plugins: () => openPlugins(places, logger),
    kafka: () => (connecting = connect({ ...kafkaConfig(worker).config, logger, clock: systemClock })),
    positions: (kafka) => (opening = openWorkerPositions(given.mode, kafka, worker, logger)),
    close: async () => {
      await (await opening?.catch(() => null))?.close()
      await (await connecting?.catch(() => null))?.close()
    },
    logger,
  })
}

export class KafkaEnvironment implements WorkEnvironment {
  readonly clock = systemClock
  readonly instruments: CellMetrics = new CellMetrics()
  readonly #parts: EnvironmentParts
  readonly #plugins: () => Promise<Plugins>
  readonly #kafka: () => Promise<Kafka>
  readonly #positions: () => Promise<ConnectorPositions>

  constructor(parts: EnvironmentParts) {
    this.#parts = parts
    this.#plugins = once(parts.plugins)
    this.#kafka = once(parts.kafka)
    this.#positions = once(async () => parts.positions(await this.#kafka()))
  }

  async prepare(): Promise<void> {
    await Promise.all([this.#plugins(), this.#kafka()])
  }

  async connector(config: RawSettings): Promise<Connector> {
    const connector = await (await this.#plugins()).loadFor(config, this.#parts.worker)
    // Its tasks will ask for them, and need not wait then. Why it fails they are told.
    if (connector.kind === 'source') this.#positions().catch(() => undefined)
    return connector
  }

  resolve(config: RawSettings): Promise<WorkSettings> {
    return this.#parts.resolve(config)
  }

  async buildTask(connector: Connector, config: RawSettings, start: TaskStart, hooks: TaskHooks): Promise<TaskHandle> {
    const { worker, logger } = this.#parts
    const { control, events, metrics, guard } = hooks
    const [plugins, kafka] = await Promise.all([this.#plugins(), this.#kafka()])
    const settings = workerSettings.parse(worker)
    const parts = { worker, settings, plugins, kafka, metrics, logger, clock: systemClock, random: systemRandom }
    const { task } = start.id
    if (connector.kind === 'sink')
      return buildSinkTask(parts, connector, config, task, hooks.logger, { control, events })
    const positions = await this.#positions()
    const exactlyOnce = start.isExactlyOnce ? await this.#exactlyOnce(positions, config, start, guard) : null
    const source = { ...parts, positions: await positions.of(config) }
    return buildSourceTask(source, connector, config, task, hooks.logger, { control, events, exactlyOnce })
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

/** What it came to the first time; after a failure it is tried again. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null
  return () =>
    (opened ??= open().catch((error: unknown) => {
      opened = null
      throw error
    }))
}
