import { DataError } from '@sluice/sdk'
import type { Schema, SinkRecord, TopicPartition } from '@sluice/sdk'
import { checkPath } from '@sluice/object-store'
import type { Partitioner } from './partitioner.ts'
import { RecordFiles } from './record-files.ts'
import type { FinishedFile, RecordFormats } from './record-files.ts'
import type { RecordTime } from './record-time.ts'
import type { Rotation } from './rotation.ts'
import { fitOf } from './schema-mode.ts'
import type { Fit, SchemaMode } from './schema-mode.ts'

/** How all files are named and filled. */
export interface FilesPlan {
  readonly formats: RecordFormats
  readonly schemaMode: SchemaMode
  readonly folderOf: Partitioner
  readonly timeOf: RecordTime
  /** `topics.dir`, `directory.delim`, `file.delim`, `filename.offset.zero.pad.width` */
  readonly names: {
    readonly topicsDir: string
    readonly directoryDelimiter: string
    readonly fileDelimiter: string
    readonly offsetDigits: number
  }
}

/** Files that end together: what is durable next, or not at all. */
export interface FileBatch {
  readonly files: readonly FinishedFile[]
  /** The first record's offset, and the offset behind the last. */
  readonly from: number
  readonly to: number
  readonly rows: number
}

/** One partition of Kafka on its way into files. Nothing here waits: what ended stands in `ended` until somebody has stored it. */
export class PartitionFiles {
  readonly partition: TopicPartition
  readonly ended: FileBatch[] = []
  readonly #plan: FilesPlan
  readonly #rotation: Rotation
  /** By topic (as transforms left it) and folder. */
  #open = new Map<string, RecordFiles>()
  readonly #evolved = new Map<string, Schema | null>()
  #rows = 0
  #from = 0
  /** The last offset that was seen. */
  #taken = -1
  #bytes = 0

  constructor(partition: TopicPartition, plan: FilesPlan, rotation: Rotation) {
    this.partition = partition
    this.#plan = plan
    this.#rotation = rotation
  }

  /** How many files are open. */
  get count(): number {
    return this.#open.size
  }

  /** Of the open files. */
  get rows(): number {
    return this.#rows
  }

  /** About the memory that open files and those that ended take. */
  get bytes(): number {
    return this.ended.reduce((sum, { files }) => files.reduce((all, { bytes }) => all + bytes.length, sum), this.#bytes)
  }

  /** Whether the record was taken before: it comes again. */
  has({ originalOffset }: SinkRecord): boolean {
    return originalOffset <= this.#taken
  }

  /**
   * Takes a record with a value.
   * @throws DataError, or SluiceError TABLE_SCHEMA, when it cannot be in a file; it is then passed over
   */
  take(record: SinkRecord): void {
    const { originalOffset: offset } = record
    this.#taken = offset
    const { folderOf, timeOf, formats } = this.#plan
    const folder = `${record.topic}/${folderOf(record)}`
    const time = timeOf(record)
    let file = this.#open.get(folder)
    const fit = this.#fit(file, record)
    const isKeyOther = file !== undefined && formats.keys?.hasSchema === true && file.keySchema !== record.keySchema
    const isOther = file !== undefined && (fit.schema !== file.schema || isKeyOther)
    const { size } = this.#open
    if (this.#rows > 0 && (isOther || this.#rotation.endsBefore(time, folder, file === undefined, size)))
      this.end(offset)
    file = this.#open.get(folder)
    const before = file?.bytes ?? 0
    const into = file ?? new RecordFiles(formats, this.#pathOf(record, folder), fit.schema, record)
    into.append(record, fit.project)
    this.#open.set(folder, into)
    if (this.#rows++ === 0) {
      this.#from = offset
      this.#rotation.begin(time)
    }
    this.#rotation.wrote(folder)
    this.#bytes += into.bytes - before
    if (this.#rotation.isFull(this.#rows, this.#bytes)) this.end(offset + 1)
  }

  /** Passes over a record that is in no file. */
  pass({ originalOffset }: SinkRecord): void {
    this.#taken = originalOffset
  }

  /** Ends the open files where the clock says so. */
  tick(): void {
    if (this.#rows > 0 && this.#rotation.endsNow()) this.end(this.#taken + 1)
  }

  /** Ends the open files. @param to the offset behind what they hold */
  end(to: number = this.#taken + 1): void {
    if (this.#rows === 0) return
    const files = [...this.#open.values()].flatMap((file) => file.finish())
    this.ended.push({ files, from: this.#from, to, rows: this.#rows })
    this.#open = new Map()
    this.#rows = 0
    this.#bytes = 0
  }

  /** With EVOLVE a topic's schema only grows: producers of two versions do not end each other's files. */
  #fit(file: RecordFiles | undefined, { topic, valueSchema }: SinkRecord): Fit {
    const { schemaMode } = this.#plan
    if (schemaMode !== 'EVOLVE') return fitOf(schemaMode, file?.schema ?? null, valueSchema)
    const fit = fitOf(schemaMode, this.#evolved.get(topic) ?? null, valueSchema)
    this.#evolved.set(topic, fit.schema)
    return fit
  }

  #pathOf(record: SinkRecord, folder: string): string {
    const { topicsDir, directoryDelimiter, fileDelimiter, offsetDigits } = this.#plan.names
    const { topic, originalPartition, originalOffset } = record
    const name = [topic, originalPartition, String(originalOffset).padStart(offsetDigits, '0')].join(fileDelimiter)
    const path = [topicsDir, folder, name].filter((part) => part !== '').join(directoryDelimiter)
    try {
      checkPath(path)
    } catch (cause) {
      throw new DataError(`The record's folder cannot be one: ${JSON.stringify(folder)}`, {
        cause,
        place: { topic: record.originalTopic, partition: originalPartition, offset: originalOffset },
        remedy: 'Partition by a field whose values are no paths, or change them with a transform.',
      })
    }
    return path
  }
}
