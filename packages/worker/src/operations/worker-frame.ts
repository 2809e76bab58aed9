/** What a worker has around its herder, in both modes: REST, Kafka, positions, plugins, loggers, cells, and one stack to end it all by. */
import { connect, type Kafka } from '@sluice/kafka'
import { kafkaConfig } from '@sluice/kafka/properties'
import {
  describeError,
  MemoryMetrics,
  systemClock,
  systemRandom,
  type Clock,
  type Logger,
  type Random,
  type RawSettings,
} from '@sluice/sdk'
import type { CatalogueTable } from '../catalogue/catalogue.ts'
import { CellHost, type CellHostOptions } from '../cells/cell-host.ts'
import { leastLevel } from '../cells/cell-logger.ts'
import { cellOptions } from '../cells/cell-settings.ts'
import { KafkaEnvironment, type CellGiven } from '../cells/kafka-environment.ts'
import { KAFKA_ENVIRONMENT } from '../programs.ts'
import type { WorkSettings } from '../cells/work-environment.ts'
import type { ConfigProviders } from '../config-providers.ts'
import type { Herder } from '../herder/herder.ts'
import type { HerderLoggers } from '../herder/ports.ts'
import type { HerderSettings } from '../herder/settings.ts'
import type { StandaloneHerderParts } from '../herder/standalone-herder.ts'
import { KAFKA_VERSION, type Plugins } from '../plugins/catalogue.ts'
import { KafkaConnectorOffsets } from '../positions/connector-offsets.ts'
import type { ConnectorPositions } from '../positions/connector-positions.ts'
import { openWorkerPositions, type WorkerMode } from '../positions/worker-positions.ts'
import { Processors } from '../processors/processors.ts'
import { groupProblem, sinkOfGroup } from '../processors/sink-groups.ts'
import { cleanError } from '../provided-values.ts'
import { RestServer } from '../rest/rest-server.ts'
import { PluginDirectory } from '../validation/plugin-directory.ts'
import type { ValidationParts } from '../validation/validator.ts'
import type { WorkerSettings } from '../worker-settings.ts'
import { ClosingStack } from './closing-stack.ts'
import { LogLevels } from './log-levels.ts'
import { metricsPage, type Measured } from './metrics-page.ts'

export interface WorkerOptions {
  /** The worker's settings, as in its properties file. */
  readonly settings: RawSettings
  /** What is told of plugins, and what runs in this process; what runs in cells is loaded there, by `modules`. */
  readonly plugins: Plugins
  /** Modules of connectors: package names, or paths beginning with `/`. */
  readonly modules?: readonly string[]
  /** The same, of processors. */
  readonly processors?: readonly string[]
  readonly logger: Logger
  readonly logLevels?: LogLevels
  readonly metrics?: MemoryMetrics
  /** What `GET /` answers. Default: the release of Kafka Connect that is kept to. */
  readonly version?: string
  readonly commit?: string
  readonly clock?: Clock
}

export interface FrameParts extends WorkerOptions {
  readonly mode: WorkerMode
  readonly providers: ConfigProviders
  /** The settings, resolved; and parsed. */
  readonly raw: RawSettings
  /** Values of config providers in them: not to be told. */
  readonly values: ReadonlySet<string>
  readonly worker: WorkerSettings
  /** Of the worker's own connections. */
  readonly clientId: string
  /** What this worker has against configs of connectors. */
  readonly objections?: NonNullable<ValidationParts['objections']>
}

/** What a task that gives no sign of life is given before it is restarted. */
const STUCK_AFTER_MS = 300_000

/** Kafka, and what is in it or beside it. */
interface Reach {
  readonly kafka: Kafka
  readonly positions: ConnectorPositions
}

export class WorkerFrame {
  readonly rest: RestServer
  readonly kafka: Kafka
  readonly clock: Clock
  readonly random: Random = systemRandom
  readonly #parts: FrameParts
  readonly #reach: Reach
  readonly #clusterId: string
  readonly #logLevels: LogLevels
  readonly #closing: ClosingStack
  readonly #ending = new AbortController()
  #host: CellHost | null = null
  #herder: Herder | null = null
  #processors: Processors | null = null

