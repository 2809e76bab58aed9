/** The sentences for values that do not fit a column. Only reached on the way out: the columns check, this file explains. */
import { types } from 'node:util'
import { ValueError } from '@sluice/sdk'
import { VALUE_BYTES_MAX } from './byte-buffer.ts'
import { typeText, wholeRange, type LeafType, type ParquetType, type WholeType } from './schema.ts'

/** A column, or a group of columns, as messages name it. */
export interface Place {
  readonly name: string
  readonly type: ParquetType
  readonly optional: boolean
}

/** Throws the error for a value that `column` cannot hold. */
export function refuse(column: Place, value: unknown): never {
  const { reason, remedy } = explain(column, value)
  const what = `Column "${column.name}" of type ${typeText(column.type)} cannot hold ${show(value)}: ${reason}`
  throw new ValueError(what, { place: { column: column.name }, remedy })
}

interface Explanation {
  readonly reason: string
  readonly remedy: string
}

function explain({ type }: Place, value: unknown): Explanation {
  if (value === null || value === undefined) {
    return {
      reason: 'the column is required',
      remedy: 'Declare the column optional, or give every row a value for it.',
    }
  }
  switch (type.kind) {
    case 'boolean':
      return wrongType('true or false')
    case 'string':
      return typeof value === 'string' ? text(value) : wrongType('a string')
    case 'binary':
      return types.isUint8Array(value) ? tooLong : wrongType('a Uint8Array')
    case 'float':
      return typeof value === 'number'
        ? { reason: 'it is too large for a 32-bit float', remedy: 'Declare the column double.' }
        : wrongType('a number')
    case 'double':
      return wrongType('a number')
    case 'decimal':
      return decimal(type, value)
    case 'struct':
      return wrongType('an object')
    case 'list':
      return wrongType('an array')
    case 'map':
      return wrongType('a Map or an object')
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'date':
    case 'time':
    case 'timestamp':
    default:
      return whole(type, value)
  }
}

const tooLong: Explanation = {
  reason: `it is longer than ${VALUE_BYTES_MAX} bytes`,
  remedy: 'Keep values of this size outside of the table and store where they are.',
}

function wrongType(wanted: string): Explanation {
  return {
    reason: `${wanted} is expected`,
    remedy: 'Convert the value before it is written, or change the type of the column.',
  }
}

function text(value: string): Explanation {
  if (value.length > VALUE_BYTES_MAX) return tooLong
  return {
    reason: 'it contains half of a surrogate pair, which has no UTF-8 form',
    remedy: 'Repair the text where it is decoded (String.prototype.toWellFormed), or declare the column binary.',
  }
}

function decimal(type: Extract<LeafType, { kind: 'decimal' }>, value: unknown): Explanation {
  const { precision, scale } = type
  if (typeof value !== 'string') {
    const { reason } = wrongType('the text of a decimal')
    return { reason, remedy: 'Give decimals as text, such as "12.50": binary floating point cannot hold them exactly.' }
  }
  const parts = /^[+-]?(\d+)(?:\.(\d+))?$/.exec(value)
  if (parts === null) {
    return {
      reason: 'it is not a decimal number',
      remedy: 'Write it as digits with an optional sign and point, such as "-12.50".',
    }
  }
  const fraction = (parts[2] ?? '').replace(/0+$/, '').length
  if (fraction > scale) {
    return {
      reason: `it has ${fraction} digits behind the point, and the scale is ${scale}`,
      remedy: `Round it before it is written, or declare a scale of at least ${fraction}.`,
    }
  }
  const digits = (parts[1] ?? '').replace(/^0+/, '').length
  return {
    reason: `it has ${digits} digits in front of the point, and there is room for ${precision - scale}`,
    remedy: `Declare the column with a precision of at least ${digits + scale} (38 is the most).`,
  }
}

function whole(type: WholeType, value: unknown): Explanation {
  if (typeof value !== 'number' && typeof value !== 'bigint') return wrongType('a whole number')
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return {
      reason: 'it is not a whole number',
      remedy: 'Round it before it is written, or declare the column double.',
    }
  }
  if (
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    BigInt(value) <= 2n ** 63n &&
    BigInt(value) >= -(2n ** 63n)
  ) {
    return {
      reason: 'as a number it is no longer exact (it is beyond ±(2^53 - 1))',
      remedy: 'Decode 64-bit integers of this size as bigint.',
    }
  }
  const [low, high] = wholeRange(type)
  return {
    reason: `it is not between ${low} and ${high}`,
    remedy:
      type.kind === 'time' || type.kind === 'timestamp' || type.kind === 'date'
        ? 'Check the unit of the value: seconds, ms, µs and days are easily mistaken for each other.'
        : 'Declare a wider type, or decimal for whole numbers beyond 64 bits.',
  }
}

/** The value as a person would recognise it, at a bearable length. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (types.isUint8Array(value)) return `a Uint8Array of ${value.length} bytes`
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (types.isMap(value)) return 'a Map'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
