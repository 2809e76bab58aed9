import { atLeast, defineSettings, nonEmptyString, oneOf, validatedBy } from '@sluice/sdk'
import type { ParsedSettings } from '@sluice/sdk'

/** `\t` is written out, because blanks around a setting do not count. */
const TAB = String.raw`\t`

const asciiCharacter = validatedBy('one ASCII character, or \\t', (value) =>
  value === TAB || /^[\u0020-\u007e]$/.test(String(value))
    ? undefined
    : 'Must be one ASCII character, or \\t for a tab',
)

const asciiCharacterOrNone = validatedBy('one ASCII character, or empty', (value) =>
  /^[\u0020-\u007e]?$/.test(String(value)) ? undefined : 'Must be one ASCII character, or empty for no quoting',
)

export const sourceSettings = defineSettings(
  {
    file: {
      type: 'string',
      validator: nonEmptyString,
      importance: 'high',
      documentation:
        'The file to read, and to follow as it grows. A relative path begins at the working directory of the worker. The path as written here names the source partition, so positions belong to this spelling of it.',
    },
    topic: {
      type: 'string',
      validator: nonEmptyString,
      importance: 'high',
      documentation: 'The topic to write to.',
    },
    format: {
      type: 'string',
      default: 'lines',
      validator: oneOf('lines', 'csv', 'ndjson'),
      importance: 'high',
      documentation:
        'What the file holds. `lines`: each line is a string. `csv`: each row (RFC 4180) is a struct of strings, one field per column; an empty cell is the empty string. `ndjson`: each line is a JSON value, without a schema. All are UTF-8.',
      dependents: ['csv.header', 'csv.columns', 'csv.delimiter', 'csv.quote', 'key.field'],
    },
    'batch.size': {
      type: 'int',
      default: 2000,
      validator: atLeast(1),
      importance: 'low',
      documentation: 'The maximum number of records the source task can read from the file each time it is polled.',
    },
    'key.field': {
      type: 'string',
      default: null,
      validator: nonEmptyString,
      importance: 'medium',
      documentation:
        'The column (`csv`) or the field of the object (`ndjson`) whose value becomes the key; it stays in the value too. An object without that field has no key. Default: records have no key.',
    },
    'last.line': {
      type: 'string',
      default: 'wait',
      validator: oneOf('wait', 'read'),
      importance: 'medium',
      documentation:
        'What to do with a last line that no line end follows. `wait`: it may still be being written, so it is held back until its line end comes. `read`: it is complete. Use `read` for files that do not grow any more.',
    },
    'file.missing': {
      type: 'string',
      default: 'fail',
      validator: oneOf('fail', 'wait'),
      importance: 'medium',
      documentation:
        'What to do when the file is not there. `fail`: the task fails and says so. `wait`: it warns and waits for the file, as FileStreamSource of Apache Kafka does.',
    },
    'line.bytes.max': {
      type: 'int',
      default: 1_048_576,
      validator: atLeast(1),
      importance: 'low',
      documentation:
        'The longest line, in bytes without its line end. At a longer one the task fails: there is no room for it in a record, nor in a dead letter. The task holds no more than about this much of the file in memory.',
    },
    'csv.header': {
      type: 'boolean',
      default: true,
      importance: 'medium',
      documentation: 'Whether the first row names the columns. A column without a name is called `column<n>`.',
      group: 'CSV',
    },
    'csv.columns': {
      type: 'list',
      default: [],
      importance: 'medium',
      documentation:
        'The names of the columns, in order. Needed without a header; with one, they take the place of its names. Default: the names in the header.',
      group: 'CSV',
    },
    'csv.delimiter': {
      type: 'string',
      default: ',',
      validator: asciiCharacter,
      importance: 'medium',
      documentation: 'The character between cells; `\\t` is the tab.',
      group: 'CSV',
    },
    'csv.quote': {
      type: 'string',
      default: '"',
      validator: asciiCharacterOrNone,
      importance: 'low',
      documentation:
        'The character around cells that hold delimiters, line ends or quotes; inside, it is written twice. Empty: cells are never quoted, and quotes are characters like any other.',
      group: 'CSV',
    },
  },
  {
    *check(settings) {
      if (settings.format === 'lines' && settings['key.field'] !== null)
        yield { setting: 'key.field', message: 'key.field needs format=csv or format=ndjson: a line has no fields.' }
      if (settings.format !== 'csv') return
      const columns = settings['csv.columns']
      if (!settings['csv.header'] && columns.length === 0)
        yield { setting: 'csv.columns', message: 'csv.columns must name the columns when csv.header=false.' }
      if (new Set(columns).size < columns.length || columns.includes('') || columns.includes('__proto__'))
        yield { setting: 'csv.columns', message: 'csv.columns must hold distinct names; __proto__ and empty are none.' }
      if (settings['csv.quote'] === settings['csv.delimiter'])
        yield { setting: 'csv.quote', message: 'csv.quote and csv.delimiter must be different characters.' }
    },
  },
)

export type SourceSettings = ParsedSettings<typeof sourceSettings>

/** The delimiter as a character. */
export function delimiterOf(settings: SourceSettings): string {
  return settings['csv.delimiter'] === TAB ? '\t' : settings['csv.delimiter']
}
