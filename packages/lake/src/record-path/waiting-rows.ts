/**
 * Rows of partitions that have no file yet, because too many others have one. A row is much smaller than a file that is begun (some ten
 * kilobytes per column), so rows that are scattered over very many partitions wait for their files as rows.
 */
import type { OpenFile } from './open-file.ts'

type Row = Readonly<Record<string, unknown>>

/** A row takes several times the memory that its values take in a file. */
const MEMORY_PER_BYTE = 4
const MEMORY_PER_ROW = 200
/** The file that rows are tried in is thrown away before it becomes large. */
const TRIED_PER_FILE = 8192
/** Between two looks at how large rows are. */
const ROWS_PER_LOOK = 256

export class WaitingRows {
  readonly #rows = new Map<string, Row[]>()
  readonly #fileToTry: (row: Row) => OpenFile
  #trial: OpenFile | undefined
  #count = 0
  /** About what a row takes in memory. */
  #rowBytes = MEMORY_PER_ROW

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
    let rows = this.#rows.get(folder)
    if (rows === undefined) this.#rows.set(folder, (rows = []))
    this.#count++
    return rows.push(row)
  }

  get count(): number {
    return this.#count
  }

  /** About the memory that they take. */
  get heldBytes(): number {
    return this.#count * this.#rowBytes
  }

  /** About what they would take in files. */
  get bytes(): number {
    return (this.#count * (this.#rowBytes - MEMORY_PER_ROW)) / MEMORY_PER_BYTE
  }

  /** Those of a partition, which wait no longer. */
  take(folder: string): readonly Row[] {
    const rows = this.#rows.get(folder) ?? []
    this.#rows.delete(folder)
    this.#count -= rows.length
    return rows
  }

  /** The partition whose rows have waited longest. */
  get firstFolder(): string | undefined {
    return this.#rows.keys().next().value
  }

  clear(): void {
    this.#rows.clear()
    this.#count = 0
    this.#endTrial()
  }

  /** What does not fit must be known while its record is at hand. */
  #try(row: Row): void {
    const trial = (this.#trial ??= this.#fileToTry(row))
    trial.append(row)
    if (trial.rows % ROWS_PER_LOOK === 0) this.#rowBytes = MEMORY_PER_ROW + (trial.bytes / trial.rows) * MEMORY_PER_BYTE
    if (trial.rows >= TRIED_PER_FILE) this.#endTrial()
  }

  #endTrial(): void {
    this.#trial?.drop()
    this.#trial = undefined
  }
}
