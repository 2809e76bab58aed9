/** Settings of the time that a record counts as having happened at, of its folders, and of records that come late. */
import { atLeast, defineSettings, oneOf } from '@sluice/sdk'
import type { Clock, ParsedSettings, SettingProblem } from '@sluice/sdk'
import { EXTRACTOR_CLASSES } from './files/class-names.ts'
import { timeOfFolder } from './files/late-records.ts'
import type { FolderTime } from './files/late-records.ts'
import { pathFormat } from './files/path-format.ts'
import { recordTime } from './files/record-time.ts'
import type { RecordTime } from './files/record-time.ts'

const GROUP = 'Time of records'

export const recordTimeSettings = defineSettings(
  {
    'timestamp.extractor': {
      type: 'string',
      default: 'Wallclock',
      validator: oneOf(...EXTRACTOR_CLASSES.keys()),
      importance: 'medium',
      group: GROUP,
      documentation:
        'A record’s time: Record (its timestamp in Kafka), RecordField (timestamp.field), or Wallclock (when it is written, with which a record that is written again may be in another folder).',
    },
    'timestamp.field': {
      type: 'string',
      default: 'timestamp',
      importance: 'medium',
      group: GROUP,
      documentation:
        'For RecordField: the field with the time, as a Timestamp, a number of milliseconds since the epoch, or a text of ISO 8601. a.b is field b of the struct a.',
    },
    'path.format': {
      type: 'string',
      default: '',
      importance: 'medium',
      group: GROUP,
      documentation:
        "What a time is called, as a pattern of Joda-Time such as 'year'=YYYY/'month'=MM/'day'=dd: the folders of the time partitioner, and in tables the values of path() in partition.by. Letters: y, Y year, M month, d day, D day of the year, H, k, K, h hour, m minute, s second, S fraction, a AM or PM, E weekday, e its number, x year of the week, w week. Text stands in single quotes.",
    },
    locale: {
      type: 'string',
      default: 'en',
      importance: 'medium',
      group: GROUP,
      documentation: 'The language of month and weekday names in path.format, such as en-US or de.',
    },
    'late.after.ms': {
      type: 'long',
      default: -1,
      validator: atLeast(-1),
      importance: 'low',
      group: GROUP,
      documentation:
        'Where the time of records parts them: a record is late when it lies more than so many milliseconds before the latest one that was seen of its partition since the task has it; −1: none is.',
    },
    'late.records': {
      type: 'string',
      default: 'write',
      validator: oneOf('write', 'current', 'apart', 'report', 'drop'),
      importance: 'low',
      group: GROUP,
      documentation:
        'What becomes of late records: write them to the folder of their own time, to the current one (that of the latest time), or apart from all others (files: the folder late; tables: null as their time’s value); report them as bad records; or drop them, which is counted.',
    },
  },
  {
    *check(settings): Iterable<SettingProblem> {
      yield* refused('path.format', settings['path.format'], () => pathFormat(settings['path.format'], 'en'))
      yield* refused('locale', settings.locale, () => pathFormat('', settings.locale))
      if (settings['late.after.ms'] < 0) {
        if (settings['late.records'] !== 'write')
          yield {
            setting: 'late.records',
            message: `late.records=${settings['late.records']} has no meaning without late.after.ms, which says from when on a record is late: set it too, or leave late.records out`,
          }
      } else if (EXTRACTOR_CLASSES.get(settings['timestamp.extractor']) === 'Wallclock')
        yield {
          setting: 'late.after.ms',
          message:
            'late.after.ms has no meaning with timestamp.extractor=Wallclock, by which no record is ever late: set timestamp.extractor to Record or RecordField, or leave late.after.ms out',
        }
    },
  },
)

export type RecordTimeSettings = ParsedSettings<typeof recordTimeSettings>

/** A problem with the value if the code that will take it does not. */
export function* refused(setting: string, value: string, take: () => unknown): Iterable<SettingProblem> {
  try {
    take()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    yield { setting, message: `Invalid value ${value} for configuration ${setting}: ${reason}` }
  }
}

export function recordTimeOf(settings: RecordTimeSettings, clock: Clock): RecordTime {
  const extractor = EXTRACTOR_CLASSES.get(settings['timestamp.extractor']) ?? 'Wallclock'
  return recordTime(extractor, settings['timestamp.field'], clock)
}

/** With the policy for records that come late. */
export function folderTimeOf(settings: RecordTimeSettings, clock: Clock): FolderTime {
  return timeOfFolder(recordTimeOf(settings, clock), settings['late.records'], settings['late.after.ms'])
}
