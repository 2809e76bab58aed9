import { DataError } from '@sluice/sdk'
import { readCsvHeader } from './csv-header.ts'
import { FileWindow, missing } from './file-window.ts'
import { sourceSettings } from './source-settings.ts'

const CHUNK_BYTES = 65_536

/**
 * The columns of a CSV file as its first row names them: for whoever has to declare a schema before the first record arrives.
 * @param raw settings of the source besides `file`, such as `csv.delimiter`
 * @throws SluiceError SOURCE_UNAVAILABLE when the file cannot be read, DATA_INVALID when it has no header
 */
export async function readHeadings(
  file: string,
  raw: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const settings = sourceSettings.parse({ topic: 'none', format: 'csv', 'last.line': 'read', ...raw, file })
  const window = await FileWindow.open(file, 0, CHUNK_BYTES)
  if (window === null) throw missing(file)
  try {
    const header = await readCsvHeader(window, settings)
    if (header !== null) return header.names
    throw new DataError('The file has no header: it is empty', {
      place: { file, line: 1 },
      remedy: 'Give a CSV file whose first row names its columns.',
    })
  } finally {
    await window.close()
  }
}
