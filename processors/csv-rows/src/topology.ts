import { DataError, SluiceError, type StructValue } from '@sluice/sdk'
import { Serdes, type StreamsBuilder } from '@sluice/streams'
import { columnsOf, rowSchemaOf, type Column } from './columns.ts'
import { csvRowsGate } from './rules.ts'
import type { CsvRowsSettings } from './settings.ts'

/** raw lines → rows of text under names fit for a table → gate → clean rows. */
export function csvRows(builder: StreamsBuilder, settings: CsvRowsSettings): void {
  const columns = columnsOf(parseHeadings(settings.headings))
  const schema = rowSchemaOf(columns, settings['output.topic'])
  builder
    .stream(settings['input.topic'], {
      key: Serdes.string,
      value: Serdes.json<StructValue>(),
      quarantine: settings['quarantine.topic'],
    })
    .filter((_key, line): line is StructValue => line !== null, { name: 'without-tombstones' })
    .mapValues(rowMapper(columns))
    .gate(csvRowsGate(settings['output.topic'], settings.unique), { valueSchema: schema })
    .to(settings['output.topic'], { key: Serdes.string, value: Serdes.json<StructValue>(schema) })
}

/** @throws SluiceError SETTINGS_INVALID unless it is a JSON array of at least one text, all different */
export function parseHeadings(text: string): readonly string[] {
  let headings: unknown
  try {
    headings = JSON.parse(text)
  } catch {
    headings = null
  }
  const right = Array.isArray(headings) && headings.length > 0 && headings.every((one) => typeof one === 'string')
  if (right && new Set(headings as string[]).size === (headings as string[]).length) return headings as string[]
  throw new SluiceError('SETTINGS_INVALID', `Invalid value ${text} for setting headings`, {
    remedy: 'Give a JSON array of texts, all different, such as ["id","name"].',
  })
}

/** A function that renames the cells of a line. It throws DataError, naming the column, for a cell that is missing or no text. */
export function rowMapper(columns: readonly Column[]): (line: StructValue) => StructValue {
  return (line) => {
    const row: Record<string, string | null> = {}
    for (const { heading, name } of columns) {
      const cell = line[heading]
      if (cell !== null && typeof cell !== 'string') throw unfit(heading, cell === undefined)
      row[name] = cell
    }
    return row
  }
}

function unfit(heading: string, missing: boolean): DataError {
  return new DataError(`Column ${heading} ${missing ? 'is missing' : 'is no text'}`, {
    place: { field: heading },
    remedy: 'See that every line of the file has the headings that the processor was given.',
  })
}
