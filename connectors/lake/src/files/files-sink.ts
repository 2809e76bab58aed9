import { defineSink } from '@sluice/sdk'
import type { SinkConnector } from '@sluice/sdk'
import { alterFileOffsets } from './alter-offsets.ts'
import { FilesTask } from './files-task.ts'
import { filesSettings } from './settings.ts'
import type { FilesSettings } from './settings.ts'

export const filesSink: SinkConnector<FilesSettings> = defineSink({
  name: 'lake-files',
  version: '0.1.0',
  aliases: ['io.confluent.connect.s3.S3SinkConnector'],
  documentation:
    'Writes the records of topics as files of JSON lines, Avro, Parquet or raw bytes to S3 or another store: the same files, folders and names as Confluent’s S3 sink, and each record exactly once also where files end by the clock, because each end is noted in the store beside them.',
  settings: filesSettings,
  foreignSettings: {
    'storage.class':
      'The store follows from s3.bucket.name or lake.url; the storage class of objects is s3.storage.class.',
    'schema.generator.class': 'The columns follow from the records’ schema.',
    'schema.cache.size': 'Schemas are kept as long as there are records of them.',
    'partitioner.schema.cache.size': 'Schemas are kept as long as there are records of them.',
    's3.part.retries': 'It is s3.attempts.max here.',
    's3.http.send.expect.continue': 'Nothing waits for that answer.',
    's3.send.digest': 'Checksums are s3.checksums.',
    's3.wan.mode': 'Give the accelerated endpoint by s3.endpoint.',
    's3.acl.canned': 'Objects have the bucket’s own access rules.',
    's3.sse.customer.key': 'Keys of the customer are not sent: encrypt by s3.ssea.name.',
    's3.object.tagging': 'Offsets and counts are in the objects below _commits.',
    's3.object.tagging.key.value.pairs': 'Objects are not tagged.',
    's3.object.behavior.on.tagging.error': 'Objects are not tagged.',
    's3.credentials.provider.class': 'Credentials come from aws.access.key.id, or from the AWS SDK’s chain.',
    's3.elastic.buffer.enable': 'Files take as much memory as they have bytes.',
    's3.elastic.buffer.init.capacity': 'Files take as much memory as they have bytes.',
    's3.schema.partition.affix.type': 'Folders do not name the schema.',
    'tombstone.encoded.partition': 'Records with a null value are not written.',
    'enable.conditional.writes': 'It is exactly.once here, and needs no search for free names.',
    'max.files.scan.limit': 'No names are searched for.',
    'max.write.duration.ms': 'One call of the worker waits a minute for the store.',
    'allow.optional.map.keys': 'It is false.',
  },
  // The group shares out the partitions; each task ends its own files.
  taskSettings: (_settings, raw, maxTasks) => Array.from({ length: maxTasks }, () => raw),
  alterOffsets: alterFileOffsets,
  createTask: (settings, context) => new FilesTask(settings, context),
})
