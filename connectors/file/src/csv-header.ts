import { DataError } from '@sluice/sdk'
import type { FileWindow } from './file-window.ts'
import { CsvRows } from './formats/csv.ts'
import { delimiterOf } from './source-settings.ts'
import type { SourceSettings } from './source-settings.ts'
import { TextBlock } from './text-block.ts'

/** The first row of a CSV file, and where it ends. */
export interface CsvHeader {
  readonly names: readonly string[]
  /** Bytes, from the file's beginning. */
  readonly end: number
  readonly lines: number
}

/**
 * Reads the header from a window that stands at the file's beginning.
 * @returns null while the file does not have all of it yet
 * @throws DataError naming the place when it cannot be read, or does not name columns
 */
export async function readCsvHeader(window: FileWindow, settings: SourceSettings): Promise<CsvHeader | null> {
  const { file } = settings
  const rowBytesMax = settings['line.bytes.max']
  const options = { delimiter: delimiterOf(settings), quote: settings['csv.quote'], rowBytesMax }
  for (let atEnd = false; ;) {
    const final = atEnd && settings['last.line'] === 'read'
    const bytes = withoutByteOrderMark(window.bytes)
    const rows = new CsvRows({ ...options, columns: null, keyColumn: null })
    const cut = final ? bytes.length : rows.cut(bytes)
    const block = new TextBlock(bytes.subarray(0, cut), { final, available: bytes.length })
    for (let lines = 0; !block.done; lines++) {
      const kind = rows.read(block)
      if (kind === 'incomplete') break
      if (kind === 'bad') {
        const { message, remedy, line, column } = rows.problem!
        throw new DataError(`The header cannot be read: ${message}`, {
          place: { file, line: lines + line + 1, column },
          remedy: `${remedy} Or set csv.header=false and name the columns in csv.columns.`,
        })
      }
      const end = block.byteAt(rows.end)
      if (kind === 'record') {
        const names = columnNames(rows.cells.slice(0, rows.width), settings)
        return { names, end: end + (window.length - bytes.length), lines: lines + rows.lines }
      }
      block.moveTo(rows.end, end)
    }
    if (atEnd) return null
    if (bytes.length > rowBytesMax)
      throw new DataError('The header is longer than line.bytes.max', {
        place: { file, line: 1 },
        remedy: 'Check that the file is CSV; if it is, raise line.bytes.max.',
      })
    atEnd = (await window.fill()) === 0
  }
}

/** The columns' names: those of `csv.columns` if given, else the header's. */
function columnNames(cells: readonly string[], settings: SourceSettings): readonly string[] {
  const { file } = settings
  const given = settings['csv.columns']
  if (given.length > 0) {
    if (given.length === cells.length) return given
    throw new DataError(`csv.columns names ${given.length} columns, but the header has ${cells.length}`, {
      place: { file, line: 1 },
      remedy: 'Name all columns in csv.columns, in order, or leave it out.',
    })
  }
  const names = cells.map((cell, i) => (cell === '' ? `column${i + 1}` : cell))
  const twice = names.find((name, i) => names.indexOf(name) !== i || name === '__proto__')
  if (twice === undefined) return names
  throw new DataError(
    twice === '__proto__' ? 'A column cannot be called __proto__' : `Two columns are called "${twice}"`,
    { place: { file, line: 1 }, remedy: 'Rename the column in the header, or name all columns in csv.columns.' },
  )
}

export function withoutByteOrderMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}
