/** The files that rows go into at the moment: one per partition of the table, a bounded number of them. */
import type { Clock, SluiceError } from '@sluice/sdk'
import { Partitioner } from '../formats/delta/partitions.ts'
import type { DeltaSchema } from '../formats/delta/schema.ts'
import type { DeltaTable } from '../formats/delta/table.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { EncoderUser, LocatedRow, ParquetOptions } from '../parquet/index.ts'
import { OpenFile } from './open-file.ts'
import type { FinishedFile } from './open-file.ts'
import { WaitingRows } from './waiting-rows.ts'

export interface OpenFilesOptions {
  /** How many at a time. */
  readonly filesMax: number
  readonly parquet: ParquetOptions
}

export interface OpenFilesPorts {
  readonly clock: Clock
  readonly newId: () => string
  /** Threads that encode the files; absent: the caller's own. */
  readonly encoders?: EncoderUser
}

/** A file that takes no more rows: it is encoded, or on its way there. */
interface EndedFile {
  readonly file: OpenFile
  /** About its size. */
  readonly bytes: number
  readonly finished: Promise<FinishedFile>
}

type Row = Readonly<Record<string, unknown>>

const NO_ROW: Row = {}
/** So many rows of a partition are worth a file, even when another one must end for it. */
const ROWS_PER_TURN = 1000
/** What is ended in one go: encoding takes milliseconds for each, and nothing else goes on meanwhile. */
const ENDED_AT_ONCE = 32

export class OpenFiles {
  readonly #table: DeltaTable
  readonly #options: OpenFilesOptions
  readonly #ports: OpenFilesPorts
  /** By folder, which says the partition. */
  readonly #files = new Map<string, OpenFile>()
  /** Of partitions for which there is no room among them. */
  readonly #waiting: WaitingRows
  /** Whose file is still at hand: rows of one partition come together. */
  #folder = ''
  #file: OpenFile | undefined
  /** For the table as it was when the first of the open files began. */
  #partitioner: Partitioner | undefined
  #schema: DeltaSchema | undefined
  /** How often another file came to hand: the measure of how long the others wait. */
  #turns = 0
  /** Those that ended and were not taken yet. */
  #ended: EndedFile[] = []

  constructor(table: DeltaTable, options: OpenFilesOptions, ports: OpenFilesPorts) {
    this.#table = table
    this.#options = options
    this.#ports = ports
    this.#waiting = new WaitingRows((row) => this.#fileToTry(row))
  }

