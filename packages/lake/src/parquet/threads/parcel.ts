/**
 * Pages on their way to another thread: many of them one behind the other in one ArrayBuffer, which is handed over and not copied. Each
 * page is a head of ten 32-bit words, then what it says there is, each part from a multiple of 8 bytes on:
 *
 *   column, entries, nulls, rows, places (-1: values), and the bytes of: definition levels, repetition levels, values or places,
 *   entries that are new in the dictionary; and how many entries the dictionary has
 *
 * A row group ends with a head alone: column -1, and its rows.
 */
import type { PageLevels } from '../levels.ts'

const HEAD_WORDS = 10
const HEAD_BYTES = 4 * HEAD_WORDS
const ROW_GROUP_END = -1
const FIRST_ROOM_BYTES = 16 * 1024
const NONE = new Uint8Array(0)

export interface Parcel {
  readonly buffer: ArrayBuffer
  /** How much of it is used. */
  readonly length: number
}

export class ParcelWriter {
  readonly #fullBytes: number
  #roomBytes = FIRST_ROOM_BYTES
  #buffer: ArrayBuffer | undefined
  #at = 0

  /** @param fullBytes room that each parcel has from the start, but for the first: that may be all there is */
  constructor(fullBytes: number) {
    this.#fullBytes = fullBytes
  }

  /** Bytes in the parcel so far. */
  get length(): number {
    return this.#at
  }

  addValues(column: number, levels: PageLevels, plain: Uint8Array): void {
    this.#addPage(column, levels, -1, plain, NONE, 0)
  }

  /** @param added what the dictionary has got since the page before */
  addIndices(
    column: number,
    levels: PageLevels,
    indices: Int32Array,
    count: number,
    added: Uint8Array,
    entries: number,
  ): void {
    this.#addPage(column, levels, count, new Uint8Array(indices.buffer, indices.byteOffset, 4 * count), added, entries)
  }

  addRowGroupEnd(rows: number): void {
    this.#reserve(HEAD_BYTES)
    this.#addHead([ROW_GROUP_END, 0, 0, rows, 0, 0, 0, 0, 0, 0])
  }

  /** Gives it away; the next one is empty. */
  take(): Parcel {
    const parcel = { buffer: this.#buffer ?? new ArrayBuffer(0), length: this.#at }
    this.#buffer = undefined
    this.#roomBytes = this.#fullBytes
    this.#at = 0
    return parcel
  }

  #addPage(
    column: number,
    levels: PageLevels,
    places: number,
    values: Uint8Array,
    added: Uint8Array,
    entries: number,
  ): void {
    const parts = [levels.definitionBytes, levels.repetitionBytes, values, added]
    const lengths = parts.map(({ length }) => length)
    this.#reserve(HEAD_BYTES + lengths.reduce((sum, length) => sum + padded(length), 0))
    this.#addHead([column, levels.entries, levels.nulls, levels.rows, places, ...lengths, entries])
    for (const part of parts) {
      new Uint8Array(this.#buffer!, this.#at, part.length).set(part)
      this.#at += padded(part.length)
    }
  }

  #addHead(words: readonly number[]): void {
    new Int32Array(this.#buffer!, this.#at, HEAD_WORDS).set(words)
    this.#at += HEAD_BYTES
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (this.#buffer === undefined) this.#buffer = new ArrayBuffer(Math.max(needed, this.#roomBytes))
    else if (needed > this.#buffer.byteLength) this.#buffer = this.#buffer.transfer(Math.max(needed, 2 * this.#at))
  }
}

/** Called in the order in which the pages were added. What is given are views of the parcel. */
export interface ParcelTaker {
  /** The column's levels of the page, to be filled. */
  levelsOf(column: number): PageLevels
  takeValues(column: number, levels: PageLevels, plain: Uint8Array): void
  takeIndices(
    column: number,
    levels: PageLevels,
    indices: Int32Array,
    count: number,
    added: Uint8Array,
    entries: number,
  ): void
  endRowGroup(rows: number): void
}

export function readParcel({ buffer, length }: Parcel, taker: ParcelTaker): void {
  for (let at = 0; at < length;) {
    const head = new Int32Array(buffer, at, HEAD_WORDS)
    const [column = 0, entries = 0, nulls = 0, rows = 0, places = 0] = head
    at += HEAD_BYTES
    if (column === ROW_GROUP_END) {
      taker.endRowGroup(rows)
      continue
    }
    const next = (word: number): Uint8Array => {
      const part = new Uint8Array(buffer, at, head[word])
      at += padded(part.length)
      return part
    }
    const levels = taker.levelsOf(column)
    levels.load({ entries, nulls, rows }, next(5), next(6))
    const values = next(7)
    const added = next(8)
    if (places < 0) taker.takeValues(column, levels, values)
    else taker.takeIndices(column, levels, new Int32Array(buffer, values.byteOffset, places), places, added, head[9]!)
  }
}

function padded(length: number): number {
  return (length + 7) & ~7
}
