/** Settings of where in the store a record's file is. */
import { atLeast, defineSettings, oneOf, validatedBy } from '@sluice/sdk'
import type { SettingProblem } from '@sluice/sdk'
import { checkPath } from '@sluice/object-store'
import { refused } from '../record-time-settings.ts'
import { PARTITIONER_CLASSES } from './class-names.ts'
import { zoneOffset } from './zone-offset.ts'

const [NAMES, FOLDERS] = ['Names', 'Folders']

export const folderSettings = defineSettings(
  {
    'topics.dir': {
      type: 'string',
      default: 'topics',
      validator: validatedBy('a path, or empty', (value) => {
        try {
          if (value !== '') checkPath(String(value))
          return undefined
        } catch (error) {
          return error instanceof Error ? error.message : String(error)
        }
      }),
      importance: 'high',
      group: NAMES,
      documentation: 'The folder that holds a folder per topic; empty: the topics’ folders stand at the top.',
    },
    'directory.delim': {
      type: 'string',
      default: '/',
      validator: oneOf('/'),
      importance: 'low',
      group: NAMES,
      documentation: 'What stands between folders. Object stores list by /, so it is that.',
    },
    'file.delim': {
      type: 'string',
      default: '+',
      validator: validatedBy('without a slash', (value) =>
        String(value).includes('/') ? 'Must not contain a slash' : undefined,
      ),
      importance: 'low',
      group: NAMES,
      documentation: 'What stands between topic, partition and first offset in the name of a file.',
    },
    'filename.offset.zero.pad.width': {
      type: 'int',
      default: 10,
      validator: atLeast(0),
      importance: 'low',
      group: NAMES,
      documentation: 'To how many digits offsets in file names are filled up, so that names sort as offsets do.',
    },
    'partitioner.class': {
      type: 'string',
      default: 'default',
      validator: oneOf(...PARTITIONER_CLASSES.keys()),
      importance: 'high',
      group: FOLDERS,
      documentation:
        'Which folder a record’s file is in: default (by Kafka’s partition), field (by partition.field.name), time (by path.format), daily, hourly; or Confluent’s class names for these.',
    },
    'partition.field.name': {
      type: 'list',
      default: [],
      importance: 'medium',
      group: FOLDERS,
      documentation:
        'For the field partitioner: the fields that name the folders, one below the other. a.b is field b of the struct a.',
    },
    'partition.field.format.path': {
      type: 'boolean',
      default: true,
      importance: 'low',
      group: FOLDERS,
      documentation: 'Whether such a folder is called name=value; otherwise only value.',
    },
    'partition.duration.ms': {
      type: 'long',
      default: -1,
      validator: atLeast(-1),
      importance: 'medium',
      group: FOLDERS,
      documentation: 'For the time partitioner: how much time one folder is for, in milliseconds.',
    },
    timezone: {
      type: 'string',
      default: 'UTC',
      importance: 'medium',
      group: FOLDERS,
      documentation: 'The zone of folders and of rotate.schedule.interval.ms, such as Europe/Prague or +02:00.',
    },
  },
  {
    *check(settings): Iterable<SettingProblem> {
      const kind = PARTITIONER_CLASSES.get(settings['partitioner.class'])
      if (kind === 'field' && settings['partition.field.name'].length === 0)
        yield {
          setting: 'partition.field.name',
          message: 'partition.field.name must name a field for the field partitioner',
        }
      if (kind === 'time' && settings['partition.duration.ms'] <= 0)
        yield {
          setting: 'partition.duration.ms',
          message: 'partition.duration.ms must be positive for the time partitioner',
        }
      yield* refused('timezone', settings.timezone, () => zoneOffset(settings.timezone))
    },
  },
)