  /**
   * Puts the row into the file of its partition. A partition that has none gets one; where there are too many, its rows wait as they
   * are, until there are enough of them for the file that waited longest to end for theirs.
   * @throws ValueError when a value does not fit its column; the row is then in no file
   */
  append(row: Row): void {
    const folder = (this.#partitioner ??= this.#begin()).folderOf(row)
    const file = this.#file !== undefined && folder === this.#folder ? this.#file : this.#fileOf(folder, row)
    if (file !== undefined) file.append(row)
    else if (this.#waiting.add(folder, row) >= ROWS_PER_TURN) this.#makeRoomFor(folder)
  }

  /**
   * As `append`, for a row that still stands in JSON text.
   * @param given values of columns that are not in the text, and of all that part the table
   * @returns false where only `append` knows how: the row's partition is not given, there is no room for a file of it, or files have
   * names of their own for columns
   */
  appendLocated(row: LocatedRow, given: Row | null): boolean {
    const partitioner = (this.#partitioner ??= this.#begin())
    if (partitioner.isOne) return (this.#file ?? this.#fileOf('', NO_ROW)!).appendLocated(row, given)
    if (given === null || !partitioner.isToldBy(given)) return false
    const folder = partitioner.folderOf(given)
    const file = this.#file !== undefined && folder === this.#folder ? this.#file : this.#fileOf(folder, given)
    return file?.appendLocated(row, given) === true
  }

  /** Whether any is open whose columns are not those that the table has now. */
  get isOutdated(): boolean {
    return this.#files.size + this.#waiting.count > 0 && this.#schema !== this.#table.snapshot.schema
  }

  /** About the size that they would have if they ended now. */
  get bytes(): number {
    return this.#fileBytes + this.#waiting.bytes
  }

  /** About the memory that they take. */
  get heldBytes(): number {
    return this.#fileBytes + this.#waiting.heldBytes
  }

  get #fileBytes(): number {
    let bytes = 0
    for (const file of this.#files.values()) bytes += file.bytes
    return bytes
  }

  /** Whether files ended that were not taken yet. */
  get hasEnded(): boolean {
    return this.#ended.length > 0
  }

  /** About what those take together. */
  get endedBytes(): number {
    return this.#ended.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** What a thread failed of that encoded one of them: then its rows are gone. */
  get loss(): SluiceError | undefined {
    if (this.#ports.encoders === undefined) return undefined
    const files = [...this.#files.values(), ...this.#ended.map(({ file }) => file)]
    return files.find(({ loss }) => loss !== undefined)?.loss
  }

  /**
   * The files that ended, once they are encoded; each given once.
   * @throws SluiceError ENCODER_LOST when rows are gone
   */
  async takeEnded(signal: AbortSignal | undefined): Promise<readonly FinishedFile[]> {
    const finished = await unlessAborted(
      Promise.all(this.#ended.map((ended) => ended.finished)),
      signal,
      'The encoding of files',
    )
    this.#ended = []
    return finished
  }

  /**
   * Ends some of them; to be called again until it says false: then all have ended, and the next ones are for the table as it is then.
   */
  endSome(): boolean {
    let ended = 0
    for (const [folder, file] of this.#files) {
      if (ended++ >= ENDED_AT_ONCE) return true
      this.#end(folder, file)
    }
    for (let folder = this.#waiting.firstFolder; folder !== undefined; folder = this.#waiting.firstFolder) {
      if (ended++ >= ENDED_AT_ONCE) return true
      this.#end(folder, this.#fileOfWaiting(folder))
    }
    this.#waiting.clear()
    this.#partitioner = undefined
    return false
  }

  /** Forgets all of them, and those that ended. */
  drop(): void {
    for (const file of this.#files.values()) file.drop()
    for (const { file } of this.#ended) file.drop()
    this.#files.clear()
    this.#waiting.clear()
    this.#file = undefined
    this.#partitioner = undefined
    this.#ended = []
  }

  #begin(): Partitioner {
    const { schema, metadata } = this.#table.snapshot
    this.#schema = schema
    return new Partitioner(schema, metadata.partitionColumns, this.#table.name)
  }

  /** Undefined where there is none, and no room for one. */
  #fileOf(folder: string, row: Row): OpenFile | undefined {
    let file = this.#files.get(folder)
    if (file === undefined) {
      if (this.#files.size >= this.#options.filesMax) return undefined
      this.#files.set(folder, (file = this.#open(folder, row)))
    }
    return this.#atHand(folder, file)
  }

  #atHand(folder: string, file: OpenFile): OpenFile {
    file.lastTurn = ++this.#turns
    this.#folder = folder
    return (this.#file = file)
  }

  #makeRoomFor(folder: string): void {
    const file = this.#fileOfWaiting(folder)
    this.#endOldest()
    this.#files.set(folder, file)
    this.#atHand(folder, file)
  }

  #fileOfWaiting(folder: string): OpenFile {
    const rows = this.#waiting.take(folder)
    const file = this.#open(folder, rows[0] ?? NO_ROW)
    for (const row of rows) file.append(row)
    return file
  }

  #fileToTry(row: Row): OpenFile {
    const place = { name: '', partitionValues: this.#partitioner!.valuesOf(row) }
    return new OpenFile(place, this.#schema!, this.#table.name, { ...this.#options.parquet, codec: 'none' }, undefined)
  }

  #open(folder: string, row: Row): OpenFile {
    const { codec = 'zstd' } = this.#options.parquet
    const name = `part-${this.#ports.newId()}${codec === 'none' ? '' : `.${codec}`}.parquet`
    const place =
      folder === '' ? { name } : { name: `${folder}/${name}`, partitionValues: this.#partitioner!.valuesOf(row) }
    const options = { ...this.#options.parquet, codec }
    return new OpenFile(place, this.#schema!, this.#table.name, options, this.#ports.encoders)
  }

  #endOldest(): void {
    let oldest: readonly [string, OpenFile] | undefined
    for (const entry of this.#files) if (oldest === undefined || entry[1].lastTurn < oldest[1].lastTurn) oldest = entry
    if (oldest !== undefined) this.#end(...oldest)
  }

  #end(folder: string, file: OpenFile): void {
    this.#files.delete(folder)
    if (file === this.#file) this.#file = undefined
    // One whose first row was refused holds nothing.
    if (file.rows === 0) return file.drop()
    const { bytes } = file
    const finished = file.finish(this.#ports.clock, this.#table.snapshot.metadata.configuration)
    // Whoever takes it is told; until then nobody is to be alarmed.
    finished.catch(() => undefined)
    this.#ended.push({ file, bytes, finished })
  }
}
