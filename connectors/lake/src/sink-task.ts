import { DataError, SluiceError, isRetriable } from '@sluice/sdk'
import type {
  JsonText,
  SinkPosition,
  SinkRecord,
  SinkTask,
  SinkTaskContext,
  TopicPartition,
  TopicPartitionOffset,
} from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import type { Lane, LocatedRow } from '@sluice/lake'
import { DroppedRecord } from './files/late-records.ts'
import { fewAtATime } from './few-at-a-time.ts'
import { GoingBack } from './going-back.ts'
import { processGroups } from './group-commit.ts'
import type { CommitGroups } from './group-commit.ts'
import { processBudget } from './memory-budget.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { hasNoValue, nullRefused } from './null-values.ts'
import { labelOf } from './partition-label.ts'
import { patience } from './patience.ts'
import type { RowShape } from './row-shape.ts'
import { admitted } from './schema-rules.ts'
import type { LakeSettings } from './settings.ts'
import { Shapes, refusalOf } from './shapes.ts'
import { TableRoutes, keyOf } from './table-route.ts'
import type { Route } from './table-route.ts'
import { Tables } from './tables.ts'
import type { Target } from './target.ts'

const NO_ROW = {}

/** Records in a row of one topic, partition and schema, and where they go. Decided once, then the rows move. */
interface Run {
  readonly from: number
  readonly to: number
  readonly tenant: string
  /** Undefined while there is no table: then no record of the run can be a row. */
  readonly target: Target | undefined
  readonly lane: Lane | undefined
  /** How they become rows, or why none of them can. */
  readonly shape: RowShape | SluiceError
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
  readonly #routes: TableRoutes
  readonly #shapes: Shapes
  readonly #tables: Tables
  readonly #budget: MemoryBudget
  readonly #goingBack: GoingBack
  /** Tables whose last commit failed: the others come first, so that those do not use up the time of all. */
  readonly #failing = new WeakSet<Target>()

  /** @param store instead of the one that `lake.url` names */
  constructor(
    settings: LakeSettings,
    context: SinkTaskContext,
    store?: ObjectStore,
    budget: MemoryBudget = processBudget,
    groups: CommitGroups = processGroups,
  ) {
    this.#settings = settings
    this.#context = context
    this.#budget = budget
    this.#shapes = new Shapes(settings, context.clock)
    this.#tables = new Tables(settings, context, store, groups)
    this.#goingBack = new GoingBack(context)
    this.#routes = TableRoutes.of(settings, this.#tables.stores.areSeveral)
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#tables.start(signal)
  }

