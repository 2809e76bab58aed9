/**
 * The conductor: rows with their offsets go into the file of their partition, full files go to the store, and one entry of
 * the table's log makes files and offsets visible together.
 *
 *   append → … → roll (the file is whole in the store) → commit (files and offsets in one log entry)
 *
 * A crash before the commit leaves files that no log entry names. No reader sees them, they cost only space until the table is
 * vacuumed, and the rows are read again from the offset in the table. A crash after the commit, or an answer lost on the way,
 * changes nothing: the offset in the table says that the rows are there.
 */
import { DataError, SluiceError } from '@sluice/sdk'
import type { Clock, Counter, Logger, MetricLabels, Metrics, StructSchema } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { deltaSchemaOf } from '../formats/delta/columns.ts'
import type { AppendRequest, TxnClaim } from '../formats/delta/requests.ts'
import type { DeltaTable } from '../formats/delta/table.ts'
import type { EncoderUser, LocatedRow, ParquetOptions } from '../parquet/index.ts'
import { Lane, topicAppIdOf, topicMarkOf } from './lane.ts'
import type { FinishedFile } from './open-file.ts'
import { OpenFiles } from './open-files.ts'

export interface TableWriterOptions {
  /** A commit is due at this many rows, … */
  readonly rowsMax: number
  /** … at about this many bytes of Parquet, which is also where a file ends, … */
  readonly bytesMax: number
  /** … and when the oldest waiting row is this old. */
  readonly ageMaxMs: number
  /** How long progress without any row (all skipped or diverted) may wait for its commit. */
  readonly idleMaxMs: number
  /** Files open at a time, one per partition of the table; rows of further partitions wait for theirs. Default 100. */
  readonly openFilesMax?: number
  /** Bloom filters by the columns' names in the table; those that it does not have (yet) are no mistake. */
  readonly parquet: ParquetOptions
}

export interface TableWriterPorts {
  readonly clock: Clock
  readonly metrics: Metrics
  /** What its counters carry besides the table's path. */
  readonly labels?: MetricLabels
  /** Told when rows are scattered over so many partitions that their files become tiny. */
  readonly logger?: Logger
  readonly newId: () => string
  /** Threads that encode its files; absent: the caller's own does. */
  readonly encoders?: EncoderUser
}

/** A batch whose content is final: the same request is repeated until its outcome is known. */
interface SealedBatch {
  readonly request: AppendRequest
  readonly lanes: readonly (readonly [Lane, number])[]
  readonly rows: number
}

const OPEN_FILES_MAX = 100
/** On average; below, a commit of many files is worth a word. */
const ROWS_PER_FILE_MIN = 100
/** So often in a row rows may be lost with the thread that encoded them before it is no accident. */
const LOSSES_MAX = 3

/** Writes to one table. Calls are made one at a time. Memory: its open files, together at most `bytesMax` and one batch. */
export class TableWriter {
  readonly table: DeltaTable
  readonly #store: ObjectStore
  readonly #options: TableWriterOptions
  readonly #ports: TableWriterPorts
  readonly #lanes = new Map<string, Lane>()
  readonly #counters: Readonly<Record<'rows' | 'skipped' | 'files' | 'bytes' | 'commits', Counter>>
  readonly #open: OpenFiles
  #finished: FinishedFile[] = []
  #sealed: SealedBatch | undefined
  #hasWarned = false
  #isAbandoned = false
  /** How often rows were lost since the last commit. */
  #losses = 0
  /** Rows not yet sealed. */
  #rows = 0
  /** When the first row not yet sealed came, and when the first progress not yet sealed was made. */
  #rowsSince = 0
  #movedSince: number | undefined

