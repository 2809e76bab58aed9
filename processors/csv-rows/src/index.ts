/** Any CSV file: rows of text, renamed for a table, through rules that fit all. */
import { defineProcessor, type Processor } from '@sluice/streams'
import { csvRowsSettings, type CsvRowsSettings } from './settings.ts'
import { csvRows } from './topology.ts'

export { columnsOf, rowSchemaJsonOf, rowSchemaOf, type Column } from './columns.ts'
export { csvRowsGate } from './rules.ts'
export { csvRowsSettings, type CsvRowsSettings }

const processor: Processor<CsvRowsSettings> = defineProcessor({
  name: 'csv-rows',
  version: '1',
  documentation:
    'Turns the lines of any CSV file into rows of text under names fit for a table; quarantines rows without a key, and drops repetitions when asked to.',
  settings: csvRowsSettings,
  topology: csvRows,
})

export default processor
