import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { ValueError } from '@sluice/sdk'
import { ParquetWriter, collectChunks, type ParquetColumn, type ParquetType } from '../../src/parquet/index.ts'
import { columnsOf, rowsOf } from './drawn-columns.ts'
import { metadataOf, query, readWithDuckdb, write, type Row } from './read-back.ts'

const string: ParquetType = { kind: 'string' }
const int32: ParquetType = { kind: 'int32' }

const order: readonly ParquetColumn[] = [
  { name: 'id', type: int32, optional: false },
  {
    name: 'address',
    optional: true,
    type: {
      kind: 'struct',
      fields: [
        { name: 'city', type: string, optional: false },
        { name: 'zip', type: string, optional: true },
      ],
    },
  },
  {
    name: 'lines',
    optional: true,
    type: {
      kind: 'list',
      element: {
        optional: true,
        type: {
          kind: 'struct',
          fields: [
            { name: 'sku', type: string, optional: false },
            { name: 'count', type: int32, optional: false },
          ],
        },
      },
    },
  },
  {
    name: 'labels',
    optional: true,
    type: { kind: 'map', key: { type: string, optional: false }, value: { type: int32, optional: true } },
  },
]

describe('nested values', () => {
  test('null, empty and present are told apart at every level', async () => {
    const rows: Row[] = [
      { id: 1 },
      { id: 2, address: { city: 'Oslo' }, lines: [], labels: new Map() },
      { id: 3, address: { city: 'Bern', zip: '3000' }, lines: [null], labels: { a: 1 } },
      { id: 4, lines: [{ sku: 'x', count: 1 }, null, { sku: 'y', count: 2 }], labels: new Map([['b', null]]) },
    ]
    const { bytes } = write(order, rows)
    expect(await readWithDuckdb(bytes, order)).toEqual([
      ['1', null, null, null],
      ['2', ['Oslo', null], [], []],
      ['3', ['Bern', '3000'], [null], [['a', '1']]],
      ['4', null, [['x', '1'], null, ['y', '2']], [['b', null]]],
    ])
  })

  test('are annotated as lists and maps of three levels, and field ids stand at groups too', () => {
    const { bytes } = write([{ ...order[2]!, fieldId: 7 }, order[3]!], [])
    const schema = metadataOf(bytes).schema.map((element) => {
      const { name, repetition_type: repetition, converted_type: converted = '', num_children: children = 0 } = element
      return `${name} ${repetition ?? ''} ${converted} ${children}${element.field_id === undefined ? '' : ' id 7'}`
    })
    expect(schema).toEqual([
      'schema   2',
      'lines OPTIONAL LIST 1 id 7',
      'list REPEATED  1',
      'element OPTIONAL  2',
      'sku REQUIRED UTF8 0',
      'count REQUIRED  0',
      'labels OPTIONAL MAP 1',
      'key_value REPEATED  2',
      'key REQUIRED UTF8 0',
      'value OPTIONAL  0',
    ])
  })

  test('have statistics for each column, with the names that lead to it', () => {
    const { file } = write(order, [
      { id: 1, address: { city: 'b' }, lines: [{ sku: 'q', count: 5 }, null], labels: {} },
      { id: 2, address: { city: 'a', zip: 'z' }, lines: [{ sku: 'p', count: 9 }] },
      { id: 3 },
    ])
    const brief = file.columns.map(({ path, repeatedFrom, nullCount, min, max }) =>
      [path.join('.'), repeatedFrom, nullCount, min, max].join(' '),
    )
    expect(brief).toEqual([
      'id 0 0 1 3',
      'address.city 0 1 a b',
      'address.zip 0 2 z z',
      'lines.list.element.sku 1 2 p q',
      'lines.list.element.count 1 2 5 9',
      'labels.key_value.key 1 3  ',
      'labels.key_value.value 1 3  ',
    ])
  })

  test('of one row stay in one page, however many they are', async () => {
    const columns: ParquetColumn[] = [
      { name: 'c', optional: false, type: { kind: 'list', element: { type: string, optional: false } } },
      { name: 'd', optional: false, type: { kind: 'list', element: { type: { kind: 'boolean' }, optional: true } } },
    ]
    const rows = [1, 5000, 0, 3, 700, 2].map((count) => ({
      c: Array.from({ length: count }, (_, i) => `v${i * 7919}`),
      d: Array.from({ length: count }, (_, i) => (i % 3 === 0 ? null : i % 2 === 0)),
    }))
    const { bytes } = write(columns, rows, { pageRowsMax: 4, pageBytesMax: 64 })
    const back = await query(bytes, `SELECT len(c), len(d), list_count(d) FROM file`)
    expect(back.map((row) => row.map(Number))).toEqual(
      rows.map(({ c, d }) => [c.length, d.length, d.filter((value) => value !== null).length]),
    )
  })
})

