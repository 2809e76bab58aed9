import { describe, expect, test } from '@jest/globals'
import type { ParquetColumn } from '../../src/parquet/index.ts'
import { canonical, metadataOf, query, readWithDuckdb, readWithHyparquet, write, type Row } from './read-back.ts'

const columns: readonly ParquetColumn[] = [
  { name: 'id', type: { kind: 'int64' }, optional: false },
  { name: 'unique', type: { kind: 'string' }, optional: true },
  { name: 'few', type: { kind: 'string' }, optional: true },
  { name: 'flag', type: { kind: 'boolean' }, optional: true },
  { name: 'price', type: { kind: 'decimal', precision: 20, scale: 2 }, optional: false },
]

function row(i: number): Row {
  return {
    id: i % 2 === 0 ? i : BigInt(i) + 2n ** 60n,
    unique: i % 5 === 0 ? null : `key-${i}`,
    few: i % 7 === 3 ? null : `status ${(i >> 3) % 6}`,
    flag: i % 11 === 0 ? null : i % 3 === 0,
    price: `${i}.${String(i % 100).padStart(2, '0')}`,
  }
}
const rows = (count: number): Row[] => Array.from({ length: count }, (_, i) => row(i))

describe('row counts', () => {
  for (const count of [0, 1, 511, 512, 513, 19_999, 20_000, 20_001]) {
    test(`${count} rows come back, value for value`, async () => {
      const { file, bytes } = write(columns, rows(count), { codec: 'snappy' })
      expect(file.rows).toBe(count)
      expect(file.size).toBe(bytes.length)
      const wanted = rows(count).map((each) => columns.map((column) => canonical(column, each[column.name])))
      expect(await readWithDuckdb(bytes, columns)).toEqual(wanted)
      expect(await readWithHyparquet(bytes, columns)).toEqual(wanted)
    })
  }

  for (const count of [2 ** 16 - 1, 2 ** 16, 2 ** 16 + 1]) {
    test(`${count} rows add up`, async () => {
      const { bytes } = write(columns, rows(count), { codec: 'zstd' })
      let [ids, prices, uniques] = [0n, 0n, 0]
      for (const each of rows(count)) {
        ids += BigInt(each['id'] as number)
        prices += BigInt((each['price'] as string).replace('.', ''))
        if (each['unique'] !== null) uniques++
      }
      const [found] = await query(
        bytes,
        `SELECT count(*)::VARCHAR, sum(id)::VARCHAR, (sum(price) * 100)::HUGEINT::VARCHAR, count(DISTINCT "unique")::VARCHAR,
                count(flag)::VARCHAR FROM file`,
      )
      const flags = count - Math.ceil(count / 11)
      expect(found).toEqual([count, ids, prices, uniques, flags].map(String))
    })
  }
})

describe('row groups', () => {
  for (const count of [999, 1000, 1001, 2000]) {
    test(`${count} rows in groups of at most 1000`, async () => {
      const { file, bytes } = write(columns, rows(count), { rowGroupRowsMax: 1000 })
      expect(file.rowGroups.map((group) => group.rows)).toEqual(count <= 1000 ? [count] : [1000, count - 1000])
      const groups = metadataOf(bytes).row_groups
      expect(groups.map((group) => Number(group.num_rows))).toEqual(file.rowGroups.map((group) => group.rows))
      expect(groups.map((group) => Number(group.total_byte_size))).toEqual(
        file.rowGroups.map((group) => group.uncompressedBytes),
      )
      expect(groups.map((group) => Number(group.total_compressed_size))).toEqual(
        file.rowGroups.map((group) => group.compressedBytes),
      )
      expect(await query(bytes, 'SELECT count(*), count(DISTINCT id) FROM file')).toEqual([
        [BigInt(count), BigInt(count)],
      ])
    })
  }

  test('end when their encoded bytes reach the limit, whatever the codec, and memory stays within it', async () => {
    const limit = 150_000
    const groupsOf = (['none', 'zstd'] as const).map((codec) =>
      write(columns, rows(30_000), { codec, rowGroupBytesMax: limit }).file.rowGroups.map((group) => group.rows),
    )
    expect(groupsOf[0]).toEqual(groupsOf[1])
    expect(groupsOf[0]!.length).toBeGreaterThan(4)
    for (const group of write(columns, rows(30_000), { rowGroupBytesMax: limit }).file.rowGroups) {
      expect(group.uncompressedBytes).toBeLessThan(limit * 1.15)
    }
  })

  test('end after one huge value, not after hundreds of them', () => {
    const huge = 'x'.repeat(3_000_000)
    const wide: ParquetColumn[] = [{ name: 'c', type: { kind: 'string' }, optional: false }]
    const few = Array.from({ length: 6 }, (_, i) => ({ c: `${i}${huge}` }))
    const { file } = write(wide, few, { codec: 'snappy', rowGroupBytesMax: 4_000_000 })
    expect(file.rowGroups.map((group) => group.rows)).toEqual([3, 3])
  })
})

