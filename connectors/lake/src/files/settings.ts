/** The settings of the files sink: Confluent's names and values wherever its S3 sink has the setting. */
import { atLeast, between, defineSettings, nonEmptyString, oneOf } from '@sluice/sdk'
import type { ParsedSettings, SettingProblem } from '@sluice/sdk'
import { httpUrl, objectStoreUrl, s3Settings } from '@sluice/object-store'
import { FORMAT_CLASSES, PARTITIONER_CLASSES } from './class-names.ts'
import { parquetFileSettings, parquetSettingsGiven } from '../parquet-settings.ts'
import { recordTimeSettings } from '../record-time-settings.ts'
import { tenantSettings } from '../tenant-settings.ts'
import { folderSettings } from './folder-settings.ts'

const [PLACE, FILES, ROTATION, RECORDS] = ['Place', 'Files', 'Rotation', 'Bad records']

const ownSettings = defineSettings(
  {
    'lake.url': {
      type: 'string',
      default: null,
      validator: objectStoreUrl,
      importance: 'high',
      group: PLACE,
      documentation: 'Where the files go: s3://bucket/prefix, file:///var/lake, or a path. Instead of s3.bucket.name.',
    },
    's3.bucket.name': {
      type: 'string',
      default: null,
      importance: 'high',
      group: PLACE,
      documentation: 'The S3 bucket that the files go to. Instead of lake.url.',
    },
    'store.url': {
      type: 'string',
      default: null,
      validator: httpUrl,
      importance: 'high',
      group: PLACE,
      documentation: 'Confluent’s name for s3.endpoint: where the store is, when it is not AWS.',
    },
    'format.class': {
      type: 'string',
      validator: oneOf(...FORMAT_CLASSES.keys()),
      importance: 'high',
      group: FILES,
      documentation:
        'What the files hold: json (a JSON text per line), avro (container files), bytes (values as they are), parquet; or Confluent’s class names for these.',
    },
    'avro.codec': {
      type: 'string',
      default: 'null',
      validator: oneOf('null', 'deflate'),
      importance: 'low',
      group: FILES,
      documentation: 'The compression of blocks in Avro files.',
    },
    'enhanced.avro.schema.support': {
      type: 'boolean',
      default: true,
      importance: 'low',
      group: FILES,
      documentation: 'Whether enums are written as such to Avro files.',
    },
    'connect.meta.data': {
      type: 'boolean',
      default: true,
      importance: 'low',
      group: FILES,
      documentation: 'Whether what only Connect’s schemas have is kept in attributes of the Avro schema.',
    },
    'json.decimal.format': {
      type: 'string',
      default: 'BASE64',
      validator: oneOf('BASE64', 'NUMERIC'),
      importance: 'low',
      group: FILES,
      documentation: 'How Decimals are written to JSON: their bytes in base64, or as numbers.',
    },
    'format.bytearray.extension': {
      type: 'string',
      default: '.bin',
      validator: nonEmptyString,
      importance: 'low',
      group: FILES,
      documentation: 'How the names of files of raw bytes end.',
    },
    'format.bytearray.separator': {
      type: 'string',
      default: null,
      importance: 'low',
      group: FILES,
      documentation: 'What stands behind each record in a file of raw bytes. Default: a line feed.',
    },
    's3.compression.type': {
      type: 'string',
      default: 'none',
      validator: oneOf('none', 'gzip'),
      importance: 'low',
      group: FILES,
      documentation: 'The compression of whole files, for json and bytes.',
    },
    's3.compression.level': {
      type: 'int',
      default: -1,
      validator: between(-1, 9),
      importance: 'low',
      group: FILES,
      documentation: 'The level of that compression; −1 is zlib’s own choice.',
    },
    'store.kafka.keys': {
      type: 'boolean',
      default: false,
      importance: 'low',
      group: FILES,
      documentation:
        'Whether the keys are written to files of their own, named .keys. and otherwise alike. A null key is a bad record then.',
    },
    'keys.format.class': {
      type: 'string',
      default: 'avro',
      validator: oneOf(...FORMAT_CLASSES.keys()),
      importance: 'low',
      group: FILES,
      documentation: 'What the files of keys hold: as format.class, but for parquet.',
    },
    'store.kafka.headers': {
      type: 'boolean',
      default: false,
      importance: 'low',
      group: FILES,
      documentation:
        'Whether the headers are written to files of their own, named .headers. and otherwise alike: per record a list of key and value, as texts.',
    },
    'headers.format.class': {
      type: 'string',
      default: 'avro',
      validator: oneOf(...FORMAT_CLASSES.keys()),
      importance: 'low',
      group: FILES,
      documentation: 'What the files of headers hold: json or avro.',
    },
    'schema.compatibility': {
      type: 'string',
      default: 'NONE',
      validator: oneOf('NONE', 'BACKWARD', 'FORWARD', 'FULL', 'EVOLVE'),
      importance: 'high',
      group: FILES,
      documentation:
        'What becomes of a record whose schema is not that of the open file. NONE: a new file begins. BACKWARD, FULL: older versions are projected, a newer one begins a new file. FORWARD: the other way round. EVOLVE: the file’s schema grows to take both, so that producers of two versions do not end each other’s files.',
    },
    'exactly.once': {
      type: 'boolean',
      default: true,
      importance: 'high',
      group: ROTATION,
      documentation:
        'Whether each end of files is noted by an object in topics.dir/_commits/topic/partition, from which reading goes on: then each record is there once, however files end. It needs a store that can refuse to replace an object. Otherwise a record is there at least once.',
    },
    'flush.size': {
      type: 'int',
      validator: atLeast(1),
      importance: 'high',
      group: ROTATION,
      documentation: 'Files end at this many records of a partition.',
    },
    'flush.bytes': {
      type: 'int',
      default: 64 * 1024 * 1024,
      validator: atLeast(-1),
      importance: 'medium',
      group: ROTATION,
      documentation:
        'Files end at about this many bytes of a partition (of Parquet: compressed), which bounds the memory that it takes; −1: no matter how many.',
    },
    'memory.bytes': {
      type: 'long',
      default: 256 * 1024 * 1024,
      validator: atLeast(1),
      importance: 'medium',
      group: ROTATION,
      documentation:
        'How many bytes the lake tasks of one process may hold together before the one that holds most ends its files early, in bytes.',
    },
    'rotate.interval.ms': {
      type: 'long',
      default: -1,
      validator: atLeast(-1),
      importance: 'high',
      group: ROTATION,
      documentation:
        'Files end when the records in them span this many milliseconds of their own time (timestamp.extractor); −1: never. Without further records they stay open: see rotate.age.ms.',
    },
    'rotate.schedule.interval.ms': {
      type: 'long',
      default: -1,
      validator: atLeast(-1),
      importance: 'medium',
      group: ROTATION,
      documentation: 'Files end at whole multiples of so many milliseconds of the clock in timezone; −1: never.',
    },
    'rotate.age.ms': {
      type: 'long',
      default: -1,
      validator: atLeast(-1),
      importance: 'medium',
      group: ROTATION,
      documentation:
        'Files end when their oldest record has waited so many milliseconds, also when no more records come; −1: never.',
    },
    'rotate.file.on.partition.change': {
      type: 'boolean',
      default: true,
      importance: 'low',
      group: ROTATION,
      documentation:
        'Whether, with rotate.interval.ms, files also end when a record belongs to another folder than the one before.',
    },
    'partitioner.max.open.files': {
      type: 'int',
      default: -1,
      validator: atLeast(-1),
      importance: 'low',
      group: ROTATION,
      documentation: 'All open files of a partition end when there would be more than so many; −1: no matter how many.',
    },
    'behavior.on.null.values': {
      type: 'string',
      default: 'fail',
      validator: oneOf('fail', 'ignore'),
      importance: 'low',
      group: RECORDS,
      documentation: 'What becomes of records whose value is null: they fail the task, or are left out and counted.',
    },
    'report.null.values.to.dlq': {
      type: 'boolean',
      default: false,
      importance: 'low',
      group: RECORDS,
      documentation: 'Whether records with a null value that are left out become dead letters.',
    },
  },
  {
    *check(settings): Iterable<SettingProblem> {
      if ((settings['lake.url'] === null) === (settings['s3.bucket.name'] === null))
        yield { setting: 'lake.url', message: 'Either lake.url or s3.bucket.name must be given' }
      const whole = FORMAT_CLASSES.get(settings['format.class'])
      if (settings['s3.compression.type'] === 'gzip' && whole !== 'json' && whole !== 'bytes')
        yield {
          setting: 's3.compression.type',
          message: 's3.compression.type has no meaning with avro and parquet: use avro.codec or parquet.codec',
        }
      for (const [is, format] of [
        ['store.kafka.keys', 'keys.format.class'],
        ['store.kafka.headers', 'headers.format.class'],
      ] as const) {
        const kind = FORMAT_CLASSES.get(settings[format])
        if (settings[is] && (kind === 'parquet' || (kind === 'bytes' && format === 'headers.format.class')))
          yield { setting: format, message: `${format} cannot be ${settings[format]}: use json or avro` }
      }
    },
  },
)

