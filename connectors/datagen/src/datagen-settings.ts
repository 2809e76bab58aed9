import { atLeast, defineSettings, describeError, nonEmptyString, oneOf, validatedBy } from '@sluice/sdk'
import type { ParsedSettings, SettingProblem } from '@sluice/sdk'
import { tasksMaxOf } from './change-events.ts'
import { QUICKSTART_NAMES, QUICKSTARTS } from './quickstarts.ts'
import { rowSchema, type RowSchema } from './row-schema.ts'

const SCHEMA = 'Records'
const PACE = 'Pace'
const CHANGES = 'Change events'
const ROWS_MAX = 1_000_000

const aboveZero = validatedBy('a number above 0', (value) => (Number(value) > 0 ? undefined : 'Value must be above 0'))

export const datagenSettings = defineSettings(
  {
    'kafka.topic': {
      type: 'string',
      validator: nonEmptyString,
      importance: 'high',
      documentation: 'The topic to write to.',
    },
    quickstart: {
      type: 'string',
      default: null,
      validator: nullOr(QUICKSTART_NAMES),
      importance: 'high',
      group: SCHEMA,
      documentation: 'A schema that comes with the connector, with its key. Either this or `schema.string` is given.',
    },
    'schema.string': {
      type: 'string',
      default: null,
      importance: 'high',
      group: SCHEMA,
      documentation:
        'An Avro schema of a record, in JSON. What values its fields have may be said by the attribute `arg.properties` of their types: `options`, `range`, `iteration`, `odds`, `length`, `regex`, `prefix`, `suffix`, `keys`, `position`, `distribution`.',
    },
    'schema.keyfield': {
      type: 'string',
      default: null,
      importance: 'high',
      group: SCHEMA,
      documentation: 'The field that is the key of the record as well. Default: that of the quickstart, or no key.',
    },
    'schemas.enable': {
      type: 'boolean',
      default: true,
      importance: 'medium',
      group: SCHEMA,
      documentation:
        'Whether keys and values have schemas. Without, they are what a converter without schemas reads: structs and maps are objects.',
    },
    seed: {
      type: 'long',
      default: null,
      importance: 'medium',
      group: SCHEMA,
      documentation:
        'What chance begins with: the same seed, schema and task give the same records. Default: `random.seed`, or else one that is made of the connector’s name.',
    },
    'random.seed': {
      type: 'long',
      default: null,
      importance: 'low',
      group: SCHEMA,
      documentation:
        'The same under the name that Confluent’s connector has for it. The records are not those of Confluent’s.',
    },
    iterations: {
      type: 'long',
      default: -1,
      importance: 'high',
      group: PACE,
      documentation:
        'How many records (with change events: how many changes) each task makes in all, those before a restart included. Below 1: without end. A task that has made them is idle.',
    },
    'records.per.second': {
      type: 'double',
      default: null,
      validator: aboveZero,
      importance: 'high',
      group: PACE,
      documentation:
        'How many records each task makes in a second, evenly. Given, it takes the place of `max.interval`.',
    },
    'max.interval': {
      type: 'long',
      default: 500,
      validator: atLeast(0),
      importance: 'high',
      group: PACE,
      documentation:
        'The longest time between two records of a task, in milliseconds; each has to wait for a part of it that is left to chance. 0: as many records as can be.',
    },
    'change.events': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      group: CHANGES,
      documentation:
        'Whether the records are the changes of a table with a key, in Debezium’s envelope: rows are inserted, updated and deleted.',
    },
    'change.events.rows': {
      type: 'int',
      default: 100,
      validator: betweenOneAnd(ROWS_MAX),
      importance: 'low',
      group: CHANGES,
      documentation: 'How many rows of each task are in the table at once, at most.',
    },
    'change.events.updates': {
      type: 'int',
      default: 5,
      validator: betweenOneAnd(ROWS_MAX, 0),
      importance: 'low',
      group: CHANGES,
      documentation:
        'How often a row is updated between its insert and its delete: on average; of some twice as often, of some never.',
    },
    'change.events.deletes': {
      type: 'boolean',
      default: true,
      importance: 'low',
      group: CHANGES,
      documentation: 'Whether rows are deleted. Without, all are inserted first, and updated from then on.',
    },
    'tombstones.on.delete': {
      type: 'boolean',
      default: true,
      importance: 'low',
      group: CHANGES,
      documentation:
        'Whether a delete is followed by a record of the same key without a value, for topics that are compacted.',
    },
    'change.events.start.ms': {
      type: 'long',
      default: 1_704_067_200_000,
      validator: atLeast(0),
      importance: 'low',
      group: CHANGES,
      documentation:
        'The time of the first change, `ts_ms`, in milliseconds since 1970. Default: 2024-01-01T00:00:00Z.',
    },
    'change.events.step.ms': {
      type: 'long',
      default: 1000,
      validator: atLeast(0),
      importance: 'low',
      group: CHANGES,
      documentation:
        'The time between two changes, in milliseconds: not that which passes, but that which their `ts_ms` say.',
    },
  },
  { check: problemsOf },
)

export type DatagenSettings = ParsedSettings<typeof datagenSettings>

/** Which rows there are. */
interface RowSettings {
  readonly quickstart: string | null
  readonly 'schema.string': string | null
  readonly 'schema.keyfield': string | null
}

interface CheckedSettings extends RowSettings {
  readonly seed: number | null
  readonly 'random.seed': number | null
  readonly 'change.events': boolean
}

/** @throws SchemaError */
export function rowsOf(settings: RowSettings): RowSchema {
  const found = QUICKSTART_NAMES.find((name) => name === settings.quickstart?.toLowerCase())
  const keyField = settings['schema.keyfield'] === '' ? null : settings['schema.keyfield']
  if (found === undefined) return rowSchema(settings['schema.string'] ?? '', keyField)
  const { schema, keyField: own } = QUICKSTARTS[found]
  return rowSchema(JSON.stringify(schema), keyField ?? own)
}

function* problemsOf(settings: CheckedSettings): Iterable<SettingProblem> {
  const [quickstart, text] = [settings.quickstart ?? '', settings['schema.string'] ?? '']
  if ((quickstart === '') === (text === '')) {
    yield { setting: 'quickstart', message: 'Either quickstart or schema.string has to be given, and not both.' }
    return
  }
  if (settings.seed !== null && settings['random.seed'] !== null && settings.seed !== settings['random.seed'])
    yield { setting: 'random.seed', message: 'seed and random.seed are two names for the same; give one of them.' }
  try {
    const { key } = rowsOf(settings)
    if (settings['change.events']) tasksMaxOf(key)
  } catch (error) {
    yield { setting: quickstart === '' ? 'schema.string' : 'quickstart', message: describeError(error) }
  }
}

function nullOr(words: readonly string[]): ReturnType<typeof validatedBy> {
  const given = oneOf(...words)
  return validatedBy(given.description, (value) =>
    value === '' || words.includes(String(value).toLowerCase())
      ? undefined
      : `String must be one of: ${words.join(', ')}`,
  )
}

function betweenOneAnd(max: number, min = 1): ReturnType<typeof validatedBy> {
  return validatedBy(`[${min},...,${max}]`, (value) =>
    Number(value) >= min && Number(value) <= max ? undefined : `Value must be from ${min} to ${max}`,
  )
}
