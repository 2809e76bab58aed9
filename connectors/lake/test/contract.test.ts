import { describe, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { RawSettings } from '@sluice/sdk'
import { sinkContract } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeFolder } from './lake-folder.ts'

const valueSchema = struct({ id: primitive('int32'), name: primitive('string', { optional: true }) })

function contract(settings: RawSettings): void {
  sinkContract((name, body) => test(name, body), {
    connector: lakeSink,
    exactlyOnce: true,
    bad: { value: { id: 'seven', name: 'x' }, schema: valueSchema },
    unavailable: { 'lake.url': '/proc/no/such/folder' },
    prepare: async () => {
      const folder = await LakeFolder.make()
      return {
        settings: { 'lake.url': folder.path, 'table.name': 'rows', ...settings },
        values: ['a', null, 'c', 'dä', 'e'].map((name, id) => ({ id, name })),
        valueSchema,
        read: async () =>
          (await folder.query('rows', 'select id, name from $files')).map((row) => ({
            id: Number(row['id']),
            name: row['name'] as string | null,
          })),
        dispose: () => folder.remove(),
      }
    },
  })
}

describe('commits as late as it may', () => contract({}))
describe('commits every row', () => contract({ 'flush.size': '1' }))
describe('commits by the clock', () => contract({ 'rotate.interval.ms': '0', 'parquet.codec': 'snappy' }))
