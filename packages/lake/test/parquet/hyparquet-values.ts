/**
 * From what hyparquet finds to the values that `readParquet` gives, exact to the last digit: its own conversions (decimals to
 * floats, times to Date, map keys to property names) are switched off first.
 */
import type { FileMetaData, ParquetParsers, SchemaTree } from 'hyparquet'

export type Convert = (value: unknown) => unknown

/** Times as microseconds, dates as days, text as UTF-8 and nothing else. */
export const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis: bigint) => millis * 1000n,
  timestampFromMicroseconds: (micros: bigint) => micros,
  timestampFromNanoseconds: (nanos: bigint) => (nanos - (((nanos % 1000n) + 1000n) % 1000n)) / 1000n,
  dateFromDays: (days: number) => days,
  stringFromBytes: (bytes: Uint8Array) =>
    bytes === undefined ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(),
}

/** The metadata with decimals and maps left as they are stored; `convertOf` needs the metadata as it was. */
export function withoutConversions(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    const { converted_type: converted, logical_type: logical, ...plain } = element
    if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return plain
    if (converted === 'MAP' || converted === 'MAP_KEY_VALUE' || logical?.type === 'MAP') return plain
    return element
  })
  return { ...metadata, schema }
}

/** The function that converts values of this column, nested or not. */
export function convertOf(node: SchemaTree): Convert {
  const inner = node.children.length === 0 ? leaf(node) : group(node)
  const convert: Convert = (value) => (value === null || value === undefined ? null : inner(value))
  return node.element.repetition_type === 'REPEATED' ? (value) => (value as unknown[]).map(convert) : convert
}

function group(node: SchemaTree): Convert {
  const { converted_type: converted, logical_type: logical } = node.element
  const entries = node.children[0]!
  if (converted === 'LIST' || logical?.type === 'LIST') {
    const element = convertOf(entries.children.length === 1 ? entries.children[0]! : single(entries))
    return (value) => (value as unknown[]).map(element)
  }
  if (converted === 'MAP' || converted === 'MAP_KEY_VALUE' || logical?.type === 'MAP') return map(entries)
  return struct(node)
}

/** The node without its repetition, which the list around it has taken. */
function single(node: SchemaTree): SchemaTree {
  return { ...node, element: { ...node.element, repetition_type: 'REQUIRED' } }
}

function map(entries: SchemaTree): Convert {
  const [key, value] = entries.children
  const convertKey = convertOf(key!)
  const convertValue: Convert = value === undefined ? () => null : convertOf(value)
  const keyName = key!.element.name
  const valueName = value?.element.name ?? ''
  return (found) => {
    const pairs = (found as Record<string, Record<string, unknown>[]>)[entries.element.name] ?? []
    return new Map(pairs.map((pair) => [convertKey(pair[keyName]), convertValue(pair[valueName])]))
  }
}

function struct(node: SchemaTree): Convert {
  const fields = node.children.map((child) => [child.element.name, convertOf(child)] as const)
  return (value) => {
    const found = value as Record<string, unknown>
    return Object.fromEntries(fields.map(([name, convert]) => [name, convert(found[name])]))
  }
}

function leaf({ element }: SchemaTree): Convert {
  const { type, converted_type: converted, logical_type: logical } = element
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') {
    const scale = element.scale ?? (logical?.type === 'DECIMAL' ? logical.scale : 0)
    return (value) =>
      decimalText(value instanceof Uint8Array ? bigEndian(value) : BigInt(value as number | bigint), scale)
  }
  if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') {
    // A copy, or one short value would keep its whole page.
    return (value) => (value instanceof Uint8Array ? new Uint8Array(value) : value)
  }
  return (value) => (typeof value === 'bigint' ? whole(value) : value)
}

function whole(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function bigEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString('hex')
  return BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`))
}

function decimalText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0n ? `-${text}` : text
}
