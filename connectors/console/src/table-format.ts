import type { Schema, SinkRecord, StructValue, Value } from '@sluice/sdk'
import { notShownText, timeText, type Format } from './format.ts'
import { cut, oneLine } from './line-text.ts'
import type { ConsoleSettings } from './settings.ts'
import { ValueText } from './value-text.ts'

const CELL_CHARS_MAX = 40
const COLUMNS_MAX = 50
/** A heading is told again behind so many lines, for whoever looks at the end of a log. */
const ROWS_PER_HEADING = 50

interface Row {
  readonly columns: readonly string[]
  readonly cells: readonly string[]
}

/** Columns that are as wide as what was in them so far. Records of other fields have a heading of their own. */
export class TableFormat implements Format {
  readonly #settings: ConsoleSettings
  readonly #texts = new ValueText()
  #columns: readonly string[] = []
  #widths: number[] = []
  #rows = 0

  constructor(settings: ConsoleSettings) {
    this.#settings = settings
  }

  lines(records: readonly SinkRecord[]): readonly string[] {
    const rows = records.map((record) => this.#row(record))
    const lines: string[] = []
    for (const [i, { columns, cells }] of rows.entries()) {
      if (!sameColumns(columns, this.#columns)) this.#begin(columns, rows.slice(i))
      if (this.#rows++ % ROWS_PER_HEADING === 0) lines.push(...this.#heading())
      this.#widen(cells)
      lines.push(this.#line(cells))
    }
    return lines
  }

  notShown(count: number): string {
    return notShownText(count)
  }

  #begin(columns: readonly string[], rows: readonly Row[]): void {
    this.#columns = columns
    this.#widths = columns.map(() => 0)
    this.#rows = 0
    this.#widen(columns)
    for (const row of rows) {
      if (!sameColumns(row.columns, columns)) break
      this.#widen(row.cells)
    }
  }

  #widen(cells: readonly string[]): void {
    cells.forEach((cell, i) => (this.#widths[i] = Math.max(this.#widths[i] ?? 0, cell.length)))
  }

  #heading(): readonly string[] {
    return [this.#line(this.#columns), cut(this.#widths.map((width) => '-'.repeat(width)).join('  '), this.#charsMax)]
  }

  #line(cells: readonly string[]): string {
    const text = cells.map((cell, i) => cell.padEnd(this.#widths[i]!)).join('  ')
    return cut(text.trimEnd(), this.#charsMax)
  }

  get #charsMax(): number {
    return this.#settings['line.chars.max']
  }

  #row(record: SinkRecord): Row {
    const columns: string[] = []
    const cells: string[] = []
    const add = (column: string, text: string): void => {
      columns.push(cut(oneLine(column), CELL_CHARS_MAX))
      cells.push(cut(oneLine(text), CELL_CHARS_MAX))
    }
    const { topic, partition, offset } = record
    if (this.#settings['print.coordinates']) add('record', `${topic}-${partition}@${offset}`)
    if (this.#settings['print.timestamp']) add('timestamp', timeText(record.timestamp))
    if (this.#settings['print.key']) add('key', this.#texts.plain(record.keySchema, record.key))
    if (this.#settings['print.headers']) add('headers', this.#texts.headersJson(record))
    const fields = fieldsOf(record.valueSchema, record.value)
    if (fields === null) add('value', this.#texts.plain(record.valueSchema, record.value))
    else for (const [name, schema, value] of fields.slice(0, COLUMNS_MAX)) add(name, this.#texts.plain(schema, value))
    return { columns, cells }
  }
}

function fieldsOf(schema: Schema | null, value: Value): readonly (readonly [string, Schema | null, Value])[] | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null
  if (value instanceof Uint8Array || value instanceof Map) return null
  const given = value as StructValue
  if (schema?.type === 'struct')
    return schema.fields.map(({ name, schema: field }) => [name, field, given[name] ?? null] as const)
  return schema === null ? Object.entries(given).map(([name, item]) => [name, null, item] as const) : null
}

function sameColumns(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((column, i) => column === b[i])
}
