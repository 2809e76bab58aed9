/** Numbers: of a range, or one after the other. */
import { decimalScale, LOGICAL, SchemaError } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import type { Annotations, Iteration, Range } from './annotations.ts'
import type { Make } from './make.ts'

type IntegerType = 'int8' | 'int16' | 'int32' | 'int64'

interface Limits {
  readonly min: bigint
  /** Above the largest one. */
  readonly end: bigint
}

const LIMITS: Readonly<Record<IntegerType, Limits>> = {
  int8: { min: -(2n ** 7n), end: 2n ** 7n },
  int16: { min: -(2n ** 15n), end: 2n ** 15n },
  int32: { min: -(2n ** 31n), end: 2n ** 31n },
  int64: { min: -(2n ** 63n), end: 2n ** 63n },
}
/** Of dates and times, where nothing says more: from 1970 to the end of 2037. */
const LOGICAL_RANGES: Readonly<Record<string, Range>> = {
  [LOGICAL.date]: { min: 0, max: 24_837 },
  [LOGICAL.time]: { min: 0, max: 86_400_000 },
  [LOGICAL.timestamp]: { min: 0, max: 2_145_916_800_000 },
}
const DECIMAL_DIGITS_MAX = 15

/** @throws SchemaError for a range or an iteration outside of the type */
export function makeInteger(schema: Schema, type: IntegerType, notes: Annotations, where: string): Make {
  const limits = LIMITS[type]
  const { iteration } = notes
  if (iteration !== undefined) return iterated(iteration, limits, where)
  const { min, max } = notes.range ?? LOGICAL_RANGES[schema.name ?? ''] ?? {}
  const from = bigOf(min, limits.min, Math.ceil)
  const end = bigOf(max, limits.end, Math.ceil)
  if (from >= end || from < limits.min || end > limits.end)
    throw new SchemaError(`The range of ${where} holds nothing of its type, ${type}`)
  const size = end - from
  const first = Number(from)
  const isSafe = Number.isSafeInteger(first) && Number.isSafeInteger(Number(end)) && size <= 2n ** 53n
  const below = Number(size)
  if (isSafe) return (random) => first + random.below(below)
  // Of 64 bits that do not come out even by the size, the first few are a little likelier: by less than one in a million.
  return (random) => {
    const bits = (BigInt(random.word()) << 53n) | BigInt(Math.floor(random.next() * 2 ** 53))
    return numberOf(from + (bits % size))
  }
}

export function makeFloat(isSingle: boolean, notes: Annotations): Make {
  const { iteration } = notes
  const fit = isSingle ? Math.fround : (value: number): number => value
  if (iteration !== undefined) {
    const { start, restart, initial, step } = iteration
    return (_random, number) => fit(wrapped(initial + step * number, start, restart))
  }
  const { min = 0, max = min + 1 } = notes.range ?? {}
  return (random) => fit(min + random.next() * (max - min))
}

/** Decimals with as many digits as the schema says, at most 15. */
export function makeDecimal(schema: Schema, precision: number | undefined, notes: Annotations): Make {
  const scale = decimalScale(schema)
  const digits = Math.min(DECIMAL_DIGITS_MAX, Math.max(1, precision ?? DECIMAL_DIGITS_MAX))
  const largest = 10 ** digits
  const unit = 10 ** scale
  const { min, max } = notes.range ?? {}
  const from = min === undefined ? (max === undefined ? 0 : Math.min(0, max * unit - largest)) : Math.ceil(min * unit)
  const end = max === undefined ? from + largest : Math.ceil(max * unit)
  return (random) => decimalText(from + random.below(end - from), scale)
}

function decimalText(unscaled: number, scale: number): string {
  const digits = String(Math.abs(unscaled)).padStart(scale + 1, '0')
  const text = scale <= 0 ? digits + '0'.repeat(-scale) : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return unscaled < 0 ? `-${text}` : text
}

function iterated({ start, restart, initial, step }: Iteration, limits: Limits, where: string): Make {
  const all = [start, restart, initial, step].filter((one) => one !== undefined)
  if (!all.every(Number.isInteger)) throw new SchemaError(`The iteration of ${where} has numbers that are not whole`)
  const [from, by, first] = [BigInt(start), BigInt(step), BigInt(initial)]
  const end = restart === undefined ? (step > 0 ? limits.end : limits.min - 1n) : BigInt(restart)
  const isWithin = [from, first].every((one) => one >= limits.min && one < limits.end)
  if (!isWithin || end > limits.end || end < limits.min - 1n)
    throw new SchemaError(`The iteration of ${where} leaves the numbers of its type`)
  const span = end - from
  const isSmall = [start, initial, step, Number(end)].every(Number.isSafeInteger)
  return (_random, number) => {
    const plain = initial + step * number
    if (isSmall && Number.isSafeInteger(plain)) return wrapped(plain, start, Number(end))
    const ahead = (first + by * BigInt(number) - from) % span
    return numberOf(from + (ahead !== 0n && ahead > 0n !== span > 0n ? ahead + span : ahead))
  }
}

/** Begins again at `start` when it comes to `restart`, from either side. */
function wrapped(value: number, start: number, restart: number | undefined): number {
  if (restart === undefined) return value
  const span = restart - start
  const turns = Math.floor((value - start) / span)
  return turns === 0 ? value : value - turns * span
}

function bigOf(value: number | undefined, otherwise: bigint, round: (value: number) => number): bigint {
  return value === undefined ? otherwise : BigInt(round(value))
}

/** As values of 64 bits are. */
function numberOf(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
