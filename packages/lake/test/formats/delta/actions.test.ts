import { describe, expect, test } from '@jest/globals'
import { fileKey, parseActions, writeActions } from '../../../src/formats/delta/actions.ts'
import { addLine, removeLine } from '../../../src/formats/delta/lines.ts'

const lines = (...objects: object[]): string => objects.map((object) => JSON.stringify(object)).join('\n')

describe('the actions of a commit', () => {
  test('unknown actions and unknown fields are passed over, blank lines and carriage returns too', () => {
    const text = lines(
      { commitInfo: { txnId: 'x', anything: [1, { deep: true }] } },
      { domainMetadata: { domain: 'delta.rowTracking', configuration: '{}', removed: false } },
      { inventedTomorrow: { path: 'x' } },
      { txn: { appId: 'a', version: 7, future: 1 } },
    )
    expect(parseActions(`${text.replaceAll('\n', '\r\n')}\n\n`, 'f')).toEqual([
      { commitInfo: { txnId: 'x' } },
      { domainMetadata: { domain: 'delta.rowTracking', configuration: '{}', removed: false } },
      { txn: { appId: 'a', version: 7 } },
    ])
  })

  test('a txn version beyond 2^53 is exact', () => {
    expect(parseActions('{"txn":{"appId":"a","version":9223372036854775807}}', 'f')).toEqual([
      { txn: { appId: 'a', version: 9_223_372_036_854_775_807n } },
    ])
  })

  test('stats stay the text they are', () => {
    const stats = '{"numRecords":1,"maxValues":{"d":12345678901234567890.12}}'
    const add = { path: 'a', partitionValues: {}, size: 1, modificationTime: 2, dataChange: true, stats }
    expect(parseActions(lines({ add }), 'f')).toEqual([{ add }])
  })

  test('a deletion vector gives a file its own identity', () => {
    const deletionVector = { storageType: 'u', pathOrInlineDv: 'ab', offset: 4, sizeInBytes: 40, cardinality: 6 }
    const [action] = parseActions(lines({ remove: { path: 'a', dataChange: true, deletionVector } }), 'f')
    expect(action).toEqual({ remove: { path: 'a', dataChange: true, deletionVector } })
    expect(fileKey({ path: 'a', dataChange: true, deletionVector })).toBe('a\0uab@4')
    expect(fileKey({ path: 'a', dataChange: true })).toBe('a')
  })

  test('two ways to encode one path name one file', () => {
    const keys = ['p%3Da%2520b/x.parquet', 'p=a%2520b/x.parquet'].map((path) => fileKey({ path, dataChange: true }))
    expect(keys).toEqual(['p=a%20b/x.parquet', 'p=a%20b/x.parquet'])
  })

  test('all that a checkpoint must carry on is kept, and written again as it was', () => {
    const add = {
      path: 'a',
      partitionValues: { day: '2026-11-28', hour: null },
      size: 10,
      modificationTime: 1,
      dataChange: false,
      stats: '{}',
      tags: { k: 'v' },
      baseRowId: 9_007_199_254_740_993n,
      defaultRowCommitVersion: 7,
      clusteringProvider: 'liquid',
    }
    const remove = {
      path: 'b',
      dataChange: true,
      deletionTimestamp: 5,
      extendedFileMetadata: true,
      partitionValues: {},
      size: 3,
    }
    const text = new TextDecoder().decode(writeActions([addLine(add), removeLine(remove)]))
    expect(parseActions(text, 'f')).toEqual([{ add }, { remove }])
    expect(text).toContain('"baseRowId":9007199254740993')
  })

  test.each([
    ['a line that is torn', '{"txn":{"appId":"a"', 1],
    ['a line that is no object', '[1]', 1],
    ['an add without a path', '{"commitInfo":{}}\n{"add":{"size":1}}', 2],
    ['an add whose path is no URI', '{"add":{"path":"50%","size":1,"modificationTime":1}}', 1],
    ['a txn with a text for a version', '{"txn":{"appId":"a","version":"7"}}', 1],
    [
      'a protocol with features that are no list',
      '{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":"x"}}',
      1,
    ],
  ])('%s is an error that names file and line', (_, text, line) => {
    expect(() => parseActions(text, '_delta_log/7.json')).toThrow(`(file=_delta_log/7.json, line=${line})`)
  })

  test('lines are written one object each, big integers as digits', () => {
    const bytes = writeActions([{ txn: { appId: 'a', version: 2n ** 62n } }, { commitInfo: {} }])
    expect(new TextDecoder().decode(bytes)).toBe(
      '{"txn":{"appId":"a","version":4611686018427387904}}\n{"commitInfo":{}}\n',
    )
  })
})
