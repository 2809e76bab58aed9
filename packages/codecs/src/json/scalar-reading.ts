/** JSON to values of types that have no others in them. */
import { DataError, decimalScale } from '@sluice/sdk'
import type { PrimitiveSchema, Schema, Value } from '@sluice/sdk'
import { bigIntOf, decimalText, rescale } from '../decimal.ts'
import { logicalType } from '../logical-type.ts'
import type { LogicalType } from '../logical-type.ts'
import { base64Bytes } from './base64-bytes.ts'
import { INEXACT } from './inexact.ts'
import { JsonNumber, longValue, nodeType, notFitting } from './json-node.ts'
import type { JsonNode } from './json-node.ts'
import type { JsonSettings } from './json-settings.ts'

/**
 * The reader of a schema, for nodes other than null. Like Connect, it is lenient: a text read as a number is 0.
 * @param overflow what becomes of an integer that the type is too narrow for
 */
export function compileReadScalar(
  schema: PrimitiveSchema,
  overflow: JsonSettings['integerOverflow'],
): (node: JsonNode) => Value {
  const logical = logicalType(schema)
  return logical === undefined ? compilePlain(schema, overflow) : compileLogical(schema, logical)
}

function compileLogical(schema: PrimitiveSchema, logical: LogicalType): (node: JsonNode) => Value {
  switch (logical) {
    case 'decimal':
      return (node) => readDecimal(schema, node)
    case 'date':
      return (node) => readWhole(node, 32, 'Date', 'integer')
    case 'time':
      return readTime
    case 'timestamp':
      break
  }
  return (node) => readWhole(node, 64, 'Timestamp', 'integral')
}

function compilePlain(schema: PrimitiveSchema, overflow: JsonSettings['integerOverflow']): (node: JsonNode) => Value {
  const bits = overflow === 'fail' ? INTEGER_BITS.get(schema.type) : undefined
  if (bits !== undefined) return (node) => readFitting(node, bits)
  switch (schema.type) {
    case 'int8':
      return (node) => (isSmall(node) ? (node << 24) >> 24 : Number(BigInt.asIntN(8, readLong(node))))
    case 'int16':
      return (node) => (isSmall(node) ? (node << 16) >> 16 : Number(BigInt.asIntN(16, readLong(node))))
    case 'int32':
      return (node) => (isSmall(node) ? node | 0 : Number(BigInt.asIntN(32, readLong(node))))
    case 'int64':
      return (node) => (isSmall(node) ? Math.trunc(node) + 0 : longValue(readLong(node)))
    case 'float32':
      return (node) => Math.fround(readDouble(node))
    case 'float64':
      return readDouble
    case 'boolean':
      return (node) => node === true
    case 'string':
      return (node) => (typeof node === 'string' ? node : null)
    case 'bytes':
      break
  }
  return readBytes
}

const INTEGER_BITS: ReadonlyMap<Schema['type'], number> = new Map([
  ['int8', 8],
  ['int16', 16],
  ['int32', 32],
  ['int64', 64],
])

/** An integer of so many bits, its fraction cut off; of another node 0, as when it may wrap. */
function readFitting(node: JsonNode, bits: number): Value {
  if (node instanceof JsonNumber) return longValue(node.toFitting(bits))
  if (typeof node !== 'number') return 0
  if (!isSmall(node)) throw INEXACT
  const whole = Math.trunc(node) + 0
  const limit = 2 ** (bits - 1)
  if (whole < -limit || whole >= limit) throw notFitting(String(node), bits)
  return whole
}

/** Whether it is a number of `JSON.parse` whose whole part is exact. */
function isSmall(node: JsonNode): node is number {
  return typeof node === 'number' && node <= Number.MAX_SAFE_INTEGER && node >= Number.MIN_SAFE_INTEGER
}

/** The 64-bit integer of any other node. */
function readLong(node: JsonNode): bigint {
  if (typeof node === 'number') throw INEXACT
  return node instanceof JsonNumber ? node.toLong() : 0n
}

function readDouble(node: JsonNode): number {
  // Java reads −0 as 0.
  if (typeof node === 'number') return node + 0
  return node instanceof JsonNumber ? node.toNumber() : 0
}

function readBytes(node: JsonNode): Uint8Array | null {
  if (typeof node !== 'string') return null
  const bytes = base64Bytes(node)
  if (bytes === undefined)
    throw new DataError('Invalid bytes field', { remedy: 'Bytes in JSON are base64 with padding.' })
  return bytes
}

function readDecimal(schema: Schema, node: JsonNode): string {
  if (typeof node === 'number') throw INEXACT
  if (node instanceof JsonNumber) return decimalText(rescale(node.toDecimal(), decimalScale(schema)))
  if (typeof node !== 'string')
    throw new DataError(
      'Invalid type for Decimal, underlying representation should be numeric or bytes but was ' + nodeType(node),
    )
  try {
    const bytes = readBytes(node)
    return decimalText({ unscaled: bigIntOf(bytes ?? new Uint8Array()), scale: decimalScale(schema) })
  } catch (cause) {
    throw new DataError('Invalid bytes for Decimal field', { cause })
  }
}

function readWhole(node: JsonNode, bits: 32 | 64, logical: string, what: string): number {
  const limit = bits === 32 ? 2 ** 31 : Number.MAX_SAFE_INTEGER
  const value = node instanceof JsonNumber && node.isIntegral ? Number(node.text) : node
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -limit || value >= limit)
    throw new DataError(
      `Invalid type for ${logical}, underlying representation should be ${what} but was ${nodeType(node)}`,
    )
  return value + 0
}

const DAY_MS = 86_400_000

function readTime(node: JsonNode): number {
  const value = readWhole(node, 32, 'Time', 'integer')
  if (value < 0 || value > DAY_MS)
    throw new DataError('Time values must use number of milliseconds greater than 0 and less than 86400000')
  return value
}
