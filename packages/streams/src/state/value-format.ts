/** Values of a store: as the changelog has them, and as an engine that writes has them. */

import { codecOf, type SideCodec } from './formats/side-codec.ts'
import { readLong, writeLong } from './formats/longs.ts'
import type { Side } from '../serde.ts'
import type { Halves } from './memory/value-column.ts'
import type { ValueAndTimestamp } from './stores.ts'

export interface ValueFormat<V> {
  /** For the changelog. */
  write(value: V): Uint8Array | null
  /** Of the changelog: the value, and the time of its record. */
  read(bytes: Uint8Array, timestamp: number): V
  /** The time that the changelog record of the value carries; null: that of the record under way. */
  timestampOf(value: V): number | null
  /** Absent: a value is one thing. */
  readonly halves?: Halves<V>
  /** The bytes and the time of a changelog record as an engine keeps them. */
  toRow(bytes: Uint8Array, timestamp: number): Uint8Array
  fromRow(row: Uint8Array): V
}

/** The value alone. */
export function plainFormat<V>(side: Side, topic: string): ValueFormat<V> {
  const codec: SideCodec<V> = codecOf(side, topic)
  return {
    write: (value) => codec.encode(value),
    read: (bytes) => codec.decode(bytes),
    timestampOf: () => null,
    toRow: (bytes) => bytes,
    fromRow: (row) => codec.decode(row),
  }
}

/** The value's time (8) and the value; the changelog has the time beside it. */
export function timestampedFormat<V>(side: Side, topic: string): ValueFormat<ValueAndTimestamp<V>> {
  const codec: SideCodec<V> = codecOf(side, topic)
  return {
    write: ({ value }) => codec.encode(value),
    read: (bytes, timestamp) => ({ value: codec.decode(bytes), timestamp }),
    timestampOf: ({ timestamp }) => timestamp,
    halves: {
      bareOf: ({ value }) => value,
      timeOf: ({ timestamp }) => timestamp,
      whole: (value, timestamp) => ({ value: value as V, timestamp }),
    },
    toRow(bytes, timestamp) {
      const row = Buffer.allocUnsafe(8 + bytes.length)
      row.set(bytes, writeLong(row, timestamp, 0))
      return row
    },
    fromRow: (row) => ({ value: codec.decode(row.subarray(8)), timestamp: readLong(row, 0) }),
  }
}

/** What an engine that writes keeps of a value. */
export function rowOf<V>(format: ValueFormat<V>, value: V): Uint8Array {
  return format.toRow(format.write(value) ?? NO_BYTES, format.timestampOf(value) ?? 0)
}

const NO_BYTES = new Uint8Array(0)
