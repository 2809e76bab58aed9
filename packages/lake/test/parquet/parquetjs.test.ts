import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { LeafType, ParquetColumn } from '../../src/parquet/index.ts'
import { write, type Row } from './read-back.ts'

interface Cursor {
  next(): Promise<Row | null>
}
interface Reader {
  getCursor(): Cursor
  close(): Promise<void>
}
const { ParquetReader } = createRequire(import.meta.url)('parquetjs-lite') as {
  ParquetReader: { openFile(path: string): Promise<Reader> }
}

/** What this old reader knows: flat columns of few types, without annotations newer than it. */
const KINDS: readonly (readonly [LeafType, fc.Arbitrary<unknown>])[] = [
  [{ kind: 'boolean' }, fc.boolean()],
  [{ kind: 'int32' }, fc.integer()],
  [{ kind: 'double' }, fc.double({ noNaN: true })],
  [{ kind: 'string' }, fc.string({ maxLength: 30 })],
]

async function read(bytes: Uint8Array): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-parquetjs-'))
  const path = join(folder, 'file.parquet')
  writeFileSync(path, bytes)
  const reader = await ParquetReader.openFile(path)
  try {
    const rows: Row[] = []
    const cursor = reader.getCursor()
    for (let row = await cursor.next(); row !== null; row = await cursor.next()) rows.push({ ...row })
    return rows
  } finally {
    await reader.close()
    rmSync(folder, { recursive: true })
  }
}

/** This reader gives whole numbers out as texts, so -0 as "0": the other readers tell the two apart. */
function texts(rows: readonly Row[]): string[][] {
  return rows.map((row) => Object.entries(row).map(([name, value]) => `${name} ${String(value)}`))
}

describe('parquetjs-lite', () => {
  test('reads flat files of pages v1, with dictionaries and without, as they were written', async () => {
    const column = fc.constantFrom(...KINDS).chain(([type, values]) =>
      fc.record({
        type: fc.constant(type),
        optional: fc.constant(true),
        values: fc.array(values, { minLength: 1, maxLength: 12 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(column, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom('none' as const, 'snappy' as const, 'gzip' as const),
        async (drawn, count, codec) => {
          const columns: ParquetColumn[] = drawn.map(({ type, optional }, i) => ({ name: `c${i}`, type, optional }))
          const rows = Array.from({ length: count }, (_, r) =>
            Object.fromEntries(drawn.map(({ values }, i) => [`c${i}`, values[(r * 7) % values.length]])),
          )
          const { bytes } = write(columns, rows, { codec, pageRowsMax: 64, rowGroupRowsMax: 200 })
          expect(texts(await read(bytes))).toEqual(texts(rows))
        },
      ),
      { numRuns: 60, examples: [[[{ type: { kind: 'double' }, optional: true, values: [-0, 0] }], 3, 'none']] },
    )
  })
})
