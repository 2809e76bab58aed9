import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parquetReadObjects, readColumnIndex, readOffsetIndex } from 'hyparquet'
import type { LeafType, ParquetColumn, ParquetOptions } from '../../src/parquet/index.ts'
import { columnsOf, rowsOf } from './drawn-columns.ts'
import { metadataOf, query, write, type Row } from './read-back.ts'

const int64: LeafType = { kind: 'int64' }
const column = (type: LeafType, name = 'c'): ParquetColumn => ({ name, type, optional: true })

interface Indexes {
  readonly offsets: ReturnType<typeof readOffsetIndex>
  readonly columns: ReturnType<typeof readColumnIndex> | undefined
}

/** The page indexes of the first row group's columns, as hyparquet reads them. */
function indexesOf(bytes: Uint8Array): Indexes[] {
  const { row_groups: groups, schema } = metadataOf(bytes)
  const at = (offset: bigint, length: number): { view: DataView; offset: number } => ({
    view: new DataView(new Uint8Array(bytes.subarray(Number(offset), Number(offset) + length)).buffer),
    offset: 0,
  })
  return groups[0]!.columns.map((chunk, i) => ({
    offsets: readOffsetIndex(at(chunk.offset_index_offset!, chunk.offset_index_length!)),
    columns:
      chunk.column_index_offset === undefined
        ? undefined
        : readColumnIndex(at(chunk.column_index_offset, chunk.column_index_length!), schema[i + 1]!),
  }))
}

function indexOf(type: LeafType, values: readonly unknown[], options: ParquetOptions = {}): Indexes {
  const rows = values.map((c) => ({ c }))
  return indexesOf(write([column(type)], rows, { pageRowsMax: 3, ...options }).bytes)[0]!
}

describe('page indexes', () => {
  test.each([1, 2] as const)('say of each page where it is, its rows, nulls and bounds (pages v%i)', (pageVersion) => {
    const { offsets, columns } = indexOf(int64, [1, 2, 3, null, 5, 6, null, null, null, 9], { pageVersion })
    expect(offsets.page_locations.map((page) => Number(page.first_row_index))).toEqual([0, 3, 6, 9])
    const places = offsets.page_locations.map((page) => Number(page.offset))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(columns).toMatchObject({
      null_pages: [false, false, true, false],
      null_counts: [0n, 1n, 3n, 0n],
      boundary_order: 'ASCENDING',
    })
    expect([columns!.min_values[0], columns!.max_values[1], columns!.min_values[3]]).toEqual([1n, 6n, 9n])
  })

  test('say whether bounds grow, fall, or neither', () => {
    const orderOf = (...values: number[]): string => indexOf(int64, values).columns!.boundary_order
    expect(orderOf(9, 8, 7, 6, 5, 4)).toBe('DESCENDING')
    expect(orderOf(1, 9, 1, 2, 3, 2, 1, 9, 1)).toBe('UNORDERED')
  })

  test('of values that nothing bounds have places only: a NaN, a long text of the last character', () => {
    expect(indexOf({ kind: 'double' }, [1, 2, 3, NaN]).columns).toBeUndefined()
    expect(indexOf({ kind: 'string' }, ['a', '\u{10ffff}'.repeat(40)]).columns).toBeUndefined()
    expect(indexOf({ kind: 'double' }, [1, 2, 3, NaN]).offsets.page_locations).toHaveLength(2)
  })

  test('are left out where they are not wanted', () => {
    const { bytes } = write([column(int64)], [{ c: 1 }], { pageIndex: false })
    expect(metadataOf(bytes).row_groups[0]!.columns[0]!.offset_index_offset).toBeUndefined()
  })

  test('lead a reader to the right rows, whatever the columns', async () => {
    await fc.assert(
      fc.asyncProperty(columnsOf(2), fc.integer({ min: 1, max: 60 }), fc.nat(59), async (drawn, count, from) => {
        const columns: ParquetColumn[] = [column(int64, 'n'), ...drawn.map((each) => each.column)]
        const rows: Row[] = rowsOf(drawn, count).map((row, n) => ({ ...row, n }))
        const { bytes } = write(columns, rows, { pageRowsMax: 4, codec: 'none' })
        const rowStart = Math.min(from, count - 1)
        const range = { rowStart, rowEnd: Math.min(count, rowStart + 5), useOffsetIndex: true }
        const file = new Uint8Array(bytes).buffer
        const found = (await parquetReadObjects({ file, columns: ['n'], ...range })) as Row[]
        expect(found.map((row) => Number(row['n']))).toEqual(rows.slice(rowStart, rowStart + 5).map((row) => row['n']))
      }),
      { numRuns: 30 },
    )
  })
})

describe('bloom filters', () => {
  const types: readonly (readonly [LeafType, (i: number) => unknown, (i: number) => string])[] = [
    [int64, (i) => i * 7919, (i) => `${i * 7919}::BIGINT`],
    [{ kind: 'int32' }, (i) => i * 7919, (i) => `${i * 7919}::INTEGER`],
    [{ kind: 'string' }, (i) => `value ${i}`, (i) => `'value ${i}'`],
    [{ kind: 'double' }, (i) => i / 8, (i) => `${i / 8}::DOUBLE`],
  ]
  for (const [type, valueOf, literal] of types) {
    test(`of ${type.kind} columns know every value, in a dictionary or not, and few others`, async () => {
      for (const distinct of [40, 4000]) {
        const rows = Array.from({ length: 4000 }, (_, i) => ({ c: i % 9 === 0 ? null : valueOf(i % distinct) }))
        const { bytes } = write([column(type)], rows, { bloomFilters: ['c'], pageVersion: distinct === 40 ? 1 : 2 })
        const held = [1, 2, 31, distinct - 2]
        const others = Array.from({ length: 40 }, (_, i) => 5000 + 13 * i)
        const probe = (i: number): string =>
          `SELECT ${i}, bloom_filter_excludes FROM parquet_bloom_probe(file, 'c', ${literal(i)})`
        const answers = await query(bytes, [...held, ...others].map((i) => probe(i)).join(' UNION ALL '))
        const excluded = new Set(answers.filter((row) => row[1] === true).map((row) => Number(row[0])))
        expect(held.filter((i) => excluded.has(i))).toEqual([])
        expect(others.filter((i) => excluded.has(i)).length).toBeGreaterThan(35)
      }
    })
  }

  test('are refused for columns that are not there or cannot have one', () => {
    const columns = [column(int64), column({ kind: 'boolean' }, 'yes')]
    expect(() => write(columns, [], { bloomFilters: ['x'] })).toThrow('names "x"')
    expect(() => write(columns, [], { bloomFilters: ['yes'] })).toThrow('names "yes"')
  })
})
