/**
 * Makes Parquet files of random schemas, for readers of others to look at:
 *
 *     node --conditions=@sluice/source packages/lake/test/make-parquet-files.ts FOLDER COUNT [SEED]
 *
 * Beside each file goes a JSON of the same name with the rows that a reader must find in it; `.ci/parquet-files.py` makes the
 * same texts of what pyarrow finds.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import type { ParquetElement } from '../src/parquet/index.ts'
import { columnsOf, rowsOf } from './parquet/drawn-columns.ts'
import { canonical, write, type Canonical, type Row } from './parquet/read-back.ts'

const [folder = '', count = '100', seed = '1'] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const drawn = fc.sample(
  fc.record({
    columns: columnsOf(4),
    rowCount: fc.oneof(fc.nat(40), fc.nat(900)),
    options: fc.record({
      codec: fc.constantFrom('none' as const, 'snappy' as const, 'gzip' as const, 'zstd' as const, 'lz4_raw' as const),
      pageRowsMax: fc.constantFrom(7, 100, 20_000),
      pageVersion: fc.constantFrom(1 as const, 2 as const),
      rowGroupRowsMax: fc.constantFrom(50, 300, 1_000_000),
    }),
  }),
  { numRuns: Number(count), seed: Number(seed) },
)
for (const [i, { columns: withValues, rowCount, options }] of drawn.entries()) {
  const columns = withValues.map(({ column }) => column)
  const rows = rowsOf(withValues, rowCount)
  const { bytes } = write(columns, rows, { ...options, pageBytesMax: 4096 })
  writeFileSync(join(folder, `${i}.parquet`), bytes)
  const texts = rows.map((row) => columns.map((column) => said(column, row[column.name])))
  writeFileSync(join(folder, `${i}.json`), JSON.stringify(texts))
}
console.log(`${drawn.length} files`)

/** As `canonical`, but floating point by its bits, which have one text in every language. */
function said(element: ParquetElement, value: unknown): Canonical {
  const { type } = element
  if (value === null || value === undefined) return null
  if (type.kind === 'struct') return type.fields.map((field) => said(field, (value as Row)[field.name]))
  if (type.kind === 'list') return (value as unknown[]).map((item) => said(type.element, item))
  if (type.kind === 'map') {
    return [...(value as Map<unknown, unknown>)].map(([key, item]) => [said(type.key, key), said(type.value, item)])
  }
  if (type.kind !== 'float' && type.kind !== 'double') return canonical(element, value)
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(type.kind === 'float' ? Math.fround(value as number) : (value as number))
  return Number.isNaN(value) ? 'nan' : bytes.toString('hex')
}
