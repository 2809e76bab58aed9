/**
 * A distributed worker (`connect-distributed`): one of a group that shares connectors and tasks, Java's workers among them or not. This
 * file is its composition root: the only one that knows every part.
 *
 *     rest/         asks the herder
 *     herder/       decides, on the config and status topics (storage/) and the group (group/)
 *     cells/        runs what is decided, in processes of their own
 */
import path from 'node:path'
import { connect } from '@sluice/kafka'
import {
  describeError,
  systemClock,
  systemRandom,
  type Clock,
  type Logger,
  type MemoryMetrics,
  type RawSettings,
} from '@sluice/sdk'
import { CellHost } from '../cells/cell-host.ts'
import { leastLevel } from '../cells/cell-logger.ts'
import { cellOptions } from '../cells/cell-settings.ts'
import type { CellGiven } from '../cells/kafka-environment.ts'
import { ConfigProviders } from '../config-providers.ts'
import { groupSettings, type GroupSettings } from '../distributed-settings.ts'
import { ConnectWorkerGroup } from '../group/connect-worker-group.ts'
import { DistributedHerder } from '../herder/distributed-herder.ts'
import type { DistributedSettings } from '../herder/settings.ts'
import { kafkaConfig } from '../kafka-config.ts'
import { cellFigures } from '../operations/cell-figures.ts'
import type { LogLevels } from '../operations/log-levels.ts'
import { prometheusText } from '../operations/prometheus.ts'
import type { Plugins } from '../plugins/catalogue.ts'
import { KafkaConnectorOffsets } from '../positions/connector-offsets.ts'
import { openWorkerPositions } from '../positions/worker-positions.ts'
import { LeaderClient } from '../rest/leader-client.ts'
import { RestServer } from '../rest/rest-server.ts'
import { KafkaConfigStore } from '../storage/kafka-config-store.ts'
import { KafkaStatusStore } from '../storage/kafka-status-store.ts'
import { internalTopics, storageSettings } from '../storage/storage-settings.ts'
import { storeClientIds } from '../storage/store-clients.ts'
import { kafkaOfTask } from '../task-kafka.ts'
import { PluginDirectory } from '../validation/plugin-directory.ts'
import { workerSettings, type WorkerSettings } from '../worker-settings.ts'

export interface DistributedOptions {
  /** The worker's settings, as in its properties file. */
  readonly settings: RawSettings
  /** What is told of plugins; what runs is loaded in the cells, by `modules`. */
  readonly plugins: Plugins
  /** Modules of connectors: package names, or paths beginning with `/`. */
  readonly modules: readonly string[]
  readonly logger: Logger
  readonly logLevels: LogLevels
  readonly metrics: MemoryMetrics
  /** What `GET /` answers. */
  readonly version: string
  readonly commit: string
  /** The herder cannot go on: the worker is to be stopped. */
  readonly onFatal: (error: unknown) => void
  readonly clock?: Clock
}

/** What a task that gives no sign of life is given before it is restarted. */
const STUCK_AFTER_MS = 300_000
/** Compiled or not, as this file. */
const ENVIRONMENT = new URL(`../cells/kafka-environment${path.extname(import.meta.url)}`, import.meta.url).href

export class DistributedWorker {
  /** Where REST is, as others reach it. */
  readonly url: string
  readonly #end: () => Promise<void>
  #stopping: Promise<void> | undefined

  private constructor(url: string, end: () => Promise<void>) {
    this.url = url
    this.#end = end
  }

