import { expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { lakeSink } from '@sluice/connector-lake'

test('only the place must be given', () => {
  const settings = Object.entries(lakeSink.settings.parse({ 'lake.url': 'file:///var/lake' }))
  // Those of the store are tried where the store is.
  expect(Object.fromEntries(settings.filter(([name]) => !/^(?:s3|aws)\./.test(name)))).toEqual({
    'lake.url': 'file:///var/lake',
    'table.name': '${topic}',
    'topic.pattern': '',
    tenants: null,
    'partition.by': [],
    'partition.timezone': 'UTC',
    'schema.compatibility': 'EVOLVE',
    'schemaless.records': 'refuse',
    'kafka.columns': [],
    'memory.bytes': 268_435_456,
    'cluster.id': '',
    'flush.size': 1_000_000,
    'flush.bytes': 67_108_864,
    'rotate.interval.ms': 60_000,
    'commit.group.wait.ms': 500,
    'encoder.threads': 0,
    'partitions.per.commit.max': 20_000,
    'table.columns.max': 5000,
    'kafka.coordinates': false,
    'column.names': 'refuse',
    'behavior.on.null.values': 'fail',
    'behavior.on.tenant.errors': 'park',
    'tenant.retry.ms': 300_000,
    'timestamp.extractor': 'Wallclock',
    'timestamp.field': 'timestamp',
    'path.format': '',
    locale: 'en',
    'late.after.ms': -1,
    'late.records': 'write',
    'parquet.codec': 'zstd',
    'write.parquet.compression-level': null,
    'write.parquet.row-group-size-bytes': 134_217_728,
    'write.parquet.page-size-bytes': 1_048_576,
    'write.parquet.page-row-limit': 20_000,
    'write.parquet.page-version': 'v1',
    'write.parquet.bloom-filter-enabled.columns': [],
  })
})

test('all mistakes at once, each with the setting and what would be right', () => {
  const wrong = {
    'lake.url': 'ftp://x/y',
    'table.name': '../${topic}',
    'flush.size': '0',
    'rotate.interval.ms': '-1',
    'parquet.codec': 'lzo',
    'kafka.coordinates': 'perhaps',
    'behavior.on.null.values': 'cry',
  }
  const problems = lakeSink.settings.problems(wrong).map(({ setting, message }) => `${setting}: ${message}`)
  expect(new Set(problems.map((problem) => problem.split(':')[0]))).toEqual(new Set(Object.keys(wrong)))
  expect(problems.find((problem) => problem.startsWith('lake.url'))).toContain('no object store serves the scheme ftp:')
  expect(problems.find((problem) => problem.startsWith('table.name'))).toContain('could lead out of the store')
  expect(() => lakeSink.settings.parse({})).toThrow('lake.url')
})

test.each([
  [{ 'topic.pattern': '(' }, 'topic.pattern'],
  [{ 'table.name': '${entity}' }, 'table.name'],
  [{ tenants: '{"acme": {"lake.url": 7}}', 'topic.pattern': '(?<tenant>.*)' }, 'tenants'],
  [{ tenants: '{"acme": {"no.such": "x"}}', 'topic.pattern': '(?<tenant>.*)' }, 'tenants'],
  [{ tenants: '{"acme": {}}' }, 'topic.pattern'],
  [{ 'partition.by': 'week(x)' }, 'partition.by'],
  [{ 'partition.by': 'bucket(0:x)' }, 'partition.by'],
  [{ 'partition.by': 'bucket(3:)' }, 'partition.by'],
  [{ 'partition.timezone': 'Mars' }, 'partition.timezone'],
  [{ 'partition.by': 'path()' }, 'path.format'],
  [{ 'partition.by': 'path()', 'path.format': 'year' }, 'path.format'],
  [{ 'partition.by': 'path()', 'path.format': 'YYYY', locale: 'x y' }, 'locale'],
  [{ 'partition.by': 'day(made)', 'late.after.ms': '5' }, 'late.after.ms'],
  [{ 'late.records': 'burn' }, 'late.records'],
  [{ 'partition.by': 'day()', 'late.records': 'drop' }, 'late.records'],
  [{ 'partition.by': 'day()', 'late.after.ms': '5' }, 'late.after.ms'],
  [{ 'kafka.columns': 'colour' }, 'kafka.columns'],
  [{ 'behavior.on.null.values': 'write' }, 'kafka.columns'],
  [{ 'parquet.codec': 'snappy', 'write.parquet.compression-level': '3' }, 'write.parquet.compression-level'],
  [{ 'parquet.codec': 'gzip', 'write.parquet.compression-level': '10' }, 'write.parquet.compression-level'],
  [{ 'write.parquet.compression-level': '0' }, 'write.parquet.compression-level'],
  [{ 'write.parquet.row-group-size-bytes': '100000' }, 'write.parquet.row-group-size-bytes'],
  [{ 'write.parquet.page-version': '2' }, 'write.parquet.page-version'],
])('%j is refused, and the setting named: %s', (settings, setting) => {
  const problems = lakeSink.settings.problems({ 'lake.url': '/lake', ...settings })
  expect(problems.map((problem) => problem.setting)).toContain(setting)
})

const PARTED = { 'behavior.on.null.values': 'write', 'kafka.columns': 'key' }

test.each(['region', 'day(made)', 'bucket(4:id)', 'day(),region'])(
  'rows of null values cannot be in a table parted by a field of the value: %s',
  (entries) => {
    const [problem, ...others] = lakeSink.settings.problems({ 'lake.url': '/lake', ...PARTED, 'partition.by': entries })
    expect(problem).toMatchObject({ setting: 'behavior.on.null.values' })
    expect(problem!.message).toMatch(/partition\.by.*set behavior\.on\.null\.values/)
    expect(others).toEqual([])
  },
)

test.each(['', 'day()', '__key', 'bucket(4:__key)', 'day(_kafka_timestamp)'])(
  'but in one that is parted by what each record has: %s',
  (entries) => {
    expect(lakeSink.settings.problems({ 'lake.url': '/lake', ...PARTED, 'partition.by': entries })).toEqual([])
  },
)

test('contradictions name both settings, and what to do', () => {
  const messageOf = (settings: RawSettings): string =>
    lakeSink.settings.problems({ 'lake.url': '/lake', 'partition.by': 'day()', ...settings })[0]!.message
  expect(messageOf({ 'late.records': 'drop' })).toMatch(/late\.records=drop.*late\.after\.ms.*leave late\.records out/)
  expect(messageOf({ 'late.after.ms': '0' })).toMatch(/late\.after\.ms.*Wallclock.*set timestamp\.extractor/)
  expect(messageOf({ 'behavior.on.null.values': 'delete' })).toMatch(/must be one of: .*Rows are only added/)
})

test('the secrets of tenants are in no message', () => {
  const tenants = '{"acme": {"aws.secret.access.key": "hush", "aws.access.key.id": 1}}'
  const problems = lakeSink.settings.problems({ 'lake.url': '/lake', tenants, 'topic.pattern': '(?<tenant>.*)' })
  expect(JSON.stringify(problems)).not.toContain('hush')
  expect(problems).toMatchObject([{ setting: 'tenants' }])
})