describe('pages', () => {
  const text: ParquetColumn = { name: 'c', type: { kind: 'string' }, optional: true }
  const chunk = (bytes: Uint8Array): { pages: Record<string, number>; encodings: readonly string[] } => {
    const { encodings, encoding_stats: statistics } = metadataOf(bytes).row_groups[0]!.columns[0]!.meta_data!
    const pages = Object.fromEntries(
      statistics!.map(({ page_type: page, encoding, count }) => [`${page} ${encoding}`, count]),
    )
    return { pages, encodings }
  }
  async function expectBack(column: ParquetColumn, values: readonly unknown[], bytes: Uint8Array): Promise<void> {
    const wanted = values.map((value) => [canonical(column, value)])
    expect(await readWithDuckdb(bytes, [column])).toEqual(wanted)
    expect(await readWithHyparquet(bytes, [column])).toEqual(wanted)
  }

  test('few distinct values become a dictionary, distinct ones do not', () => {
    const { bytes } = write(columns, rows(5000))
    const dictionaries = metadataOf(bytes).row_groups[0]!.columns.map(
      ({ meta_data: chunkData }) => chunkData!.dictionary_page_offset !== undefined,
    )
    expect(dictionaries).toEqual([false, false, true, false, false])
  })

  test('a dictionary that stops paying is left, and what was written with it stays readable', async () => {
    for (const [type, value] of [
      [{ kind: 'string' }, (i: number) => (i < 1000 ? `v${i % 10}` : `value ${i}`)],
      [{ kind: 'double' }, (i: number) => (i < 1000 ? i % 10 : i / 7)],
      [{ kind: 'int64' }, (i: number) => (i < 1000 ? -(i % 10) : i * 4_000_000_000)],
    ] as const) {
      const column: ParquetColumn = { name: 'c', type, optional: true }
      const values = Array.from({ length: 5000 }, (_, i) => (i % 13 === 0 ? null : value(i)))
      const { bytes, file } = write(
        [column],
        values.map((c) => ({ c })),
        { pageRowsMax: 500 },
      )
      const { pages } = chunk(bytes)
      expect(pages['DICTIONARY_PAGE PLAIN_DICTIONARY']).toBe(1)
      expect(pages['DATA_PAGE PLAIN_DICTIONARY']).toBeGreaterThanOrEqual(2)
      expect(pages['DATA_PAGE PLAIN']).toBeGreaterThanOrEqual(5)
      expect(file.columns[0]!.nullCount).toBe(values.filter((each) => each === null).length)
      await expectBack(column, values, bytes)
    }
  })

  test('pages of nulls alone, before, between and behind values', async () => {
    for (const type of [{ kind: 'string' }, { kind: 'int32' }, { kind: 'boolean' }, { kind: 'binary' }] as const) {
      const column: ParquetColumn = { name: 'c', type, optional: true }
      const value = { string: 'a', int32: 7, boolean: true, binary: Buffer.from('b') }[type.kind]
      const values = Array.from({ length: 700 }, (_, i) => ([1, 4].includes(Math.floor(i / 100)) ? value : null))
      const { bytes } = write(
        [column],
        values.map((c) => ({ c })),
        { pageRowsMax: 100 },
      )
      await expectBack(column, values, bytes)
    }
  })

  test('a value larger than a page', async () => {
    const values = ['small', 'x'.repeat(3_000_000), 'small', null, 'é'.repeat(1_500_000), '']
    const { bytes } = write(
      [text],
      values.map((c) => ({ c })),
      { codec: 'snappy' },
    )
    await expectBack(text, values, bytes)
  })

  test('repeated long values: the dictionary is not drowned, pages stay near their limit', async () => {
    const values = Array.from({ length: 4000 }, (_, i) => `${i % 400} `.repeat(800))
    const { bytes } = write(
      [text],
      values.map((c) => ({ c })),
    )
    expect(chunk(bytes).encodings).toContain('PLAIN')
    await expectBack(text, values, bytes)
  })

  test('a dictionary of one entry', async () => {
    const values = Array.from({ length: 100 }, () => 'always')
    const { bytes } = write(
      [text],
      values.map((c) => ({ c })),
    )
    expect(chunk(bytes).pages).toEqual({ 'DICTIONARY_PAGE PLAIN_DICTIONARY': 1, 'DATA_PAGE PLAIN_DICTIONARY': 1 })
    await expectBack(text, values, bytes)
  })
})
