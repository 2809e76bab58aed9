import { between, defineSettings, oneOf, validatedBy } from '@sluice/sdk'
import type { ParsedSettings, SettingProblem } from '@sluice/sdk'
import { PLACEHOLDERS, unknownPlaceholders } from './template.ts'

export const settings = defineSettings(
  {
    format: {
      type: 'string',
      default: 'text',
      validator: oneOf('text', 'json', 'table'),
      importance: 'high',
      documentation:
        '`text`: a line for each record, by `template`. `json`: an object for each record. `table`: columns, of structs and objects one for each field.',
    },
    template: {
      type: 'string',
      default: '{topic}-{partition}@{offset} {key} {value}',
      validator: validatedBy(`text with ${PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}`, (value) => {
        const unknown = unknownPlaceholders(String(value))
        return unknown.length === 0 ? undefined : `There is no {${unknown.join('}, {')}}`
      }),
      importance: 'medium',
      documentation:
        'What a line of `text` is: {topic}, {partition}, {offset}, {timestamp}, {key}, {headers}, {value}, and the text between.',
    },
    'print.coordinates': {
      type: 'boolean',
      default: true,
      importance: 'medium',
      documentation: 'Whether `json` and `table` tell topic, partition and offset.',
    },
    'print.timestamp': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      documentation: 'Whether `json` and `table` tell the time of the record.',
    },
    'print.key': {
      type: 'boolean',
      default: true,
      importance: 'medium',
      documentation: 'Whether `json` and `table` tell the key.',
    },
    'print.headers': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      documentation: 'Whether `json` and `table` tell the headers.',
    },
    'line.chars.max': {
      type: 'int',
      default: 4000,
      validator: between(80, 1_000_000),
      importance: 'low',
      documentation:
        'What of a line is longer is left out, and how much that was is said. Cells cut lines of their own at 4,096 characters, so more is of use in a worker without cells only.',
    },
    'records.per.second': {
      type: 'double',
      default: null,
      validator: validatedBy('a number above 0', (value) => (Number(value) > 0 ? undefined : 'Value must be above 0')),
      importance: 'medium',
      documentation:
        'How many records are printed in a second: a sample, evenly from what comes; the others count as dropped. Default: all are printed, and the reading keeps pace with the printing. A cell’s output is taken at 500 lines a second.',
    },
  },
  { check: problemsOf },
)

export type ConsoleSettings = ParsedSettings<typeof settings>

function* problemsOf({
  format,
  template,
}: {
  readonly format: string
  readonly template: string
}): Iterable<SettingProblem> {
  if (format === 'text' && template === '')
    yield { setting: 'template', message: 'template is empty: nothing would be printed.' }
}