  async open(partitions: readonly TopicPartition[]): Promise<void> {
    const signal = patience()
    for (const [topic, those] of Map.groupBy(partitions, (partition) => partition.topic)) {
      const route = this.#routeOfTopic(topic)
      if (route === undefined) continue
      await this.#tables.sparingOthers(route.tenant, async () => {
        const known = this.#tables.get(route)
        await known?.writer.refresh(signal)
        const target = known ?? (await this.#tables.open(route, undefined, signal))
        for (const partition of target === undefined ? [] : those) this.#goOn(target!, partition)
      })
    }
  }

  /** Finds the fields of a row in JSON, as soon as it is known which there are: from the second batch on. */
  scan(topic: string, bytes: Uint8Array, { schema, before, behind }: JsonText): LocatedRow | undefined {
    if (this.#routes.isByField) return undefined
    const layout = this.#shapes.layoutOf(topic, schema, this.#tableKeyOf)
    return layout?.locate(bytes, before, bytes.length - behind)
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    const signal = patience()
    this.#tables.takeBack()
    await this.#goingBack.findLost(this.#tables.all, signal)
    const isOver = this.#budget.isOver(this, this.#settings['memory.bytes'])
    const full = this.#tables.all.filter(({ writer }) => writer.full || (isOver && writer.heldBytes > 0))
    await fewAtATime(full, ({ tenant, writer }) => this.#tables.sparingOthers(tenant, () => writer.roll(signal)))
    for (const run of await this.#decide(records, signal)) {
      if (run.target === undefined || !this.#goingBack.has(run.target)) this.#move(records, run)
      else this.#goingBack.comeAgain(records[run.from]!)
    }
    this.#goingBack.settle()
    this.#weigh()
    if (this.#anyDue()) this.#context.requestCommit()
  }

  async flush(positions: readonly SinkPosition[], closing: boolean): Promise<readonly TopicPartitionOffset[]> {
    for (const target of this.#tables.all) {
      for (const position of positions) {
        const lane = target.knownLane(position)
        if (lane === undefined) continue
        // Before anything is committed: what was skipped as known may be another topic's.
        if (position.topicId !== undefined) target.writer.identify(lane, position.topicId)
        // The worker stands here: offsets before it that never came were dropped on the way, or are no records.
        target.writer.pass(lane, position.offset - 1)
      }
    }
    const due = this.#tables.all.filter((target) => closing || target.isDue)
    const signal = patience()
    const [failing, others] = [due.filter((at) => this.#failing.has(at)), due.filter((at) => !this.#failing.has(at))]
    await fewAtATime([...others, ...failing], (target) => this.#commit(target, signal))
    this.#weigh()
    return positions.flatMap((position) => {
      const offset = this.#safeOffset(position)
      return offset === undefined ? [] : [{ topic: position.topic, partition: position.partition, offset }]
    })
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    const signal = patience()
    const leaving = new Set(partitions.map(labelOf))
    for (const target of this.#tables.all) {
      const staying = [...target.lanes()].filter(([partition]) => !leaving.has(labelOf(partition)))
      if (staying.length === 0) this.#tables.forget(target)
      else if (target.writer.unsettled)
        await this.#tables.sparingOthers(target.tenant, () => this.#goingBack.restart(target, staying, signal))
      for (const partition of partitions) target.release(partition)
    }
    for (const partition of partitions) this.#tables.leave(partition)
  }

  async stop(): Promise<void> {
    await this.#tables.close()
    this.#budget.release(this)
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
    this.#context.rewind(this.#routes.isOne || position === undefined ? [behind] : [behind, position])
  }

  /** Splits the records into runs, opens or makes the tables they go to, and makes those fit. */
  async #decide(records: readonly SinkRecord[], signal: AbortSignal): Promise<Run[]> {
    const runs: Run[] = []
    for (let from = 0; from < records.length;) {
      const route = this.#routeOf(records[from]!)
      let to = from + 1
      while (to < records.length && this.#isSameRun(records[to]!, records[from]!, route)) to++
      runs.push(await this.#runOf(records, from, to, route, signal))
      from = to
    }
    return runs.map((run) => (this.#tables.parkedFor(run.tenant) === undefined ? run : this.#parkedRun(records, run)))
  }

  /** What becomes of records of a tenant that is parked: they come again, or are bad records. */
  #parkedRun(records: readonly SinkRecord[], { from, to, tenant }: Omit<Run, 'shape'>): Run {
    const { originalTopic: topic, originalPartition: partition, originalOffset: offset } = records[from]!
    const isReported = this.#tables.isReported(tenant, { topic, partition }, offset)
    const shape = this.#tables.parkedFor(tenant)!
    return { from: isReported ? from : to, to, tenant, target: undefined, lane: undefined, shape }
  }

  async #runOf(
    records: readonly SinkRecord[],
    from: number,
    to: number,
    route: Route | SluiceError,
    signal: AbortSignal,
  ): Promise<Run> {
    const none = { from, to, tenant: '', target: undefined, lane: undefined }
    if (route instanceof SluiceError) return { ...none, shape: route }
    const { tenant } = route
    try {
      const parked = this.#tables.parkedFor(tenant)
      return parked === undefined
        ? await this.#tableRunOf(records, from, to, route, signal)
        : { ...none, tenant, shape: parked }
    } catch (error) {
      return { ...none, tenant, shape: this.#tables.park(tenant, error) }
    }
  }

  async #tableRunOf(
    records: readonly SinkRecord[],
    from: number,
    to: number,
    route: Route,
    signal: AbortSignal,
  ): Promise<Run> {
    const first = records[from]!
    const key = keyOf(route)
    let target = this.#tables.get(route)
    const isToBeLookedAt = first.valueSchema === null && target === undefined && !hasNoValue(first)
    if (isToBeLookedAt) target = await this.#tables.open(route, undefined, signal)
    const run = first.valueSchema === null ? records.slice(from, to) : [first]
    const known = this.#shapes.of(run, key, target?.writer.table.snapshot.schema)
    let { shape } = known
    if (!(shape instanceof SluiceError)) {
      try {
        target ??= await this.#tables.open(route, shape, signal)
        const now = target!.writer.table.snapshot
        if (known.accepted.get(key) !== now.schema) {
          const rows = admitted(shape.schema, now.schema, this.#settings['schema.compatibility'])
          await target!.accept(rows, signal)
          known.accepted.set(key, target!.writer.table.snapshot.schema)
        }
      } catch (error) {
        shape = refusalOf(error)
      }
    }
    const partition = { topic: first.originalTopic, partition: first.originalPartition }
    return { from, to, tenant: route.tenant, target, lane: target?.lane(partition), shape }
  }

  /** Where the record goes, or why it goes nowhere. */
  #routeOf(record: SinkRecord): Route | SluiceError {
    try {
      // A field of null says nothing: what becomes of such a record is decided without its table.
      const isByField = this.#routes.isByField && record.value !== null
      return this.#known(isByField ? this.#routes.of(record) : this.#routes.ofTopic(record.topic))
    } catch (error) {
      return refusalOf(error)
    }
  }

  /** Undefined where records of the topic may go to several tables, or to none. */
  #routeOfTopic(topic: string): Route | undefined {
    if (this.#routes.isByField) return undefined
    try {
      return this.#known(this.#routes.ofTopic(topic))
    } catch (error) {
      refusalOf(error)
      return undefined
    }
  }

  readonly #tableKeyOf = (topic: string): string | undefined => {
    const route = this.#routeOfTopic(topic)
    return route && keyOf(route)
  }

  #known(route: Route): Route {
    this.#tables.stores.assertKnown(route.tenant)
    return route
  }

  #isSameRun(record: SinkRecord, first: SinkRecord, route: Route | SluiceError): boolean {
    if (!sameRun(record, first)) return false
    if (!this.#routes.isByField) return true
    const own = this.#routeOf(record)
    return !(route instanceof SluiceError) && !(own instanceof SluiceError) && keyOf(own) === keyOf(route)
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
      if (!(shape instanceof SluiceError)) {
        try {
          if (isFromBytes(record, shape, target, lane)) continue
          // What came before is skipped; it was judged then.
          target.append(lane, offset, offset <= lane.taken ? NO_ROW : shape.rowOf(record))
          continue
        } catch (error) {
          if (!(error instanceof DataError)) throw error
          if (error instanceof DroppedRecord) this.#context.drop(record, error.reason)
          else this.#context.report(record, error)
        }
      } else if (offset > lane.taken) this.#leaveOut(record, shape)
      target.writer.pass(lane, offset)
    }
  }

  /** A record that cannot be a row, and why. */
  #leaveOut(record: SinkRecord, shape: RowShape | SluiceError): void {
    const behaviour = this.#settings['behavior.on.null.values']
    if (record.value !== null || behaviour === 'write') {
      this.#context.report(record, shape)
      return
    }
    if (behaviour === 'ignore') {
      this.#context.drop(record, 'null-value')
      return
    }
    const error = nullRefused(record)
    if (behaviour === 'fail') throw error
    this.#context.report(record, error)
  }

  /** What fails for now is left for the next call; rows and positions stay where they are. */
  async #commit(target: Target, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    try {
      await target.commit(signal)
      this.#failing.delete(target)
    } catch (error) {
      this.#failing.add(target)
      if (!isRetriable(error)) {
        this.#tables.park(target.tenant, error)
        return
      }
      this.#context.logger.warn('A commit did not succeed; it is tried again', {
        table: target.writer.table.name,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
  }

  /** The smallest over all tables that the partition writes to; the position itself if it writes to none. */
  #safeOffset(position: TopicPartitionOffset): number | undefined {
    let safe: number | undefined = Math.min(position.offset, this.#tables.heldFrom(position) ?? Infinity)
    for (const target of this.#tables.all) {
      const lane = target.knownLane(position)
      if (lane === undefined || safe === undefined) continue
      const offset = lane.safeOffset(position.offset)
      safe = offset === undefined ? undefined : Math.min(safe, offset)
    }
    return safe
  }

  #anyDue(): boolean {
    return this.#tables.all.some(({ isDue }) => isDue)
  }

  /** Tells the other tasks of the process how much this one holds. */
  #weigh(): void {
    let bytes = 0
    for (const target of this.#tables.all) {
      target.look()
      bytes += target.writer.heldBytes
    }
    this.#budget.hold(this, bytes)
  }
}

/** Whether the record went into the table without being decoded. @throws DataError when its partition is refused */
function isFromBytes(record: SinkRecord, { located }: RowShape, target: Target, lane: Lane): boolean {
  const { scanned, originalOffset: offset } = record
  if (scanned === undefined || located === undefined || offset <= lane.taken) return false
  const row = scanned as LocatedRow
  if (row.layout !== located.layout) return false
  return target.appendLocated(lane, offset, row, located.givenOf === null ? null : located.givenOf(record, row))
}

function sameRun(record: SinkRecord, first: SinkRecord): boolean {
  return (
    record.valueSchema === first.valueSchema &&
    hasNoValue(record) === hasNoValue(first) &&
    record.originalPartition === first.originalPartition &&
    record.topic === first.topic &&
    record.originalTopic === first.originalTopic
  )
}
