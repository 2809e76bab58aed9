import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import * as duckdb from '@duckdb/node-api'
import * as fc from 'fast-check'
import { DataError } from '@sluice/sdk'
import {
  readParquet,
  readParquetFacts,
  type ParquetColumn,
  type ParquetRow,
  type RangedSource,
} from '../../../src/parquet/index.ts'
import { columnsOf, rowsOf } from '../drawn-columns.ts'
import { write } from '../read-back.ts'

async function rowsIn(source: Uint8Array | RangedSource, columns?: string[]): Promise<ParquetRow[]> {
  const rows: ParquetRow[] = []
  for await (const row of readParquet(source, columns === undefined ? {} : { columns })) rows.push(row)
  return rows
}

const SELECT = `SELECT
  i::BIGINT AS long, (i * 3)::INTEGER AS int, i % 3 = 0 AS flag, 'text ' || (i % 50) AS text,
  'https://example.org/' || i AS link, i / 8 AS double, (i / 4)::FLOAT AS single, (i / 100)::DECIMAL(12, 2) AS price,
  (i || '.000000000000000000001')::DECIMAL(38, 21) AS wide, DATE '2026-01-01' + i::INTEGER AS day,
  make_timestamp(1760000000000000 + i * 977013) AS at, i::UTINYINT AS tiny, (18446744073709551615 - i)::UBIGINT AS unsigned,
  CASE WHEN i % 5 = 0 THEN NULL ELSE i END AS gaps,
  CASE WHEN i % 7 = 0 THEN NULL ELSE range(i % 4) END AS list,
  CASE WHEN i % 6 = 0 THEN NULL ELSE {'a': i, 'b': CASE WHEN i % 2 = 0 THEN NULL ELSE [{'c': 'x' || i}, NULL] END} END AS nested,
  MAP {'k' || i: i, 'z': NULL} AS map
FROM range(200) t(i)`

/** The row that `SELECT` makes of `i`. */
function rowOf(i: number): ParquetRow {
  return {
    long: i,
    int: i * 3,
    flag: i % 3 === 0,
    text: `text ${i % 50}`,
    link: `https://example.org/${i}`,
    double: i / 8,
    single: i / 4,
    price: (i / 100).toFixed(2),
    wide: `${i}.000000000000000000001`,
    day: 20_454 + i,
    at: 1_760_000_000_000_000 + i * 977_013,
    tiny: i,
    unsigned: 2n ** 64n - 1n - BigInt(i),
    gaps: i % 5 === 0 ? null : i,
    list: i % 7 === 0 ? null : Array.from({ length: i % 4 }, (_, k) => k),
    nested: i % 6 === 0 ? null : { a: i, b: i % 2 === 0 ? null : [{ c: `x${i}` }, null] },
    map: new Map([
      [`k${i}`, i],
      ['z', null],
    ]),
  }
}

describe("DuckDB's files", () => {
  test.each([
    ['snappy', 'V1'],
    ['zstd', 'V1'],
    ['zstd', 'V2'],
    ['gzip', 'V2'],
    ['brotli', 'V1'],
    ['lz4_raw', 'V2'],
    ['uncompressed', 'V2'],
  ])('of codec %s and version %s are read as they were written', async (codec, version) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-duckdb-'))
    const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '1' })
    const connection = await instance.connect()
    try {
      const path = join(folder, 'file.parquet')
      const options = `FORMAT parquet, CODEC '${codec}', PARQUET_VERSION '${version}', ROW_GROUP_SIZE 2048`
      await connection.run(`COPY (${SELECT}) TO '${path}' (${options})`)
      expect(await rowsIn(readFileSync(path))).toEqual(Array.from({ length: 200 }, (_, i) => rowOf(i)))
    } finally {
      connection.closeSync()
      instance.closeSync()
      rmSync(folder, { recursive: true })
    }
  })
})

