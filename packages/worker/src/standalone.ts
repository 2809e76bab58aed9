/**
 * A standalone worker: one process, all tasks inside it (`connect-standalone`). Positions live in a file or in a topic.
 * This file is the composition root: the only one that knows every part.
 */
import { connect, type Kafka } from '@sluice/kafka'
import {
  describeError,
  silentLogger,
  SluiceError,
  systemClock,
  systemRandom,
  type Clock,
  type Connector,
  type Logger,
  type Metrics,
  type Random,
  type RawSettings,
} from '@sluice/sdk'
import { checkSettings } from './check-settings.ts'
import { ConfigProviders } from './config-providers.ts'
import { kafkaConfig } from './kafka-config.ts'
import { FilePositions } from './positions/file-positions.ts'
import type { PositionStore } from './positions/position-store.ts'
import { TopicPositions } from './positions/topic-positions.ts'
import type { Plugins } from './plugins/catalogue.ts'
import { parseVersionRange } from './plugins/version-range.ts'
import { buildSinkTask, type SinkHandle } from './sink-builder.ts'
import { buildSourceTask, type SourceHandle } from './source-builder.ts'
import { connectorSettings } from './settings.ts'
import type { StandaloneSettings } from './standalone/standalone-settings.ts'
import { storeClientIds } from './storage/store-clients.ts'
import { TaskRunner, type TaskStatus } from './task-runner.ts'
import type { WorkerParts } from './worker-parts.ts'

export interface StandaloneOptions {
  /** The worker's settings, as in its properties file. */
  readonly worker: RawSettings
  /** One map per connector. */
  readonly connectors: readonly RawSettings[]
  readonly plugins: Plugins
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock?: Clock
  readonly random?: Random
}

interface OldParts extends Required<StandaloneOptions>, WorkerParts {
  readonly worker: RawSettings
  readonly settings: StandaloneSettings
}

export interface ConnectorStatus {
  readonly name: string
  readonly type: 'source' | 'sink'
  readonly tasks: readonly TaskStatus[]
}

interface Running {
  readonly name: string
  readonly connector: Connector
  readonly tasks: readonly { readonly runner: TaskRunner; readonly handle: SourceHandle | SinkHandle }[]
}

export class StandaloneWorker {
  readonly #parts: OldParts
  readonly #running: Running[] = []

  private constructor(parts: OldParts) {
    this.#parts = parts
  }

  /**
   * Checks all settings first, so that every mistake in any file is told at once, then connects and starts every task.
   * @throws SluiceError SETTINGS_INVALID, PLUGIN_UNKNOWN, KAFKA_UNREACHABLE
   */
  static async start(given: StandaloneOptions): Promise<StandaloneWorker> {
    const options = { clock: systemClock, random: systemRandom, ...given, ...(await resolved(given)) }
    // A plugin that is not there is told of by the check.
    await Promise.all(
      options.connectors.map((raw) => options.plugins.loadFor(raw, options.worker).catch(() => undefined)),
    )
    const settings = checkSettings(options)
    const kafka = await connect({
      ...kafkaConfig(options.worker).config,
      clientId: settings['client.id'],
      logger: options.logger,
      clock: options.clock,
    })
    let positions: PositionStore | undefined
    try {
      positions = await openPositions(settings, kafka, options.logger)
      const worker = new StandaloneWorker({ ...options, settings, kafka, positions })
      try {
        for (const raw of options.connectors) await worker.#startConnector(raw)
      } catch (error) {
        await worker.#stopTasks().catch((late: unknown) => options.logger.error(describeError(late)))
        throw error
      }
      return worker
    } catch (error) {
      await positions?.close()
      await kafka.close()
      throw error
    }
  }

