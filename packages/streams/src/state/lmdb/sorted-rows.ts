/**
 * Rows of a changelog on their way to a table, brought into the order of the table's keys: LMDB takes rows in order for a twentieth of
 * what it takes them for in no order. What is more than may be in memory waits in sorted runs, in files without a name.
 */

import { writeLong } from '../formats/longs.ts'
import { inByteOrder, type ByteStrings } from './byte-order.ts'
import { stateError } from './lmdb-errors.ts'
import { checkRowKey, KEY_MARK } from './row-keys.ts'
import { merge, RUN_HEAD_BYTES, RunReader, writeRun, writeRunHead } from './sorted-runs.ts'

/** A key of the table, and its row; null: removed. Both are only good until the next one. */
export interface SortedRow {
  key: Buffer
  row: Buffer | null
}

/** What a row is taken to need until it is known: memory that is asked for and not touched costs nothing. */
const ROW_BYTES = 256
const LEAST_ROW_BYTES = 64
const GONE = -1

export class SortedRows {
  readonly #store: string
  readonly #directory: string
  readonly #hasTimes: boolean
  readonly #bytesMax: number
  #bytes: Buffer
  #used = 0
  #count = 0
  #at: Uint32Array
  #keyLength: Uint16Array
  #rowLength: Int32Array
  readonly #runs: RunReader[] = []

  /**
   * @param directory where runs are written
   * @param hasTimes whether the time of its record stands before each value
   * @param bytesMax the most that is in memory
   * @param expected about how many rows will come
   */
  constructor(store: string, directory: string, hasTimes: boolean, bytesMax: number, expected: number) {
    const rows = Math.max(1, Math.min(expected, Math.ceil(bytesMax / LEAST_ROW_BYTES)))
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(1, Math.min(rows * ROW_BYTES, bytesMax)))
    this.#at = new Uint32Array(rows)
    this.#keyLength = new Uint16Array(rows)
    this.#rowLength = new Int32Array(rows)
    this.#store = store
    this.#directory = directory
    this.#hasTimes = hasTimes
    this.#bytesMax = bytesMax
  }

  /**
   * Of two rows with one key the later one counts.
   * @throws SluiceError RECORD_TOO_LARGE for a key that no table on disk takes; STATE_DISK_FULL, retriable
   */
  add(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    const keyLength = key.length + 1
    checkRowKey(this.#store, keyLength)
    const head = this.#hasTimes ? 8 : 0
    const rowLength = value === null ? GONE : head + value.length
    const needed = RUN_HEAD_BYTES + keyLength + Math.max(rowLength, 0)
    if (this.#used > 0 && this.#used + needed > this.#bytesMax) this.#spill()
    if (this.#used + needed > this.#bytes.length) this.#growBytes(needed)
    if (this.#count === this.#at.length) this.#growRows()
    const bytes = this.#bytes
    // As it lies in a run.
    const at = writeRunHead(bytes, keyLength, rowLength, this.#used)
    bytes[at] = KEY_MARK
    bytes.set(key, at + 1)
    if (value !== null) {
      if (this.#hasTimes) writeLong(bytes, timestamp, at + keyLength)
      bytes.set(value, at + keyLength + head)
    }
    this.#at[this.#count] = at
    this.#keyLength[this.#count] = keyLength
    this.#rowLength[this.#count] = rowLength
    this.#used += needed
    this.#count++
  }

  /** Each key once, in order. */
  rows(): Iterable<SortedRow> {
    if (this.#runs.length === 0) return this.#inMemory()
    this.#spill()
    return merge(this.#runs)
  }

  close(): void {
    for (const run of this.#runs.splice(0)) run.close()
  }

  *#inMemory(): Generator<SortedRow, void> {
    const bytes = this.#bytes
    const next: SortedRow = { key: bytes, row: null }
    for (const one of this.#latest()) {
      const at = this.#at[one]!
      const end = at + this.#keyLength[one]!
      const rowLength = this.#rowLength[one]!
      next.key = bytes.subarray(at, end)
      next.row = rowLength === GONE ? null : bytes.subarray(end, end + rowLength)
      yield next
    }
  }

  /** The numbers of the rows that count, in order. */
  #latest(): Uint32Array {
    const strings: ByteStrings = { bytes: this.#bytes, at: this.#at, length: this.#keyLength }
    const order = inByteOrder(strings, this.#count)
    let kept = 0
    for (let i = 0; i < order.length; i++)
      if (i + 1 === order.length || !this.#isSameKey(order[i]!, order[i + 1]!)) order[kept++] = order[i]!
    return order.subarray(0, kept)
  }

  #isSameKey(a: number, b: number): boolean {
    const length = this.#keyLength[a]!
    if (length !== this.#keyLength[b]!) return false
    const [atA, atB] = [this.#at[a]!, this.#at[b]!]
    for (let i = length - 1; i >= 0; i--) if (this.#bytes[atA + i] !== this.#bytes[atB + i]) return false
    return true
  }

  #spill(): void {
    if (this.#count === 0) return
    const order = this.#latest()
    const begin = (row: number): number => this.#at[row]! - RUN_HEAD_BYTES
    const end = (row: number): number => this.#at[row]! + this.#keyLength[row]! + Math.max(this.#rowLength[row]!, 0)
    try {
      this.#runs.push(writeRun(this.#directory, this.#runs.length, { bytes: this.#bytes, order, begin, end }))
    } catch (error) {
      throw stateError(error, this.#directory)
    }
    this.#used = 0
    this.#count = 0
  }

  #growBytes(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(
      Math.max(this.#used + needed, Math.min(this.#bytes.length * 2, this.#bytesMax)),
    )
    grown.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = grown
  }

  #growRows(): void {
    const size = this.#count * 2
    const at = new Uint32Array(size)
    const keyLength = new Uint16Array(size)
    const rowLength = new Int32Array(size)
    at.set(this.#at)
    keyLength.set(this.#keyLength)
    rowLength.set(this.#rowLength)
    this.#at = at
    this.#keyLength = keyLength
    this.#rowLength = rowLength
  }
}
