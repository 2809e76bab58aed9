/** One place in a segment: batches before `position` hold offsets below `offset` and timestamps up to `timestamp`. */
export interface IndexEntry {
  /** Relative to the segment's base. */
  readonly offset: number
  readonly position: number
  readonly timestamp: number
}

const ENTRY_BYTES = 16
const NONE: IndexEntry = { offset: 0, position: 0, timestamp: -Infinity }

/** A sparse index by offset, position and time: each entry begins a batch. A reader walks from the nearest entry. */
export class SegmentIndex {
  #offsets = new Uint32Array(16)
  #positions = new Uint32Array(16)
  #timestamps = new Float64Array(16)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(offset: number, position: number, timestamp: number): void {
    const at = this.#count++
    if (at === this.#offsets.length) this.#grow(at * 2)
    this.#offsets[at] = offset
    this.#positions[at] = position
    this.#timestamps[at] = timestamp
  }

  /** The position of the last entry, 0 if there is none. */
  get lastPosition(): number {
    return this.#count === 0 ? 0 : this.#positions[this.#count - 1]!
  }

  /** The last entry at or before an offset, else the segment's beginning. */
  floorOffset(offset: number): IndexEntry {
    return this.#entry(lastAtMost(this.#offsets, this.#count, offset))
  }

  floorPosition(position: number): IndexEntry {
    return this.#entry(lastAtMost(this.#positions, this.#count, position))
  }

  /** The last entry before which every timestamp lies below this one. */
  belowTimestamp(timestamp: number): IndexEntry {
    return this.#entry(lastBelow(this.#timestamps, this.#count, timestamp))
  }

  encode(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#count * ENTRY_BYTES)
    for (let i = 0; i < this.#count; i++) {
      bytes.writeUInt32LE(this.#offsets[i]!, i * ENTRY_BYTES)
      bytes.writeUInt32LE(this.#positions[i]!, i * ENTRY_BYTES + 4)
      bytes.writeDoubleLE(this.#timestamps[i]!, i * ENTRY_BYTES + 8)
    }
    return bytes
  }

  static decode(bytes: Buffer): SegmentIndex {
    const index = new SegmentIndex()
    const count = Math.floor(bytes.length / ENTRY_BYTES)
    index.#grow(Math.max(16, count))
    for (let i = 0; i < count; i++) {
      const at = i * ENTRY_BYTES
      index.add(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), bytes.readDoubleLE(at + 8))
    }
    return index
  }

  #entry(at: number): IndexEntry {
    if (at < 0) return NONE
    return { offset: this.#offsets[at]!, position: this.#positions[at]!, timestamp: this.#timestamps[at]! }
  }

  #grow(capacity: number): void {
    const offsets = new Uint32Array(capacity)
    const positions = new Uint32Array(capacity)
    const timestamps = new Float64Array(capacity)
    offsets.set(this.#offsets)
    positions.set(this.#positions)
    timestamps.set(this.#timestamps)
    this.#offsets = offsets
    this.#positions = positions
    this.#timestamps = timestamps
  }
}

/** The last place whose value is at most `limit`, -1 if none; values only grow. */
function lastAtMost(values: Uint32Array, count: number, limit: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

function lastBelow(values: Float64Array, count: number, limit: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