  /** Listens, then reaches Kafka. @throws SluiceError SETTINGS_INVALID, KAFKA_UNREACHABLE, STORE_UNAVAILABLE */
  static async open(parts: FrameParts): Promise<WorkerFrame> {
    const { mode, raw, clientId, logger, clock = systemClock, metrics = new MemoryMetrics() } = parts
    const closing = new ClosingStack()
    let frame: WorkerFrame | undefined
    try {
      const rest = new RestServer({
        settings: raw,
        logger,
        clock,
        version: parts.version ?? KAFKA_VERSION,
        commit: parts.commit ?? 'unknown',
        metrics: () => metricsPage(metrics, frame === undefined ? [] : frame.#measured()),
        kafkaOpts: process.env['KAFKA_OPTS'],
      })
      await rest.listen()
      closing.defer(() => rest.stop())
      const kafka = await connect({ ...kafkaConfig({ ...raw, 'client.id': clientId }).config, logger, clock })
      closing.defer(() => kafka.close())
      const { clusterId } = await kafka.admin.describeCluster()
      const positions = await openWorkerPositions(mode, kafka, raw, logger)
      closing.defer(() => positions.close())
      return (frame = new WorkerFrame(parts, rest, { kafka, positions }, clusterId, closing))
    } catch (error) {
      await closing.close().catch((late: unknown) => logger.error(describeError(late)))
      throw cleanError(error, parts.values)
    }
  }

  private constructor(parts: FrameParts, rest: RestServer, reach: Reach, clusterId: string, closing: ClosingStack) {
    this.#parts = parts
    this.rest = rest
    this.#reach = reach
    this.kafka = reach.kafka
    this.clock = parts.clock ?? systemClock
    this.#clusterId = clusterId
    this.#logLevels = parts.logLevels ?? new LogLevels()
    this.#closing = closing
  }

  /** The settings of a connector with the values of config providers in them; the values are those of the worker's own besides. */
  async resolve(config: RawSettings): Promise<WorkSettings> {
    const { settings, values } = await this.#parts.providers.resolve(config)
    return { settings, values: new Set([...this.#parts.values, ...values]) }
  }

  /** Where connectors run, of which there is one: who asks something of connectors asks it from now on. */
  host(own: Pick<CellHostOptions, 'isolation' | 'events' | 'guard'> & { readonly silenceMaxMs?: number }): CellHost {
    const { mode, settings, modules = [], raw, worker, plugins, logger } = this.#parts
    const given: CellGiven = { mode, worker: settings, modules }
    const host = new CellHost({
      ...cellOptions(raw),
      ...own,
      logLevel: leastLevel(this.#logLevels),
      module: KAFKA_ENVIRONMENT.href,
      given,
      // Positions in a file belong to one process, and connections can be shared: work in this one has the worker's own.
      inline: async () =>
        new KafkaEnvironment({
          worker: raw,
          resolve: (config) => this.resolve(config),
          plugins: async () => plugins,
          kafka: async () => this.kafka,
          positions: async () => this.#reach.positions,
          close: async () => undefined,
          logger,
        }),
      logger,
      clock: this.clock,
    })
    this.#host = host
    this.#closing.defer(() => host.stop(worker['task.shutdown.graceful.timeout.ms']))
    return host
  }

  /** Where processors run, of which there is one: REST asks it from now on. It begins in the background. */
  processors(own: {
    readonly isolation: CellHostOptions['isolation']
    readonly openTable: () => Promise<CatalogueTable>
    /** `group.id`; null in standalone. */
    readonly workerGroup: string | null
    readonly silenceMaxMs?: number
  }): void {
    const { settings, processors: modules = [], raw, worker, logger } = this.#parts
    const { isolation, openTable, workerGroup, silenceMaxMs } = own
    const processors = new Processors({
      cells: {
        ...cellOptions(raw),
        isolation,
        logLevel: leastLevel(this.#logLevels),
        ...(silenceMaxMs !== undefined && { silenceMaxMs }),
      },
      openTable,
      modules,
      settings,
      resolve: (config) => this.resolve(config),
      kafka: this.kafka,
      worker: this.rest.workerId,
      url: this.rest.advertisedUrl,
      takenBy: async (group) => {
        if (group === workerGroup) return 'the workers'
        const sink = this.#herder && (await sinkOfGroup(group, this.#herder, (config) => this.resolve(config)))
        return sink === null ? null : `connector ${sink}`
      },
      client: this.rest.client(),
      stopMs: worker['task.shutdown.graceful.timeout.ms'],
      clock: this.clock,
      logger,
    })
    this.#processors = processors
    this.#closing.defer(() => processors.stop())
  }

  /** What every herder is given. `transactionalId`: of a connector's first task, where sources are exactly once. */
  herderParts(
    transactionalId: ((connector: string) => string) | null,
  ): Omit<StandaloneHerderParts, 'config' | 'status' | 'host' | 'settings'> {
    const { providers, plugins, raw, logger, objections } = this.#parts
    const { clock, random } = this
    const validation: ValidationParts = {
      plugins,
      worker: raw,
      providers,
      logger,
      clock,
      ask: (config) => this.#host!.validate(config),
      askTimeoutMs: cellOptions(raw).requestTimeoutMs,
      objections: (config, kind) => [
        ...(objections?.(config, kind) ?? []),
        ...(kind === 'sink' ? groupProblem(config, (group) => this.#processors?.ownerOf(group) ?? null) : []),
      ],
    }
    return {
      workerId: this.rest.workerId,
      kafkaClusterId: this.#clusterId,
      resolve: (config) => providers.resolve(config),
      plugins: new PluginDirectory(validation, this.#ending.signal),
      loggers: this.#loggers(),
      offsets: new KafkaConnectorOffsets({
        ...this.#reach,
        worker: raw,
        transactionalId,
        resolve: (config) => this.resolve(config),
        clock,
        random,
        logger,
      }),
      offsetsHook: (connector, config, offsets) => this.#host!.alterOffsets(connector, config, offsets),
      clock,
      logger,
    }
  }

  /** Requests are answered from it; resolves when it has started. It is stopped before everything else. */
  async serve(herder: Herder): Promise<void> {
    this.#herder = herder
    this.#closing.defer(() => herder.stop())
    this.rest.serve(herder, this.#processors)
    await herder.start()
  }

  /** Everything, in order. Idempotent. */
  end(): Promise<void> {
    this.#ending.abort()
    return this.#closing.close()
  }

  /** Ends everything because of this error, which is what is to be told. */
  async failed(reason: unknown): Promise<unknown> {
    await this.end().catch((late: unknown) => this.#parts.logger.error(describeError(late)))
    return cleanError(reason, this.#parts.values)
  }

  #measured(): readonly Measured[] {
    return [
      () => this.rest.measures(),
      () => this.#herder?.measures(),
      () => this.#host?.metrics(),
      () => this.#processors?.metrics(),
    ]
  }

  #loggers(): HerderLoggers {
    const levels = this.#logLevels
    return {
      all: () => levels.loggers(),
      get: (name) => levels.level(name),
      set: (namespace, level) => {
        const concerned = levels.setLevel(namespace, level)
        this.#host?.setLogLevel(leastLevel(levels))
        this.#processors?.setLogLevel(leastLevel(levels))
        return concerned
      },
    }
  }
}

/** What every herder is told by the settings of its worker. */
export function herderSettings(worker: WorkerSettings): HerderSettings {
  return {
    taskStopMs: worker['task.shutdown.graceful.timeout.ms'],
    isTrackingTopics: worker['topic.tracking.enable'],
    mayResetTopics: worker['topic.tracking.allow.reset'],
    automaticRestart: {},
    stuckAfterMs: STUCK_AFTER_MS,
  }
}
