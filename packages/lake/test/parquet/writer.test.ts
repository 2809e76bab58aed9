import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { describe, expect, test } from '@jest/globals'
import { ParquetWriter, collectChunks, type ParquetColumn, type ParquetType } from '../../src/parquet/index.ts'
import { metadataOf, query, write, type Row } from './read-back.ts'

const columns: readonly ParquetColumn[] = [
  { name: 'id', type: { kind: 'int64' }, optional: false, fieldId: 1 },
  { name: 'name', type: { kind: 'string' }, optional: true, fieldId: 2 },
  { name: 'status', type: { kind: 'string' }, optional: false },
  { name: 'amount', type: { kind: 'decimal', precision: 12, scale: 2 }, optional: true },
  { name: 'at', type: { kind: 'timestamp', unit: 'ms', utc: true }, optional: true },
  { name: 'ratio', type: { kind: 'double' }, optional: true },
  { name: 'raw', type: { kind: 'binary' }, optional: true },
]
const rows: readonly Row[] = Array.from({ length: 1000 }, (_, i) => ({
  id: i,
  name: i % 4 === 0 ? null : `näme ${i}`,
  status: ['new', 'paid', 'sent'][i % 3],
  amount: i % 5 === 0 ? null : `${i}.5`,
  at: 1_700_000_000_000 + i,
  ratio: i % 10 === 0 ? NaN : i / 3,
  raw: Buffer.from([i & 255]),
}))

describe('equal rows give equal bytes', () => {
  test('in two runs, and by rows or by columns', () => {
    for (const codec of ['none', 'snappy', 'gzip', 'zstd'] as const) {
      const first = write(columns, rows, { codec, rowGroupRowsMax: 300 })
      expect(Buffer.compare(write(columns, rows, { codec, rowGroupRowsMax: 300 }).bytes, first.bytes)).toBe(0)
      const chunks = collectChunks()
      const writer = new ParquetWriter(columns, { codec, rowGroupRowsMax: 300 }, chunks.sink)
      for (let from = 0; from < rows.length; from += 170) {
        const part = rows.slice(from, from + 170)
        writer.appendColumns(
          columns.map(({ name }) => part.map((row) => row[name])),
          part.length,
        )
      }
      expect(writer.finish()).toEqual(first.file)
      expect(Buffer.compare(chunks.bytes(), first.bytes)).toBe(0)
    }
  })

  test('for a whole number given as number or bigint, and for every NaN', () => {
    const two: ParquetColumn[] = [
      { name: 'a', type: { kind: 'int64' }, optional: false },
      { name: 'b', type: { kind: 'double' }, optional: false },
      { name: 'c', type: { kind: 'timestamp', unit: 'ms', utc: true }, optional: false },
    ]
    const [odd] = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0123n]).buffer)
    const numbers = write(
      two,
      [-1, 5, 2 ** 40, -(2 ** 33)].map((a) => ({ a, b: NaN, c: a })),
    )
    const bigints = write(
      two,
      [-1, 5, 2 ** 40, -(2 ** 33)].map((a) => ({ a: BigInt(a), b: odd, c: BigInt(a) })),
    )
    expect(Buffer.compare(numbers.bytes, bigints.bytes)).toBe(0)
  })

  test('from one release to the next: whoever changes them changes created_by too', () => {
    const { bytes } = write(columns, rows, { codec: 'none', metadata: { origin: 'test' } })
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '606d04666fb68865e68374e2eef50fc028cf2f4849a252a2aebf3523f8c3acda',
    )
  })
})

