import { defineSettings, nonEmptyString, type ParsedSettings } from '@sluice/sdk'

export const birdStrikeSettings = defineSettings({
  'input.topic': {
    type: 'string',
    default: 'bird_strikes.raw',
    validator: nonEmptyString,
    importance: 'high',
    documentation:
      'The lines of birdstrikes.csv: JSON objects of texts under the headings of the file, without a schema envelope; the key is the text of the column `Airport Name`.',
  },
  'output.topic': {
    type: 'string',
    default: 'bird_strikes.clean',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'Rows of `birdStrikeSchema` as JSON without an envelope; decimals as numbers.',
  },
  'quarantine.topic': {
    type: 'string',
    default: 'bird_strikes.quarantine',
    validator: nonEmptyString,
    importance: 'high',
    documentation:
      'Lines that cannot be read or that contradict themselves, byte for byte, with the reasons as headers.',
  },
})

export type BirdStrikeSettings = ParsedSettings<typeof birdStrikeSettings>
