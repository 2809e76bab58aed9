/** Connectors for tests, small enough to see what they do. The default export is loaded by workers in processes of their own. */
import fs from 'node:fs'
import {
  DataError,
  defineSettings,
  defineSink,
  defineSource,
  systemClock,
  type Connector,
  type ParsedSettings,
  type RawSettings,
  type SinkRecord,
  type SinkTask,
  type SinkTaskContext,
  type SourceRecord,
  type SourceTask,
  type SourceTaskContext,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@sluice/sdk'

const countingSettings = defineSettings({
  topic: { type: 'string', importance: 'high', documentation: 'Where to.' },
  count: { type: 'int', default: 1000, importance: 'high', documentation: 'How many records there are.' },
  'per.poll': { type: 'int', default: 100, importance: 'low', documentation: 'How many at once.' },
  'pause.ms': { type: 'int', default: 0, importance: 'low', documentation: 'How long a poll takes.' },
})

type CountingSettings = ParsedSettings<typeof countingSettings>

export interface CountingHooks {
  /** The record for a number, other than by default. */
  readonly record?: (n: number) => Partial<SourceRecord>
  /** Instead of the next records. Undefined: go on as ever. */
  readonly poll?: (context: SourceTaskContext, n: number) => Promise<readonly SourceRecord[] | undefined>
  readonly settled?: (n: number) => unknown
  readonly stopped?: () => void
}

const NUMBERS = Object.freeze({ numbers: 'all' })

/** Counts from 0: record `n` has the value `n`, and the position behind it is `n + 1`. */
export class CountingTask implements SourceTask {
  readonly #settings: CountingSettings
  readonly #context: SourceTaskContext
  readonly #hooks: CountingHooks
  #next = 0

  constructor(settings: CountingSettings, context: SourceTaskContext, hooks: CountingHooks = {}) {
    this.#settings = settings
    this.#context = context
    this.#hooks = hooks
  }

  async start(): Promise<void> {
    const stored = await this.#context.position(NUMBERS)
    this.#next = Number(stored?.['n'] ?? 0)
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const { topic, count, 'per.poll': perPoll, 'pause.ms': pauseMs } = this.#settings
    if (pauseMs > 0) await systemClock.sleep(pauseMs, signal)
    const given = await this.#hooks.poll?.(this.#context, this.#next)
    if (given !== undefined) {
      this.#next += given.length
      return given
    }
    const records: SourceRecord[] = []
    for (; this.#next < count && records.length < perPoll; this.#next++)
      records.push(numbered(topic, this.#next, this.#hooks.record?.(this.#next)))
    return records
  }

  async settled(positions: ReadonlyMap<unknown, Readonly<Record<string, unknown>>>): Promise<void> {
    for (const position of positions.values()) this.#hooks.settled?.(Number(position['n']))
  }

  async stop(): Promise<void> {
    this.#hooks.stopped?.()
  }
}

/** Record `n`, and its position behind it. */
export function numbered(topic: string, n: number, rest: Partial<SourceRecord> = {}): SourceRecord {
  return {
    topic,
    partition: null,
    keySchema: null,
    key: null,
    valueSchema: null,
    value: String(n),
    timestamp: null,
    headers: null,
    sourcePartition: NUMBERS,
    sourcePosition: { n: n + 1 },
    ...rest,
  }
}

/** Where the source stands behind number `n`. */
export function behind(n: number): Pick<SourceRecord, 'sourcePartition' | 'sourcePosition'> {
  return { sourcePartition: NUMBERS, sourcePosition: { n: n + 1 } }
}

export function countingSource(hooks: CountingHooks = {}): Connector {
  return defineSource({
    name: 'counting',
    version: '1',
    documentation: 'Counts.',
    settings: countingSettings,
    createTask: (settings, context) => new CountingTask(settings, context, hooks),
  })
}

/** A sink made of whatever parts the test gives it; the rest does nothing, and everything put is safe. */
export function sinkOf(make: (context: SinkTaskContext) => Partial<SinkTask>, tasks = 1): Connector {
  return defineSink({
    name: 'parts',
    version: '1',
    documentation: 'A sink of parts.',
    settings: defineSettings({}),
    taskSettings: (_: object, raw: RawSettings) => Array.from({ length: tasks }, () => raw),
    createTask: (_, context): SinkTask => ({
      start: async () => undefined,
      open: async () => undefined,
      put: async () => undefined,
      flush: async (positions) => positions,
      close: async () => undefined,
      stop: async () => undefined,
      ...make(context),
    }),
  })
}

/**
 * Appends `partition/offset` of each record to a file, refuses values that end in 3, and drops those that end in 7. What is put stays in
 * memory until it is flushed; then it is in the file for good.
 */
class LedgerTask implements SinkTask {
  readonly #file: string
  readonly #context: SinkTaskContext
  #lines = ''
  #handle: number | undefined

  constructor(file: string, context: SinkTaskContext) {
    this.#file = file
    this.#context = context
  }

  async start(): Promise<void> {
    this.#handle = fs.openSync(this.#file, 'a')
  }

  async open(_partitions: readonly TopicPartition[]): Promise<void> {}

  async put(records: readonly SinkRecord[]): Promise<void> {
    for (const record of records) {
      if ((record.value as string).endsWith('3')) this.#context.report(record, new DataError('It ends in three'))
      else if ((record.value as string).endsWith('7')) this.#context.drop(record, 'seven')
      else this.#lines += `${record.originalPartition}/${record.originalOffset}\n`
    }
    if (records.length > 0) await systemClock.sleep(1)
  }

  async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    fs.writeSync(this.#handle!, this.#lines)
    fs.fsyncSync(this.#handle!)
    this.#lines = ''
    return positions
  }

  async close(): Promise<void> {}

  async stop(): Promise<void> {
    if (this.#handle !== undefined) fs.closeSync(this.#handle)
  }
}

const ledgerSink: Connector = defineSink({
  name: 'ledger',
  version: '1',
  documentation: 'Writes down what it was given.',
  settings: defineSettings({ file: { type: 'string', importance: 'high', documentation: 'Where.' } }),
  createTask: (settings, context) => new LedgerTask(settings.file, context),
})

const connectors: readonly Connector[] = [countingSource(), ledgerSink]
export default connectors
