/**
 * RFC 4180, strictly: a cell either has no quotes at all or is quoted from its first character to its last. Rows end with `\n` or
 * `\r\n`; blank lines are skipped.
 *
 * A row that breaks the rules may be one whose quotes went wrong, and then nobody can tell where it ends. Its first line is bad,
 * and reading goes on with the line after it: so one stray quote costs one line, not the rest of the file.
 */
import { primitive, structOf } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import type { TextBlock } from '../text-block.ts'
import { invalidUtf8 } from './invalid-utf8.ts'
import { afterLastLineFeed, beforeLineEnd, CR, LF } from './row-reader.ts'
import type { RowKind, RowProblem, RowReader } from './row-reader.ts'

const CELL: Schema = primitive('string')

export interface CsvOptions {
  readonly delimiter: string
  /** Empty: there is no quoting. */
  readonly quote: string
  /** What a row of several lines may take. */
  readonly rowBytesMax: number
  /** Null while the header is being read: then the cells are of interest, and rows may have any width. */
  readonly columns: readonly string[] | null
  readonly keyColumn: string | null
}

/** Rows of cells, as objects of the columns' names; each a struct of strings. */
export class CsvRows implements RowReader {
  readonly keySchema: Schema | null
  readonly valueSchema: Schema
  readonly skipsByteOrderMark = true
  key: Value = null
  value: Value = null
  end = 0
  contentEnd = 0
  lines = 1
  problem: RowProblem | null = null
  /** The cells of the row read last; what lies behind the row's own is of an earlier one. */
  readonly cells: string[] = []
  readonly #options: CsvOptions
  readonly #columns: readonly string[]
  readonly #delimiter: number
  #width = 0
  /** The next delimiter and quote at or behind a place of a block: looked for once, although most rows have no quotes. */
  #block: TextBlock | null = null
  #seenAt = -1
  #nextDelimiter = 0
  #nextQuote = 0

