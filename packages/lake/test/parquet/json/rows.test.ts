import { describe, expect, test } from '@jest/globals'
import { JsonLayout, ParquetWriter, collectChunks, readParquet } from '@sluice/lake'
import { ValueError } from '@sluice/sdk'
import type { JsonField, LocatedRow, ParquetColumn } from '@sluice/lake'

const FIELDS: readonly JsonField[] = [
  { name: 'id', type: { kind: 'whole' }, optional: false },
  { name: 'label', column: 'name', type: { kind: 'string' }, optional: true },
  {
    name: 'at',
    optional: true,
    type: {
      kind: 'struct',
      fields: [
        { name: 'x', type: { kind: 'double' }, optional: true },
        {
          name: 'deep',
          type: { kind: 'struct', fields: [{ name: 'b', type: { kind: 'boolean' }, optional: true }] },
          optional: true,
        },
      ],
    },
  },
  { name: 'any', type: { kind: 'text', text: (_, from, to) => (to - from > 4 ? 'long' : null) }, optional: true },
]

const leaf = (name: string, kind: 'int64' | 'string' | 'double' | 'boolean', optional = true): ParquetColumn => {
  return { name, type: { kind }, optional }
}
const COLUMNS: readonly ParquetColumn[] = [
  leaf('id', 'int64', false),
  leaf('name', 'string'),
  {
    name: 'at',
    optional: true,
    type: {
      kind: 'struct',
      fields: [
        leaf('x', 'double'),
        {
          name: 'deep',
          optional: true,
          type: { kind: 'struct', fields: [leaf('b', 'boolean'), leaf('later', 'string')] },
        },
      ],
    },
  },
  leaf('any', 'string'),
  { name: 'tags', optional: true, type: { kind: 'list', element: { type: { kind: 'string' }, optional: true } } },
  leaf('offset', 'int64', false),
]

const layout = new JsonLayout(FIELDS, 'left out')
const strict = new JsonLayout(FIELDS, 'unsure')
const NONE = { name: null, at: null, any: null, tags: null }

function located(json: string, by = layout): LocatedRow | undefined {
  return by.locate(Buffer.from(json))
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

async function rowsOf(jsons: readonly string[], columns = COLUMNS): Promise<Record<string, unknown>[]> {
  const chunks = collectChunks()
  const writer = new ParquetWriter(columns, {}, chunks.sink)
  for (const [offset, json] of jsons.entries()) writer.appendLocated(located(json)!, { offset })
  writer.finish()
  return allOf(readParquet(chunks.bytes()))
}

describe('rows of JSON text', () => {
  test('have every field in its column, and given values in the others', async () => {
    const rows = await rowsOf([
      '{"id":1,"label":"a","at":{"x":1.5,"deep":{"b":true}},"any":7}',
      ' { "any" : [1,2,3] , "id" : 9007199254740993 , "at" : { "deep" : { } } } ',
      '{"id":3,"label":"\\u0041\\ud83d\\ude00","any":"Łódź","at":null,"other":[{"id":9}]}',
      '{"id":-4,"label":null,"at":{"deep":null}}',
    ])
    expect(rows).toEqual([
      { ...NONE, id: 1, name: 'a', at: { x: 1.5, deep: { b: true, later: null } }, any: '7', offset: 0 },
      { ...NONE, id: 9007199254740993n, at: { x: null, deep: { b: null, later: null } }, any: 'long', offset: 1 },
      { ...NONE, id: 3, name: 'A😀', any: 'Łódź', offset: 2 },
      { ...NONE, id: -4, at: { x: null, deep: null }, offset: 3 },
    ])
  })

  test('have the last of the values of a name, whatever the order', async () => {
    const rows = await rowsOf(['{"label":"a","id":1,"label":"b","id":2,"label":null}', '{"id":1,"any":1,"any":"two"}'])
    expect(rows).toEqual([
      { ...NONE, id: 2, offset: 0 },
      { ...NONE, id: 1, any: 'two', offset: 1 },
    ])
  })

  test.each([
    '{"label":"no id"}',
    '{"id":null}',
    '{"id":"1"}',
    '{"id":1.0}',
    '{"id":1,"label":2}',
    '{"id":1,"at":[]}',
    '{"id":1,"at":{"x":1},"at":{}}',
    '{"id":1,"at":{"x":1},"at":null,"at":{"deep":{}}}',
    '{"id":1,"at":{"x":12345678901234567}}',
    '{"i\\u0064":1}',
    '{"id":1}x',
    '[1]',
    'null',
    '',
  ])('are not known to be in %j', (json) => {
    expect(located(json)).toBeUndefined()
  })

  test('are not known where there are members without a field, if those count', () => {
    expect(located('{"id":1,"other":1}', strict)).toBeUndefined()
    expect(located('{"id":1}', strict)).toBeDefined()
  })

  test('are found within other bytes, and nothing beyond them counts', () => {
    const bytes = Buffer.from('xx{"id":1}}yy')
    expect(layout.locate(bytes, 2, 10)).toBeDefined()
    expect(layout.locate(bytes, 2, 9)).toBeUndefined()
    expect(layout.locate(bytes, 2, 11)).toBeUndefined()
  })

  test('leave the file as it was when a value does not fit its column', async () => {
    const chunks = collectChunks()
    const columns = [
      leaf('id', 'int64'),
      leaf('name', 'string'),
      { ...leaf('any', 'string'), type: { kind: 'int8' } as const },
    ]
    const writer = new ParquetWriter(columns, {}, chunks.sink)
    writer.appendLocated(located('{"id":1,"label":"a"}')!, null)
    expect(() => {
      writer.appendLocated(located('{"id":2,"label":"b","any":true}')!, null)
    }).toThrow(ValueError)
    expect(() => {
      writer.appendLocated(located('{"id":2,"label":"\\ud800"}')!, null)
    }).toThrow(ValueError)
    writer.appendLocated(located('{"id":3,"label":"c"}')!, null)
    writer.finish()
    const rows = await allOf(readParquet(chunks.bytes()))
    expect(rows).toEqual([
      { id: 1, name: 'a', any: null },
      { id: 3, name: 'c', any: null },
    ])
  })

  test('stay found while many others are', () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => located(`{"id":${i}}`)!)
    for (const [i, { bytes, slots, at }] of rows.entries())
      expect(Buffer.from(bytes).toString('utf8', slots[at], slots[at + 1])).toBe(String(i))
  })
})
