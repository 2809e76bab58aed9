/** What cells run connectors with: the plugins, Kafka clients and positions of a worker, each opened when it is first needed. */
import { connect, type Kafka } from '@sluice/kafka'
import { systemClock, systemRandom, type Connector, type Logger, type RawSettings } from '@sluice/sdk'
import { openPositions, type WorkerParts } from '../standalone.ts'
import { Plugins } from '../plugins/catalogue.ts'
import { loadConnectors } from '../plugins/load.ts'
import { standaloneSettings } from '../settings.ts'
import { CellMetrics } from './cell-metrics.ts'
import { buildTask } from './task-builder.ts'
import type { TaskHooks, TaskHandle, WorkEnvironment } from './work-environment.ts'
import type { TaskStart } from './work-host.ts'

/** In the form that goes to a cell. */
export interface WorkerEnvironmentGiven {
  /** The worker's settings, as in its properties file. */
  readonly worker: RawSettings
  /** Modules of connectors: package names, or paths beginning with `/`. */
  readonly connectors: readonly string[]
}

export async function openEnvironment(given: WorkerEnvironmentGiven, logger: Logger): Promise<WorkerEnvironment> {
  return new WorkerEnvironment(given, logger)
}

export class WorkerEnvironment implements WorkEnvironment {
  readonly clock = systemClock
  readonly instruments: CellMetrics = new CellMetrics()
  readonly #given: WorkerEnvironmentGiven
  readonly #logger: Logger
  #plugins: Promise<Plugins> | null = null
  #parts: Promise<WorkerParts> | null = null

  constructor(given: WorkerEnvironmentGiven, logger: Logger) {
    this.#given = given
    this.#logger = logger
  }

  async connector(config: RawSettings): Promise<Connector> {
    const plugins = await this.#loadPlugins()
    return plugins.connectors.get(config['connector.class'] ?? '')
  }

  async resolve(config: RawSettings): Promise<RawSettings> {
    return config
  }

  async buildTask(connector: Connector, config: RawSettings, start: TaskStart, hooks: TaskHooks): Promise<TaskHandle> {
    return buildTask(await this.#openParts(), connector, config, start.id.task, hooks, null)
  }

  metrics(): ReturnType<CellMetrics['samples']> {
    return this.instruments.samples()
  }

  async close(): Promise<void> {
    const parts = await this.#parts?.catch(() => null)
    await parts?.positions.close()
    await parts?.kafka.close()
  }

  #loadPlugins(): Promise<Plugins> {
    return (this.#plugins ??= loadPlugins(this.#given.connectors).catch((error: unknown) => {
      this.#plugins = null
      throw error
    }))
  }

  #openParts(): Promise<WorkerParts> {
    return (this.#parts ??= this.#open().catch((error: unknown) => {
      // The broker may be back when the next task asks.
      this.#parts = null
      throw error
    }))
  }

  async #open(): Promise<WorkerParts> {
    const { worker } = this.#given
    const settings = standaloneSettings.parse(worker)
    const shared = { worker, logger: this.#logger, clock: systemClock, random: systemRandom, metrics: this.instruments }
    const kafka = await connectAs(settings, this.#logger)
    try {
      const positions = await openPositions(settings, kafka, this.#logger)
      return { ...shared, connectors: [], settings, plugins: await this.#loadPlugins(), kafka, positions }
    } catch (error) {
      await kafka.close()
      throw error
    }
  }
}

function connectAs(settings: WorkerParts['settings'], logger: Logger): Promise<Kafka> {
  return connect({
    bootstrapServers: settings['bootstrap.servers'],
    clientId: settings['client.id'],
    logger,
    clock: systemClock,
  })
}

async function loadPlugins(connectors: readonly string[]): Promise<Plugins> {
  const [loaded, { converters }, { transforms, predicates }] = await Promise.all([
    loadConnectors(connectors),
    import('@sluice/codecs'),
    import('@sluice/transforms'),
  ])
  return new Plugins({ connectors: loaded, converters, transforms, predicates })
}
