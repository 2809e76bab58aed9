import { atLeast, defineSettings, nonEmptyStringWithoutControlChars, oneOf, validatedBy } from '@sluice/sdk'
import type { SettingsDeclaration, Validator } from '@sluice/sdk'
import { checkPath, openObjectStore } from '@sluice/object-store'

/** What in `table.name` stands for the record's topic. */
export const TOPIC_PLACEHOLDER = '${topic}'

export interface LakeSettings {
  readonly 'lake.url': string
  readonly 'table.name': string
  readonly 'cluster.id': string
  readonly 'flush.size': number
  readonly 'flush.bytes': number
  readonly 'rotate.interval.ms': number
  readonly 'parquet.codec': 'zstd' | 'snappy' | 'none'
  readonly 'kafka.coordinates': boolean
  readonly 'column.names': 'refuse' | 'underscore'
  readonly 'behavior.on.null.values': 'fail' | 'report' | 'ignore'
  readonly [name: string]: unknown
}

export const lakeSettings: SettingsDeclaration<LakeSettings> = defineSettings({
  'lake.url': {
    type: 'string',
    importance: 'high',
    group: 'Table',
    validator: accepted('file:///…, a path, or memory:name', openObjectStore),
    documentation:
      'Where the tables are: an object store URL such as file:///var/lake, or a path. Each table is a folder below it.',
  },
  'table.name': {
    type: 'string',
    default: TOPIC_PLACEHOLDER,
    importance: 'high',
    group: 'Table',
    validator: accepted('a path below lake.url', (name) => checkPath(name.replaceAll(TOPIC_PLACEHOLDER, 'topic'))),
    documentation:
      'The table, as a path below lake.url. ${topic} stands for the topic of the record, after all transforms. Without it, the records of all topics go into one table.',
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
  'parquet.codec': {
    type: 'string',
    default: 'zstd',
    importance: 'medium',
    group: 'Files',
    validator: oneOf('zstd', 'snappy', 'none'),
    documentation:
      'Compression of the data files. zstd makes the smallest files, and is what the Delta protocol asks for; snappy takes the least time.',
  },
  'kafka.coordinates': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    group: 'Files',
    documentation:
      'Whether each row also says where it comes from, in the columns _kafka_partition (integer), _kafka_offset (long) and _kafka_timestamp (timestamp).',
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
  'behavior.on.null.values': {
    type: 'string',
    default: 'fail',
    importance: 'low',
    group: 'Bad records',
    validator: oneOf('fail', 'report', 'ignore'),
    documentation:
      'What becomes of records whose value is null, such as tombstones: fail the task, report them like any bad record (errors.tolerance decides, with the dead letter topic), or leave them out and count them.',
  },
})

/** A validator that asks the code which will take the value. */
function accepted(description: string, take: (value: string) => unknown): Validator {
  return validatedBy(description, (value) => {
    try {
      const complaint = take(String(value))
      return typeof complaint === 'string' ? complaint : undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  })
}
