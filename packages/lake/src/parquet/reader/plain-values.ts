/** Values out of the encodings that pages have, converted. Every function throws RangeError when the bytes end before. */
import { PHYSICAL } from '../schema.ts'
import { unpackDeltas, unpackLengths, unpackPrefixed } from './delta-reader.ts'
import { readHybrid } from './hybrid-reader.ts'
import { INT96, floorDiv, whole, type StoredType } from './stored-type.ts'

export type Values = ArrayLike<unknown>

const TWO_32 = 2 ** 32
const JULIAN_EPOCH = 2_440_588n

/** `count` values in PLAIN encoding. */
export function plainValues(bytes: Uint8Array, count: number, type: StoredType): Values {
  switch (type.physical) {
    case PHYSICAL.BOOLEAN: {
      need(bytes, Math.ceil(count / 8))
      return Array.from({ length: count }, (_, i) => ((bytes[i >>> 3]! >>> (i & 7)) & 1) === 1)
    }
    case PHYSICAL.INT32:
      return converted(new Int32Array(copied(bytes, 4 * count)), type)
    case PHYSICAL.INT64:
      return longs(new Int32Array(copied(bytes, 8 * count)), type)
    case INT96:
      return nanoTimes(new Int32Array(copied(bytes, 12 * count)))
    case PHYSICAL.FLOAT:
      return new Float32Array(copied(bytes, 4 * count))
    case PHYSICAL.DOUBLE:
      return new Float64Array(copied(bytes, 8 * count))
    case PHYSICAL.BYTE_ARRAY:
      return byteArrays(bytes, count, type)
    case PHYSICAL.FIXED_LEN_BYTE_ARRAY: {
      const { typeLength } = type
      need(bytes, count * typeLength)
      return Array.from({ length: count }, (_, i) => type.ofBytes(bytes.subarray(i * typeLength, (i + 1) * typeLength)))
    }
    default:
      throw new RangeError(`there is no physical type ${type.physical}`)
  }
}

/** A single value as statistics hold it: PLAIN, but bytes without their length. */
export function singleValue(bytes: Uint8Array, type: StoredType): unknown {
  return type.physical === PHYSICAL.BYTE_ARRAY ? type.ofBytes(bytes) : plainValues(bytes, 1, type)[0]
}

export function packedValues(bytes: Uint8Array, count: number, type: StoredType): Values {
  const { values } = unpackDeltas(bytes, 0, count)
  enough(values.length, count)
  const { ofInteger } = type
  return Array.from(values, (value) => (ofInteger === undefined ? whole(value) : ofInteger(whole(value))))
}

export function lengthValues(bytes: Uint8Array, count: number, type: StoredType): Values {
  const places = unpackLengths(bytes, 0, count)
  enough(places.length / 2, count)
  return Array.from({ length: count }, (_, i) => type.ofBytes(bytes.subarray(places[2 * i], places[2 * i + 1])))
}

export function prefixedValues(bytes: Uint8Array, count: number, type: StoredType): Values {
  const values = unpackPrefixed(bytes, 0, count)
  enough(values.length, count)
  return values.map((value) => type.ofBytes(value))
}

/** Booleans as runs, behind the length of all. */
export function runValues(bytes: Uint8Array, count: number): Values {
  need(bytes, 4)
  const bits = new Uint8Array(count)
  readHybrid(bytes, 4, bytes.length, 1, count, bits)
  return Array.from(bits, (bit) => bit === 1)
}

/** BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on. */
export function splitValues(bytes: Uint8Array, count: number, type: StoredType): Values {
  const width = widthOf(type)
  need(bytes, width * count)
  const joined = new Uint8Array(width * count)
  for (let k = 0; k < width; k++) for (let i = 0; i < count; i++) joined[i * width + k] = bytes[k * count + i]!
  return plainValues(joined, count, type)
}

function widthOf({ physical, typeLength }: StoredType): number {
  if (physical === PHYSICAL.FIXED_LEN_BYTE_ARRAY) return typeLength
  return physical === PHYSICAL.INT64 || physical === PHYSICAL.DOUBLE ? 8 : 4
}

function byteArrays(bytes: Uint8Array, count: number, type: StoredType): unknown[] {
  const values: unknown[] = []
  for (let i = 0, at = 0; i < count; i++) {
    need(bytes, at + 4)
    const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    at += 4
    if (length < 0) throw new RangeError('a value has a length below 0')
    need(bytes, at + length)
    values.push(type.ofBytes(bytes.subarray(at, at + length)))
    at += length
  }
  return values
}

function converted(values: Int32Array, { ofInteger }: StoredType): Values {
  return ofInteger === undefined ? values : Array.from(values, ofInteger)
}

function longs(words: Int32Array, { ofInteger }: StoredType): Values {
  const values: unknown[] = []
  for (let i = 0; i < words.length; i += 2) {
    const low = words[i]! >>> 0
    const high = words[i + 1]!
    const number = high * TWO_32 + low
    const value = Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(low)
    values.push(ofInteger === undefined ? value : ofInteger(value))
  }
  return values
}

/** Nanoseconds of a day, and the day from long ago: as microseconds. */
function nanoTimes(words: Int32Array): unknown[] {
  const values: unknown[] = []
  for (let i = 0; i < words.length; i += 3) {
    const nanos = (BigInt(words[i + 1]!) << 32n) | BigInt(words[i]! >>> 0)
    const days = BigInt(words[i + 2]!) - JULIAN_EPOCH
    values.push(whole(days * 86_400_000_000n + floorDiv(nanos, 1000n)))
  }
  return values
}

/** The first `length` bytes, where typed arrays may begin. */
function copied(bytes: Uint8Array, length: number): ArrayBuffer {
  need(bytes, length)
  return new Uint8Array(bytes.subarray(0, length)).buffer
}
function need(bytes: Uint8Array, length: number): void {
  if (bytes.length < length) throw new RangeError('the values of a page end too early')
}
function enough(found: number, count: number): void {
  if (found !== count) throw new RangeError(`a page holds ${found} values instead of ${count}`)
}
