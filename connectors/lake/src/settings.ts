import {
  atLeast,
  between,
  defineSettings,
  listOf,
  nonEmptyStringWithoutControlChars,
  oneOf,
  validatedBy,
} from '@sluice/sdk'
import type { ParsedSettings, SettingProblem } from '@sluice/sdk'
import { checkPath, objectStoreUrl, s3Settings } from '@sluice/object-store'
import { accepted } from './accepted.ts'
import { zoneOffset } from './files/zone-offset.ts'
import { KAFKA_COLUMNS } from './kafka-columns.ts'
import type { KafkaColumn } from './kafka-columns.ts'
import { nullBehaviour } from './null-values.ts'
import { parquetSettings } from './parquet-settings.ts'
import { fieldOfEntry, isOfRecordTime, partitionEntryProblem } from './partition-columns.ts'
import { recordTimeSettings } from './record-time-settings.ts'
import { COORDINATES } from './row-shape.ts'
import { placeholdersOf } from './table-route.ts'
import { tenantSettings } from './tenant-settings.ts'

/** What in `table.name` stands for the record's topic. */
export const TOPIC_PLACEHOLDER = '${topic}'

const tableSettings = defineSettings(
  {
    'lake.url': {
      type: 'string',
      importance: 'high',
      group: 'Table',
      validator: objectStoreUrl,
      documentation:
        'Where the tables are: an object store URL such as file:///var/lake, or a path. Each table is a folder below it.',
    },
    'table.name': {
      type: 'string',
      default: TOPIC_PLACEHOLDER,
      importance: 'high',
      group: 'Table',
      validator: accepted('a path below lake.url', (name) => checkPath(name.replaceAll(/\$\{[^}]*\}/g, 'x'))),
      documentation:
        'The table, as a path below lake.url. ${topic} stands for the topic of the record, after all transforms; ${value.field} for a field of the record; ${1}, ${name} for groups of topic.pattern. Without any, the records of all topics go into one table.',
    },
    'partition.by': {
      type: 'list',
      default: [],
      importance: 'medium',
      group: 'Table',
      validator: validatedBy('columns, year(c), month(c), day(c), hour(c), path(c), bucket(n:c)', (value) =>
        (value as readonly string[])
          .map((entry) => partitionEntryProblem(entry))
          .find((problem) => problem !== undefined),
      ),
      documentation:
        'The columns that part a new table into folders, outermost first: a column of its own, or one that is made: day(made) gives made_day (date), hour(made) made_hour (text), month and year alike; bucket(16:id) gives id_bucket, a number below 16; path(made) made_path (text) by path.format. Without a column, as in day(), it is the record’s time (timestamp.extractor): record_day and the like. Of an existing table they never change. Fewer than 100 open folders at a time keep files large.',
    },
    'partition.timezone': {
      type: 'string',
      default: 'UTC',
      importance: 'low',
      group: 'Table',
      validator: accepted('a time zone such as Europe/Prague', (zone) => void zoneOffset(zone)),
      documentation: 'The zone whose days and hours year, month, day, hour and path of partition.by are.',
    },
    'schema.compatibility': {
      type: 'string',
      default: 'EVOLVE',
      importance: 'medium',
      group: 'Table',
      validator: oneOf('EVOLVE', 'BACKWARD', 'FORWARD', 'FULL', 'NONE'),
      documentation:
        'How a table changes for records of another schema. EVOLVE: fields become columns, and columns may become null. BACKWARD: the same, but a new field must be optional. FULL: optional fields become columns, and no column is relaxed. FORWARD: the table stays; fields without a column are left out. NONE: the table stays; records that do not fit are bad records.',
    },
    'schemaless.records': {
      type: 'string',
      default: 'refuse',
      importance: 'medium',
      group: 'Table',
      validator: oneOf('refuse', 'infer'),
      documentation:
        'What becomes of records without a schema: refuse them as bad records, or infer the columns of JSON objects from the first batch (booleans, longs, doubles, texts; nested values as JSON text). What does not fit the columns afterwards stands as JSON in the column _rescued.',
    },
    'cluster.id': {
      type: 'string',
      default: '',
      importance: 'low',
      group: 'Table',
      validator: accepted('without control characters', (id) => {
        if (id !== '') return nonEmptyStringWithoutControlChars.check('cluster.id', id)
        return undefined
      }),
      documentation:
        'Tells Kafka clusters apart in the table when several feed it. It is part of the name under which the table keeps the offsets: once changed, the table no longer knows what it holds, and the task goes on from the offsets committed to Kafka.',
    },
    'flush.size': {
      type: 'int',
      default: 1_000_000,
      importance: 'high',
      group: 'Commits',
      validator: atLeast(1),
      documentation: 'Commit when this many rows wait. A commit covers whole batches, so it may hold somewhat more.',
    },
    'flush.bytes': {
      type: 'int',
      default: 64 * 1024 * 1024,
      importance: 'medium',
      group: 'Commits',
      validator: atLeast(1),
      documentation:
        'Commit when the waiting rows take about this many bytes of Parquet; also the largest size of a file, and what bounds the memory of one table.',
    },
    'rotate.interval.ms': {
      type: 'long',
      default: 60_000,
      importance: 'high',
      group: 'Commits',
      validator: atLeast(0),
      documentation:
        'Commit when the oldest waiting row has waited this long, in milliseconds, also when no more records come.',
    },
    'commit.group.wait.ms': {
      type: 'int',
      default: 500,
      importance: 'low',
      group: 'Commits',
      validator: between(0, 10_000),
      documentation:
        'How many milliseconds a commit waits at most for those of other tasks of the connector in the same process to the same table, which are then one commit; 0: each commits by itself. It waits only for tasks that have rows about as old.',
    },
    'partitions.per.commit.max': {
      type: 'int',
      default: 20_000,
      importance: 'low',
      group: 'Commits',
      validator: atLeast(1),
      documentation:
        'Rows of how many partitions of a table (partition.by) may wait for one commit of a task. Each is a file of its own, which takes milliseconds to write and every reader a request. Beyond it the task stops with TABLE_LIMIT before anything is lost.',
    },
    'table.columns.max': {
      type: 'int',
      default: 5000,
      importance: 'low',
      group: 'Table',
      validator: atLeast(1),
      documentation:
        'How many columns a table may have, fields of structs counted each. Records that would give it more are bad records.',
    },
    'kafka.coordinates': {
      type: 'boolean',
      default: false,
      importance: 'medium',
      group: 'Files',
      documentation:
        'Whether each row also says where it comes from, in the columns _kafka_partition (integer), _kafka_offset (long) and _kafka_timestamp (timestamp).',
    },
    'kafka.columns': {
      type: 'list',
      default: [],
      importance: 'medium',
      group: 'Files',
      validator: listOf(Object.keys(KAFKA_COLUMNS) as KafkaColumn[]),
      documentation:
        'What each row also says of its record, in columns: topic (__topic), partition (__partition), offset (__offset), timestamp (__timestamp), timestamp-type (__timestamp_type), key (__key, as text), headers (__headers, as JSON: a list of name and text).',
    },
    'column.names': {
      type: 'string',
      default: 'refuse',
      importance: 'low',
      group: 'Files',
      validator: oneOf('refuse', 'underscore'),
      documentation:
        'What becomes of a field name with a space or one of ,;{}()=, a tab or a line feed, which Delta readers do not allow in column names: refuse its records, or write an underscore for each such character.',
    },
    'encoder.threads': {
      type: 'int',
      default: 0,
      importance: 'low',
      group: 'Files',
      validator: between(0, 64),
      documentation:
        'How many threads of the process encode files: pages, compression, statistics. 0: each task does it by itself. All tasks of a process share them, as many as that task wants which wants most, and each file is encoded by one: one thread takes up to half of the work from a task, a second one helps when there are several tasks or partitions. The files are the same. Each costs about 35 MB of memory, and there may be 16 MiB of pages on their way to it.',
    },
    'memory.bytes': {
      type: 'long',
      default: 256 * 1024 * 1024,
      importance: 'medium',
      group: 'Commits',
      validator: atLeast(1),
      documentation:
        'How many bytes the lake tasks of one process may hold together before the one that holds most stores its files early, in bytes.',
    },
    'behavior.on.null.values': {
      type: 'string',
      default: 'fail',
      importance: 'low',
      group: 'Bad records',
      validator: nullBehaviour,
      documentation:
        'What becomes of records whose value is null, such as tombstones: fail the task, report them like any bad record (errors.tolerance decides, with the dead letter topic), leave them out and count them, or write a row that has kafka.columns alone, for tables whose other columns may be null.',
    },
  },
  {
    *check(settings): Iterable<SettingProblem> {
      if (settings['behavior.on.null.values'] === 'write' && settings['kafka.columns'].length === 0)
        yield {
          setting: 'kafka.columns',
          message: 'kafka.columns must name columns for rows of null values (behavior.on.null.values=write)',
        }
      if (settings['behavior.on.null.values'] === 'write') yield* partedByValues(settings['partition.by'])
    },
  },
)

