/** What the values of a column are as bytes, and the bounds of such bytes. */
import { NO_BOUNDS, booleanBounds, bytesBounds, longBounds, numberBounds, type Bounds } from './bounds.ts'
import { decimalBytes } from './decimal.ts'
import type { DeltaKind } from './delta-values.ts'
import { physicalOf, type LeafType, type Physical } from './schema.ts'

export interface ValueKind {
  readonly physical: Physical
  /** Bytes of a value; 0 where each stands behind its length. */
  readonly fixedLength: number
  /** Whether bytes are two's complement, most significant first. */
  readonly signed: boolean
  /** How they may be written as differences; undefined: not at all. */
  readonly deltas: DeltaKind | undefined
}

export function valueKindOf(type: LeafType): ValueKind {
  const physical = physicalOf(type)
  const signed = type.kind === 'decimal'
  switch (physical) {
    case 'BOOLEAN':
      return { physical, fixedLength: 1, signed, deltas: undefined }
    case 'INT32':
      return { physical, fixedLength: 4, signed, deltas: 'int32' }
    case 'INT64':
      return { physical, fixedLength: 8, signed, deltas: 'int64' }
    case 'FLOAT':
      return { physical, fixedLength: 4, signed, deltas: undefined }
    case 'DOUBLE':
      return { physical, fixedLength: 8, signed, deltas: undefined }
    case 'BYTE_ARRAY':
      return { physical, fixedLength: 0, signed, deltas: 'bytes' }
    case 'FIXED_LEN_BYTE_ARRAY':
    default:
      return {
        physical,
        fixedLength: type.kind === 'decimal' ? decimalBytes(type.precision) : 0,
        signed,
        deltas: undefined,
      }
  }
}

/** Of `count` values in PLAIN encoding. Numbers begin at a multiple of 8 bytes. */
export function boundsOf({ physical, fixedLength, signed }: ValueKind, plain: Uint8Array, count: number): Bounds {
  const { buffer, byteOffset, length } = plain
  switch (physical) {
    case 'BOOLEAN':
      return count === 0 ? NO_BOUNDS : booleanBounds(plain, count)
    case 'INT32':
      return numberBounds(new Int32Array(buffer, byteOffset, count), count)
    case 'INT64':
      return longBounds(new Int32Array(buffer, byteOffset, 2 * count), count)
    case 'FLOAT':
      return numberBounds(new Float32Array(buffer, byteOffset, count), count)
    case 'DOUBLE':
      return numberBounds(new Float64Array(buffer, byteOffset, count), count)
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
    default:
      return bytesBounds(plain, length, fixedLength, signed)
  }
}
