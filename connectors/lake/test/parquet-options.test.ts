import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { array, primitive, struct } from '@sluice/sdk'
import type { RawSettings } from '@sluice/sdk'
import { FakeSinkContext, sinkRecord } from '@sluice/sdk/testing'
import { filesIn, filesInto, memory } from './files/file-runs.ts'
import { LakeFolder } from './lake-folder.ts'
import { P0, sinkInto } from './lake-runs.ts'

const schema = struct({
  id: primitive('int64'),
  sku: primitive('string'),
  sold: primitive('boolean'),
  tags: array(primitive('string')),
})
const records = Array.from({ length: 2000 }, (_, i) =>
  sinkRecord({ ...P0, offset: i }, { id: i, sku: `sku-${i * 7}`, sold: i % 2 === 0, tags: [`tag-${i}`] }, schema),
)

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

interface Chunk {
  readonly column: string
  readonly compression: string
  readonly encodings: string
  readonly hasFilter: boolean
  readonly rowGroup: number
}

async function written(settings: RawSettings, context = new FakeSinkContext()): Promise<Chunk[]> {
  const run = sinkInto(folder, settings, context)
  await run.start([P0])
  await run.put(records)
  await run.flush(true)
  await run.stop()
  const sql = `select path_in_schema as column, compression, encodings, row_group_id::int as "rowGroup",
    bloom_filter_offset is not null as "hasFilter" from parquet_metadata($paths)`
  const chunks = (await folder.query('orders', sql)) as unknown as Chunk[]
  return chunks.map((chunk) => ({ ...chunk, column: chunk.column.replaceAll(', ', '.') }))
}

describe('files of a table', () => {
  test.each([
    ['zstd', 'ZSTD'],
    ['snappy', 'SNAPPY'],
    ['gzip', 'GZIP'],
    ['lz4_raw', 'LZ4_RAW'],
    ['none', 'UNCOMPRESSED'],
  ])('parquet.codec=%s', async (codec, compression) => {
    const chunks = await written({ 'parquet.codec': codec })
    expect(new Set(chunks.map((chunk) => chunk.compression))).toEqual(new Set([compression]))
    expect(await folder.query('orders', 'select sum(id) as sum from $files')).toEqual([{ sum: '1999000' }])
  })

  test('have bloom filters on the columns named, nested ones too, wherever the table has them; what it lacks is said', async () => {
    const context = new FakeSinkContext()
    const names = 'sku,tags.list.element,sold,nothing'
    const chunks = await written({ 'write.parquet.bloom-filter-enabled.columns': names }, context)
    expect(chunks.filter(({ hasFilter }) => hasFilter).map(({ column }) => column)).toEqual([
      'sku',
      'tags.list.element',
    ])
    expect(context.logger.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ columns: 'sold, nothing' }) }),
    )
  })

  test('have pages of version 2, and row groups of the size that is asked for', async () => {
    const chunks = await written({
      'write.parquet.page-version': 'v2',
      'write.parquet.page-size-bytes': '2000',
      'write.parquet.row-group-size-bytes': '10000',
    })
    expect(new Set(chunks.map(({ rowGroup }) => rowGroup)).size).toBeGreaterThan(1)
    expect(chunks.find(({ column }) => column === 'id')?.encodings).toContain('DELTA_BINARY_PACKED')
    expect(await folder.query('orders', 'select sum(id) as sum from $files')).toEqual([{ sum: '1999000' }])
  })
})

test('Parquet files without a table take the same settings', async () => {
  const given = { 'format.class': 'parquet', 'flush.size': '2000', 'parquet.codec': 'lz4_raw' }
  const sizeOf = async (more: RawSettings): Promise<number> => {
    const store = memory()
    const run = filesInto(store, { ...given, ...more })
    await run.start([P0])
    await run.put(records)
    await run.flush(true)
    await run.stop()
    const [name] = await filesIn(store)
    expect(name).toMatch(/\.lz4_raw\.parquet$/)
    return (await store.get(name!)).length
  }
  const more = (await sizeOf({ 'write.parquet.bloom-filter-enabled.columns': 'sku,nothing' })) - (await sizeOf({}))
  // About ten bits for each of 2,000 values.
  expect(more).toBeGreaterThan(2000)
})
