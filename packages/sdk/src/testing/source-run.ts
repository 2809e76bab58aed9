import type { SourceConnector } from '../connector.ts'
import type { SourcePartition, SourcePosition, SourceRecord } from '../record.ts'
import type { RawSettings } from '../settings.ts'
import type { SourceTask } from '../source-task.ts'
import { FakeSourceContext } from './fake-contexts.ts'
import type { Diverted } from './fake-contexts.ts'

/** One thing a source handed over: a record, or bytes it could not read. */
export interface SourceEvent {
  readonly record: SourceRecord | null
  readonly diverted: Diverted | null
  readonly partition: SourcePartition
  readonly position: SourcePosition
  /** The position's JSON at the time it came: a position that changes later was not a position. */
  readonly positionText: string
}

/**
 * Runs one task of a source connector the way a worker would, one poll at a time, in memory.
 *
 * ```ts
 * const run = new SourceRun(fileSource, { file, topic: 't' })
 * await run.start()
 * const records = await run.poll()
 * await run.stop()
 * ```
 */
export class SourceRun {
  readonly context: FakeSourceContext
  readonly task: SourceTask
  /** Everything so far, in the order in which a worker would settle it: of each poll the records, then the diverted bytes. */
  readonly events: SourceEvent[] = []
  readonly #abort = new AbortController()
  #divertedSeen = 0

  /** @throws SluiceError SETTINGS_INVALID */
  constructor(connector: SourceConnector, settings: RawSettings, context: FakeSourceContext = new FakeSourceContext()) {
    this.context = context
    this.task = connector.createTask(connector.settings.parse(settings), context)
  }

  get records(): readonly SourceRecord[] {
    return this.events.flatMap(({ record }) => record ?? [])
  }

  get diverted(): readonly Diverted[] {
    return this.events.flatMap(({ diverted }) => diverted ?? [])
  }

  async start(): Promise<void> {
    await this.task.start(this.#abort.signal)
  }

  /** One poll: the records it gave. */
  async poll(signal: AbortSignal = this.#abort.signal): Promise<readonly SourceRecord[]> {
    const records = (await this.task.poll(signal)) ?? []
    for (const record of records) this.#add(record, null, record.sourcePartition, record.sourcePosition)
    for (const diverted of this.context.diverted.slice(this.#divertedSeen))
      this.#add(null, diverted, diverted.at.sourcePartition, diverted.at.sourcePosition)
    this.#divertedSeen = this.context.diverted.length
    return records
  }

  /** Polls until there is nothing new `idlePolls` times in a row. */
  async drain(idlePolls = 2): Promise<readonly SourceRecord[]> {
    for (let idle = 0; idle < idlePolls;) {
      const before = this.events.length
      await this.poll()
      idle = this.events.length === before ? idle + 1 : 0
    }
    return this.records
  }

  /** Tells the task that everything so far is durable, and keeps it for a task that is made with the same context. */
  async settle(): Promise<void> {
    const positions = new Map(this.events.map(({ partition, position }) => [partition, position]))
    for (const [partition, position] of positions) this.context.store(partition, position)
    await this.task.settled?.(positions)
  }

  /** Aborts what is under way and stops the task. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await this.task.stop()
  }

  #add(
    record: SourceRecord | null,
    diverted: Diverted | null,
    partition: SourcePartition,
    position: SourcePosition,
  ): void {
    this.events.push({ record, diverted, partition, position, positionText: JSON.stringify(position) })
  }
}