/** Over all of them: each check is asked with whatever else is declared. */
const acrossSettings = defineSettings(
  {},
  {
    *check(some): Iterable<SettingProblem> {
      const settings = some as FilesSettings
      const { 'format.class': format, 'partitioner.class': partitioner, 'late.after.ms': lateAfterMs } = settings
      const kind = PARTITIONER_CLASSES.get(partitioner)
      if (kind === 'time' && settings['path.format'] === '')
        yield { setting: 'path.format', message: 'path.format must be given for the time partitioner' }
      if (lateAfterMs >= 0 && (kind === 'default' || kind === 'field'))
        yield {
          setting: 'late.after.ms',
          message: `late.after.ms has no meaning with partitioner.class=${partitioner}: leave it out, or use time, daily or hourly`,
        }
      if (settings['topic.pattern'] !== '' && settings.tenants === null)
        yield { setting: 'topic.pattern', message: 'topic.pattern has no meaning without tenants: leave it out' }
      if (FORMAT_CLASSES.get(format) === 'parquet') return
      for (const setting of parquetSettingsGiven(settings))
        yield { setting, message: `${setting} has no meaning with format.class=${format}: leave it out` }
    },
  },
)

export const filesSettings = ownSettings
  .extend(tenantSettings)
  .extend(parquetFileSettings)
  .extend(folderSettings)
  .extend(recordTimeSettings)
  .extend(s3Settings)
  .extend(acrossSettings)

export type FilesSettings = ParsedSettings<typeof filesSettings>
