import { defineSettings, nonEmptyString, type ParsedSettings } from '@sluice/sdk'

export const csvRowsSettings = defineSettings({
  'input.topic': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation:
      'The lines of the file: JSON objects of texts under its headings, without a schema envelope; the key is the text of the column that names a row.',
  },
  'output.topic': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'Rows as JSON without an envelope: all text, under the names of `columnsOf(headings)`.',
  },
  'quarantine.topic': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'Lines that no row can be made of, byte for byte, with the reasons as headers.',
  },
  headings: {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'The headings of the file in their order, as a JSON array of texts.',
  },
  unique: {
    type: 'boolean',
    default: false,
    importance: 'low',
    documentation: 'Whether a row that repeats an earlier one of its partition in every column is dropped.',
  },
})

export type CsvRowsSettings = ParsedSettings<typeof csvRowsSettings>
