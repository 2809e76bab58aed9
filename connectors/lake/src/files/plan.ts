/** From settings to what the task works with. */
import type { Clock } from '@sluice/sdk'
import { FORMAT_CLASSES, PARTITIONER_CLASSES } from './class-names.ts'
import { avroFormat } from './formats/avro-format.ts'
import { bytesFormat } from './formats/bytes-format.ts'
import type { FileFormat } from './formats/file-format.ts'
import { jsonFormat } from './formats/json-format.ts'
import { parquetFormat } from './formats/parquet-format.ts'
import { parquetOptionsOf } from '../parquet-settings.ts'
import { folderTimeOf, recordTimeOf } from '../record-time-settings.ts'
import type { FilesPlan } from './partition-files.ts'
import type { FolderTime } from './late-records.ts'
import { byFields, byKafkaPartition, byTime } from './partitioner.ts'
import type { Partitioner } from './partitioner.ts'
import type { RotationRules } from './rotation.ts'
import type { FilesSettings } from './settings.ts'

const HOUR_MS = 3_600_000
const DAILY = { pattern: "'year'=YYYY/'month'=MM/'day'=dd", durationMs: 24 * HOUR_MS }
const HOURLY = { pattern: "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH", durationMs: HOUR_MS }

export function planOf(settings: FilesSettings, clock: Clock): FilesPlan {
  const timeOf = recordTimeOf(settings, clock)
  return {
    formats: {
      values: formatOf(settings['format.class'], settings),
      keys: settings['store.kafka.keys'] ? formatOf(settings['keys.format.class'], settings) : null,
      headers: settings['store.kafka.headers'] ? formatOf(settings['headers.format.class'], settings) : null,
    },
    schemaMode: settings['schema.compatibility'],
    folderOf: partitionerOf(settings, folderTimeOf(settings, clock)),
    // A record's time matters to files only where they end by it.
    timeOf: settings['rotate.interval.ms'] > 0 ? timeOf : () => 0,
    names: {
      topicsDir: settings['topics.dir'],
      directoryDelimiter: settings['directory.delim'],
      fileDelimiter: settings['file.delim'],
      offsetDigits: settings['filename.offset.zero.pad.width'],
    },
  }
}

export function rotationRulesOf(settings: FilesSettings): RotationRules {
  return {
    rowsMax: settings['flush.size'],
    bytesMax: settings['flush.bytes'],
    spanMs: settings['rotate.interval.ms'],
    endsWithFolder: settings['rotate.file.on.partition.change'],
    scheduleMs: settings['rotate.schedule.interval.ms'],
    ageMs: settings['rotate.age.ms'],
    filesMax: settings['partitioner.max.open.files'],
    timezone: settings.timezone,
  }
}

function formatOf(name: string, settings: FilesSettings): FileFormat {
  const gzipLevel = settings['s3.compression.type'] === 'gzip' ? settings['s3.compression.level'] : undefined
  switch (FORMAT_CLASSES.get(name)!) {
    case 'json':
      return jsonFormat({ decimals: settings['json.decimal.format'], gzipLevel })
    case 'bytes':
      return bytesFormat({
        extension: settings['format.bytearray.extension'],
        separator: settings['format.bytearray.separator'] ?? '\n',
        gzipLevel,
      })
    case 'avro':
      return avroFormat({
        codec: settings['avro.codec'],
        enhanced: settings['enhanced.avro.schema.support'],
        hasConnectMetaData: settings['connect.meta.data'],
      })
    case 'parquet':
    default:
      return parquetFormat(parquetOptionsOf(settings))
  }
}

function partitionerOf(settings: FilesSettings, timeOf: FolderTime): Partitioner {
  const { locale, timezone } = settings
  switch (PARTITIONER_CLASSES.get(settings['partitioner.class'])!) {
    case 'default':
      return byKafkaPartition
    case 'field':
      return byFields(
        settings['partition.field.name'],
        settings['directory.delim'],
        settings['partition.field.format.path'],
      )
    case 'time':
      return byTime(
        { pattern: settings['path.format'], durationMs: settings['partition.duration.ms'], locale, timezone },
        timeOf,
      )
    case 'daily':
      return byTime({ ...DAILY, locale, timezone }, timeOf)
    case 'hourly':
    default:
      return byTime({ ...HOURLY, locale, timezone }, timeOf)
  }
}
