import { randomUUID } from 'node:crypto'
import { DataError, SluiceError, describeError, isRetriable } from '@sluice/sdk'
import type {
  Counter,
  SinkPosition,
  SinkRecord,
  SinkTask,
  SinkTaskContext,
  TopicPartition,
  TopicPartitionOffset,
} from '@sluice/sdk'
import { probeObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { fewAtATime } from '../few-at-a-time.ts'
import { processBudget } from '../memory-budget.ts'
import type { MemoryBudget } from '../memory-budget.ts'
import { ParkedTenants } from '../parked-tenants.ts'
import type { TenantStores } from '../tenants.ts'
import { labelOf } from '../partition-label.ts'
import { patience } from '../patience.ts'
import { AsidePartitions } from './aside-partitions.ts'
import { CommitLog, commitFolder } from './commit-log.ts'
import { DroppedRecord } from './late-records.ts'
import { PartitionFiles } from './partition-files.ts'
import type { FileBatch } from './partition-files.ts'
import { planOf, rotationRulesOf } from './plan.ts'
import { Rotation } from './rotation.ts'
import type { FilesSettings } from './settings.ts'
import { storesOf } from './stores.ts'

/** Of one partition of Kafka's. Each costs memory, a request, and a file that is read. */
const OPEN_FILES_WORTH_A_WORD = 1000

interface Stream {
  readonly partition: TopicPartition
  readonly tenant: string
  readonly store: ObjectStore
  readonly files: PartitionFiles
  /** Null: delivery is at least once. */
  readonly log: CommitLog | null
  /** The offset behind what is durable, as far as this task knows. */
  durable: number | undefined
  /** Where reading began. */
  readonly begin: number | undefined
  topicId: string | undefined
  /** Whether it was seen that the log is of this topic; before that nothing is stored. */
  isIdentified: boolean
  /** Of the batch that is being stored. */
  batchId: string | undefined
}

/**
 * Records to files. Each partition's files end together, are stored, and count once a commit names them; reading begins behind the last
 * commit. `put` stores first what has ended (it may wait, and fail for now), then takes all records without waiting.
 */
export class FilesTask implements SinkTask {
  readonly #settings: FilesSettings
  readonly #context: SinkTaskContext
  readonly #stores: TenantStores
  readonly #given: ObjectStore | undefined
  /** By tenant; probed. */
  readonly #opened = new Map<string, ObjectStore>()
  readonly #parked: ParkedTenants
  readonly #aside: AsidePartitions
  readonly #budget: MemoryBudget
  readonly #plan: ReturnType<typeof planOf>
  readonly #streams = new Map<string, Stream>()
  readonly #counters: Readonly<Record<'rows' | 'files' | 'bytes' | 'commits', Counter>>
  #hasWarned = false
  /** Since the worker was last asked to commit. */
  #hasStored = false

  /** @param store instead of the one that the settings name */
  constructor(
    settings: FilesSettings,
    context: SinkTaskContext,
    store?: ObjectStore,
    budget: MemoryBudget = processBudget,
  ) {
    this.#settings = settings
    this.#budget = budget
    this.#context = context
    this.#given = store
    this.#stores = storesOf(settings, context)
    this.#parked = new ParkedTenants(settings, context)
    this.#aside = new AsidePartitions(context)
    this.#plan = planOf(settings, context.clock)
    const labels = { connector: context.connector, task: String(context.task) }
    const counter = (what: string): Counter => context.metrics.counter(`sluice_lake_files_${what}_total`, labels)
    this.#counters = {
      rows: counter('rows'),
      files: counter('stored'),
      bytes: counter('bytes'),
      commits: counter('commits'),
    }
  }

  async start(signal: AbortSignal): Promise<void> {
    // Those of tenants are looked at with their first partition: one that is away is no matter of the others.
    if (!this.#stores.areSeveral) await this.#storeOf('', signal)
  }

  async open(partitions: readonly TopicPartition[]): Promise<void> {
    const signal = patience()
    await fewAtATime(partitions, (partition) => this.#openOrSetAside(partition, signal))
  }

  async put(records: readonly SinkRecord[]): Promise<void> {
    const signal = patience()
    this.#aside.settle()
    await this.#tryAgain(signal)
    if (this.#budget.isOver(this, this.#settings['memory.bytes']))
      for (const { files } of this.#streams.values()) files.end()
    await this.#storeEnded(signal)
    for (const record of records) this.#take(record)
    for (const { files } of this.#streams.values()) files.tick()
    // What fails for now is tried again with the next put, before that takes anything.
    await this.#storeIfPossible(signal)
    this.#weigh()
    if (this.#hasStored) this.#context.requestCommit()
    this.#hasStored = false
  }

  async flush(positions: readonly SinkPosition[], closing: boolean): Promise<readonly TopicPartitionOffset[]> {
    for (const { topic, partition, topicId } of positions) {
      const stream = this.#streams.get(labelOf({ topic, partition }))
      if (stream === undefined) continue
      if (topicId !== undefined) {
        stream.log?.assertSameTopic(topicId, labelOf({ topic, partition }))
        stream.topicId = topicId
      }
      stream.isIdentified = true
      // Without commits, files that end by chance would be there a second time, under another name, after a crash.
      if (closing && stream.log !== null) stream.files.end()
    }
    await this.#storeIfPossible(patience())
    this.#weigh()
    return positions.flatMap((position) => {
      const { topic, partition } = position
      const stream = this.#streams.get(labelOf(position))
      if (stream === undefined)
        return this.#aside.isDone(position) ? [{ topic, partition, offset: position.offset }] : []
      const { files, durable } = stream
      const offset = files.rows === 0 && files.ended.length === 0 ? position.offset : durable
      return offset === undefined || offset > position.offset ? [] : [{ topic, partition, offset }]
    })
  }

  async close(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) {
      this.#streams.delete(labelOf(partition))
      this.#aside.delete(partition)
    }
  }

  async stop(): Promise<void> {
    this.#streams.clear()
    this.#parked.clear()
    this.#budget.release(this)
  }

  async #openOrSetAside(partition: TopicPartition, signal: AbortSignal): Promise<void> {
    let tenant: string
    try {
      tenant = this.#stores.tenantOf(partition.topic)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      this.#aside.add({ partition, tenant: undefined, isReported: true, error }, undefined)
      return
    }
    if (this.#parked.errorOf(tenant) === undefined) {
      try {
        await this.#openStream(partition, tenant, signal)
        return
      } catch (error) {
        this.#park(tenant, error)
      }
    }
    this.#setAside(partition, tenant, undefined)
  }

  async #openStream(partition: TopicPartition, tenant: string, signal: AbortSignal): Promise<void> {
    const store = await this.#storeOf(tenant, signal)
    const position = this.#context.position(partition)
    const log = this.#settings['exactly.once']
      ? await CommitLog.open(store, commitFolder(this.#settings['topics.dir'], partition), signal)
      : null
    if (position?.topicId !== undefined) log?.assertSameTopic(position.topicId, labelOf(partition))
    const files = new PartitionFiles(
      partition,
      this.#plan,
      new Rotation(rotationRulesOf(this.#settings), this.#context.clock),
    )
    this.#streams.set(labelOf(partition), {
      partition,
      tenant,
      store,
      files,
      log,
      durable: log?.to,
      begin: position?.offset,
      topicId: position?.topicId,
      isIdentified: log?.to === undefined,
      batchId: undefined,
    })
    // All of a partition's files are in its commits; what lies between them and the group's offset was left out or reported.
    if (log?.to !== undefined && log.to > (position?.offset ?? -1))
      this.#context.rewind([{ ...partition, offset: log.to }])
  }

  async #storeOf(tenant: string, signal: AbortSignal): Promise<ObjectStore> {
    let store = this.#opened.get(tenant)
    if (store !== undefined) return store
    store = this.#given ?? this.#stores.open(tenant)
    if (this.#settings['exactly.once']) await probeObjectStore(store, { signal })
    this.#opened.set(tenant, store)
    return store
  }

  /** The tenant's partitions are set aside; what they held in memory is read again. @throws what is no matter of one tenant */
  #park(tenant: string, error: unknown): void {
    this.#parked.park(tenant, error)
    this.#opened.delete(tenant)
    for (const [label, stream] of this.#streams) {
      if (stream.tenant !== tenant) continue
      this.#streams.delete(label)
      this.#setAside(stream.partition, tenant, stream.durable ?? stream.begin)
    }
  }

  #setAside(partition: TopicPartition, tenant: string, from: number | undefined): void {
    const { areReported: isReported } = this.#parked
    this.#aside.add({ partition, tenant, isReported, error: this.#parked.errorOf(tenant)! }, from)
  }

  async #tryAgain(signal: AbortSignal): Promise<void> {
    const back = this.#parked.takeDue().flatMap((tenant) => this.#aside.takeBack(tenant))
    await fewAtATime(back, ({ partition }) => this.#openOrSetAside(partition, signal))
  }

  #take(record: SinkRecord): void {
    const partition = { topic: record.originalTopic, partition: record.originalPartition }
    const stream = this.#streams.get(labelOf(partition))
    if (stream === undefined) {
      if (this.#aside.has(partition)) this.#aside.take(record)
      else throw new SluiceError('INTERNAL', `A record came of ${labelOf(partition)}, which is not open`)
      return
    }
    const { files } = stream
    if (files.has(record)) return
    if (record.value === null) {
      files.pass(record)
      this.#leaveOut(record)
      return
    }
    try {
      files.take(record)
    } catch (error) {
      if (!(error instanceof DataError) && !(error instanceof SluiceError && error.code === 'TABLE_SCHEMA')) throw error
      if (error instanceof DroppedRecord) this.#context.drop(record, error.reason)
      else this.#context.report(record, error)
    }
  }

  #leaveOut(record: SinkRecord): void {
    if (this.#settings['behavior.on.null.values'] === 'ignore' && !this.#settings['report.null.values.to.dlq']) {
      this.#context.drop(record, 'null-value')
      return
    }
    const error = new DataError('The value is null, and a file has no record for that', {
      place: { topic: record.originalTopic, partition: record.originalPartition, offset: record.originalOffset },
      remedy:
        'Set behavior.on.null.values=ignore to leave such records out; with report.null.values.to.dlq=true they become dead letters.',
    })
    if (this.#settings['behavior.on.null.values'] === 'fail') throw error
    this.#context.report(record, error)
  }

  async #storeIfPossible(signal: AbortSignal): Promise<void> {
    try {
      await this.#storeEnded(signal)
    } catch (error) {
      if (!isRetriable(error)) throw error
      this.#context.logger.warn('Files could not be stored; it is tried again', { reason: describeError(error) })
    }
  }

  async #storeEnded(signal: AbortSignal): Promise<void> {
    await fewAtATime(this.#streams.values(), async (stream) => {
      const { ended } = stream.files
      if (!stream.isIdentified) {
        // The worker knows the topic's id once it has fetched, and says it with the flush.
        if (ended.length > 0) this.#context.requestCommit()
        return
      }
      try {
        for (let batch = ended[0]; batch !== undefined; batch = ended[0]) {
          await this.#storeBatch(stream, batch, signal)
          ended.shift()
        }
      } catch (error) {
        this.#park(stream.tenant, error)
      }
    })
  }

  /** The files, then the commit that names them. */
  async #storeBatch(stream: Stream, batch: FileBatch, signal: AbortSignal): Promise<void> {
    for (const { path, bytes } of batch.files) await stream.store.put(path, bytes, { signal })
    stream.batchId ??= randomUUID()
    const { connector, clock } = this.#context
    const { topicId, batchId: id } = stream
    await stream.log?.append(batch, { connector, now: Math.trunc(clock.now()), topicId, id }, signal)
    stream.batchId = undefined
    stream.durable = batch.to
    this.#hasStored = true
    this.#counters.rows.add(batch.rows)
    this.#counters.files.add(batch.files.length)
    this.#counters.bytes.add(batch.files.reduce((sum, { bytes }) => sum + bytes.length, 0))
    this.#counters.commits.add(1)
  }

  /** Tells the other tasks of the process how much this one holds. */
  #weigh(): void {
    let bytes = 0
    for (const { files } of this.#streams.values()) {
      bytes += files.bytes
      this.#warnOfScatter(files)
    }
    this.#budget.hold(this, bytes)
  }

  #warnOfScatter({ partition, count }: PartitionFiles): void {
    if (this.#hasWarned || count <= OPEN_FILES_WORTH_A_WORD) return
    this.#hasWarned = true
    this.#context.logger.warn(
      'Records are scattered over very many folders, so files are tiny: partition by something coarser, or bound the open files (partitioner.max.open.files)',
      { partition: labelOf(partition), openFiles: count },
    )
  }
}
