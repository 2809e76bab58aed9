/** Columns whose values are numbers of 32 or 64 bits: checked, converted and written into the open page, one `append` each. */
import type { ColumnBuilder, LeafColumn } from './column.ts'
import { parseUnscaled } from './decimal.ts'
import type { BuilderTools } from './page-taker.ts'
import { refuse } from './refuse.ts'
import { wholeRange, type LeafType, type WholeType } from './schema.ts'
import { WordPages, type WordKind } from './word-pages.ts'

const TWO_32 = 2 ** 32

/** All but `append`, which each class has for itself so that it meets one kind of value. */
abstract class NumberColumn implements ColumnBuilder {
  protected readonly column: LeafColumn
  protected readonly pages: WordPages

  constructor(kind: WordKind, column: LeafColumn, tools: BuilderTools) {
    this.column = column
    this.pages = new WordPages(kind, column, tools)
  }
  abstract append(value: unknown): void

  absent(level: number): void {
    this.pages.putNull(level)
  }
  undo(): void {
    this.pages.undo()
  }
  get rows(): number {
    return this.pages.rows
  }
  get openBytes(): number {
    return this.pages.openBytes
  }
  endChunk(): void {
    this.pages.endChunk()
  }
  /** For a value that is not of the column's kind: null goes in where the column is optional. */
  protected other(value: unknown): void {
    if ((value !== null && value !== undefined) || !this.column.optional) refuse(this.column, value)
    this.pages.putNull(this.column.place.definition - 1)
  }
}

/** int8, int16, int32, date, and time in ms. */
export class IntColumn extends NumberColumn {
  private readonly low: number
  private readonly high: number

  constructor(type: WholeType, column: LeafColumn, tools: BuilderTools) {
    super('int32', column, tools)
    const [low, high] = wholeRange(type)
    this.low = Number(low)
    this.high = Number(high)
  }
  append(value: unknown): void {
    if (typeof value === 'number') {
      if ((value | 0) !== value || value < this.low || value > this.high) refuse(this.column, value)
      this.pages.putInt(value)
    } else if (typeof value === 'bigint') {
      const number = Number(value)
      if (number < this.low || number > this.high) refuse(this.column, value)
      this.pages.putInt(number)
    } else {
      this.other(value)
    }
  }
}

/** int64, timestamps in µs, and time in µs. */
export class LongColumn extends NumberColumn {
  private readonly low: bigint
  private readonly high: bigint
  private readonly lowNumber: number
  private readonly highNumber: number

  constructor(type: WholeType, column: LeafColumn, tools: BuilderTools) {
    super('int64', column, tools)
    const [low, high] = wholeRange(type)
    this.low = low
    this.high = high
    this.lowNumber = Number(low)
    this.highNumber = Number(high)
  }
  /** Whether every number of 64 bits is one of the column. */
  get takesAll(): boolean {
    return this.column.type.kind === 'int64'
  }

  /** A safe integer; only where the column takes all. */
  appendSafe(value: number): void {
    this.pages.putWords(value, Math.floor(value / TWO_32))
  }
  /** A number of 64 bits in two words; only where the column takes all. `low` is taken modulo 2^32. */
  appendWords(low: number, high: number): void {
    this.pages.putWords(low, high)
  }
  append(value: unknown): void {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || value < this.lowNumber || value > this.highNumber) refuse(this.column, value)
      this.pages.putWords(value, Math.floor(value / TWO_32))
    } else if (typeof value === 'bigint') {
      if (value < this.low || value > this.high) refuse(this.column, value)
      this.pages.putLong(value)
    } else {
      this.other(value)
    }
  }
}

/** Timestamps given in ms, stored in µs. */
export class MillisColumn extends NumberColumn {
  private readonly low: bigint
  private readonly high: bigint

  constructor(type: WholeType, column: LeafColumn, tools: BuilderTools) {
    super('int64', column, tools)
    const [low, high] = wholeRange(type)
    this.low = low
    this.high = high
  }
  append(value: unknown): void {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) refuse(this.column, value)
      // Thousand times a safe integer may be none, so the two words are multiplied each for itself.
      const low = (value >>> 0) * 1000
      this.pages.putWords(low, Math.floor(value / TWO_32) * 1000 + Math.floor(low / TWO_32))
    } else if (typeof value === 'bigint') {
      if (value < this.low || value > this.high) refuse(this.column, value)
      this.pages.putLong(value * 1000n)
    } else {
      this.other(value)
    }
  }
}

export class FloatColumn extends NumberColumn {
  constructor(column: LeafColumn, tools: BuilderTools) {
    super('float', column, tools)
  }
  append(value: unknown): void {
    if (typeof value === 'number') {
      const rounded = Math.fround(value)
      if (!Number.isFinite(rounded) && Number.isFinite(value)) refuse(this.column, value)
      this.pages.putFloat(rounded)
    } else {
      this.other(value)
    }
  }
}

export class DoubleColumn extends NumberColumn {
  constructor(column: LeafColumn, tools: BuilderTools) {
    super('double', column, tools)
  }
  appendNumber(value: number): void {
    this.pages.putDouble(value)
  }
  append(value: unknown): void {
    if (typeof value === 'number') this.pages.putDouble(value)
    else this.other(value)
  }
}

type DecimalType = Extract<LeafType, { kind: 'decimal' }>

/** Decimals of at most 9 digits. */
export class ShortDecimalColumn extends NumberColumn {
  private readonly precision: number
  private readonly scale: number

  constructor(type: DecimalType, column: LeafColumn, tools: BuilderTools) {
    super('int32', column, tools)
    this.precision = type.precision
    this.scale = type.scale
  }
  append(value: unknown): void {
    if (typeof value === 'string') {
      const unscaled = parseUnscaled(value, this.precision, this.scale)
      if (typeof unscaled !== 'number') refuse(this.column, value)
      this.pages.putInt(unscaled)
    } else {
      this.other(value)
    }
  }
}

/** Decimals of 10 to 18 digits. */
export class LongDecimalColumn extends NumberColumn {
  private readonly precision: number
  private readonly scale: number

  constructor(type: DecimalType, column: LeafColumn, tools: BuilderTools) {
    super('int64', column, tools)
    this.precision = type.precision
    this.scale = type.scale
  }
  append(value: unknown): void {
    if (typeof value === 'string') {
      const unscaled = parseUnscaled(value, this.precision, this.scale)
      if (typeof unscaled === 'number') this.pages.putWords(unscaled, Math.floor(unscaled / TWO_32))
      else if (unscaled === undefined) refuse(this.column, value)
      else this.pages.putLong(unscaled)
    } else {
      this.other(value)
    }
  }
}