  constructor(table: DeltaTable, store: ObjectStore, options: TableWriterOptions, ports: TableWriterPorts) {
    this.table = table
    this.#store = store
    this.#options = options
    this.#ports = ports
    const { openFilesMax: filesMax = OPEN_FILES_MAX, parquet } = options
    this.#open = new OpenFiles(table, { filesMax, parquet }, ports)
    const labels = { ...ports.labels, table: table.path }
    const counter = (what: string): Counter => ports.metrics.counter(`sluice_lake_${what}_total`, labels)
    this.#counters = {
      rows: counter('rows'),
      skipped: counter('rows_skipped'),
      files: counter('files'),
      bytes: counter('bytes'),
      commits: counter('commits'),
    }
  }

  /** The partition's lane, which starts where the table says. To be asked after `refresh` when somebody else had it between. */
  lane(appId: string, label: string): Lane {
    let lane = this.#lanes.get(appId)
    if (lane === undefined) this.#lanes.set(appId, (lane = new Lane(appId, label, this.#committed(appId))))
    return lane
  }

  /** Forgets a lane. What it has in the open file must be committed or dropped (`reset`) first. */
  release(lane: Lane): void {
    this.#lanes.delete(lane.appId)
  }

  /**
   * Says which topic the lane's offsets are of; kept in the table with the next commit.
   * @throws SluiceError TOPIC_RECREATED when the table holds offsets of another topic under the lane's name
   */
  identify(lane: Lane, topicId: string): void {
    const mark = topicMarkOf(topicId)
    if (mark === undefined || mark === lane.topicMark) return
    const held = this.#committed(topicAppIdOf(lane.appId))
    const known = lane.topicMark ?? held
    if (known !== undefined && known !== mark)
      throw new SluiceError(
        'TOPIC_RECREATED',
        `Table ${this.table.name} holds offsets of another topic than the one that ${lane.label} is of now`,
        {
          place: { table: this.table.path, partition: lane.label, offset: lane.committed ?? 0, topicId },
          remedy:
            'The topic was deleted and created again. To append the new topic’s records to the same table, set cluster.id to another value (or rename the connector), which begins new offsets in the table; else write to another table.',
        },
      )
    lane.topicMark = mark
  }

  /**
   * Makes the table fit rows of that schema; to be called once before the first row of each schema.
   * @throws SluiceError TABLE_SCHEMA when it cannot
   */
  async accept(rows: StructSchema, signal?: AbortSignal): Promise<void> {
    await this.table.evolve(deltaSchemaOf(rows), signal)
    if (this.#open.isOutdated) await this.#endAll(signal)
  }

  /**
   * Takes a row, a property per column. False: the offset was taken before, by this writer or according to the table.
   * @throws ValueError when a value does not fit its column; the row is then not taken
   */
  append(lane: Lane, offset: number, row: Readonly<Record<string, unknown>>): boolean {
    if (offset <= lane.taken) {
      this.#counters.skipped.add(1)
      return false
    }
    this.#open.append(row)
    this.#tookRow(lane, offset)
    return true
  }

  /**
   * Takes a row that still stands in JSON text, with what is not in the text besides. False: nothing was done, and `append` is to be
   * asked with the decoded row. That is so for an offset taken before, for a value that does not fit, and where the open files cannot
   * (`OpenFiles.appendLocated`).
   */
  appendLocated(lane: Lane, offset: number, row: LocatedRow, given: Readonly<Record<string, unknown>> | null): boolean {
    if (offset <= lane.taken) return false
    try {
      if (!this.#open.appendLocated(row, given)) return false
    } catch (error) {
      if (error instanceof DataError) return false
      throw error
    }
    this.#tookRow(lane, offset)
    return true
  }

  #tookRow(lane: Lane, offset: number): void {
    lane.take(offset)
    lane.rows++
    if (this.#rows++ === 0) this.#rowsSince = this.#ports.clock.monotonic()
  }

  /** Notes that this offset and those before it need no (further) row: skipped, diverted, or never delivered. */
  pass(lane: Lane, offset: number): void {
    if (offset <= lane.taken) return
    lane.take(offset)
    this.#movedSince ??= this.#ports.clock.monotonic()
  }

  /**
   * Whether memory holds a whole file, or more than the encoding threads keep up with: then `roll` before more rows come. To be asked
   * per batch, not per row: a batch more is what the bound on memory allows for.
   */
  get full(): boolean {
    return this.#isFileWhole || this.#ports.encoders?.isBehind === true || this.loss !== undefined
  }

  /** Why rows that were taken are gone (the thread that encoded them failed): nothing goes on before `reset`. */
  get loss(): SluiceError | undefined {
    return this.#open.loss
  }

  /** About the memory that its files take: those that are open, and those that the store does not have yet. */
  get heldBytes(): number {
    return this.#finished.reduce(
      (sum, { bytes }) => sum + (bytes?.length ?? 0),
      this.#open.heldBytes + this.#open.endedBytes,
    )
  }

  /** Whether it holds rows, or a commit of unknown outcome, so that no lane can leave without `reset`. */
  get unsettled(): boolean {
    return this.#rows > 0 || this.#sealed !== undefined
  }

  /** Whether it is time to commit. */
  get due(): boolean {
    if (this.#sealed !== undefined) return true
    const { rowsMax, bytesMax, ageMaxMs, idleMaxMs } = this.#options
    const now = this.#ports.clock.monotonic()
    if (this.#movedSince !== undefined && now - this.#movedSince >= idleMaxMs) return true
    if (this.#rows === 0) return false
    return this.#rows >= rowsMax || now - this.#rowsSince >= ageMaxMs || this.#waitingBytes() >= bytesMax
  }

  /**
   * Puts the files that ended into the store; where none waits there, ends the open ones first, unless there is only to wait for the
   * threads that encode them. After a failure: call again, nothing is lost or doubled.
   * @throws SluiceError ENCODER_LOST when rows are gone: `reset`, and read on from there
   */
  async roll(signal?: AbortSignal): Promise<void> {
    const { encoders } = this.#ports
    if (encoders?.isBehind === true) {
      await encoders.caughtUp(signal)
      if (!this.full) return
    }
    if (!this.#hasEnded || this.#open.heldBytes >= this.#options.bytesMax) await this.#endAll(signal)
    else await this.#upload(signal)
  }

  /** Some at a time, so that neither memory nor whoever waits for this thread suffers from many. */
  async #endAll(signal: AbortSignal | undefined): Promise<void> {
    for (let areMore = true; areMore;) {
      areMore = this.#open.endSome()
      await this.#upload(signal)
    }
  }

  async #upload(signal: AbortSignal | undefined): Promise<void> {
    this.#finished.push(...(await this.#open.takeEnded(signal)))
    for (const finished of this.#finished) {
      if (finished.bytes === undefined) continue
      await this.#store.put(`${this.table.path}/${finished.file.path}`, finished.bytes, { signal })
      finished.bytes = undefined
      this.#counters.files.add(1)
      this.#counters.bytes.add(finished.file.size)
    }
  }

  /**
   * Makes everything taken so far part of the table; writes nothing when nothing moved. After a retriable failure: call again;
   * the batch that was under way is settled first, under its old id.
   * @throws SluiceError TABLE_FENCED when another writer has one of the partitions; this writer must not go on
   * @throws SluiceError INTERRUPTED, retriable, when it was given up, be it meanwhile
   */
  async commit(signal?: AbortSignal): Promise<void> {
    this.#assertHeld()
    if (this.#sealed !== undefined) await this.#publish(this.#sealed, signal)
    if (![...this.#lanes.values()].some((lane) => lane.moved)) return
    await this.#endAll(signal)
    this.#assertHeld()
    await this.#publish((this.#sealed = this.#seal()), signal)
  }

  /** Reads what others committed, so that lanes asked for the first time start from there. */
  async refresh(signal?: AbortSignal): Promise<void> {
    await this.table.refresh(signal)
  }

  /**
   * Drops everything that is not in the table and starts all lanes again from what it holds: read on from there. What an
   * unanswered commit did is learned from the table; where it could not be read, the next commit is fenced.
   * @throws SluiceError ENCODER_LOST when it is called for a `loss` again and again, with no commit between
   */
  async reset(signal?: AbortSignal): Promise<void> {
    const { loss } = this
    if (loss !== undefined && ++this.#losses >= LOSSES_MAX) throw this.#lostTooOften(loss)
    this.#open.drop()
    this.#finished = []
    this.#sealed = undefined
    this.#rows = 0
    this.#movedSince = undefined
    for (const lane of this.#lanes.values()) lane.restart(lane.committed)
    await this.table.refresh(signal)
    for (const lane of this.#lanes.values()) lane.restart(this.#committed(lane.appId))
  }

  #lostTooOften(cause: SluiceError): SluiceError {
    return new SluiceError('ENCODER_LOST', `Rows for table ${this.table.name} were lost again and again`, {
      cause,
      place: { table: this.table.path, times: this.#losses },
      remedy:
        'They are in Kafka. Let the task encode by itself (encoder.threads=0), and report what the threads fail of.',
    })
  }

  get #isFileWhole(): boolean {
    return this.#hasEnded || this.#open.heldBytes >= this.#options.bytesMax
  }

  /** Gives up what is not in the table. Nothing is to be called afterwards; a commit that is under way must not count it as written. */
  abandon(): void {
    this.#isAbandoned = true
    this.#open.drop()
  }

  #assertHeld(): void {
    if (!this.#isAbandoned) return
    throw new SluiceError('INTERRUPTED', `What waited for table ${this.table.name} was given up; it is read again`, {
      retriable: true,
    })
  }

  /** Whether files wait for the store. */
  get #hasEnded(): boolean {
    return this.#open.hasEnded || this.#finished.some(({ bytes }) => bytes !== undefined)
  }

  #waitingBytes(): number {
    return this.#finished.reduce((sum, { file }) => sum + file.size, this.#open.bytes + this.#open.endedBytes)
  }

  #seal(): SealedBatch {
    const lanes: (readonly [Lane, number])[] = []
    const txns: TxnClaim[] = []
    const offsets: Record<string, readonly [number, number]> = {}
    const rows: Record<string, number> = {}
    for (const lane of this.#lanes.values()) {
      if (!lane.moved) continue
      const { appId, label, committed, taken, begin = taken } = lane
      lanes.push([lane, taken])
      txns.push({ appId, version: taken, expected: committed })
      const topic = topicAppIdOf(appId)
      if (lane.topicMark !== undefined && this.#committed(topic) === undefined)
        txns.push({ appId: topic, version: lane.topicMark, expected: undefined })
      offsets[label] = [committed === undefined ? begin : committed + 1, taken]
      rows[label] = lane.rows
      lane.rows = 0
    }
    const files = this.#finished.map(({ file }) => file)
    this.#warnOfTinyFiles(files.length)
    const batch = { request: { txnId: this.#ports.newId(), files, txns, offsets, rows }, lanes, rows: this.#rows }
    this.#finished = []
    this.#rows = 0
    this.#movedSince = undefined
    return batch
  }

  /** Each file costs a writer about a millisecond, an upload, and every reader a request, however few rows are in it. */
  #warnOfTinyFiles(files: number): void {
    const { openFilesMax = OPEN_FILES_MAX } = this.#options
    if (this.#hasWarned || files <= 2 * openFilesMax || this.#rows >= files * ROWS_PER_FILE_MIN) return
    this.#hasWarned = true
    this.#ports.logger?.warn(
      'Rows are scattered over very many partitions, so files are tiny: part the table by something coarser, or commit less often',
      { table: this.table.name, files, rows: this.#rows },
    )
  }

  async #publish(batch: SealedBatch, signal: AbortSignal | undefined): Promise<void> {
    await this.table.append(batch.request, signal)
    for (const [lane, taken] of batch.lanes) lane.committed = taken
    this.#sealed = undefined
    this.#losses = 0
    this.#counters.rows.add(batch.rows)
    this.#counters.commits.add(1)
  }

  #committed(appId: string): number | undefined {
    const version = this.table.snapshot.txnVersion(appId)
    return version === undefined ? undefined : Number(version)
  }
}
