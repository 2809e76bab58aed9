import { BatchAppender } from './batch-appender.ts'
import type { BatchRecords } from './batch-records.ts'
import type { Int64 } from '../wire/int64.ts'
import { RECORDS } from './batch-layout.ts'

/** What a control record says. `other` is one that concerns Raft metadata logs, or a newer one: skip it. */
export type ControlType = 'abort' | 'commit' | 'other'

const ABORT = 0
const COMMIT = 1
const KEY_LENGTH = 4
const VALUE_LENGTH = 6

/** The type of a control batch's record: two bytes of version, two of type, in its key. */
export function controlType(records: BatchRecords, i = 0): ControlType {
  const key = i < records.count ? records.key(i) : null
  if (key === null || key.length < KEY_LENGTH) return 'other'
  const type = (key[2]! << 8) | key[3]!
  return type === COMMIT ? 'commit' : type === ABORT ? 'abort' : 'other'
}

/** The coordinator epoch of a transaction marker, or -1 if it has none. */
export function coordinatorEpoch(records: BatchRecords, i = 0): number {
  const value = i < records.count ? records.value(i) : null
  if (value === null || value.length < VALUE_LENGTH) return -1
  return new DataView(value.buffer, value.byteOffset, value.length).getInt32(2)
}

/** The batch that ends a transaction in a partition: one control record (KIP-98). */
export function transactionMarker(marker: {
  readonly type: 'abort' | 'commit'
  readonly producerId: Int64
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  /** Milliseconds. */
  readonly timestamp: number
  readonly baseOffset?: number
  readonly leaderEpoch?: number
}): Uint8Array {
  const key = Uint8Array.of(0, 0, 0, marker.type === 'commit' ? COMMIT : ABORT)
  const value = new Uint8Array(VALUE_LENGTH)
  new DataView(value.buffer).setInt32(2, marker.coordinatorEpoch)
  const appender = new BatchAppender(new Uint8Array(RECORDS + 36 + KEY_LENGTH + VALUE_LENGTH))
  appender.append(key, value, marker.timestamp)
  const { producerId, producerEpoch, baseOffset = 0, leaderEpoch = -1 } = marker
  return appender.seal({ producerId, producerEpoch, baseOffset, leaderEpoch, isTransactional: true, isControl: true })
}
