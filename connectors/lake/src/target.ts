import { randomUUID } from 'node:crypto'
import type { Counter, Gauge, MetricLabels, SinkTaskContext, StructSchema, TopicPartition, Value } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { DeltaTable, TableWriter, appIdOf, bloomFiltersIn, deltaSchemaOf } from '@sluice/lake'
import type { DeltaPorts, EncoderUser, Lane, LocatedRow } from '@sluice/lake'
import type { CommitGroups, GroupMember } from './group-commit.ts'
import { parquetOptionsOf } from './parquet-settings.ts'
import type { RowShape } from './row-shape.ts'
import type { LakeSettings } from './settings.ts'
import { PartitionCount, checkColumns, warnOfColumns } from './table-limits.ts'
import type { Route } from './table-route.ts'

type Row = Readonly<Record<string, Value>>

/** Progress that brought no row (dead letters, tombstones) waits this long for a commit of its own: they are not worth one each. */
const IDLE_COMMIT_MS = 600_000
/** What entries of the log say of who wrote them. */
export const ENGINE = 'sluice-lake/0.1.0'

/**
 * Who parts no table takes tables as they are. One that is there, be it another task's of this moment, is not changed for the rows: they
 * may not be admitted as they are.
 */
async function openOrCreate(
  store: ObjectStore,
  path: string,
  { schema, partitionColumns }: RowShape,
  ports: DeltaPorts,
  columnsMax: number,
  signal: AbortSignal,
): Promise<DeltaTable> {
  const design = partitionColumns.length === 0 ? {} : { partitionColumns }
  const found = await DeltaTable.open(store, path, ports, signal, design)
  if (found !== undefined) return found
  checkColumns(schema, undefined, columnsMax)
  return DeltaTable.ensure(store, path, deltaSchemaOf(schema), ports, signal, design)
}

/** One table and the lanes of those partitions that write to it. */
export class Target {
  /** Empty: there are none. */
  readonly tenant: string
  readonly writer: TableWriter
  readonly #settings: LakeSettings
  readonly #context: SinkTaskContext
  readonly #group: GroupMember
  readonly #partitions: PartitionCount
  readonly #secondsOfCommits: Counter
  readonly #lastCommit: Gauge
  #isKnownWide = false
  /** When the first row came that is not committed, by the monotonic clock. */
  #rowsSince: number | undefined
  readonly #lanes = new Map<string, Map<number, Lane>>()

  private constructor(
    tenant: string,
    table: DeltaTable,
    store: ObjectStore,
    settings: LakeSettings,
    context: SinkTaskContext,
    group: GroupMember,
    encoders: EncoderUser | undefined,
  ) {
    this.tenant = tenant
    this.#group = group
    this.#partitions = new PartitionCount(settings['partitions.per.commit.max'])
    const labels = labelsOf(context, table.path)
    this.#secondsOfCommits = context.metrics.counter('sluice_lake_commit_seconds_total', labels)
    this.#lastCommit = context.metrics.gauge('sluice_lake_last_commit_seconds', labels)
    this.#settings = settings
    this.#context = context
    this.writer = new TableWriter(
      table,
      store,
      {
        rowsMax: settings['flush.size'],
        bytesMax: settings['flush.bytes'],
        ageMaxMs: settings['rotate.interval.ms'],
        idleMaxMs: IDLE_COMMIT_MS,
        parquet: parquetOptionsOf(settings),
      },
      {
        clock: context.clock,
        metrics: context.metrics,
        logger: context.logger,
        labels: { connector: context.connector, task: String(context.task) },
        newId: randomUUID,
        ...(encoders !== undefined && { encoders }),
      },
    )
  }

  /** The table if it is there; made for rows of that schema if one is given. */
  static async open(
    store: ObjectStore,
    { tenant, path }: Route,
    rows: RowShape | undefined,
    settings: LakeSettings,
    context: SinkTaskContext,
    groups: CommitGroups,
    encoders: EncoderUser | undefined,
    signal: AbortSignal,
  ): Promise<Target | undefined> {
    const { clock, random, logger } = context
    let target: Target | undefined
    const group = groups.join([context.connector, store.url, path].join('\n'), {
      waitMs: settings['commit.group.wait.ms'],
      clock,
      newId: randomUUID,
      isReady: () => target?.isReady === true,
    })
    const ports: DeltaPorts = {
      clock,
      random,
      logger,
      engineInfo: ENGINE,
      newId: randomUUID,
      together: group,
      conflicts: context.metrics.counter('sluice_lake_conflicts_total', labelsOf(context, path)),
    }
    try {
      const table =
        rows === undefined
          ? await DeltaTable.open(store, path, ports, signal)
          : await openOrCreate(store, path, rows, ports, settings['table.columns.max'], signal)
      if (table === undefined) return undefined
      warnOfMissing(settings['write.parquet.bloom-filter-enabled.columns'], table, context)
      return (target = new Target(tenant, table, store, settings, context, group, encoders))
    } finally {
      if (target === undefined) group.leave()
    }
  }

