/** Columns of bytes without a dictionary: binary, and decimals too long for 64 bits. */
import { types } from 'node:util'
import { VALUE_BYTES_MAX } from './byte-buffer.ts'
import { BytePages } from './byte-pages.ts'
import type { ColumnBuilder, LeafColumn } from './column.ts'
import { decimalBytes, parseUnscaled, writeBigEndian } from './decimal.ts'
import type { BuilderTools } from './page-taker.ts'
import { refuse } from './refuse.ts'
import type { LeafType } from './schema.ts'

abstract class ByteColumn implements ColumnBuilder {
  protected readonly column: LeafColumn
  protected readonly pages: BytePages

  constructor(column: LeafColumn, pages: BytePages) {
    this.column = column
    this.pages = pages
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
}

export class BinaryColumn extends ByteColumn {
  constructor(column: LeafColumn, tools: BuilderTools) {
    super(column, new BytePages(column, 0, tools))
  }
  append(value: unknown): void {
    if (types.isUint8Array(value)) {
      if (value.length > VALUE_BYTES_MAX) refuse(this.column, value)
      this.pages.putBytes(value)
    } else {
      if ((value !== null && value !== undefined) || !this.column.optional) refuse(this.column, value)
      this.pages.putNull(this.column.place.definition - 1)
    }
  }
}

/** Decimals of 19 to 38 digits, as two's complement in as few bytes as their precision needs. */
export class WideDecimalColumn extends ByteColumn {
  private readonly precision: number
  private readonly scale: number
  private readonly length: number

  constructor(type: Extract<LeafType, { kind: 'decimal' }>, column: LeafColumn, tools: BuilderTools) {
    const length = decimalBytes(type.precision)
    super(column, new BytePages(column, length, tools))
    this.precision = type.precision
    this.scale = type.scale
    this.length = length
  }
  append(value: unknown): void {
    if (typeof value === 'string') {
      const unscaled = parseUnscaled(value, this.precision, this.scale)
      if (unscaled === undefined) refuse(this.column, value)
      const start = this.pages.putFixed(this.length)
      writeBigEndian(unscaled, this.length, this.pages.buffer.bytes, start)
    } else {
      if ((value !== null && value !== undefined) || !this.column.optional) refuse(this.column, value)
      this.pages.putNull(this.column.place.definition - 1)
    }
  }
}
