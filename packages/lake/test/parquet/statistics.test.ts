import { createRequire } from 'node:module'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { ParquetColumn, LeafType } from '../../src/parquet/index.ts'
import { BOUND_BYTES_MAX, footerBound } from '../../src/parquet/statistics.ts'
import { canonical, metadataOf, query, unscaled, write, type Canonical } from './read-back.ts'

interface RawStatistics {
  readonly null_count: { valueOf(): number }
  readonly min_value: Buffer | null
  readonly max_value: Buffer | null
}
/** parquetjs-lite hands bytes that are valid UTF-8 out as a string. */
type Found = Record<keyof RawStatistics, unknown>
interface RawMetadata {
  readonly row_groups: { readonly columns: { readonly meta_data: { readonly statistics: Found } }[] }[]
}
const load = createRequire(import.meta.url)
const { FileMetaData } = load('parquetjs-lite/gen-nodejs/parquet_types') as { FileMetaData: new () => RawMetadata }
const { decodeThrift } = load('parquetjs-lite/lib/util') as {
  decodeThrift: (into: RawMetadata, bytes: Buffer) => number
}

/** The footer's statistics of the only column, per row group, with the bounds' bytes as they stand there. */
function rawStatistics(file: Uint8Array): RawStatistics[] {
  const bytes = Buffer.from(file)
  const metadata = new FileMetaData()
  decodeThrift(metadata, bytes.subarray(bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8), bytes.length - 8))
  const bound = (found: unknown): Buffer | null => (found === null ? null : Buffer.from(found as string | Buffer))
  return metadata.row_groups.map((group) => {
    const found = group.columns[0]!.meta_data.statistics
    return {
      null_count: found.null_count as { valueOf(): number },
      min_value: bound(found.min_value ?? null),
      max_value: bound(found.max_value ?? null),
    }
  })
}

const column = (type: LeafType): ParquetColumn => ({ name: 'c', type, optional: true })
const rowsOf = (values: readonly unknown[]): { c: unknown }[] => values.map((c) => ({ c }))

/** A value's bytes in PLAIN encoding, without a length, and how two of them compare: written anew from the specification. */
interface Judge {
  readonly type: LeafType
  readonly values: fc.Arbitrary<unknown>
  readonly decode: (bytes: Buffer) => bigint | number
  readonly number: (value: unknown) => bigint | number
}
const signed = (bytes: Buffer): bigint => BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
const judges: readonly Judge[] = [
  {
    type: { kind: 'int32' },
    values: fc.integer(),
    decode: (bytes) => bytes.readInt32LE(),
    number: (value) => value as number,
  },
  {
    type: { kind: 'int64' },
    values: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger()),
    decode: (bytes) => bytes.readBigInt64LE(),
    number: (value) => BigInt(value as number | bigint),
  },
  {
    type: { kind: 'timestamp', unit: 'ms', utc: true },
    values: fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
    decode: (bytes) => bytes.readBigInt64LE(),
    number: (value) => BigInt(value as number) * 1000n,
  },
  {
    type: { kind: 'double' },
    values: fc.double({ noNaN: true }),
    decode: (bytes) => bytes.readDoubleLE(),
    number: (value) => value as number,
  },
  {
    type: { kind: 'float' },
    values: fc.float({ noNaN: true }),
    decode: (bytes) => bytes.readFloatLE(),
    number: (value) => value as number,
  },
  {
    type: { kind: 'boolean' },
    values: fc.boolean(),
    decode: (bytes) => bytes[0]!,
    number: (value) => Number(value),
  },
  ...(
    [
      [9, 2, (bytes) => bytes.readInt32LE()],
      [18, 4, (bytes) => bytes.readBigInt64LE()],
      [30, 10, signed],
      [38, 0, signed],
    ] as [number, number, (bytes: Buffer) => bigint][]
  ).map(([precision, scale, decode]): Judge => {
    const max = 10n ** BigInt(precision) - 1n
    return {
      type: { kind: 'decimal', precision, scale },
      values: fc.oneof(fc.bigInt({ min: -max, max }), fc.bigInt({ min: -300n, max: 300n })).map((value) => {
        const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
        const at = digits.length - scale
        return `${value < 0n ? '-' : ''}${digits.slice(0, at)}${scale === 0 ? '' : `.${digits.slice(at)}`}`
      }),
      decode,
      number: (value) => unscaled(value as string, scale),
    }
  }),
]