  status(): readonly ConnectorStatus[] {
    return this.#running.map(({ name, connector, tasks }) => ({
      name,
      type: connector.kind,
      tasks: tasks.map(({ runner }) => runner.status()),
    }))
  }

  /** What each task of a connector has done: counts and positions. */
  progress(name: string): readonly ReturnType<SourceHandle['progress'] | SinkHandle['progress']>[] {
    return this.#running
      .filter((running) => running.name === name)
      .flatMap(({ tasks }) => tasks.map(({ handle }) => handle.progress()))
  }

  /** Resolves when every task has ended; rejects with the first failure among them then. */
  async ended(): Promise<void> {
    const runners = this.#running.flatMap(({ tasks }) => tasks.map(({ runner }) => runner))
    await Promise.all(runners.map((runner) => runner.ended))
    const failed = runners.find((runner) => runner.error !== undefined)
    if (failed !== undefined) throw failed.error
  }

  /** Stops every task (flush, commit), then what they shared. Idempotent. @throws SluiceError STOP_TIMED_OUT */
  async stop(): Promise<void> {
    try {
      await this.#stopTasks()
    } finally {
      await this.#parts.positions.close()
      await this.#parts.kafka.close()
    }
  }

  async #startConnector(raw: RawSettings): Promise<void> {
    const { plugins, logger, clock } = this.#parts
    const common = connectorSettings.parse(raw)
    const version = parseVersionRange(common['connector.plugin.version'])
    const connector = plugins.connectors.get(common['connector.class'], version)
    const settings = connector.settings.parse(raw)
    const taskSettings = (await connector.taskSettings?.(settings, raw, common['tasks.max'])) ?? [raw]
    if (taskSettings.length > common['tasks.max']) {
      throw new SluiceError(
        'TASK_FAILED',
        `The connector ${common.name} made ${taskSettings.length} tasks, but tasks.max is ${common['tasks.max']}`,
        {
          remedy: 'Raise tasks.max, or have the connector corrected by its author.',
        },
      )
    }
    const tasks: Running['tasks'][number][] = []
    this.#running.push({ name: common.name, connector, tasks })
    for (const [task, own] of taskSettings.entries()) {
      const context = logger.child({ connector: common.name, task })
      const handle =
        connector.kind === 'source'
          ? await buildSourceTask(this.#parts, connector, own, task, context)
          : await buildSinkTask(this.#parts, connector, own, task, context)
      tasks.push({ runner: new TaskRunner(task, handle, context, clock), handle })
      context.info('Task started', { class: connector.name, version: connector.version })
    }
  }

  async #stopTasks(): Promise<void> {
    const timeoutMs = this.#parts.settings['task.shutdown.graceful.timeout.ms']
    const all = this.#running.flatMap(({ tasks }) => tasks.map(({ runner }) => runner.stop(timeoutMs)))
    const outcomes = await Promise.allSettled(all)
    const late = outcomes.find((outcome) => outcome.status === 'rejected')
    if (late !== undefined) throw late.reason
  }
}

export async function openPositions(
  settings: StandaloneSettings,
  kafka: Kafka,
  logger: Logger = silentLogger,
): Promise<PositionStore> {
  const topic = settings['offset.storage.topic']
  if (topic === null) return FilePositions.open(settings['offset.storage.file.filename']!)
  return TopicPositions.open(kafka, {
    topic: {
      topic,
      setting: 'offset.storage.topic',
      holds: 'source connector offsets',
      partitions: settings['offset.storage.partitions'],
      replicationFactor: settings['offset.storage.replication.factor'],
      configs: {},
      mayCreate: true,
    },
    clientId: storeClientIds(null, settings['client.id']).offsets,
    logger,
  })
}

/** The settings with the values of the worker's config providers in them. */
async function resolved({
  worker,
  connectors,
}: StandaloneOptions): Promise<Pick<StandaloneOptions, 'worker' | 'connectors'>> {
  const providers = ConfigProviders.of(worker)
  const [own, ...others] = await Promise.all([worker, ...connectors].map((raw) => providers.resolve(raw)))
  return { worker: own!.settings, connectors: others.map(({ settings }) => settings) }
}