describe('the footer', () => {
  test('names every type as the Delta protocol maps it, in new words and in old ones', async () => {
    const types: [ParquetType, string, string | null, RegExp | null][] = [
      [{ kind: 'boolean' }, 'BOOLEAN', null, null],
      [{ kind: 'int8' }, 'INT32', 'INT_8', /IntType\(bitWidth=.*, isSigned=1\)/s],
      [{ kind: 'int16' }, 'INT32', 'INT_16', /IntType\(bitWidth=.*, isSigned=1\)/s],
      [{ kind: 'int32' }, 'INT32', null, null],
      [{ kind: 'int64' }, 'INT64', null, null],
      [{ kind: 'float' }, 'FLOAT', null, null],
      [{ kind: 'double' }, 'DOUBLE', null, null],
      [{ kind: 'string' }, 'BYTE_ARRAY', 'UTF8', /StringType/],
      [{ kind: 'binary' }, 'BYTE_ARRAY', null, null],
      [{ kind: 'date' }, 'INT32', 'DATE', /DateType/],
      [{ kind: 'time', unit: 'ms' }, 'INT32', null, /TimeType\(isAdjustedToUTC=0.*MILLIS/],
      [{ kind: 'time', unit: 'us' }, 'INT64', null, /TimeType\(isAdjustedToUTC=0.*MICROS/],
      [
        { kind: 'timestamp', unit: 'ms', utc: true },
        'INT64',
        'TIMESTAMP_MICROS',
        /TimestampType\(isAdjustedToUTC=1.*MICROS/,
      ],
      [{ kind: 'timestamp', unit: 'us', utc: false }, 'INT64', null, /TimestampType\(isAdjustedToUTC=0.*MICROS/],
      [{ kind: 'decimal', precision: 9, scale: 9 }, 'INT32', 'DECIMAL', /DecimalType\(scale=9, precision=9\)/],
      [{ kind: 'decimal', precision: 18, scale: 0 }, 'INT64', 'DECIMAL', /DecimalType\(scale=0, precision=18\)/],
      [
        { kind: 'decimal', precision: 38, scale: 10 },
        'FIXED_LEN_BYTE_ARRAY',
        'DECIMAL',
        /DecimalType\(scale=10, precision=38\)/,
      ],
    ]
    const all = types.map(([type], i) => ({ name: `c${i}`, type, optional: i % 2 === 0, fieldId: 100 + i }))
    const { bytes } = write(all, [])
    const found = await query(
      bytes,
      'SELECT type, repetition_type, converted_type, logical_type, field_id FROM parquet_schema(file) OFFSET 1',
    )
    expect(found.length).toBe(types.length)
    for (const [i, [, physical, converted, logical]] of types.entries()) {
      const [type, repetition, old, words, id] = found[i]!
      expect([type, repetition, old, id]).toEqual([
        physical,
        i % 2 === 0 ? 'OPTIONAL' : 'REQUIRED',
        converted,
        BigInt(100 + i),
      ])
      if (logical === null) expect(words).toBeNull()
      else expect(String(words)).toMatch(logical)
    }
    const [, , int8, int16] = metadataOf(bytes).schema
    expect([int8!.logical_type, int16!.logical_type]).toEqual(
      [8, 16].map((bitWidth) => ({ type: 'INTEGER', bitWidth, isSigned: true })),
    )
  })

  test('says who wrote it, and carries the given metadata', () => {
    const metadata = metadataOf(write(columns, rows, { metadata: { 'schema.version': '3', größe: '東京' } }).bytes)
    expect(metadata.created_by).toMatch(/^sluice version \d+\.\d+\.\d+ \(build \w+\)$/)
    expect(metadata.key_value_metadata).toEqual([
      { key: 'schema.version', value: '3' },
      { key: 'größe', value: '東京' },
    ])
    expect(metadata.version).toBe(1)
  })

  test('gives each chunk its place: pages lie where it says, one behind the other', () => {
    const { bytes, file } = write(columns, rows, { codec: 'zstd', rowGroupRowsMax: 400 })
    let at = 4
    for (const [i, group] of metadataOf(bytes).row_groups.entries()) {
      expect(file.rowGroups[i]!.offset).toBe(at)
      expect(group.ordinal).toBe(i)
      for (const { meta_data: chunk } of group.columns) {
        expect(Number(chunk!.dictionary_page_offset ?? chunk!.data_page_offset)).toBe(at)
        at += Number(chunk!.total_compressed_size)
      }
    }
  })
})

describe('the writer', () => {
  test('counts rows, and bytes: those it has given away and those it holds', () => {
    let given = 0
    const writer = new ParquetWriter(columns, { rowGroupRowsMax: 100 }, (chunk) => (given += chunk.length))
    let most = 0
    for (const row of rows) {
      writer.appendRow(row)
      most = Math.max(most, writer.bytes - given)
    }
    expect(writer.rows).toBe(1000)
    expect(given).toBeGreaterThan(4)
    expect(most).toBeGreaterThan(1000)
    expect(most).toBeLessThan(20_000)
    const { size } = writer.finish()
    expect(size).toBe(given)
    expect(writer.bytes).toBe(size)
  })

  test('hands out chunks that it does not touch again', () => {
    const chunks: Uint8Array[] = []
    const copies: Uint8Array[] = []
    const writer = new ParquetWriter(columns, { codec: 'none', rowGroupRowsMax: 100 }, (chunk) => {
      chunks.push(chunk)
      copies.push(new Uint8Array(chunk))
    })
    for (const row of rows) writer.appendRow(row)
    writer.finish()
    for (const [i, chunk] of chunks.entries()) expect(Buffer.compare(chunk, copies[i]!)).toBe(0)
  })

  test('does not mind properties that it has no column for', () => {
    const one: ParquetColumn[] = [{ name: 'a', type: { kind: 'int32' }, optional: false }]
    expect(write(one, [{ b: 'ignored', a: 1 }]).bytes).toEqual(write(one, [{ a: 1 }]).bytes)
  })
})

interface Cursor {
  next(): Promise<Row | null>
}
describe('parquetjs-lite', () => {
  test('reads plain values, dictionaries, nulls and snappy', async () => {
    const { ParquetReader } = createRequire(import.meta.url)('parquetjs-lite') as {
      ParquetReader: { openBuffer(bytes: Buffer): Promise<{ getCursor(): Cursor; close(): Promise<void> }> }
    }
    const simple: ParquetColumn[] = [
      { name: 'id', type: { kind: 'int32' }, optional: false },
      { name: 'status', type: { kind: 'string' }, optional: true },
      { name: 'unique', type: { kind: 'string' }, optional: false },
      { name: 'ratio', type: { kind: 'double' }, optional: true },
      { name: 'flag', type: { kind: 'boolean' }, optional: false },
      { name: 'raw', type: { kind: 'binary' }, optional: false },
    ]
    const wanted: Row[] = Array.from({ length: 2000 }, (_, i) => ({
      id: i,
      ...(i % 4 === 0 ? {} : { status: ['new', 'paid', 'sent'][i % 3] }),
      unique: `é${i}`,
      ...(i % 3 === 0 ? {} : { ratio: i / 7 }),
      flag: i % 2 === 0,
      raw: Buffer.from(`b${i}`),
    }))
    const { bytes } = write(simple, wanted, { codec: 'snappy', pageRowsMax: 700, rowGroupRowsMax: 1500 })
    const reader = await ParquetReader.openBuffer(Buffer.from(bytes))
    const cursor = reader.getCursor()
    const found: Row[] = []
    for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
      found.push(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined)))
    }
    await reader.close()
    expect(found).toEqual(wanted)
  })
})
