import type { Value } from '@sluice/sdk'
import type { TextBlock } from '../text-block.ts'
import { invalidUtf8 } from './invalid-utf8.ts'
import { afterLastLineFeed, beforeLineEnd } from './row-reader.ts'
import type { RowKind, RowProblem, RowReader } from './row-reader.ts'

/** Each line is a JSON value; lines of white space are skipped. */
export class NdjsonRows implements RowReader {
  readonly keySchema = null
  readonly valueSchema = null
  readonly skipsByteOrderMark = true
  key: Value = null
  value: Value = null
  end = 0
  contentEnd = 0
  readonly lines = 1
  problem: RowProblem | null = null
  readonly #keyField: string | null

  constructor(keyField: string | null) {
    this.#keyField = keyField
  }

  cut(bytes: Buffer): number {
    return afterLastLineFeed(bytes)
  }

  read(block: TextBlock): RowKind {
    const { text, char } = block
    const lineFeed = text.indexOf('\n', char)
    this.end = lineFeed === -1 ? text.length : lineFeed + 1
    this.contentEnd = lineFeed === -1 ? text.length : beforeLineEnd(text, char, lineFeed)
    const line = block.decode(char, this.contentEnd)
    if (line === null) {
      this.problem = invalidUtf8(block, this.contentEnd)
      return 'bad'
    }
    if (/^\s*$/.test(line)) return 'skipped'
    try {
      this.value = parseJson(line)
    } catch (error) {
      this.problem = notJson(line, error)
      return 'bad'
    }
    if (this.#keyField !== null) this.key = fieldOf(this.value, this.#keyField)
    return 'record'
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/** JSON, with integers that a number cannot hold as bigints. */
function parseJson(line: string): Value {
  if (!/\d{16}/.test(line)) return JSON.parse(line) as Value
  return (JSON.parse as (text: string, reviver: Reviver) => unknown)(line, exactInteger) as Value
}

function exactInteger(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

function fieldOf(value: Value, name: string): Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return null
  return (value as Readonly<Record<string, Value>>)[name] ?? null
}

/** The parser's own message quotes the line; only the place is taken from it. */
function notJson(line: string, error: unknown): RowProblem {
  const place = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined
  const truncated = error instanceof Error && error.message.startsWith('Unexpected end')
  const at = place === undefined ? (truncated ? line.length : 0) : Number(place)
  return {
    code: 'ndjson-invalid',
    message: truncated ? 'The line is JSON that ends too early' : 'The line is not JSON',
    remedy: 'Write one complete JSON value per line.',
    line: 0,
    column: Buffer.byteLength(line.slice(0, at)) + 1,
  }
}