/** Rows of null values have no field by which they could be parted. */
function* partedByValues(entries: readonly string[]): Iterable<SettingProblem> {
  const added: readonly string[] = [...Object.values(KAFKA_COLUMNS), ...COORDINATES].map(({ column }) => column)
  for (const entry of entries) {
    const field = fieldOfEntry(entry)
    if (field !== undefined && !added.includes(field))
      yield {
        setting: 'behavior.on.null.values',
        message: `behavior.on.null.values=write makes rows without the field ${field}, by which partition.by parts the table: part it by the record’s time, as in day(), or by kafka.columns, as in __key; or set behavior.on.null.values to ignore or report`,
      }
  }
}

/** Over all of them: each check is asked with whatever else is declared. */
const acrossSettings = defineSettings(
  {},
  {
    *check(some): Iterable<SettingProblem> {
      const settings = some as LakeSettings
      const groups = new RegExp(`${settings['topic.pattern']}|`, 'u').exec('')
      const known = new Set(['topic', ...Object.keys(groups?.groups ?? {}), ...(groups ?? []).keys()].map(String))
      for (const name of placeholdersOf(settings['table.name']))
        if (!known.has(name) && !name.startsWith('value.'))
          yield {
            setting: 'table.name',
            message: `table.name: there is no \${${name}}; it may be topic, value.field, or a group of topic.pattern`,
          }
      const entries = settings['partition.by']
      if (settings['path.format'] === '' && entries.some((entry) => entry.startsWith('path(')))
        yield { setting: 'path.format', message: 'path.format must be given for path() in partition.by' }
      if (settings['late.after.ms'] >= 0 && !entries.some(isOfRecordTime))
        yield {
          setting: 'late.after.ms',
          message:
            'late.after.ms has no meaning unless partition.by has the time of the record, as in day(): leave it out, or part the table so',
        }
    },
  },
)

/** With those of the store that lake.url names. */
export const lakeSettings = tableSettings
  .extend(tenantSettings)
  .extend(recordTimeSettings)
  .extend(parquetSettings)
  .extend(s3Settings)
  .extend(acrossSettings)

export type LakeSettings = ParsedSettings<typeof lakeSettings>
