/** Connect's types without parts, written as Protobuf's. */
import type { ProtobufEnum, ProtobufScalar } from '@sluice/schema-registry'
import { DataError, LOGICAL, ValueError } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { invalid } from '../value-checks.ts'
import type { ProtoOutput } from './proto-output.ts'

/** @throws DataError for a value that does not fit */
export type WriteProto = (out: ProtoOutput, value: Value) => void

type WriteInteger = (out: ProtoOutput, value: number | bigint) => void
type Bounds = readonly [least: number | bigint, most: number | bigint]

const INT32: Bounds = [-(2 ** 31), 2 ** 31 - 1]
const UINT32: Bounds = [0, 2 ** 32 - 1]
/** Java knows no unsigned 64 bits: there what is beyond 2^63 is negative. */
const INT64: Bounds = [-(2n ** 63n), 2n ** 63n - 1n]

const RANGES: Readonly<Record<string, Bounds>> = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: INT32,
  int64: INT64,
}
const INTEGERS: Readonly<Record<string, readonly [Bounds, WriteInteger]>> = {
  int32: [INT32, (out, value) => out.int(value)],
  sint32: [INT32, (out, value) => out.sint(value)],
  sfixed32: [INT32, (out, value) => out.fixed32(Number(value))],
  uint32: [UINT32, (out, value) => out.int(value)],
  fixed32: [UINT32, (out, value) => out.fixed32(Number(value))],
  int64: [INT64, (out, value) => out.int(value)],
  sint64: [INT64, (out, value) => out.sint(value)],
  sfixed64: [INT64, (out, value) => out.fixed64(value)],
  uint64: [INT64, (out, value) => out.int(value)],
  fixed64: [INT64, (out, value) => out.fixed64(value)],
}

/** Undefined when no value of the one can be written as the other. */
export function scalarWriter(kind: ProtobufScalar, schema: Schema): WriteProto | undefined {
  const integer = INTEGERS[kind]
  if (integer !== undefined) return RANGES[schema.type] === undefined ? undefined : integerWriter(integer, schema)
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the rest are integers
  switch (kind) {
    case 'bool':
      return schema.type === 'boolean' ? booleanWriter(schema) : undefined
    case 'float':
      return schema.type === 'float32' ? floatingWriter(schema, true) : undefined
    case 'double':
      return schema.type === 'float32' || schema.type === 'float64' ? floatingWriter(schema, false) : undefined
    case 'string':
      return schema.type === 'string' ? stringWriter(schema) : undefined
    case 'bytes':
      return schema.type === 'bytes' && schema.name !== LOGICAL.decimal ? bytesWriter(schema) : undefined
    default:
      return undefined
  }
}

/** What proto3 does not write: who reads nothing sees this. */
export function isDefault(value: Value): boolean {
  if (typeof value === 'number') return Object.is(value, 0)
  if (typeof value === 'object') return value instanceof Uint8Array && value.length === 0
  return value === '' || value === false || value === 0n
}

function integerWriter([[lowest, highest], write]: readonly [Bounds, WriteInteger], schema: Schema): WriteProto {
  const [least, most] = RANGES[schema.type]!
  const takesBig = schema.type === 'int64'
  return (out, value) => {
    const integer = typeof value === 'number' || (takesBig && typeof value === 'bigint') ? value : NaN
    // A number that is no integer, or not exactly one, is neither of these.
    if (!(integer >= least && integer <= most) || (typeof integer === 'number' && !Number.isSafeInteger(integer)))
      throw invalid(schema, value)
    if (integer < lowest || integer > highest)
      throw new ValueError(`${integer} is beyond the type of the Protobuf field`, {
        remedy: 'Give a value that the type holds, or register a schema with a wider one.',
      })
    write(out, integer)
  }
}

function booleanWriter(schema: Schema): WriteProto {
  return (out, value) => {
    if (typeof value !== 'boolean') throw invalid(schema, value)
    out.byte(value ? 1 : 0)
  }
}

function floatingWriter(schema: Schema, isFloat: boolean): WriteProto {
  return (out, value) => {
    if (typeof value !== 'number') throw invalid(schema, value)
    if (isFloat) out.float(value)
    else out.double(value)
  }
}

function stringWriter(schema: Schema): WriteProto {
  return (out, value) => {
    if (typeof value !== 'string') throw invalid(schema, value)
    // Readers of Protobuf refuse what is not UTF-8, and there is no UTF-8 of half a character.
    if (!value.isWellFormed()) throw new ValueError('The text has half a surrogate pair, which no UTF-8 can hold')
    out.string(value)
  }
}

function bytesWriter(schema: Schema): WriteProto {
  return (out, value) => {
    if (!(value instanceof Uint8Array)) throw invalid(schema, value)
    out.bytes(value)
  }
}

/** Names, or numbers; of an open enum any number. Undefined when the schema has neither. */
export function enumWriter(type: ProtobufEnum, schema: Schema): WriteProto | undefined {
  if (schema.type === 'string') {
    const numbers = new Map<Value, number>(type.values.map(({ name, number }) => [name, number]))
    return (out, value) => {
      if (typeof value !== 'string') throw invalid(schema, value)
      const number = numbers.get(value)
      if (number === undefined) throw new DataError(`The Protobuf enum ${type.fullName} has no such value`)
      out.int(number)
    }
  }
  if (schema.type !== 'int32') return undefined
  const known = new Set(type.values.map(({ number }) => number))
  const write = scalarWriter('int32', schema)!
  return (out, value) => {
    if (type.isClosed && !known.has(value as number))
      throw new DataError(`The Protobuf enum ${type.fullName} has no value with this number`)
    write(out, value)
  }
}
