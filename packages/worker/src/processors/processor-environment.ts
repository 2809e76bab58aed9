/** What processors run with, in a cell or in the worker itself. */
import os from 'node:os'
import path from 'node:path'
import { connect, type Kafka } from '@sluice/kafka'
import { kafkaConfig } from '@sluice/kafka/properties'
import { SluiceError, systemClock, type Connector, type Logger, type RawSettings } from '@sluice/sdk'
import { streamsSettings, TopologyFile, type Processor } from '@sluice/streams'
import { CellMetrics } from '../cells/cell-metrics.ts'
import type { TaskHandle, TaskHooks, WorkEnvironment, WorkSettings } from '../cells/work-environment.ts'
import type { TaskStart } from '../cells/work-host.ts'
import { ConfigProviders } from '../config-providers.ts'
import { describeProcessor, topologyOf } from './describe-processor.ts'
import type { DescribedProcessor } from './described.ts'
import { processorOf } from './instance-work.ts'
import { recordWith, takeKnown } from './known-topology.ts'
import { loadProcessor } from './load-processor.ts'
import { ProcessorShelf } from './processor-shelf.ts'
import { ProcessorTask } from './processor-task.ts'
import { keepRecordsYoung } from './young-generation.ts'

/** In the form that goes to a cell. */
export interface ProcessorGiven {
  /** The worker's settings, as in its properties file. */
  readonly worker: RawSettings
  /** What `processor.class` may name: package names, or paths beginning with `/`. */
  readonly modules: readonly string[]
  /** Folders of stores are apart by it. */
  readonly workerId: string
}

export interface ProcessorEnvironmentParts {
  readonly given: ProcessorGiven
  readonly resolve: WorkEnvironment['resolve']
  readonly kafka: () => Promise<Kafka>
  readonly close: () => Promise<void>
  readonly logger: Logger
}

/** Of a cell: everything is its own. */
export async function openEnvironment(given: ProcessorGiven, logger: Logger): Promise<WorkEnvironment> {
  keepRecordsYoung()
  const providers = ConfigProviders.of(given.worker)
  const { settings: worker, values: own } = await providers.resolve(given.worker)
  let connecting: Promise<Kafka> | null = null
  const open = (): Promise<Kafka> =>
    connect({ ...kafkaConfig(worker).config, logger, clock: systemClock }).catch((error: unknown) => {
      connecting = null
      throw error
    })
  return new ProcessorEnvironment({
    given,
    resolve: async (config) => {
      const { settings, values } = await providers.resolve(config)
      return { settings, values: new Set([...own, ...values]) }
    },
    kafka: () => (connecting ??= open()),
    close: async () => (await connecting?.catch(() => null))?.close(),
    logger,
  })
}

export class ProcessorEnvironment implements WorkEnvironment {
  readonly clock = systemClock
  readonly instruments: CellMetrics = new CellMetrics()
  readonly #parts: ProcessorEnvironmentParts
  readonly #shelf: ProcessorShelf

  constructor(parts: ProcessorEnvironmentParts) {
    this.#parts = parts
    this.#shelf = new ProcessorShelf(parts.given.modules)
  }

  resolve(config: RawSettings): Promise<WorkSettings> {
    return this.#parts.resolve(config)
  }

  /** Cells ask for what they run under this name; of a processor they use the version. */
  async connector(config: RawSettings): Promise<Connector> {
    const { name, version, documentation, settings } = await this.#processor(config)
    const createTask = (): never => {
      throw new SluiceError('INTERNAL', `${name} is a processor, of which no task of a connector can be made`)
    }
    return { kind: 'source', name, version, documentation, settings, createTask }
  }

  async describe(withKnown: RawSettings, resolved: WorkSettings): Promise<DescribedProcessor> {
    const { own: given, known } = takeKnown(withKnown)
    const { own: settings } = takeKnown(resolved.settings)
    const { values } = resolved
    const processor = await this.#processor(settings)
    const { kafka } = this.#parts
    return describeProcessor({ processor, given, settings, values, known, kafka, clock: this.clock })
  }

  async buildTask(_: Connector, withKnown: RawSettings, start: TaskStart, hooks: TaskHooks): Promise<TaskHandle> {
    const { own: config, known } = takeKnown(withKnown)
    const [processor, kafka] = await Promise.all([this.#processor(config), this.#parts.kafka()])
    const settings = streamsSettings.parse(this.#ofInstance(config, start.id.task))
    const application = settings['application.id']
    return new ProcessorTask({
      processor: processorOf(start.id.connector),
      instance: start.id.task,
      topology: () => topologyOf(processor, config),
      settings,
      record: recordWith(new TopologyFile(path.join(settings['state.dir']!, application)), known(application)),
      kafka,
      control: hooks.control,
      events: hooks.events,
      metrics: hooks.metrics,
      logger: hooks.logger,
      clock: this.clock,
    })
  }

  metrics(): ReturnType<CellMetrics['samples']> {
    return this.instruments.samples()
  }

  close(): Promise<void> {
    return this.#parts.close()
  }

  async #processor(config: RawSettings): Promise<Processor> {
    const named = config['processor.class']
    const found = this.#shelf.find(named)
    if (found !== undefined) return loadProcessor(found.module)
    throw new SluiceError('PLUGIN_UNKNOWN', `This worker has no processor "${named ?? ''}"`, {
      remedy: `It has ${this.#shelf.names.join(', ') || 'none'}; others are named by the worker's setting processors.`,
    })
  }

  /** What each member of a group must have for itself: its folder of stores, its static name. */
  #ofInstance(config: RawSettings, instance: number): RawSettings {
    const own = `${this.#parts.given.workerId.replaceAll(/[^a-zA-Z0-9.-]/g, '_')}-${instance}`
    const folder = config['state.dir'] ?? path.join(os.tmpdir(), 'sluice-streams')
    const member = config['group.instance.id']
    return {
      ...config,
      'state.dir': path.join(folder, own),
      ...(member !== undefined && { 'group.instance.id': `${member}-${own}` }),
    }
  }
}
