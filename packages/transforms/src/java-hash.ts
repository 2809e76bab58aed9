/** Java's `hashCode` of a value, and the MurmurHash3 that Debezium has beside it: partitions are chosen by them. */
import { LOGICAL } from '@sluice/sdk'
import type { Schema, StructValue, Value } from '@sluice/sdk'

const DAY_MS = 86_400_000

/**
 * As the object has it that Connect holds for such a value: 32 bits, signed. Numbers without a schema are taken for Long and
 * Double. A struct counts as the list of its values, because Java's own hash of it depends on the whole of its schema.
 */
export function javaHash(schema: Schema | null, value: Value): number {
  if (value === null) return 0
  if (typeof value === 'string') return schema?.name === LOGICAL.decimal ? decimalHash(value) : textHash(value)
  if (typeof value === 'boolean') return value ? 1231 : 1237
  if (typeof value === 'bigint') return longHash(value)
  if (typeof value === 'number') return numberHash(schema, value)
  if (value instanceof Uint8Array) return value.reduceRight((hash, byte) => (Math.imul(31, hash) + signed(byte)) | 0, 1)
  if (Array.isArray(value))
    return listHash(value as readonly Value[], () => (schema?.type === 'array' ? schema.items : null))
  if (value instanceof Map) {
    const [keys, values] = schema?.type === 'map' ? [schema.keys, schema.values] : [null, null]
    let sum = 0
    for (const [key, item] of value as ReadonlyMap<Value, Value>) sum += javaHash(keys, key) ^ javaHash(values, item)
    return sum | 0
  }
  const struct = value as StructValue
  if (schema?.type !== 'struct') return listHash(Object.values(struct), () => null)
  const fields = schema.fields
  return listHash(
    fields.map(({ name }) => struct[name] ?? null),
    (at) => fields[at]!.schema,
  )
}

/** `MurmurHash3.hash(Object)` of Infinispan, which Debezium took over: of a text by its bytes, of anything else by its `hashCode`. */
export function murmurHash(schema: Schema | null, value: Value): number {
  if (typeof value === 'string' && schema?.name !== LOGICAL.decimal)
    return murmur(Buffer.from(value.replaceAll(/\p{Surrogate}/gu, '?')))
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(javaHash(schema, value))
  return murmur(bytes)
}

function listHash(items: readonly Value[], schema: (at: number) => Schema | null): number {
  return items.reduce<number>((hash, item, at) => (Math.imul(31, hash) + javaHash(schema(at), item)) | 0, 1)
}

function textHash(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0
  return hash
}

function numberHash(schema: Schema | null, value: number): number {
  switch (schema?.name) {
    case LOGICAL.date:
      return longHash(BigInt(value * DAY_MS))
    case LOGICAL.time:
    case LOGICAL.timestamp:
      return longHash(BigInt(value))
    case undefined:
    default:
      break
  }
  const type = schema?.type ?? (Number.isInteger(value) ? 'int64' : 'float64')
  if (type === 'float64') return doubleHash(value)
  if (type === 'float32') {
    SCRATCH.setFloat32(0, value)
    return SCRATCH.getInt32(0)
  }
  return type === 'int64' ? longHash(BigInt(value)) : value | 0
}

const SCRATCH = new DataView(new ArrayBuffer(8))

function doubleHash(value: number): number {
  SCRATCH.setFloat64(0, value)
  return SCRATCH.getInt32(0) ^ SCRATCH.getInt32(4)
}

function longHash(value: bigint): number {
  return Number(BigInt.asIntN(32, value ^ (BigInt.asUintN(64, value) >> 32n)))
}

/** BigDecimal's: of the digits without the point, by 32 bits each, and of the scale. */
function decimalHash(text: string): number {
  const point = text.indexOf('.')
  const digits = BigInt(text.replace('.', ''))
  const words: number[] = []
  for (let rest = digits < 0n ? -digits : digits; rest > 0n; rest >>= 32n) words.push(Number(BigInt.asIntN(32, rest)))
  const magnitude = words.reduceRight((hash, word) => (Math.imul(31, hash) + word) | 0, 0)
  return (Math.imul(31, digits < 0n ? -magnitude : magnitude) + (point < 0 ? 0 : text.length - point - 1)) | 0
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}

const SEED = 9001n

/** The upper half of 64 bits of an early MurmurHash3_x64, whose last bytes are signed. */
function murmur(bytes: Buffer): number {
  let [h1, h2] = [0x9368e53c2f6af274n ^ SEED, 0x586dcd208f7cd3fdn ^ SEED]
  let [c1, c2] = [0x87c37b91114253d5n, 0x4cf5ad432745937fn]
  const mix = (k1: bigint, k2: bigint): void => {
    h1 = low(h1 ^ low(rotated(low(k1 * c1), 23n) * c2))
    h1 = low(h1 + h2)
    h2 = low((rotated(h2, 41n) ^ low(rotated(low(k2 * c2), 23n) * c1)) + h1)
    h1 = low(h1 * 3n + 0x52dce729n)
    h2 = low(h2 * 3n + 0x38495ab5n)
    c1 = low(c1 * 5n + 0x7b7d159cn)
    c2 = low(c2 * 5n + 0x6bce6396n)
  }
  const end = bytes.length & ~15
  for (let at = 0; at < end; at += 16) mix(bytes.readBigUInt64LE(at), bytes.readBigUInt64LE(at + 8))
  if (end < bytes.length) mix(tail(bytes, end), tail(bytes, end + 8))
  h2 ^= BigInt(bytes.length)
  h1 = low(h1 + h2)
  h2 = low(h2 + h1)
  h1 = finished(h1)
  h2 = finished(h2)
  return Number(BigInt.asIntN(32, low(h1 + h2) >> 32n))
}

function tail(bytes: Buffer, from: number): bigint {
  let word = 0n
  for (let at = from; at < Math.min(from + 8, bytes.length); at++)
    word ^= low(BigInt(signed(bytes[at]!)) << BigInt((at - from) * 8))
  return word
}

function finished(hash: bigint): bigint {
  let mixed = low((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn)
  mixed = low((mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n)
  return mixed ^ (mixed >> 33n)
}

function rotated(word: bigint, bits: bigint): bigint {
  return low(word << bits) | (word >> (64n - bits))
}

function low(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}
