import { defineSettings, nonEmptyString, oneOf } from '@sluice/sdk'
import type { ParsedSettings } from '@sluice/sdk'

export const sinkSettings = defineSettings({
  file: {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'The file to append to. It is created when it is not there; its folder must be.',
  },
  format: {
    type: 'string',
    default: 'lines',
    validator: oneOf('lines', 'ndjson'),
    importance: 'medium',
    documentation:
      'How a value becomes a line. `lines`: a string as it is, anything else as JSON. `ndjson`: everything as JSON, strings too, so that each record is one line whatever it holds.',
  },
})

export type SinkSettings = ParsedSettings<typeof sinkSettings>
