/**
 * Rows of partitions that have no file yet, because too many others have one. A row is much smaller than a file that is begun (some ten
 * kilobytes per column), so rows that are scattered over very many partitions wait for their files as rows.
 */
import type { OpenFile } from './open-file.ts'
import { memoryOf } from './row-memory.ts'

type Row = Readonly<Record<string, unknown>>

/** The rows of a partition, besides themselves: a list, its place in the map, and the name of the folder. */
const MEMORY_PER_PARTITION = 200
/** A row's place in the list. */
const MEMORY_PER_ROW = 8
/** The file that rows are tried in is thrown away before it becomes large. */
const TRIED_PER_FILE = 8192
/** Between two looks at how large rows are. */
const ROWS_PER_LOOK = 256

interface PartitionRows {
  readonly rows: Row[]
  bytes: number
}

export class WaitingRows {
  readonly #partitions = new Map<string, PartitionRows>()
  readonly #fileToTry: (row: Row) => OpenFile
  #trial: OpenFile | undefined
  #count = 0
  /** About what they take in memory. */
  #heldBytes = 0
  /** About what a row takes in a file. */
  #fileBytes = 0

  /** @param fileToTry a file as the row's partition would have it, which is never finished */
  constructor(fileToTry: (row: Row) => OpenFile) {
    this.#fileToTry = fileToTry
  }

  /**
   * Keeps a row, which must not change any more. @returns how many of its partition wait now
   * @throws ValueError when a value does not fit its column; the row is then not kept
   */
  add(folder: string, row: Row): number {
    this.#try(row)
    let partition = this.#partitions.get(folder)
    let bytes = MEMORY_PER_ROW + memoryOf(row)
    if (partition === undefined) {
      this.#partitions.set(folder, (partition = { rows: [], bytes: 0 }))
      bytes += MEMORY_PER_PARTITION + memoryOf(folder)
    }
    partition.bytes += bytes
    this.#heldBytes += bytes
    this.#count++
    return partition.rows.push(row)
  }

  get count(): number {
    return this.#count
  }

  /** About the memory that they take. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** About what they would take in files. */
  get bytes(): number {
    return this.#count * this.#fileBytes
  }

  /** Those of a partition, which wait no longer. */
  take(folder: string): readonly Row[] {
    const partition = this.#partitions.get(folder)
    if (partition === undefined) return []
    this.#partitions.delete(folder)
    this.#heldBytes -= partition.bytes
    this.#count -= partition.rows.length
    return partition.rows
  }

  /** The partition whose rows have waited longest. */
  get firstFolder(): string | undefined {
    return this.#partitions.keys().next().value
  }

  clear(): void {
    this.#partitions.clear()
    this.#count = this.#heldBytes = 0
    this.#endTrial()
  }

  /** What does not fit must be known while its record is at hand. */
  #try(row: Row): void {
    const trial = (this.#trial ??= this.#fileToTry(row))
    trial.append(row)
    if (trial.rows % ROWS_PER_LOOK === 0) this.#fileBytes = trial.bytes / trial.rows
    if (trial.rows >= TRIED_PER_FILE) this.#endTrial()
  }

  #endTrial(): void {
    this.#trial?.drop()
    this.#trial = undefined
  }
}
