import type { Schema, Value } from '@sluice/sdk'
import type { TextBlock } from '../text-block.ts'

/**
 * What stands at the cursor of a block:
 * - `record`: a row with a value
 * - `skipped`: a line that is none, such as a blank one
 * - `bad`: a line that cannot be read
 * - `incomplete`: the beginning of a row whose end lies beyond the block
 */
export type RowKind = 'record' | 'skipped' | 'bad' | 'incomplete'

export interface RowProblem {
  readonly code: string
  readonly message: string
  readonly remedy: string
  /** Which of the row's lines, counted from 0. */
  readonly line: number
  /** The byte in that line, counted from 1. */
  readonly column: number
}

/**
 * Reads rows of one format. `read` says what stands at the block's cursor and leaves the particulars in the fields, which hold
 * until it is called again; it does not move the cursor, and asked twice it says the same.
 */
export interface RowReader {
  readonly keySchema: Schema | null
  readonly valueSchema: Schema | null
  /** Whether a byte order mark at the beginning of the file is no part of its first line. */
  readonly skipsByteOrderMark: boolean
  /** Where the last complete line of these bytes ends, its line end included; 0 if none does. */
  cut(bytes: Buffer): number
  read(block: TextBlock): RowKind
  readonly key: Value
  readonly value: Value
  /** The place in the text behind the row and its line end. */
  readonly end: number
  /** The place in the text behind the row, before its line end. */
  readonly contentEnd: number
  /** How many lines it takes. */
  readonly lines: number
  /** Of a `bad` line. */
  readonly problem: RowProblem | null
}

export const LF = 0x0a
export const CR = 0x0d

/** Behind the last line feed. */
export function afterLastLineFeed(bytes: Buffer): number {
  return bytes.lastIndexOf(LF) + 1
}

/** The place before the line end that closes at `lineFeed`: `\n` or `\r\n`. */
export function beforeLineEnd(text: string, from: number, lineFeed: number): number {
  return lineFeed > from && text.charCodeAt(lineFeed - 1) === CR ? lineFeed - 1 : lineFeed
}
