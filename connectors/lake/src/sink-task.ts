import { DataError, SluiceError, isRetriable } from '@sluice/sdk'
import type {
  Schema,
  SinkPosition,
  SinkRecord,
  SinkTask,
  SinkTaskContext,
  TopicPartition,
  TopicPartitionOffset,
} from '@sluice/sdk'
import { openObjectStore, probeObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import type { DeltaSchema, Lane } from '@sluice/lake'
import { rowShapeOf } from './row-shape.ts'
import type { RowShape } from './row-shape.ts'
import { TOPIC_PLACEHOLDER } from './settings.ts'
import type { LakeSettings } from './settings.ts'
import { Target, tablePathOf } from './target.ts'

/** How long one call of the worker may wait for the store. What is not done then is done later. */
const STORE_PATIENCE_MS = 60_000

/** Records in a row of one topic, partition and schema, and where they go. Decided once, then the rows move. */
interface Run {
  readonly from: number
  readonly to: number
  /** Undefined while there is no table: then no record of the run can be a row. */
  readonly target: Target | undefined
  readonly lane: Lane | undefined
  /** How they become rows, or why none of them can. */
  readonly shape: RowShape | SluiceError
}

/** What is known of a schema: its shape or its refusal, and for which state of which table it was accepted. */
interface Known {
  readonly shape: RowShape | SluiceError
  readonly accepted: Map<string, DeltaSchema>
}

/**
 * Topics to Delta tables. The tables hold the offsets together with the rows, so they are the truth: reading begins where they
 * say, and what they hold already is skipped. Kafka's committed offsets follow behind.
 *
 * `put` decides first (tables, schemas; it may wait and may fail for now), then moves all rows in one go without waiting: a
 * put that is repeated was not taken at all.
 */
export class LakeSinkTask implements SinkTask {
  readonly #settings: LakeSettings
  readonly #context: SinkTaskContext
  readonly #store: ObjectStore
  readonly #targets = new Map<string, Target>()
  readonly #schemas = new WeakMap<Schema, Known>()
  readonly #schemaless: Known

  constructor(
    settings: LakeSettings,
    context: SinkTaskContext,
    store: ObjectStore = openObjectStore(settings['lake.url']),
  ) {
    this.#settings = settings
    this.#context = context
    this.#store = store
    this.#schemaless = this.#known(null)
  }

  async start(signal: AbortSignal): Promise<void> {
    await probeObjectStore(this.#store, { signal })
  }

  async open(partitions: readonly TopicPartition[]): Promise<void> {
    const signal = patience()
    for (const [topic, those] of Map.groupBy(partitions, (partition) => partition.topic)) {
      const path = tablePathOf(this.#settings, topic)
      const known = this.#targets.get(path)
      await known?.writer.refresh(signal)
      const target = known ?? (await this.#open(path, undefined, signal))
      if (target === undefined) continue
      for (const partition of those) this.#goOn(target, partition)
    }
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    const signal = patience()
    for (const { writer } of this.#targets.values()) if (writer.full) await writer.roll(signal)
    for (const run of await this.#decide(records, signal)) this.#move(records, run)
    if (this.#anyDue()) this.#context.requestCommit()
  }

  async flush(positions: readonly SinkPosition[], closing: boolean): Promise<readonly TopicPartitionOffset[]> {
    for (const target of this.#targets.values()) {
      for (const position of positions) {
        const lane = target.knownLane(position)
        if (lane === undefined) continue
        // Before anything is committed: what was skipped as known may be another topic's.
        if (position.topicId !== undefined) target.writer.identify(lane, position.topicId)
        // The worker stands here: offsets before it that never came were dropped on the way, or are no records.
        target.writer.pass(lane, position.offset - 1)
      }
      if (closing || target.writer.due) await this.#commit(target)
    }
    return positions.flatMap((position) => {
      const offset = this.#safeOffset(position)
      return offset === undefined ? [] : [{ topic: position.topic, partition: position.partition, offset }]
    })
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    const leaving = new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`))
    for (const [path, target] of this.#targets) {
      const staying = [...target.lanes()].filter(([{ topic, partition }]) => !leaving.has(`${topic}-${partition}`))
      if (staying.length === 0) this.#targets.delete(path)
      else if (target.writer.unsettled) await this.#restart(target, staying)
      for (const partition of partitions) target.release(partition)
    }
  }

  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#targets.values(), ({ writer }) => writer.table.close()))
    this.#targets.clear()
  }

  /**
   * Reading goes on behind what the table holds, but forward only where no other table can be waiting for what lies between: the worker
   * takes the first of several places, and refuses one beyond the end of the log.
   */
  #goOn(target: Target, partition: TopicPartition): void {
    const { committed } = target.lane(partition)
    if (committed === undefined) return
    const position = this.#context.position(partition)
    if (position?.topicId !== undefined) target.writer.identify(target.lane(partition), position.topicId)
    const behind = { ...partition, offset: committed + 1 }
    const isOnlyTable = !this.#settings['table.name'].includes(TOPIC_PLACEHOLDER)
    this.#context.rewind(isOnlyTable || position === undefined ? [behind] : [behind, position])
  }

  /** Splits the records into runs, opens or makes the tables they go to, and makes those fit. */
  async #decide(records: readonly SinkRecord[], signal: AbortSignal): Promise<Run[]> {
    const runs: Run[] = []
    for (let from = 0; from < records.length;) {
      const first = records[from]!
      let to = from + 1
      while (to < records.length && sameRun(records[to]!, first)) to++
      runs.push(await this.#runOf(first, from, to, signal))
      from = to
    }
    return runs
  }

  async #runOf(first: SinkRecord, from: number, to: number, signal: AbortSignal): Promise<Run> {
    const path = tablePathOf(this.#settings, first.topic)
    const known = first.valueSchema === null ? this.#schemaless : this.#known(first.valueSchema)
    let { shape } = known
    let target = this.#targets.get(path)
    if (!(shape instanceof SluiceError)) {
      try {
        target ??= await this.#open(path, shape, signal)
        const now = target!.writer.table.snapshot
        if (known.accepted.get(path) !== now.schema) {
          await target!.writer.accept(shape.schema, signal)
          known.accepted.set(path, now.schema)
        }
      } catch (error) {
        shape = refusalOf(error)
      }
    }
    const partition = { topic: first.originalTopic, partition: first.originalPartition }
    return { from, to, target, lane: target?.lane(partition), shape }
  }

  /** Moves the run's records into the open file. Synchronous: either all of it happens or the task ends. */
  #move(records: readonly SinkRecord[], { from, to, target, lane, shape }: Run): void {
    for (let i = from; i < to; i++) {
      const record = records[i]!
      if (target === undefined || lane === undefined) {
        this.#leaveOut(record, shape)
        continue
      }
      const offset = record.originalOffset
      if (record.value !== null && !(shape instanceof SluiceError)) {
        try {
          target.writer.append(lane, offset, shape.rowOf(record))
          continue
        } catch (error) {
          if (!(error instanceof DataError)) throw error
          this.#context.report(record, error)
        }
      } else if (offset > lane.taken) this.#leaveOut(record, shape)
      target.writer.pass(lane, offset)
    }
  }

  /** A record that cannot be a row, and why. */
  #leaveOut(record: SinkRecord, shape: RowShape | SluiceError): void {
    if (record.value !== null) {
      this.#context.report(record, shape)
      return
    }
    const behaviour = this.#settings['behavior.on.null.values']
    if (behaviour === 'ignore') {
      this.#context.drop(record, 'null-value')
      return
    }
    const { originalTopic: topic, originalPartition: partition, originalOffset: offset } = record
    const error = new DataError('The value is null, and a table has no row for that', {
      place: { topic, partition, offset },
      remedy:
        'Set behavior.on.null.values=ignore to leave such records out, or report to send them to the dead letters.',
    })
    if (behaviour === 'fail') throw error
    this.#context.report(record, error)
  }

  /** What fails for now is left for the next call; rows and positions stay where they are. */
  async #commit(target: Target): Promise<void> {
    try {
      await target.writer.commit(patience())
    } catch (error) {
      if (!isRetriable(error)) throw error
      this.#context.logger.warn('A commit did not succeed; it is tried again', {
        table: target.writer.table.name,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }

  /** One file holds the rows of all partitions: when one leaves with rows uncommitted, the others are read again. */
  async #restart(target: Target, staying: readonly (readonly [TopicPartition, Lane])[]): Promise<void> {
    const begins = new Map(staying.map(([, lane]) => [lane, lane.moved ? lane.begin : undefined]))
    try {
      await target.writer.reset(patience())
    } finally {
      for (const [partition, lane] of staying) {
        const offset = lane.committed === undefined ? begins.get(lane) : lane.committed + 1
        if (offset !== undefined) this.#context.rewind([{ ...partition, offset }])
      }
    }
  }

  /** The smallest over all tables that the partition writes to; the position itself if it writes to none. */
  #safeOffset(position: TopicPartitionOffset): number | undefined {
    let safe: number | undefined = position.offset
    for (const target of this.#targets.values()) {
      const lane = target.knownLane(position)
      if (lane === undefined || safe === undefined) continue
      const offset = lane.safeOffset(position.offset)
      safe = offset === undefined ? undefined : Math.min(safe, offset)
    }
    return safe
  }

  #anyDue(): boolean {
    for (const { writer } of this.#targets.values()) if (writer.due) return true
    return false
  }

  async #open(path: string, shape: RowShape | undefined, signal: AbortSignal): Promise<Target | undefined> {
    const target = await Target.open(this.#store, path, shape?.schema, this.#settings, this.#context, signal)
    if (target !== undefined) this.#targets.set(path, target)
    return target
  }

  #known(schema: Schema | null): Known {
    const found = schema === null ? undefined : this.#schemas.get(schema)
    if (found !== undefined) return found
    const known: Known = { shape: shapeOrRefusal(schema, this.#settings), accepted: new Map() }
    if (schema !== null) this.#schemas.set(schema, known)
    return known
  }
}

function sameRun(record: SinkRecord, first: SinkRecord): boolean {
  return (
    record.valueSchema === first.valueSchema &&
    record.originalPartition === first.originalPartition &&
    record.topic === first.topic &&
    record.originalTopic === first.originalTopic
  )
}

function shapeOrRefusal(schema: Schema | null, settings: LakeSettings): RowShape | SluiceError {
  try {
    return rowShapeOf(schema, settings)
  } catch (error) {
    return refusalOf(error)
  }
}

/** Why records of a schema cannot be rows. Everything else is not about the records, and goes on. */
function refusalOf(error: unknown): SluiceError {
  if (error instanceof DataError || (error instanceof SluiceError && error.code === 'TABLE_SCHEMA')) return error
  throw error
}

function patience(): AbortSignal {
  return AbortSignal.timeout(STORE_PATIENCE_MS)
}
