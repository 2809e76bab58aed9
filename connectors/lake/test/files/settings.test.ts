import { describe, expect, test } from '@jest/globals'
import { filesSink } from '@sluice/connector-lake'

/** As in the documentation of Confluent's sink, with all that people put into it. */
const CONFLUENT = {
  'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
  'tasks.max': '1',
  topics: 's3_topic',
  's3.region': 'us-west-2',
  's3.bucket.name': 'confluent-bucket',
  's3.part.size': '5242880',
  'flush.size': '3',
  'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
  'format.class': 'io.confluent.connect.s3.format.avro.AvroFormat',
  'schema.generator.class': 'io.confluent.connect.storage.hive.schema.DefaultSchemaGenerator',
  'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
  'partition.duration.ms': '3600000',
  'path.format': "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
  locale: 'en-US',
  timezone: 'America/Los_Angeles',
  'timestamp.extractor': 'RecordField',
  'timestamp.field': 'made',
  'schema.compatibility': 'NONE',
  'rotate.interval.ms': '600000',
  's3.proxy.url': 'http://proxy:3128',
  's3.ssea.name': 'aws:kms',
  's3.sse.kms.key.id': 'alias/lake',
  's3.compression.type': 'none',
  'aws.access.key.id': 'AKIA',
  'aws.secret.access.key': 'secret',
  'store.url': 'http://minio:9000',
  's3.part.retries': '5',
  's3.object.tagging': 'true',
  'behavior.on.null.values': 'ignore',
}
/** What the worker takes out before. */
const COMMON = ['connector.class', 'tasks.max', 'topics']

describe('a configuration of Confluent’s sink', () => {
  test('is taken unchanged; each key that has no effect has words of its own', () => {
    expect(filesSink.settings.problems(CONFLUENT)).toEqual([])
    const unused = filesSink.settings.unknownKeys(CONFLUENT, COMMON).map(({ key }) => key)
    expect(unused).toEqual(['storage.class', 'schema.generator.class', 's3.part.retries', 's3.object.tagging'])
    for (const key of unused) expect(filesSink.foreignSettings?.[key]).toMatch(/\.$/)
  })
})

test('no setting that has an effect is also said to have none', () => {
  const both = Object.keys(filesSink.foreignSettings ?? {}).filter((key) => key in filesSink.settings.declarations)
  expect(both).toEqual([])
})

test.each([
  [{}, 'lake.url'],
  [{ 'lake.url': '/x', 's3.bucket.name': 'b' }, 'lake.url'],
  [{ 'lake.url': 'ftp://host/x' }, 'lake.url'],
  [{ 's3.bucket.name': 'b', 'store.url': 'ftp://host' }, 'store.url'],
  [{ 'lake.url': '/x', 'topics.dir': '../up' }, 'topics.dir'],
  [{ 'lake.url': '/x', 'format.class': 'orc' }, 'format.class'],
  [{ 'lake.url': '/x', 'partitioner.class': 'time' }, 'path.format'],
  [{ 'lake.url': '/x', 'late.after.ms': '5' }, 'late.after.ms'],
  [{ 'lake.url': '/x', 'partitioner.class': 'field' }, 'partition.field.name'],
  [{ 'lake.url': '/x', 'path.format': 'year' }, 'path.format'],
  [{ 'lake.url': '/x', timezone: 'Mars/Olympus' }, 'timezone'],
  [{ 'lake.url': '/x', locale: 'x y' }, 'locale'],
  [{ 'lake.url': '/x', 'format.class': 'parquet', 's3.compression.type': 'gzip' }, 's3.compression.type'],
  [{ 'lake.url': '/x', 'write.parquet.page-version': 'v2' }, 'write.parquet.page-version'],
  [
    { 'lake.url': '/x', 'format.class': 'parquet', 'write.parquet.compression-level': '9' },
    'write.parquet.compression-level',
  ],
  [{ 'lake.url': '/x', 'store.kafka.keys': 'true', 'keys.format.class': 'parquet' }, 'keys.format.class'],
])('%j is refused, and the setting named: %s', (settings, setting) => {
  const problems = filesSink.settings.problems({ 'format.class': 'json', 'flush.size': '1', ...settings })
  expect(problems.map((problem) => problem.setting)).toContain(setting)
})