  /**
   * Makes the table fit rows of that schema.
   * @throws SluiceError TABLE_SCHEMA when it cannot
   */
  async accept(rows: StructSchema, signal: AbortSignal): Promise<void> {
    const { table } = this.writer
    const columns = checkColumns(rows, table.snapshot.schema, this.#settings['table.columns.max'])
    if (!this.#isKnownWide) this.#isKnownWide = warnOfColumns(columns, table.name, this.#context.logger)
    await this.writer.accept(rows, signal)
  }

  /** As `TableWriter.commit`; counts how long it takes, uploads and waits included. */
  async commit(signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    const [version, begin] = [this.writer.table.snapshot.version, clock.monotonic()]
    await this.writer.commit(signal)
    if (this.writer.table.snapshot.version === version) return
    const seconds = (clock.monotonic() - begin) / 1000
    this.#secondsOfCommits.add(seconds)
    this.#lastCommit.set(seconds)
  }

  /** As `TableWriter.append`. @throws SluiceError TABLE_LIMIT when rows of too many partitions wait for a commit */
  append(lane: Lane, offset: number, row: Row): void {
    const { name, snapshot } = this.writer.table
    const { partitionColumns } = snapshot.metadata
    if (partitionColumns.length > 0 && offset > lane.taken) this.#partitions.add(row, partitionColumns, name)
    this.writer.append(lane, offset, row)
  }

  /** As `TableWriter.appendLocated`. @throws SluiceError TABLE_LIMIT as `append` */
  appendLocated(lane: Lane, offset: number, row: LocatedRow, given: Row | null): boolean {
    const { name, snapshot } = this.writer.table
    const { partitionColumns } = snapshot.metadata
    if (partitionColumns.length > 0) {
      if (given === null || !partitionColumns.every((column) => Object.hasOwn(given, column))) return false
      if (offset > lane.taken) this.#partitions.add(given, partitionColumns, name)
    }
    return this.writer.appendLocated(lane, offset, row, given)
  }

  /** Whether it is time to commit: for its own rows, or because other tasks of this process did. */
  get isDue(): boolean {
    return this.writer.due || this.#group.isCalled
  }

  /** Whether it has rows that are worth a commit if others commit: they need not be as old as for one of its own. */
  get isReady(): boolean {
    if (this.writer.due) return true
    const half = this.#settings['rotate.interval.ms'] / 2
    return this.#rowsSince !== undefined && this.#context.clock.monotonic() - this.#rowsSince >= half
  }

  /** To be called when rows came or went. */
  look(): void {
    if (!this.writer.unsettled) this.#partitions.clear()
    this.#rowsSince = this.writer.unsettled ? (this.#rowsSince ?? this.#context.clock.monotonic()) : undefined
  }

  /** Gives up what is not committed, and stops what goes on beside the commits. */
  close(): Promise<void> {
    this.writer.abandon()
    this.#group.leave()
    return this.writer.table.close()
  }

  /** The partition's lane, opened if need be where the table says. */
  lane({ topic, partition }: TopicPartition): Lane {
    let lanes = this.#lanes.get(topic)
    if (lanes === undefined) this.#lanes.set(topic, (lanes = new Map<number, Lane>()))
    let lane = lanes.get(partition)
    if (lane === undefined) {
      const name = { sink: this.#context.connector, cluster: this.#settings['cluster.id'], topic, partition }
      lanes.set(partition, (lane = this.writer.lane(appIdOf(name), `${topic}-${partition}`)))
    }
    return lane
  }

  /** The lane if the partition ever wrote here. */
  knownLane({ topic, partition }: TopicPartition): Lane | undefined {
    return this.#lanes.get(topic)?.get(partition)
  }

  /** All lanes with their partitions. */
  *lanes(): Iterable<readonly [TopicPartition, Lane]> {
    for (const [topic, lanes] of this.#lanes) for (const [partition, lane] of lanes) yield [{ topic, partition }, lane]
  }

  release({ topic, partition }: TopicPartition): void {
    const lane = this.knownLane({ topic, partition })
    if (lane === undefined) return
    this.writer.release(lane)
    this.#lanes.get(topic)?.delete(partition)
  }
}

function labelsOf({ connector, task }: SinkTaskContext, table: string): MetricLabels {
  return { connector, task: String(task), table }
}

function warnOfMissing(
  bloomFilters: readonly string[],
  { name, snapshot }: DeltaTable,
  context: SinkTaskContext,
): void {
  const columns = bloomFilters.filter((column) => bloomFiltersIn(snapshot.schema, [column]).length === 0)
  if (columns.length === 0) return
  context.logger.warn(
    'The table has no such columns that could have a bloom filter (write.parquet.bloom-filter-enabled.columns); they get one if they come',
    { table: name, columns: columns.join(', ') },
  )
}