const smallest = <T extends number | bigint>(values: readonly T[]): T => values.reduce((a, b) => (b < a ? b : a))
const largest = <T extends number | bigint>(values: readonly T[]): T => values.reduce((a, b) => (b > a ? b : a))

describe('statistics of numbers', () => {
  for (const { type, values, decode, number } of judges) {
    test(`${JSON.stringify(type)}: equal what the rows say, per row group and for the file`, async () => {
      fc.assert(
        fc.property(fc.array(fc.option(values, { freq: 4 }), { minLength: 1, maxLength: 60 }), (drawn) => {
          const { file, bytes } = write([column(type)], rowsOf(drawn), {
            codec: 'none',
            rowGroupRowsMax: 20,
            pageRowsMax: 7,
          })
          const groups = rawStatistics(bytes)
          for (const [i, group] of groups.entries()) {
            const part = drawn.slice(i * 20, (i + 1) * 20)
            const there = part.filter((value) => value !== null).map((value) => number(value))
            expect(Number(group.null_count)).toBe(part.length - there.length)
            expect(group.min_value === null).toBe(there.length === 0)
            if (group.min_value === null || group.max_value === null) continue
            expect(decode(group.min_value) == smallest(there)).toBe(true)
            expect(decode(group.max_value) == largest(there)).toBe(true)
          }
          const all = drawn.filter((value) => value !== null)
          const { nullCount, min, max } = file.columns[0]!
          expect(nullCount).toBe(drawn.length - all.length)
          if (all.length === 0) {
            expect([min, max]).toEqual([undefined, undefined])
          } else {
            const of = type.kind === 'timestamp' ? column({ ...type, unit: 'us' }) : column(type) // presented in µs
            const texts = all.map((value) => [number(value), value] as const)
            const first = texts.find(([value]) => value == smallest(texts.map(([each]) => each)))![1]
            const last = texts.find(([value]) => value == largest(texts.map(([each]) => each)))![1]
            const unsigned = (text: Canonical): Canonical => (text === '-0' ? '0' : text)
            expect(canonical(of, min)).toBe(unsigned(canonical(column(type), first)))
            expect(canonical(of, max)).toBe(unsigned(canonical(column(type), last)))
          }
        }),
        { numRuns: 40 },
      )
    })
  }

  test('a NaN leaves no bounds, in its row group and in the file', () => {
    for (const kind of ['float', 'double'] as const) {
      const { file, bytes } = write([column({ kind })], rowsOf([1, NaN, 3, 4]), { codec: 'none', rowGroupRowsMax: 2 })
      const [first, second] = rawStatistics(bytes)
      expect(first!.min_value).toBeNull()
      expect(first!.max_value).toBeNull()
      expect(second!.min_value).not.toBeNull()
      expect(file.columns[0]).toEqual({ path: ['c'], repeatedFrom: 0, type: { kind }, nullCount: 0 })
    }
  })

  test('a zero bound covers both zeros: -0 below, +0 above', () => {
    for (const zero of [0, -0]) {
      const { bytes, file } = write([column({ kind: 'double' })], rowsOf([zero]), { codec: 'none' })
      const [only] = rawStatistics(bytes)
      expect(only!.min_value!.readDoubleLE()).toBe(-0)
      expect(only!.max_value!.readDoubleLE()).toBe(0)
      expect(file.columns[0]).toMatchObject({ min: 0, max: 0 })
    }
  })

  test('an int64 beyond 2^53 is presented as a bigint, a smaller one as a number', () => {
    const { file } = write([column({ kind: 'int64' })], rowsOf([5n, 2n ** 60n]))
    expect(file.columns[0]).toMatchObject({ min: 5, max: 2n ** 60n })
  })

  test('all values null: no bounds, and every row counted', () => {
    const { file } = write(
      [column({ kind: 'string' }), { ...column({ kind: 'int32' }), name: 'd' }],
      rowsOf([null, undefined]),
    )
    expect(file.columns).toEqual([
      { path: ['c'], repeatedFrom: 0, type: { kind: 'string' }, nullCount: 2 },
      { path: ['d'], repeatedFrom: 0, type: { kind: 'int32' }, nullCount: 2 },
    ])
  })
})

