import { nearestName, SluiceError } from '@sluice/sdk'
import { readCsvHeader, withoutByteOrderMark } from './csv-header.ts'
import { FileWindow } from './file-window.ts'
import { CsvRows } from './formats/csv.ts'
import { LineRows } from './formats/lines.ts'
import { NdjsonRows } from './formats/ndjson.ts'
import { LF } from './formats/row-reader.ts'
import type { RowReader } from './formats/row-reader.ts'
import { BEGINNING } from './position.ts'
import type { FilePosition, StoredPosition } from './position.ts'
import { delimiterOf } from './source-settings.ts'
import type { SourceSettings } from './source-settings.ts'

export interface OpenReader {
  /** It stands at `at`. */
  readonly window: FileWindow
  readonly reader: RowReader
  readonly at: FilePosition
  /** The byte before; undefined where the first row may begin. */
  readonly before: number | undefined
}

/**
 * Opens the file where reading was left, and the reader of its format.
 * @returns `missing` if it is not there, `unfinished` while it does not hold what is needed to begin: all of its header
 * @throws DataError when the header cannot be read; SluiceError as `FileWindow.open`
 */
export async function openReader(
  settings: SourceSettings,
  stored: StoredPosition | null,
  chunkBytes: number,
): Promise<OpenReader | 'missing' | 'unfinished'> {
  const first = await FileWindow.open(settings.file, 0, chunkBytes)
  if (first === null) return 'missing'
  let beginning: Beginning | null
  try {
    beginning = await readBeginning(first, settings)
  } finally {
    await first.close()
  }
  if (beginning === null) return 'unfinished'
  const at =
    stored === null
      ? beginning.at
      : 'position' in stored
        ? stored.position
        : await countLines(settings.file, stored.uncounted, chunkBytes)
  const window = await FileWindow.open(settings.file, at.position, chunkBytes)
  if (window === null) return 'missing'
  const atFirstRow = at.position <= beginning.firstRow
  const before = atFirstRow ? undefined : (await window.before(1))[0]
  return { window, reader: beginning.reader, at, before }
}

interface Beginning {
  readonly reader: RowReader
  /** Where reading begins: behind the byte order mark and the header. */
  readonly at: FilePosition
  /** Positions up to here are the beginning of a line, whatever the byte before them is. */
  readonly firstRow: number
}

async function readBeginning(window: FileWindow, settings: SourceSettings): Promise<Beginning | null> {
  const keyField = settings['key.field']
  if (settings.format === 'lines') return { reader: new LineRows(), at: BEGINNING, firstRow: 0 }
  if (settings.format === 'csv' && settings['csv.header']) {
    const header = await readCsvHeader(window, settings)
    if (header === null) return null
    const at = { ...BEGINNING, position: header.end, line: header.lines, skipped: header.lines }
    return { reader: csvRows(settings, header.names), at, firstRow: 0 }
  }
  const reader = settings.format === 'csv' ? csvRows(settings, settings['csv.columns']) : new NdjsonRows(keyField)
  while (window.length < 3 && (await window.fill()) > 0);
  const markBytes = window.length - withoutByteOrderMark(window.bytes).length
  return { reader, at: { ...BEGINNING, position: markBytes }, firstRow: markBytes }
}

/** @throws SluiceError SETTINGS_INVALID when the key is to come from a column that is not there */
function csvRows(settings: SourceSettings, columns: readonly string[]): CsvRows {
  const keyColumn = settings['key.field']
  if (keyColumn !== null && !columns.includes(keyColumn)) {
    const near = nearestName(keyColumn, columns)
    throw new SluiceError('SETTINGS_INVALID', `key.field names "${keyColumn}", but the file has no such column`, {
      place: { file: settings.file },
      remedy: `${near === undefined ? '' : `Did you mean "${near}"? `}The columns are: ${columns.join(', ')}.`,
    })
  }
  const rowBytesMax = settings['line.bytes.max']
  return new CsvRows({
    delimiter: delimiterOf(settings),
    quote: settings['csv.quote'],
    rowBytesMax,
    columns,
    keyColumn,
  })
}

/** A position without counts, as Apache Kafka's FileStreamSource stores it: every line before it has been a record. */
async function countLines(file: string, position: number, chunkBytes: number): Promise<FilePosition> {
  const window = await FileWindow.open(file, 0, chunkBytes)
  let line = 0
  try {
    let rest = position
    while (rest > 0 && (await window?.fill())) {
      const bytes = window!.bytes.subarray(0, rest)
      for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) line++
      rest -= bytes.length
      window!.advance(bytes.length)
    }
  } finally {
    await window?.close()
  }
  return { position, line, records: line, diverted: 0, skipped: 0 }
}