  constructor(options: CsvOptions) {
    this.#options = options
    this.#columns = options.columns ?? []
    this.#delimiter = options.delimiter.charCodeAt(0)
    this.keySchema = options.keyColumn === null ? null : CELL
    this.valueSchema = structOf(this.#columns.map((name) => [name, CELL] as const))
  }

  /** How many cells the row read last has. */
  get width(): number {
    return this.#width
  }

  cut(bytes: Buffer): number {
    return afterLastLineFeed(bytes)
  }

  read(block: TextBlock): RowKind {
    const { text, char } = block
    this.#lookAhead(block)
    const lineFeed = text.indexOf('\n', char)
    this.lines = 1
    this.end = lineFeed === -1 ? text.length : lineFeed + 1
    this.contentEnd = lineFeed === -1 ? text.length : beforeLineEnd(text, char, lineFeed)
    if (this.contentEnd === char) return 'skipped'
    const kind = this.#nextQuote < this.contentEnd ? this.#readQuoted(block) : this.#readPlain(text, char)
    if (kind !== 'record') return kind
    if (block.encoding === 'mixed' && !this.#decodeCells(block)) return 'bad'
    if (this.#options.columns === null) return 'record'
    if (this.#width !== this.#columns.length)
      return this.#badRow(block, wrongWidth(this.#width, this.#columns.length), this.contentEnd)
    this.#buildRow()
    return 'record'
  }

  #lookAhead(block: TextBlock): void {
    const { text, char } = block
    if (this.#block === block && this.#seenAt === char) return
    const { delimiter, quote } = this.#options
    const ahead = this.#block === block && this.#seenAt < char
    this.#block = block
    this.#seenAt = char
    this.#nextDelimiter = indexOrEnd(text, delimiter, char)
    if (quote === '') this.#nextQuote = Infinity
    else if (!ahead || this.#nextQuote < char) this.#nextQuote = indexOrEnd(text, quote, char)
  }

  /** A row without quotes. */
  #readPlain(text: string, char: number): RowKind {
    const { delimiter } = this.#options
    const end = this.contentEnd
    let from = char
    let at = this.#nextDelimiter
    let width = 0
    while (at < end) {
      this.cells[width++] = text.slice(from, at)
      from = at + 1
      at = indexOrEnd(text, delimiter, from)
    }
    this.cells[width++] = text.slice(from, end)
    this.#width = width
    // The next row begins with what was found behind the end of this one.
    this.#seenAt = this.end
    this.#nextDelimiter = at
    return 'record'
  }

  /** A row with a quote in its first line; it may reach over several lines. */
  #readQuoted(block: TextBlock): RowKind {
    const { text } = block
    const { delimiter, quote } = this.#options
    const quoteCode = quote.charCodeAt(0)
    let from = block.char
    let width = 0
    for (;;) {
      if (text.charCodeAt(from) === quoteCode) {
        const close = this.#readQuotedCell(text, from, width++)
        if (close === -1) return this.#open(block, from)
        from = close + 1
      } else {
        const rest = text.slice(from, this.#lineEnd(text, from))
        const length = Math.min(indexOrEnd(rest, delimiter, 0), rest.length)
        const cell = rest.slice(0, length)
        const stray = cell.indexOf(quote)
        if (stray !== -1) return this.#badLine(block, MISPLACED, from + stray)
        this.cells[width++] = cell
        from += length
      }
      if (from === text.length || this.#lineEnd(text, from) === from) break
      if (text.charCodeAt(from) !== this.#delimiter) return this.#badLine(block, AFTER_QUOTE, from)
      from++
    }
    this.#width = width
    return this.#closeRow(block, from)
  }

  /** Reads the cell whose opening quote is at `from`. @returns the place of its closing quote, or −1 */
  #readQuotedCell(text: string, from: number, cell: number): number {
    const { quote } = this.#options
    let content = ''
    for (let at = from + 1; ;) {
      const close = text.indexOf(quote, at)
      if (close === -1) return -1
      if (text[close + 1] !== quote) {
        this.cells[cell] = content + text.slice(at, close)
        return close
      }
      content += text.slice(at, close + 1)
      at = close + 2
    }
  }

  /** The row ends at `contentEnd`; how many lines did it take? */
  #closeRow(block: TextBlock, contentEnd: number): RowKind {
    const { text, char } = block
    const lineFeed = text.indexOf('\n', contentEnd)
    let lines = 0
    for (let at = text.indexOf('\n', char); at !== -1 && at < contentEnd; at = text.indexOf('\n', at + 1)) lines++
    if (lines > 0 && block.byteAt(contentEnd) - block.byte > this.#options.rowBytesMax)
      return this.#badLine(block, unclosed(this.#options.rowBytesMax), this.#firstQuote(block))
    this.contentEnd = contentEnd
    this.end = lineFeed === -1 ? text.length : lineFeed + 1
    this.lines = lines + 1
    return 'record'
  }

  /** A quoted cell is still open where the block ends. */
  #open(block: TextBlock, quoteAt: number): RowKind {
    const { rowBytesMax } = this.#options
    if (block.final) return this.#badLine(block, unclosed(null), quoteAt)
    return block.available - block.byte > rowBytesMax
      ? this.#badLine(block, unclosed(rowBytesMax), quoteAt)
      : 'incomplete'
  }

  /** Nobody knows where the row ends: its first line is bad, because of what is at `at`, which may be on a later line. */
  #badLine(block: TextBlock, complaint: Complaint, at: number): RowKind {
    const { text, char } = block
    const lineFeed = text.indexOf('\n', char)
    this.lines = 1
    this.end = lineFeed === -1 ? text.length : lineFeed + 1
    this.contentEnd = lineFeed === -1 ? text.length : beforeLineEnd(text, char, lineFeed)
    return this.#badRow(block, complaint, at)
  }

  /** The row is bad, because of what is at `at`. */
  #badRow(block: TextBlock, { code, message, remedy }: Complaint, at: number): RowKind {
    const { text, char } = block
    let line = 0
    let lineStart = char
    for (let next = text.indexOf('\n', char); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) {
      line++
      lineStart = next + 1
    }
    this.problem = { code, message, remedy, line, column: block.byteAt(at) - block.byteAt(lineStart) + 1 }
    return 'bad'
  }

  /** The cells of a block in which each character is a byte, as text. */
  #decodeCells(block: TextBlock): boolean {
    if (block.decode(block.char, this.contentEnd) === null) {
      const problem = invalidUtf8(block, this.contentEnd)
      this.#badRow(block, problem, block.char + problem.column - 1)
      return false
    }
    for (let i = 0; i < this.#width; i++) this.cells[i] = Buffer.from(this.cells[i]!, 'latin1').toString('utf8')
    return true
  }

  #buildRow(): void {
    const columns = this.#columns
    const row: Record<string, string> = {}
    for (let i = 0; i < columns.length; i++) row[columns[i]!] = this.cells[i]!
    this.value = row
    const { keyColumn } = this.#options
    if (keyColumn !== null) this.key = row[keyColumn]!
  }

  #firstQuote(block: TextBlock): number {
    return block.text.indexOf(this.#options.quote, block.char)
  }

  /** Where the line end at or behind `from` begins, or the text's end. */
  #lineEnd(text: string, from: number): number {
    const code = text.charCodeAt(from)
    if (code === LF || (code === CR && text.charCodeAt(from + 1) === LF)) return from
    const lineFeed = text.indexOf('\n', from)
    return lineFeed === -1 ? text.length : beforeLineEnd(text, from, lineFeed)
  }
}

interface Complaint {
  readonly code: string
  readonly message: string
  readonly remedy: string
}

const MISPLACED: Complaint = {
  code: 'csv-quote-misplaced',
  message: 'A quote stands inside a cell that is not quoted',
  remedy:
    'Quote the whole cell and write quotes in it twice, or set csv.quote to nothing if the file does not use quoting.',
}

const AFTER_QUOTE: Complaint = {
  code: 'csv-after-quote',
  message: 'Behind the closing quote of a cell comes something else than a delimiter or the end of the row',
  remedy: 'Write quotes inside a quoted cell twice.',
}

function unclosed(rowBytesMax: number | null): Complaint {
  const where = rowBytesMax === null ? 'the end of the file' : `line.bytes.max (${rowBytesMax}) bytes`
  return {
    code: 'csv-quote-unclosed',
    message: `A quoted cell is not closed before ${where}`,
    remedy: 'Close the quote, or raise line.bytes.max if a cell is meant to be that long.',
  }
}

function wrongWidth(width: number, columns: number): Complaint {
  return {
    code: 'csv-row-width',
    message: `The row has ${width} cells where there are ${columns} columns`,
    remedy: 'Correct the row, or quote the cells that hold delimiters.',
  }
}

function indexOrEnd(text: string, char: string, from: number): number {
  const at = text.indexOf(char, from)
  return at === -1 ? Infinity : at
}