  /**
   * Listens, reaches Kafka, and begins to join the group; resolves when requests are answered.
   * @throws SluiceError SETTINGS_INVALID, KAFKA_UNREACHABLE
   */
  static async start(options: DistributedOptions): Promise<DistributedWorker> {
    const providers = ConfigProviders.of(options.settings)
    const { settings: raw } = await providers.resolve(options.settings)
    const { logger, metrics, clock = systemClock, version, commit } = options
    const worker = workerSettings.parse(raw)
    const group = groupSettings.parse(raw)
    const topics = internalTopics(storageSettings.parse(raw), raw, logger)
    const clientIds = storeClientIds(group['group.id'], worker['client.id'])
    let host: CellHost | undefined
    const rest = new RestServer({
      settings: raw,
      logger,
      clock,
      version,
      commit,
      metrics: async () => {
        const { samples, figures } = (await host?.metrics()) ?? { samples: [], figures: [] }
        return prometheusText(new Map([...metrics.snapshot(), ...cellFigures(samples, figures).snapshot()]))
      },
      kafkaOpts: process.env['KAFKA_OPTS'],
    })
    await rest.listen()
    const ending = new AbortController()
    // Closed in the other order, whether the worker stops or does not get to run.
    const closing: (() => Promise<void>)[] = [() => rest.stop()]
    const end = async (): Promise<void> => {
      ending.abort()
      const outcomes: PromiseSettledResult<void>[] = []
      for (const close of closing.toReversed()) outcomes.push(...(await Promise.allSettled([close()])))
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    }
    try {
      const kafka = await connect({
        ...kafkaConfig({ ...raw, 'client.id': clientIds.sharedAdmin }).config,
        logger,
        clock,
      })
      closing.push(() => kafka.close())
      const { clusterId } = await kafka.admin.describeCluster()
      const exactlyOnce = group['exactly.once.source.support']
      const positions = await openWorkerPositions('distributed', kafka, raw, logger)
      closing.push(() => positions.close())
      const resolve = async (config: RawSettings): Promise<RawSettings> => (await providers.resolve(config)).settings
      const forTasks = { kafka, worker: raw, clock, random: systemRandom }
      const given: CellGiven = { mode: 'distributed', worker: options.settings, modules: options.modules }
      const herder = new DistributedHerder({
        workerId: rest.workerId,
        kafkaClusterId: clusterId,
        config: new KafkaConfigStore({
          kafka,
          topic: topics.config,
          groupId: group['group.id'],
          clientIds,
          exactlyOnce,
          logger,
          clock,
        }),
        status: new KafkaStatusStore({ kafka, topic: topics.status, clientIds, logger, clock }),
        group: (hooks) =>
          new ConnectWorkerGroup({
            kafka,
            clock,
            logger,
            groupId: group['group.id'],
            url: rest.advertisedUrl,
            clientId: worker['client.id'],
            connectProtocol: group['connect.protocol'],
            sessionTimeoutMs: group['session.timeout.ms'],
            heartbeatIntervalMs: group['heartbeat.interval.ms'],
            rebalanceTimeoutMs: group['rebalance.timeout.ms'],
            delayMaxMs: group['scheduled.rebalance.max.delay.ms'],
            hooks,
          }),
        host: (events, guard) =>
          (host = new CellHost({
            ...cellOptions(raw),
            logLevel: leastLevel(options.logLevels),
            // Others get this worker's work when it was silent for so long.
            silenceMaxMs: group['session.timeout.ms'],
            isolation: group.isolation,
            module: ENVIRONMENT,
            given,
            events,
            guard,
            logger,
            clock,
          })),
        resolve: (config) => providers.resolve(config),
        plugins: new PluginDirectory(
          {
            plugins: options.plugins,
            worker: raw,
            providers,
            logger,
            clock,
            ask: (config) => host!.validate(config),
          },
          ending.signal,
        ),
        loggers: {
          all: () => options.logLevels.loggers(),
          get: (name) => options.logLevels.level(name),
          set: (namespace, level) => {
            const concerned = options.logLevels.setLevel(namespace, level)
            host?.setLogLevel(leastLevel(options.logLevels))
            return concerned
          },
        },
        offsets: new KafkaConnectorOffsets({
          ...forTasks,
          positions,
          transactionalId: exactlyOnce === 'enabled' ? (connector) => transactionalId(group, connector, 0) : null,
          resolve,
          logger,
        }),
        offsetsHook: (connector, config, offsets) => host!.alterOffsets(connector, config, offsets),
        leader: (address) => new LeaderClient({ client: rest.client(), ...address, clock }),
        fenceProducers: async (connector, config, tasks) => {
          const theirs = await kafkaOfTask(forTasks, 'producer', await resolve(config), logger)
          try {
            const ids = Array.from({ length: tasks }, (_, task) => transactionalId(group, connector, task))
            for (const { error } of await theirs.kafka.admin.transactions.fenceProducers(ids))
              if (error !== null) throw error
          } finally {
            await theirs.close()
          }
        },
        settings: herderSettings(worker, group),
        onFatal: options.onFatal,
        clock,
        logger,
      })
      const stopMs = worker['task.shutdown.graceful.timeout.ms']
      closing.push(
        async () => host?.stop(stopMs),
        () => herder.stop(),
      )
      rest.serve(herder)
      await herder.start()
      return new DistributedWorker(rest.advertisedUrl, end)
    } catch (error) {
      await end().catch((late: unknown) => logger.error(describeError(late)))
      throw error
    }
  }

  /** Gives work up in order, leaves the group, and ends everything. Idempotent. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#end())
  }
}

/** What a task of an exactly once source claims (KIP-618). */
function transactionalId(group: GroupSettings, connector: string, task: number): string {
  return `${group['group.id']}-${connector}-${task}`
}

function herderSettings(worker: WorkerSettings, group: GroupSettings): DistributedSettings {
  return {
    taskStopMs: worker['task.shutdown.graceful.timeout.ms'],
    isTrackingTopics: worker['topic.tracking.enable'],
    automaticRestart: {},
    stuckAfterMs: STUCK_AFTER_MS,
    rebalanceTimeoutMs: group['rebalance.timeout.ms'],
    syncTimeoutMs: group['worker.sync.timeout.ms'],
    unsyncBackoffMs: group['worker.unsync.backoff.ms'],
    delayMaxMs: group['scheduled.rebalance.max.delay.ms'],
    isExactlyOnceSource: group['exactly.once.source.support'] === 'enabled',
    isSessioned: group['connect.protocol'] === 'sessioned',
    sessionKeys: {
      algorithm: group['inter.worker.key.generation.algorithm'],
      sizeBits: group['inter.worker.key.size'],
      ttlMs: group['inter.worker.key.ttl.ms'],
      signature: group['inter.worker.signature.algorithm'],
      verification: group['inter.worker.verification.algorithms'],
    },
  }
}
