import { expect, test } from '@jest/globals'
import { lakeSink } from '@sluice/connector-lake'

test('only the place must be given', () => {
  expect(lakeSink.settings.parse({ 'lake.url': 'file:///var/lake' })).toEqual({
    'lake.url': 'file:///var/lake',
    'table.name': '${topic}',
    'cluster.id': '',
    'flush.size': 1_000_000,
    'flush.bytes': 67_108_864,
    'rotate.interval.ms': 60_000,
    'parquet.codec': 'zstd',
    'kafka.coordinates': false,
    'column.names': 'refuse',
    'behavior.on.null.values': 'fail',
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
