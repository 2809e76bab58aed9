/** Sorted rows in files: length of the key (2), length of the row (4; -1: removed), key, row. */

import fs from 'node:fs'
import path from 'node:path'
import type { SortedRow } from './sorted-rows.ts'

const WRITTEN_BYTES = 1_048_576
/** There may be many runs. */
const READ_BYTES = 131_072
export const RUN_HEAD_BYTES = 6

/** Before a row of a run; returns where the key goes. */
export function writeRunHead(bytes: Buffer, keyLength: number, rowLength: number, at: number): number {
  return bytes.writeInt32LE(rowLength, bytes.writeUInt16LE(keyLength, at))
}

/** Rows as they lie in a run, each in one piece. */
export interface RowsOfRun {
  readonly bytes: Buffer
  /** Their numbers, in order. */
  readonly order: Uint32Array
  /** Where a row begins with its head, and where it ends. */
  readonly begin: (row: number) => number
  readonly end: (row: number) => number
}

/** The file has no name once it is written: it is gone when it is closed, or its process is. */
export function writeRun(directory: string, number: number, { bytes, order, begin, end }: RowsOfRun): RunReader {
  const file = path.join(directory, `run-${number}`)
  const handle = fs.openSync(file, 'w+')
  fs.rmSync(file)
  try {
    let buffer = Buffer.allocUnsafeSlow(WRITTEN_BYTES)
    let used = 0
    for (const row of order) {
      const from = begin(row)
      const to = end(row)
      if (used + to - from > buffer.length) {
        writeAll(handle, buffer, used)
        used = 0
        if (to - from > buffer.length) buffer = Buffer.allocUnsafeSlow(to - from)
      }
      used += bytes.copy(buffer, used, from, to)
    }
    writeAll(handle, buffer, used)
    return new RunReader(handle, number)
  } catch (error) {
    fs.closeSync(handle)
    throw error
  }
}

/** A disk that is nearly full takes a part, and says so only the next time. */
function writeAll(handle: number, buffer: Buffer, length: number): void {
  for (let done = 0; done < length;) done += fs.writeSync(handle, buffer, done, length - done)
}

export class RunReader {
  readonly number: number
  readonly #handle: number
  #buffer = Buffer.allocUnsafeSlow(0)
  #at = 0
  #filePosition = 0
  key: Buffer = this.#buffer
  row: Buffer | null = null

  constructor(handle: number, number: number) {
    this.#handle = handle
    this.number = number
  }

  /** Goes to the next row; false: there is none. */
  next(): boolean {
    if (!this.#has(RUN_HEAD_BYTES)) return false
    const keyLength = this.#buffer.readUInt16LE(this.#at)
    const rowLength = this.#buffer.readInt32LE(this.#at + 2)
    this.#has(RUN_HEAD_BYTES + keyLength + Math.max(rowLength, 0))
    const at = this.#at + RUN_HEAD_BYTES
    this.key = this.#buffer.subarray(at, at + keyLength)
    this.row = rowLength < 0 ? null : this.#buffer.subarray(at + keyLength, at + keyLength + rowLength)
    this.#at = at + keyLength + Math.max(rowLength, 0)
    return true
  }

  close(): void {
    fs.closeSync(this.#handle)
  }

  /** Whether so many bytes are left: then they are in the buffer. What was handed out before stays as it is. */
  #has(bytes: number): boolean {
    const left = this.#buffer.length - this.#at
    if (left >= bytes) return true
    const buffer = Buffer.allocUnsafeSlow(Math.max(bytes, READ_BYTES))
    this.#buffer.copy(buffer, 0, this.#at)
    const read = fs.readSync(this.#handle, buffer, left, buffer.length - left, this.#filePosition)
    this.#filePosition += read
    this.#buffer = buffer.subarray(0, left + read)
    this.#at = 0
    return this.#buffer.length >= bytes
  }
}

/** Of several runs' rows with one key that of the latest run counts. */
export function* merge(runs: readonly RunReader[]): Generator<SortedRow, void> {
  const heap = runs.filter((run) => run.next())
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) siftDown(heap, at)
  const next: SortedRow = { key: Buffer.alloc(0), row: null }
  let isFirst = true
  while (heap.length > 0) {
    const run = heap[0]!
    // The later runs come first among equals.
    if (isFirst || !run.key.equals(next.key)) {
      next.key = run.key
      next.row = run.row
      isFirst = false
      yield next
    }
    if (!run.next()) {
      const last = heap.pop()!
      if (heap.length === 0) return
      if (last !== run) heap[0] = last
    }
    siftDown(heap, 0)
  }
}

function siftDown(heap: RunReader[], from: number): void {
  const run = heap[from]!
  let at = from
  for (;;) {
    let child = at * 2 + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, run)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = run
}

function isBefore(a: RunReader, b: RunReader): boolean {
  return (Buffer.compare(a.key, b.key) || b.number - a.number) < 0
}
