import { describe, expect, test } from '@jest/globals'
import type { Action, AddAction } from '../../../src/formats/delta/actions.ts'
import { conflictOf } from '../../../src/formats/delta/conflicts.ts'
import type { CommitScope } from '../../../src/formats/delta/conflicts.ts'

const add = (path: string, dataChange = true): Action & { add: AddAction } => ({
  add: { path, partitionValues: {}, size: 1, modificationTime: 1, dataChange },
})
const remove = (path: string, dataChange = true): Action => ({ remove: { path, dataChange } })
const info = (isBlindAppend?: boolean): Action => ({
  commitInfo: isBlindAppend === undefined ? {} : { isBlindAppend },
})
const protocol: Action = { protocol: { minReaderVersion: 1, minWriterVersion: 4 } }
const metaData: Action = { metaData: { id: 'x', schemaString: '', partitionColumns: [], configuration: {} } }
const txn = (appId: string): Action => ({ txn: { appId, version: 1 } })
const domain = (name: string): Action => ({ domainMetadata: { domain: name, configuration: '{}', removed: false } })

const append: CommitScope = { isReplanned: true, isolation: 'WriteSerializable', appIds: new Set(['p0']) }
const merge: CommitScope = {
  isReplanned: false,
  isolation: 'WriteSerializable',
  wouldRead: ({ path }) => path.startsWith('bucket=1/'),
  readFiles: new Set(['bucket=1/a', 'bucket=1/b']),
  removedFiles: new Set(['bucket=1/a']),
  appIds: new Set(['merge']),
  domains: new Set(['ours']),
}
const compaction: CommitScope = {
  isReplanned: false,
  isolation: 'Snapshot',
  wouldRead: () => true,
  readFiles: new Set(['a', 'b']),
  removedFiles: new Set(['a', 'b']),
}

describe('a commit that won', () => {
  const rows: readonly (readonly [string, CommitScope, readonly Action[], string | undefined])[] = [
    ['append, other partition', append, [info(true), txn('p1'), add('x')], undefined],
    ['append, same partition: the zombie fence', append, [info(true), txn('p0'), add('x')], 'transaction'],
    ['append, schema changed: looked at when planned anew', append, [metaData, protocol], undefined],
    ['append, compaction', append, [remove('a', false), add('b', false)], undefined],
    ['append, overwrite', append, [remove('a'), add('b')], undefined],
    ['merge, protocol raised', merge, [protocol], 'protocol'],
    ['merge, metadata changed', merge, [metaData], 'metadata'],
    ['merge, blind append of its bucket', merge, [info(true), add('bucket=1/n')], undefined],
    ['merge, append that read', merge, [info(false), add('bucket=1/n')], 'concurrent append'],
    ['merge, append that does not say', merge, [info(), add('bucket=1/n')], 'concurrent append'],
    ['merge, append without commitInfo', merge, [add('bucket=1/n')], 'concurrent append'],
    ['merge, a “blind append” that removes', merge, [info(true), remove('z'), add('bucket=1/n')], 'concurrent append'],
    ['merge, append of another bucket', merge, [info(false), add('bucket=2/n')], undefined],
    ['merge, rows moved into its bucket by compaction', merge, [info(false), add('bucket=1/n', false)], undefined],
    ['merge, a file it removes is removed', merge, [remove('bucket=1/a')], 'delete-delete'],
    ['merge, the same by compaction', merge, [remove('bucket=1/a', false)], 'delete-delete'],
    ['merge, the same under another encoding', merge, [remove('bucket%3D1/a')], 'delete-delete'],
    ['merge, a file it read is removed', merge, [remove('bucket=1/b')], 'delete-read'],
    ['merge, a file it read is compacted', merge, [remove('bucket=1/b', false)], undefined],
    ['merge, a file it did not read is removed', merge, [remove('bucket=2/b')], undefined],
    ['merge, its own domain configured', merge, [domain('ours')], 'domain'],
    ['merge, another domain configured', merge, [domain('theirs')], undefined],
    ['compaction, append', compaction, [info(false), add('n')], undefined],
    ['compaction, merge of its files', compaction, [remove('b'), add('n')], 'delete-delete'],
    ['compaction, merge of others', compaction, [remove('z'), add('n')], undefined],
  ]
  test.each(rows)('%s', (_, ours, winner, rule) => {
    expect(conflictOf(ours, winner)?.rule).toBe(rule)
  })

  test('serializable: a blind append that would have been read is a conflict too', () => {
    const strict: CommitScope = { ...merge, isolation: 'Serializable' }
    expect(conflictOf(strict, [info(true), add('bucket=1/n')])).toEqual({
      rule: 'concurrent append',
      what: 'bucket=1/n',
    })
    expect(conflictOf(strict, [info(true), add('bucket=2/n')])).toBeUndefined()
  })

  test('the same file with another deletion vector is another file', () => {
    const deletionVector = { storageType: 'u', pathOrInlineDv: 'ab', offset: 1 }
    const winner: Action = { remove: { path: 'bucket=1/a', dataChange: true, deletionVector } }
    expect(conflictOf(merge, [winner])).toBeUndefined()
  })
})