describe('a nested value that does not fit', () => {
  test.each<[string, Row, string, string]>([
    ['a struct', { id: 1, address: 'Oslo' }, 'address', 'an object is expected'],
    ['a struct from a Map', { id: 1, address: new Map() }, 'address', 'an object is expected'],
    ['a list', { id: 1, lines: { 0: 'x' } }, 'lines', 'an array is expected'],
    ['a map', { id: 1, labels: ['x'] }, 'labels', 'a Map or an object is expected'],
    ['a field', { id: 1, address: { city: 5 } }, 'address.city', 'a string is expected'],
    ['a missing field', { id: 1, address: {} }, 'address.city', 'the column is required'],
    [
      'an element',
      {
        id: 1,
        lines: [
          { sku: 'a', count: 1 },
          { sku: 'b', count: 1.5 },
        ],
      },
      'lines[].count',
      'not a whole',
    ],
    ['a key', { id: 1, labels: new Map([[null, 1]]) }, 'labels{key}', 'the column is required'],
    ['a map value', { id: 1, labels: { a: 'x' } }, 'labels{}', 'a whole number is expected'],
  ])('is refused with its place: %s', (_, row, place, reason) => {
    let thrown: unknown
    try {
      write(order, [row])
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ValueError)
    const error = thrown as ValueError
    expect(error.place).toEqual({ column: place })
    expect(error.message).toContain(`Column "${place}"`)
    expect(error.message).toContain(reason)
  })

  test('leaves the file as if its row had never come, whatever the columns and wherever it stands', () => {
    const check: readonly ParquetColumn[] = [
      {
        name: 'y',
        optional: true,
        type: { kind: 'list', element: { optional: true, type: order[2]!.type } },
      },
      { name: 'z', type: int32, optional: true },
    ]
    const line = { sku: 'a new text', count: 1 }
    const bad = [{ z: 'no number' }, { y: [[line], [line, null], [line, { sku: 'another', count: 'x' }]] }, { y: 5 }]
    fc.assert(
      fc.property(
        columnsOf(3),
        fc.nat(60),
        fc.constantFrom(3, 20_000),
        fc.nat(6),
        (drawn, count, pageRowsMax, step) => {
          const columns = [...drawn.map(({ column }) => column), ...check]
          const rows = rowsOf(drawn, count)
          const chunks = collectChunks()
          const writer = new ParquetWriter(columns, { pageRowsMax }, chunks.sink)
          for (const [i, row] of rows.entries()) {
            writer.appendRow(row)
            if (i % (step + 1) !== 0) continue
            const next = rows[(i + 5) % rows.length]
            expect(() => writer.appendRow({ ...next, ...bad[i % 3] })).toThrow(ValueError)
          }
          writer.finish()
          expect(Buffer.compare(chunks.bytes(), write(columns, rows, { pageRowsMax }).bytes)).toBe(0)
        },
      ),
      { numRuns: 60 },
    )
  })
})