const two: readonly ParquetColumn[] = [
  { name: 'id', type: { kind: 'int64' }, optional: false },
  { name: 'text', type: { kind: 'string' }, optional: true },
]
const someRows = Array.from({ length: 1000 }, (_, id) => ({ id, text: `${id}`.repeat(50) }))

describe('a source by ranges', () => {
  test('is asked for the footer and the wanted columns, and for no more', async () => {
    const { bytes } = write(two, someRows, { codec: 'none', rowGroupRowsMax: 300 })
    let asked = 0
    const source: RangedSource = {
      size: bytes.length,
      read: (start, end) => {
        asked += end - start
        return Promise.resolve(bytes.subarray(start, end))
      },
    }
    expect(await rowsIn(source, ['id', 'not there'])).toEqual(someRows.map(({ id }) => ({ id })))
    expect(asked).toBeLessThan(64 * 1024 + 10_000)
    expect(bytes.length).toBeGreaterThan(150_000)
  })

  test('that fails is not called a damaged file', async () => {
    const away: RangedSource = { size: 100, read: () => Promise.reject(new Error('the store is away')) }
    await expect(rowsIn(away)).rejects.toThrow('the store is away')
  })
})

describe('what a file says of itself', () => {
  test('is what its writer said, whatever the schema', async () => {
    await fc.assert(
      fc.asyncProperty(columnsOf(3), fc.nat(200), async (drawn, count) => {
        const columns = drawn.map(({ column }) => column)
        const { file, bytes } = write(columns, rowsOf(drawn, count), { rowGroupRowsMax: 50, metadata: { by: 'test' } })
        const facts = await readParquetFacts(bytes)
        expect(facts.rows).toBe(count)
        expect(facts.metadata.get('by')).toBe('test')
        expect(facts.rowGroups.map(({ rows }) => rows)).toEqual(file.rowGroups.map(({ rows }) => rows))
        for (const [i, { path, nullCount }] of file.columns.entries()) {
          const found = facts.rowGroups.map((group) => group.columns[i]!)
          expect(found.every((column) => column.path.join('.') === path.join('.'))).toBe(true)
          expect(found.reduce((sum, column) => sum + column.nullCount!, 0)).toBe(nullCount)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('bytes that are no Parquet file, or a damaged one', () => {
  const { bytes } = write(two, someRows.slice(0, 100), { pageVersion: 2, pageRowsMax: 20 })

  test.each([
    ['nothing', new Uint8Array(0)],
    ['text', Buffer.from('this is no Parquet file at all')],
    ['only the magic', Buffer.from('PAR1aaaaPAR1')],
    [
      'a footer beyond the file',
      Buffer.concat([Buffer.from('PAR1'), Buffer.from([255, 255, 255, 127]), Buffer.from('PAR1')]),
    ],
  ])('are refused by name: %s', async (_, odd) => {
    const read = readParquet(odd, { name: 'part-0.parquet' }).next()
    await expect(read).rejects.toThrow('The Parquet file part-0.parquet cannot be read')
    await expect(read).rejects.toBeInstanceOf(DataError)
  })

  test('end in DataError or in as many rows, wherever bytes are changed or missing, and never in a hang', async () => {
    const nested = write(
      [{ name: 'n', optional: true, type: { kind: 'list', element: { optional: true, type: { kind: 'string' } } } }],
      Array.from({ length: 40 }, (_, i) => ({ n: i % 5 === 0 ? null : Array.from({ length: i % 4 }, () => `v${i}`) })),
      { codec: 'none' },
    ).bytes
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(), fc.nat(255), fc.boolean(), async (isNested, at, byte, isCut) => {
        const whole = isNested ? nested : bytes
        const place = at % whole.length
        const damaged = isCut ? whole.slice(0, place) : new Uint8Array(whole)
        if (!isCut) damaged[place] = byte
        let count = 0
        try {
          for await (const row of readParquet(damaged)) {
            expect(typeof row).toBe('object')
            if (++count > 10_000) break
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
        }
      }),
      { numRuns: 1500 },
    )
  })
})
