import { describe, expect, test } from '@jest/globals'
import { parseActions, writeActions } from '../../../src/formats/delta/actions.ts'

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
    expect(action).toEqual({ remove: { path: 'a', dataChange: true, deletionVectorId: 'uab@4' } })
  })

  test.each([
    ['a line that is torn', '{"txn":{"appId":"a"', 1],
    ['a line that is no object', '[1]', 1],
    ['an add without a path', '{"commitInfo":{}}\n{"add":{"size":1}}', 2],
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
