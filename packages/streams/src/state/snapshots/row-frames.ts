/** Rows of a store in memory, in frames: length of the key (4), length of the value (4; -1: null), time (8), key, value. */

import type { ChangelogRecord, StoreRow } from '../store-context.ts'
import { readLong, writeLong } from '../formats/longs.ts'
import { FRAME_BYTES } from './frames.ts'

const HEAD_BYTES = 16

/** Frames of whole rows. A row that is larger than a frame has one of its own. */
export function* framesOfRows(rows: Iterable<StoreRow>): Generator<Buffer, void> {
  let frame = Buffer.allocUnsafe(FRAME_BYTES)
  let used = 0
  for (const { key, value, timestamp } of rows) {
    const needed = HEAD_BYTES + key.length + (value?.length ?? 0)
    if (used > 0 && used + needed > frame.length) {
      yield frame.subarray(0, used)
      used = 0
    }
    if (needed > frame.length) frame = Buffer.allocUnsafe(needed)
    used = frame.writeUInt32LE(key.length, used)
    used = frame.writeInt32LE(value?.length ?? -1, used)
    used = writeLong(frame, timestamp, used)
    frame.set(key, used)
    used += key.length
    if (value === null) continue
    frame.set(value, used)
    used += value.length
  }
  if (used > 0) yield frame.subarray(0, used)
}

/** As records of a changelog, whose offsets nobody knows any more. */
export function rowsOfFrame(frame: Buffer): ChangelogRecord[] {
  const rows: ChangelogRecord[] = []
  for (let at = 0; at < frame.length;) {
    const keyEnd = at + HEAD_BYTES + frame.readUInt32LE(at)
    const length = frame.readInt32LE(at + 4)
    const end = keyEnd + Math.max(length, 0)
    rows.push({
      key: frame.subarray(at + HEAD_BYTES, keyEnd),
      value: length < 0 ? null : frame.subarray(keyEnd, end),
      timestamp: readLong(frame, at + 8),
      headers: null,
      offset: -1,
    })
    at = end
  }
  return rows
}
