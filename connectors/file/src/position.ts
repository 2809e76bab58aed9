import { SluiceError } from '@sluice/sdk'
import type { SourcePosition } from '@sluice/sdk'

/**
 * How far a file has been read. The counts begin at the file's beginning, whatever became of the records afterwards:
 * `line = records + diverted + skipped`.
 */
export type FilePosition = {
  /** Bytes: where the next row begins. The file is read to its end when this is its size. */
  readonly position: number
  /** Lines that lie before it. */
  readonly line: number
  /** Of these, one for each record. */
  readonly records: number
  /** One for each piece that could not be read. */
  readonly diverted: number
  /** The header, blank lines, and of rows that take several lines all but one. */
  readonly skipped: number
}

export const BEGINNING: FilePosition = { position: 0, line: 0, records: 0, diverted: 0, skipped: 0 }

/** What was stored: a position of ours, or the bare one of Apache Kafka's FileStreamSource, whose lines are not counted yet. */
export type StoredPosition = { readonly position: FilePosition } | { readonly uncounted: number }

/** @throws SluiceError POSITION_UNREADABLE when it is neither */
export function readPosition(stored: SourcePosition, file: string): StoredPosition {
  const { position, line, records, diverted, skipped } = stored
  if (isCount(position)) {
    if (line === undefined && records === undefined && diverted === undefined && skipped === undefined)
      return { uncounted: position }
    if (isCount(line) && isCount(records) && isCount(diverted) && isCount(skipped))
      return { position: { position, line, records, diverted, skipped } }
  }
  throw new SluiceError('POSITION_UNREADABLE', `Not a position in a file: ${JSON.stringify(stored)}`, {
    place: { file },
    remedy: 'Stop the connector, delete its stored position, and resume it; the file is then read from its beginning.',
  })
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
