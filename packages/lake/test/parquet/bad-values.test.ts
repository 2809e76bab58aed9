import { describe, expect, test } from '@jest/globals'
import { SluiceError, ValueError } from '@sluice/sdk'
import {
  ParquetWriter,
  collectChunks,
  type LeafType,
  type ParquetColumn,
  type ParquetOptions,
  type ParquetType,
} from '../../src/parquet/index.ts'
import { write, type Row } from './read-back.ts'

function thrownBy(work: () => unknown): SluiceError {
  try {
    work()
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** Type, a value that does not fit it, and what the message has to say. */
const refused: readonly [ParquetType, unknown, RegExp][] = [
  [{ kind: 'boolean' }, 1, /true or false is expected/],
  [{ kind: 'boolean' }, 'true', /true or false is expected/],
  [{ kind: 'int8' }, 128, /not between -128 and 127/],
  [{ kind: 'int8' }, -129, /not between -128 and 127/],
  [{ kind: 'int16' }, 32_768, /not between -32768 and 32767/],
  [{ kind: 'int32' }, 2 ** 31, /not between -2147483648 and 2147483647/],
  [{ kind: 'int32' }, -(2n ** 31n) - 1n, /cannot hold -2147483649/],
  [{ kind: 'int32' }, 1.5, /cannot hold 1.5: it is not a whole number/],
  [{ kind: 'int32' }, NaN, /not a whole number/],
  [{ kind: 'int32' }, Infinity, /not a whole number/],
  [{ kind: 'int32' }, '7', /cannot hold "7": a whole number is expected/],
  [{ kind: 'int64' }, 2n ** 63n, /not between -9223372036854775808 and 9223372036854775807/],
  [{ kind: 'int64' }, -(2n ** 63n) - 1n, /not between/],
  [{ kind: 'int64' }, 2 ** 53, /no longer exact/],
  [{ kind: 'int64' }, 1e300, /not between/],
  [{ kind: 'int64' }, 0.5, /not a whole number/],
  [{ kind: 'float' }, 1e300, /too large for a 32-bit float/],
  [{ kind: 'float' }, 1n, /a number is expected/],
  [{ kind: 'double' }, 1n, /a number is expected/],
  [{ kind: 'double' }, '1', /a number is expected/],
  [{ kind: 'string' }, 5, /a string is expected/],
  [{ kind: 'string' }, { a: 1 }, /cannot hold an object: a string is expected/],
  [{ kind: 'string' }, 'a\ud800b', /half of a surrogate pair/],
  [{ kind: 'string' }, 'long enough for the other way of writing \udfff', /half of a surrogate pair/],
  [{ kind: 'binary' }, 'text', /a Uint8Array is expected/],
  [{ kind: 'binary' }, [1, 2], /cannot hold an array: a Uint8Array is expected/],
  [{ kind: 'date' }, 2 ** 31, /Column "c" of type date cannot hold/],
  [{ kind: 'date' }, new Date(0), /a whole number is expected/],
  [{ kind: 'time', unit: 'ms' }, 86_400_000, /not between 0 and 86399999/],
  [{ kind: 'time', unit: 'us' }, 86_400_000_000, /not between 0 and 86399999999/],
  [{ kind: 'time', unit: 'us' }, -1n, /not between/],
  [{ kind: 'timestamp', unit: 'ms', utc: true }, 9_223_372_036_854_776n, /not between/],
  [{ kind: 'timestamp', unit: 'ms', utc: true }, -9_223_372_036_854_776n, /not between/],
  [{ kind: 'timestamp', unit: 'ms', utc: true }, 1.25, /not a whole number/],
  [{ kind: 'timestamp', unit: 'us', utc: false }, 2n ** 63n, /not between/],
  [{ kind: 'timestamp', unit: 'us', utc: false }, 1e18, /no longer exact/],
  ...([9, 18, 38] as const).flatMap((precision): [ParquetType, unknown, RegExp][] => {
    const type: ParquetType = { kind: 'decimal', precision, scale: 2 }
    return [
      [
        type,
        `1${'0'.repeat(precision - 2)}`,
        new RegExp(`${precision - 1} digits in front of the point.*room for ${precision - 2}`),
      ],
      [type, `-${'9'.repeat(precision - 1)}.99`, /digits in front of the point/],
      [type, '1.234', /3 digits behind the point, and the scale is 2/],
      [type, '9'.repeat(60), /60 digits in front/],
      [type, 12.5, /the text of a decimal is expected/],
      [type, 12n, /the text of a decimal is expected/],
      ...['', '-', '+', '.', '1.', '.5', '1e3', '1,5', ' 1', '0x10', '--1', '1.2.3', 'NaN', '١'].map(
        (text): [ParquetType, unknown, RegExp] => [type, text, /not a decimal number/],
      ),
    ]
  }),
]

const VALID: Record<LeafType['kind'], unknown> = {
  boolean: true,
  int8: 1,
  int16: 1,
  int32: 1,
  int64: 1,
  float: 1,
  double: 1,
  string: 'one',
  binary: Buffer.from('one'),
  date: 1,
  time: 1,
  timestamp: 1,
  decimal: '1.00',
}

describe('a value that does not fit', () => {
  for (const [type, value, reason] of refused) {
    const shown = value instanceof Object ? 'an object' : `${typeof value} ${(value as number).toString().slice(0, 20)}`
    test(`${JSON.stringify(type)} refuses ${shown}`, () => {
      for (const optional of [true, false]) {
        const error = thrownBy(() => write([{ name: 'c', type, optional }], [{ c: value }]))
        expect(error).toBeInstanceOf(ValueError)
        expect(error.code).toBe('VALUE_INVALID')
        expect(error.message).toMatch(reason)
        expect(error.message).toContain('Column "c"')
        expect(error.place).toEqual({ column: 'c' })
        expect(error.remedy).toBeTruthy()
      }
    })
  }

  for (const kind of Object.keys(VALID) as LeafType['kind'][]) {
    test(`a required ${kind} refuses null and a missing property`, () => {
      const column: ParquetColumn = { name: 'c', type: typeOf(kind), optional: false }
      for (const row of [{ c: null }, { c: undefined }, {}]) {
        const error = thrownBy(() => write([column], [row]))
        expect(error).toBeInstanceOf(ValueError)
        expect(error.message).toMatch(/the column is required/)
      }
      expect(write([{ ...column, optional: true }], [{ c: null }, {}]).file.columns[0]!.nullCount).toBe(2)
    })
  }
})

function typeOf(kind: LeafType['kind']): LeafType {
  if (kind === 'decimal') return { kind, precision: 20, scale: 2 }
  if (kind === 'time') return { kind, unit: 'ms' }
  if (kind === 'timestamp') return { kind, unit: 'ms', utc: true }
  return { kind }
}

describe('a row that is refused', () => {
  const kinds = Object.keys(VALID) as LeafType['kind'][]
  const columns: ParquetColumn[] = [
    ...kinds.map((kind) => ({ name: kind, type: typeOf(kind), optional: true })),
    ...kinds.map((kind) => ({ name: `${kind}2`, type: typeOf(kind), optional: false })),
    { name: 'last', type: { kind: 'int32' }, optional: false },
  ]
  const good = (i: number): Row => {
    const row: Row = { last: i }
    for (const kind of kinds) {
      row[kind] = i % 3 === 0 ? null : VALID[kind]
      row[`${kind}2`] = kind === 'string' ? `row ${i % 9}` : VALID[kind]
    }
    return row
  }
  /** Values that would be the smallest and largest of their columns, and new in their dictionaries. */
  const bad = (i: number): Row => ({
    ...good(i),
    string: `\u{10ffff}${i}`,
    string2: ` new ${i}`,
    int64: -(2n ** 63n),
    double2: 1e300,
    decimal2: '-999999999999999999.99',
    binary: new Uint8Array([255, 255]),
    boolean2: false,
    last: 'not a number',
  })

  test('leaves no trace: not in the rows, the dictionaries, or the bounds', () => {
    for (const pageRowsMax of [3, 20_000]) {
      const options: ParquetOptions = { codec: 'none', pageRowsMax, rowGroupRowsMax: 25 }
      const wanted = write(
        columns,
        Array.from({ length: 60 }, (_, i) => good(i)),
        options,
      )
      const chunks = collectChunks()
      const writer = new ParquetWriter(columns, options, chunks.sink)
      for (let i = 0; i < 60; i++) {
        for (let k = 0; k < 3; k++) expect(() => writer.appendRow(bad(i + k))).toThrow(ValueError)
        writer.appendRow(good(i))
      }
      expect(() => writer.appendRow(bad(99))).toThrow(ValueError)
      expect(writer.rows).toBe(60)
      expect(writer.finish()).toEqual(wanted.file)
      expect(Buffer.compare(chunks.bytes(), wanted.bytes)).toBe(0)
    }
  })

  test('given by columns: the rows in front of it stay, the others are not added', () => {
    const chunks = collectChunks()
    const two: ParquetColumn[] = [
      { name: 'a', type: { kind: 'int32' }, optional: false },
      { name: 'b', type: { kind: 'string' }, optional: true },
    ]
    const writer = new ParquetWriter(two, { codec: 'none' }, chunks.sink)
    expect(() =>
      writer.appendColumns(
        [
          [1, 2, 3],
          ['x', 5, 'z'],
        ],
        3,
      ),
    ).toThrow(/Column "b"/)
    expect(writer.rows).toBe(1)
    writer.appendColumns([new Int32Array([2, 3]), [null, 'z']], 2)
    writer.finish()
    expect(chunks.bytes()).toEqual(
      Buffer.from(write(two, [{ a: 1, b: 'x' }, { a: 2 }, { a: 3, b: 'z' }], { codec: 'none' }).bytes),
    )
  })
})

describe('a schema or an option that makes no sense', () => {
  const int32 = { kind: 'int32' } as const
  const open = (columns: readonly ParquetColumn[], options: ParquetOptions = {}): SluiceError =>
    thrownBy(() => new ParquetWriter(columns, options, () => {}))

  test('is refused with every reason at once', () => {
    const error = open([
      { name: 'a', type: int32, optional: false },
      { name: 'a', type: int32, optional: false },
      { name: '', type: int32, optional: false },
      { name: 'd', type: { kind: 'decimal', precision: 39, scale: 0 }, optional: false },
      { name: 'e', type: { kind: 'decimal', precision: 5, scale: 6 }, optional: false },
      { name: 'f', type: { kind: 'int128' } as unknown as ParquetType, optional: false },
      { name: 'g', type: { kind: 'time', unit: 'ns' } as unknown as ParquetType, optional: false },
      { name: 'h', type: int32, optional: false, fieldId: 1.5 },
    ])
    expect(error.code).toBe('SCHEMA_INVALID')
    for (const part of [
      '"a" appears twice',
      'empty name',
      'precision of "d"',
      'scale of "e"',
      '"int128"',
      '"ns"',
      'field id of "h"',
    ]) {
      expect(error.message).toContain(part)
    }
  })

  test('no columns, a codec or a level that does not exist, limits that are none', () => {
    expect(open([]).message).toContain('no columns')
    const one: ParquetColumn[] = [{ name: 'a', type: int32, optional: false }]
    expect(open(one, { codec: 'lzo' as 'snappy' }).message).toContain('"lzo"')
    expect(open(one, { codec: 'zstd', compressionLevel: 23 }).message).toContain('23')
    expect(open(one, { rowGroupBytesMax: 0 }).message).toContain('rowGroupBytesMax')
    expect(open(one, { rowGroupRowsMax: 1.5 }).message).toContain('rowGroupRowsMax')
    expect(open(one, { pageRowsMax: -1 }).message).toContain('pageRowsMax')
  })

  test('a finished file takes no more rows and is not finished twice', () => {
    const writer = new ParquetWriter([{ name: 'a', type: int32, optional: false }], {}, () => {})
    writer.appendRow({ a: 1 })
    writer.finish()
    expect(() => writer.appendRow({ a: 2 })).toThrow(/takes no more rows/)
    expect(() => writer.finish()).toThrow(/takes no more rows/)
  })
})