const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', '\u{7f}', '\u{80}', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{10ffff}'),
    maxLength: 90,
  }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom('\u{10ffff}'.repeat(40), 'x'.repeat(64), 'x'.repeat(65), `${'x'.repeat(63)}é`),
)

describe('statistics of texts and bytes', () => {
  test('order is that of the UTF-8 bytes, not of UTF-16 units, and bounds of any length bound', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), fc.boolean(), (drawn, asText) => {
        const type: LeafType = { kind: asText ? 'string' : 'binary' }
        const values = drawn.map((value) => Buffer.from(value)).toSorted((a, b) => Buffer.compare(a, b))
        const { file, bytes } = write(
          [column(type)],
          rowsOf(asText ? drawn : drawn.map((value) => Buffer.from(value))),
          {
            codec: 'none',
            pageRowsMax: 9,
          },
        )
        const [min, max] = [values[0]!, values.at(-1)!]
        const found = file.columns[0]!
        expect(Buffer.compare(Buffer.from(found.min as string), min)).toBe(0)
        expect(Buffer.compare(Buffer.from(found.max as string), max)).toBe(0)
        const [footer] = rawStatistics(bytes)
        expectBound(footer!.min_value, min, 'min', asText)
        expectBound(footer!.max_value, max, 'max', asText)
      }),
      { numRuns: 150 },
    )
  })

  function expectBound(bound: Buffer | null, value: Buffer, side: 'min' | 'max', asText: boolean): void {
    if (value.length <= BOUND_BYTES_MAX) {
      expect(bound).toEqual(value)
    } else if (bound === null) {
      // Nothing short is above a value that starts with the highest characters only.
      expect(side).toBe('max')
      expect(asText ? value.toString().startsWith('\u{10ffff}'.repeat(16)) : value[0] === 0xff).toBe(true)
    } else {
      expect(bound.length).toBeLessThanOrEqual(BOUND_BYTES_MAX + 1)
      expect(Buffer.compare(bound, value)).toBe(side === 'min' ? -1 : 1)
      if (asText) expect(Buffer.from(bound.toString())).toEqual(bound)
    }
  }

  test('a bound that was cut says that it is not exact', () => {
    const { bytes } = write([column({ kind: 'string' })], rowsOf(['a', 'b'.repeat(100)]), { codec: 'none' })
    const statistics = metadataOf(bytes).row_groups[0]!.columns[0]!.meta_data!.statistics!
    expect(statistics).toMatchObject({
      min_value: 'a',
      is_min_value_exact: true,
      max_value: `${'b'.repeat(63)}c`,
      is_max_value_exact: false,
    })
  })

  test('the next character after the last one in front of the surrogates is the first one behind them', () => {
    const text = `${'x'.repeat(61)}\u{d7ff}more`
    expect(footerBound({ kind: 'string' }, Buffer.from(text), 'max')!.bytes).toEqual(
      Buffer.from(`${'x'.repeat(61)}\u{e000}`),
    )
  })

  test('bytes that are all 0xff have no short bound above', () => {
    expect(footerBound({ kind: 'binary' }, new Uint8Array(65).fill(255), 'max')).toBeUndefined()
    expect(footerBound({ kind: 'binary' }, new Uint8Array(65).fill(255), 'min')).toEqual({
      bytes: new Uint8Array(64).fill(255),
      exact: false,
    })
  })

  test('DuckDB skips by the bounds and still finds everything', async () => {
    const values = Array.from({ length: 3000 }, (_, i) => `${'k'.repeat(70)}${String(i).padStart(4, '0')}\u{10000}`)
    const { bytes } = write([column({ kind: 'string' })], rowsOf(values), { rowGroupRowsMax: 500 })
    for (const value of [values[0]!, values[1499]!, values[2999]!]) {
      expect(await query(bytes, `SELECT count(*) FROM file WHERE c = '${value}'`)).toEqual([[1n]])
    }
    expect(await query(bytes, `SELECT count(*) FROM file WHERE c > '${values[1000]!}'`)).toEqual([[1999n]])
  })
})
