/** A 64-bit integer: a `number` when it is safe (|n| < 2^53), else a `bigint`. Everywhere the same, both directions. */
export type Int64 = number | bigint

const TWO_32 = 4294967296

/** The 8 bytes at `position` as a signed integer. */
export function readInt64(view: DataView, position: number): Int64 {
  const n = view.getInt32(position) * TWO_32 + view.getUint32(position + 4)
  return Number.isSafeInteger(n) ? n : view.getBigInt64(position)
}

/** Writes a signed integer into 8 bytes. The value must be a safe integer or a bigint of 64 bits: see `isInt64`. */
export function writeInt64(view: DataView, position: number, value: Int64): void {
  if (typeof value === 'bigint') view.setBigInt64(position, value)
  else {
    view.setInt32(position, Math.floor(value / TWO_32))
    view.setUint32(position + 4, value >>> 0)
  }
}

/** Whether the value fits 64 bits without loss. */
export function isInt64(value: unknown): value is Int64 {
  return typeof value === 'number'
    ? Number.isSafeInteger(value)
    : typeof value === 'bigint' && BigInt.asIntN(64, value) === value
}
