import type { Writable } from 'node:stream'
import type { SinkRecord, SinkTask, SinkTaskContext, TopicPartitionOffset } from '@sluice/sdk'
import type { Format } from './format.ts'
import { JsonFormat } from './json-format.ts'
import { PacedOutput } from './paced-output.ts'
import { Sample } from './sample.ts'
import type { ConsoleSettings } from './settings.ts'
import { TableFormat } from './table-format.ts'
import { TextFormat } from './text-format.ts'

/** A put ends when its lines have been taken: the worker reads on only then. */
export class ConsoleSinkTask implements SinkTask {
  readonly #context: SinkTaskContext
  readonly #format: Format
  readonly #sample: Sample | null
  readonly #output: PacedOutput
  #signal: AbortSignal = new AbortController().signal
  #notShown = 0

  constructor(settings: ConsoleSettings, context: SinkTaskContext, stream: Writable) {
    const perSecond = settings['records.per.second']
    this.#context = context
    this.#format = formatOf(settings)
    this.#sample = perSecond === null ? null : new Sample(perSecond, context.clock)
    this.#output = new PacedOutput(stream, context.clock)
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal
  }

  async open(): Promise<void> {}

  async put(records: readonly SinkRecord[]): Promise<void> {
    if (records.length === 0) return
    const { shown, left } = this.#sample?.take(records) ?? { shown: records, left: [] }
    for (const record of left) this.#context.drop(record, 'sampled')
    if (shown.length > 0) {
      const note = this.#notShown === 0 ? null : this.#format.notShown(this.#notShown)
      const lines = this.#format.lines(shown)
      await this.#output.write(note === null ? lines : [note, ...lines], this.#signal)
      this.#notShown = 0
    }
    this.#notShown += left.length
  }

  async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    return positions
  }

  async close(): Promise<void> {}

  async stop(): Promise<void> {
    this.#output.stop()
  }
}

function formatOf(settings: ConsoleSettings): Format {
  if (settings.format === 'json') return new JsonFormat(settings)
  return settings.format === 'table' ? new TableFormat(settings) : new TextFormat(settings)
}
