import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { columnsOf, rowsOf } from './drawn-columns.ts'
import { canonical, readWithDuckdb, readWithHyparquet, readWithOurs, write } from './read-back.ts'

/** `SLUICE_PARQUET_SCHEMAS=2000` is the full form. */
const SCHEMAS = Number(process.env['SLUICE_PARQUET_SCHEMAS'] ?? 50)

describe('a file', () => {
  test.each([
    ['flat', 0],
    ['nested up to four levels', 4],
  ])(
    'of any %s schema and rows is read by DuckDB, by hyparquet and by ourselves as it was written',
    async (_, depth) => {
      await fc.assert(
        fc.asyncProperty(
          columnsOf(depth),
          fc.oneof(fc.nat(40), fc.nat(900)),
          fc.constantFrom('none' as const, 'snappy' as const, 'gzip' as const, 'zstd' as const, 'lz4_raw' as const),
          fc.constantFrom(7, 100, 20_000),
          fc.constantFrom(50, 300, 1_000_000),
          fc.constantFrom(1 as const, 2 as const),
          async (drawn, rowCount, codec, pageRowsMax, rowGroupRowsMax, pageVersion) => {
            const columns = drawn.map(({ column }) => column)
            const rows = rowsOf(drawn, rowCount)
            const options = { codec, pageRowsMax, pageBytesMax: 4096, rowGroupRowsMax, pageVersion }
            const { bytes } = write(columns, rows, options)
            const wanted = rows.map((row) => columns.map((of) => canonical(of, row[of.name])))
            expect(await readWithOurs(bytes, columns)).toEqual(wanted)
            expect(await readWithHyparquet(bytes, columns)).toEqual(wanted)
            expect(await readWithDuckdb(bytes, columns)).toEqual(wanted)
          },
        ),
        { numRuns: SCHEMAS / 2 },
      )
    },
    20_000 + SCHEMAS * 200,
  )
})
