import type { SinkConnector } from '../connector.ts'
import type { SinkRecord, TopicPartition, TopicPartitionOffset } from '../record.ts'
import type { Schema } from '../schema.ts'
import type { RawSettings } from '../settings.ts'
import type { SinkPosition, SinkTask } from '../sink-task.ts'
import type { Value } from '../value.ts'
import { FakeSinkContext } from './fake-contexts.ts'

/** A record for a sink, as if it stood at that offset of its partition. */
export function sinkRecord(
  { topic, partition, offset }: TopicPartitionOffset,
  value: Value,
  valueSchema: Schema | null = null,
): SinkRecord {
  return {
    topic,
    partition,
    offset,
    keySchema: null,
    key: null,
    valueSchema,
    value,
    timestamp: 1_700_000_000_000 + offset,
    timestampType: 'create',
    headers: null,
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: offset,
  }
}

/**
 * Runs one task of a sink connector the way a worker would, in memory.
 *
 * ```ts
 * const run = new SinkRun(fileSink, { file, topics: 't' })
 * await run.start([{ topic: 't', partition: 0 }])
 * await run.put([sinkRecord({ topic: 't', partition: 0, offset: 0 }, 'hello')])
 * const safe = await run.flush()
 * await run.stop()
 * ```
 */
export class SinkRun {
  readonly context: FakeSinkContext
  readonly task: SinkTask
  readonly #positions = new Map<string, SinkPosition>()
  readonly #abort = new AbortController()

  /** @throws SluiceError SETTINGS_INVALID */
  constructor(connector: SinkConnector, settings: RawSettings, context: FakeSinkContext = new FakeSinkContext()) {
    this.context = context
    this.task = connector.createTask(connector.settings.parse(settings), context)
  }

  /** Where the worker stands: the next offset of each partition it has. */
  get positions(): readonly SinkPosition[] {
    return [...this.#positions.values()]
  }

  /**
   * Starts the task and gives it partitions, each from a committed offset (default 0).
   * @returns where reading begins, after the task's own rewinds
   */
  async start(partitions: readonly (TopicPartition & Partial<SinkPosition>)[]): Promise<readonly SinkPosition[]> {
    await this.task.start(this.#abort.signal)
    for (const at of partitions) this.#move({ ...at, offset: at.offset ?? 0 })
    this.context.assign(this.positions.map(({ topic, partition }) => ({ topic, partition })))
    await this.task.open(this.context.assignment())
    this.#applyRewinds()
    return this.positions
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    await this.task.put(records)
    for (const { originalTopic: topic, originalPartition: partition, originalOffset } of records)
      this.#move({ ...this.#positions.get(`${topic}-${partition}`), topic, partition, offset: originalOffset + 1 })
    this.#applyRewinds()
  }

  /** @returns the positions that the task calls safe */
  async flush(closing = false): Promise<readonly TopicPartitionOffset[]> {
    return this.task.flush(this.positions, closing)
  }

  /** Takes partitions away; all of them if none are named. */
  async close(partitions: readonly TopicPartition[] = this.context.assignment()): Promise<void> {
    await this.task.close(partitions)
    for (const { topic, partition } of partitions) this.#positions.delete(`${topic}-${partition}`)
    this.context.positions = this.positions
    this.context.assign(this.positions.map(({ topic, partition }) => ({ topic, partition })))
  }

  /** Aborts what is under way and stops the task, without a last flush. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.task.stop()
  }

  /** Of several for one partition the first in the log counts, as in a worker. */
  #applyRewinds(): void {
    const descending = this.context.rewinds.splice(0).toSorted((a, b) => b.offset - a.offset)
    for (const rewind of descending) {
      const assigned = this.#positions.has(`${rewind.topic}-${rewind.partition}`)
      if (!assigned || !Number.isSafeInteger(rewind.offset) || rewind.offset < 0)
        throw new RangeError(`A rewind that no worker can follow: ${JSON.stringify(rewind)}`)
      this.#move(rewind)
    }
  }

  #move(position: SinkPosition): void {
    this.#positions.set(`${position.topic}-${position.partition}`, position)
    this.context.positions = this.positions
  }
}
