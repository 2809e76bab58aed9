/**
 * A source and a sink that a test looks into and has in its hands while a worker in this process runs them (Kafka's MonitorableSource and
 * MonitorableSink): what was started, what arrived, what is to fail or to block. The default export is loaded by the worker.
 */
import {
  DataError,
  defineSettings,
  defineSink,
  defineSource,
  systemClock,
  type Connector,
  type ConnectorContext,
  type ParsedSettings,
  type RawSettings,
  type RunningConnector,
  type SettingsShape,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@sluice/sdk'

/** Where a connector may block for ever, by its setting `block`. */
export type Place = 'validate' | 'start' | 'task-settings' | 'stop' | 'task-start' | 'task-stop' | 'poll' | 'put'

/** One task, over all its lives. */
export class TaskHandle {
  starts = 0
  stops = 0
  failure: Error | null = null
  readonly records: SinkRecord[] = []
  /** `open topic-0`, `close topic-0`, in order. */
  readonly partitions: string[] = []
}

/** One connector, over all its lives on all workers of this process. */
export class ConnectorHandle {
  starts = 0
  stops = 0
  /** Of the newest instance. */
  context: ConnectorContext | null = null
  /** How many task configs it makes, whatever it may; null: as many as it may. */
  taskCount: number | null = null
  taskConfigsError: Error | null = null
  readonly #tasks = new Map<number, TaskHandle>()

  task(number: number): TaskHandle {
    let found = this.#tasks.get(number)
    if (found === undefined) this.#tasks.set(number, (found = new TaskHandle()))
    return found
  }

  get tasks(): readonly TaskHandle[] {
    return [...this.#tasks.values()]
  }

  /** Starts of the connector and of all its tasks, as `1/4`. */
  get counts(): string {
    return `${this.starts}/${this.tasks.reduce((sum, { starts }) => sum + starts, 0)}`
  }

  /** What all tasks were given. */
  get records(): readonly SinkRecord[] {
    return this.tasks.flatMap(({ records }) => records)
  }
}

const handles = new Map<string, ConnectorHandle>()

export function handleOf(connector: string): ConnectorHandle {
  let found = handles.get(connector)
  if (found === undefined) handles.set(connector, (found = new ConnectorHandle()))
  return found
}

const settings = defineSettings({
  topic: { type: 'string', default: '', importance: 'high', documentation: 'Where to.' },
  count: { type: 'long', default: 0, importance: 'high', documentation: 'Records of each task.' },
  'per.poll': { type: 'int', default: 10, importance: 'low', documentation: 'Records of a poll.' },
  'pause.ms': { type: 'int', default: 0, importance: 'low', documentation: 'How long a poll takes.' },
  'transaction.records': {
    type: 'int',
    default: 7,
    importance: 'low',
    documentation: 'Records of a transaction of its own.',
  },
  refuses: { type: 'string', default: '', importance: 'low', documentation: 'A value that is reported as bad.' },
  block: { type: 'string', default: '', importance: 'low', documentation: 'A place.' },
})
type Settings = ParsedSettings<typeof settings>

/** Never comes back from the place where it is to block. */
async function blockAt(place: Place, block: string | undefined): Promise<void> {
  if (block === place) await new Promise(() => undefined)
}

class MonitorableSourceTask implements SourceTask {
  readonly #settings: Settings
  readonly #context: SourceTaskContext
  readonly #handle: TaskHandle
  readonly #partition: Readonly<{ task: number }>
  #next = 0

  constructor(own: Settings, context: SourceTaskContext) {
    this.#settings = own
    this.#context = context
    this.#handle = handleOf(context.connector).task(context.task)
    this.#partition = Object.freeze({ task: context.task })
  }

  async start(): Promise<void> {
    this.#handle.starts++
    await blockAt('task-start', this.#settings.block)
    this.#next = Number((await this.#context.position(this.#partition))?.['n'] ?? 0)
    this.#context.metrics.gauge('monitorable_source_starts', labelsOf(this.#context)).set(this.#handle.starts)
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const { topic, count, 'per.poll': perPoll, 'pause.ms': pauseMs, block } = this.#settings
    await blockAt('poll', block)
    if (pauseMs > 0) await systemClock.sleep(pauseMs, signal)
    if (this.#handle.failure !== null) throw this.#handle.failure
    const records: SourceRecord[] = []
    for (; this.#next < count && records.length < perPoll; this.#next++) {
      const record = this.#record(topic, this.#next)
      records.push(record)
      const isEnd = this.#next % this.#settings['transaction.records'] === this.#settings['transaction.records'] - 1
      if (isEnd || this.#next === count - 1) this.#context.transaction?.commit(record)
    }
    return records
  }

  async stop(): Promise<void> {
    await blockAt('task-stop', this.#settings.block)
    this.#handle.stops++
  }

  #record(topic: string, n: number): SourceRecord {
    return {
      topic,
      partition: null,
      keySchema: null,
      key: String(this.#context.task),
      valueSchema: null,
      value: `${this.#context.task}:${n}`,
      timestamp: null,
      headers: null,
      sourcePartition: this.#partition,
      sourcePosition: { n: n + 1 },
    }
  }
}

class MonitorableSinkTask implements SinkTask {
  readonly #settings: Settings
  readonly #context: SinkTaskContext
  readonly #handle: TaskHandle

  constructor(own: Settings, context: SinkTaskContext) {
    this.#settings = own
    this.#context = context
    this.#handle = handleOf(context.connector).task(context.task)
  }

  async start(): Promise<void> {
    this.#handle.starts++
    await blockAt('task-start', this.#settings.block)
    this.#context.metrics.gauge('monitorable_sink_starts', labelsOf(this.#context)).set(this.#handle.starts)
  }

  async open(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { topic, partition } of partitions) this.#handle.partitions.push(`open ${topic}-${partition}`)
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    if (records.length > 0) await blockAt('put', this.#settings.block)
    if (this.#handle.failure !== null) throw this.#handle.failure
    for (const record of records) {
      if (this.#settings.refuses !== '' && record.value === this.#settings.refuses)
        this.#context.report(record, new DataError('The sink refuses it'))
      else this.#handle.records.push(record)
    }
  }

  async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    return positions
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { topic, partition } of partitions) this.#handle.partitions.push(`close ${topic}-${partition}`)
  }

  async stop(): Promise<void> {
    await blockAt('task-stop', this.#settings.block)
    this.#handle.stops++
  }
}

function labelsOf({ connector, task }: { readonly connector: string; readonly task: number }): Record<string, string> {
  return { connector, task: String(task) }
}

const shared = {
  version: '1',
  documentation: 'For tests.',
  settings,
  async validate(raw: RawSettings) {
    await blockAt('validate', raw['block'])
    return []
  },
  async taskSettings(_: Settings, raw: RawSettings, maxTasks: number) {
    await blockAt('task-settings', raw['block'])
    const handle = handleOf(raw['name']!)
    if (handle.taskConfigsError !== null) throw handle.taskConfigsError
    return Array.from({ length: handle.taskCount ?? maxTasks }, (__, task) => ({ ...raw, number: String(task) }))
  },
  async start(own: Settings, context: ConnectorContext): Promise<RunningConnector<SettingsShape & Settings>> {
    const handle = handleOf(context.connector)
    handle.starts++
    handle.context = context
    await blockAt('start', own.block)
    return {
      stop: async () => {
        await blockAt('stop', own.block)
        handle.stops++
      },
    }
  },
}

export const monitorableSource: Connector = defineSource({
  ...shared,
  name: 'monitorable-source',
  aliases: ['org.apache.kafka.connect.integration.MonitorableSourceConnector'],
  exactlyOnceSupport: () => 'supported',
  canDefineTransactionBoundaries: () => true,
  alterOffsets: () => true,
  createTask: (own, context) => new MonitorableSourceTask(own, context),
})

export const monitorableSink: Connector = defineSink({
  ...shared,
  name: 'monitorable-sink',
  aliases: ['org.apache.kafka.connect.integration.MonitorableSinkConnector'],
  alterOffsets: () => true,
  createTask: (own, context) => new MonitorableSinkTask(own, context),
})

export default [monitorableSource, monitorableSink]
