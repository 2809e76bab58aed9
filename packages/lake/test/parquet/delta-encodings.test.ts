import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { LeafType, ParquetColumn } from '../../src/parquet/index.ts'
import { canonical, metadataOf, readWithDuckdb, readWithHyparquet, readWithOurs, write } from './read-back.ts'

const int32: LeafType = { kind: 'int32' }
const int64: LeafType = { kind: 'int64' }
const string: LeafType = { kind: 'string' }
const count = 3000
const each = (value: (i: number) => unknown): unknown[] => Array.from({ length: count }, (_, i) => value(i))
/** Without order, but the same in every run. */
const mixed = (i: number): number => Math.imul(i + 1, 0x9e3779b1) >>> 0

/** The encodings of the only column's data pages, and the file. */
function written(
  type: LeafType,
  values: readonly unknown[],
  pageVersion: 1 | 2 = 2,
): { bytes: Uint8Array; used: string[] } {
  const column: ParquetColumn = { name: 'c', type, optional: true }
  const rows = values.map((c) => ({ c }))
  const { bytes } = write([column], rows, { pageVersion, pageRowsMax: 1000 })
  const statistics = metadataOf(bytes).row_groups[0]!.columns[0]!.meta_data!.encoding_stats!
  return { bytes, used: statistics.filter((page) => page.page_type !== 'DICTIONARY_PAGE').map((page) => page.encoding) }
}

async function expectBack(type: LeafType, values: readonly unknown[], bytes: Uint8Array): Promise<void> {
  const column: ParquetColumn = { name: 'c', type, optional: true }
  const wanted = values.map((value) => [canonical(column, value)])
  expect(await readWithOurs(bytes, [column])).toEqual(wanted)
  expect(await readWithHyparquet(bytes, [column])).toEqual(wanted)
  expect(await readWithDuckdb(bytes, [column])).toEqual(wanted)
}

describe('delta encodings of pages v2', () => {
  test.each<[string, LeafType, unknown[], string]>([
    ['numbers that grow', int64, each((i) => i * 3 - 1000), 'DELTA_BINARY_PACKED'],
    ['numbers beyond 2^53', int64, each((i) => 2n ** 62n + BigInt(i * 5 + (i % 7))), 'DELTA_BINARY_PACKED'],
    ['numbers around both ends of 32 bits', int32, each((i) => 2 ** 31 - 1 - i * 2), 'DELTA_BINARY_PACKED'],
    [
      'times that do not quite grow',
      { kind: 'timestamp', unit: 'us', utc: true },
      each((i) => 1.76e15 + i * 977_013 + (mixed(i) % 1e6)),
      'DELTA_BINARY_PACKED',
    ],
    ['numbers among nulls', int64, each((i) => (i % 3 === 0 ? null : i)), 'DELTA_BINARY_PACKED'],
    ['numbers without order', int64, each((i) => BigInt.asIntN(64, BigInt(mixed(i)) * 0x9e3779b97f4a7c15n)), 'PLAIN'],
    ['numbers of few values', int64, each((i) => i % 3), 'RLE_DICTIONARY'],
    [
      'texts that begin alike',
      string,
      each((i) => `https://example.org/orders/${String(i * 37).padStart(9, '0')}`),
      'DELTA_BYTE_ARRAY',
    ],
    ['short texts', string, each((i) => mixed(i).toString(36)), 'DELTA_LENGTH_BYTE_ARRAY'],
    [
      'long texts without order',
      string,
      each((i) => `${mixed(i).toString(36)}-${mixed(i + 7).toString(36)}-${mixed(i + 9).toString(36)}`),
      'PLAIN',
    ],
  ])('%s', async (_, type, values, encoding) => {
    const { bytes, used } = written(type, values)
    expect(used).toEqual([encoding])
    await expectBack(type, values, bytes)
  })

  test('are not in pages v1, which some readers know only without', () => {
    expect(
      written(
        int64,
        each((i) => i),
        1,
      ).used,
    ).toEqual(['PLAIN'])
    expect(
      written(
        string,
        each((i) => mixed(i).toString(36)),
        1,
      ).used,
    ).toEqual(['PLAIN'])
  })

  test('give back every walk of numbers, whatever its steps', async () => {
    const steps = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.maxSafeInteger(),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.array(steps, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 700 }),
        async (start, cycle, length) => {
          let value = start
          const longs = Array.from(
            { length },
            (_, i) => (value = BigInt.asIntN(64, value + BigInt(cycle[i % cycle.length]!))),
          )
          const ints = longs.map((long) => Number(BigInt.asIntN(32, long)))
          for (const [type, values] of [
            [int64, longs],
            [int32, ints],
          ] as const) {
            const column: ParquetColumn = { name: 'c', type, optional: false }
            const { bytes } = write(
              [column],
              values.map((c) => ({ c })),
              { pageVersion: 2, codec: 'none' },
            )
            expect(await readWithOurs(bytes, [column])).toEqual(values.map((each) => [String(each)]))
            expect(await readWithHyparquet(bytes, [column])).toEqual(values.map((each) => [String(each)]))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})
