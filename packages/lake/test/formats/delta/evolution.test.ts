import { describe, expect, test } from '@jest/globals'
import { array, decimal, map, primitive, struct } from '@sluice/sdk'
import type { Schema, SchemaOptions } from '@sluice/sdk'
import { deltaSchemaOf } from '../../../src/formats/delta/columns.ts'
import { mergeSchemas, staleness } from '../../../src/formats/delta/evolution.ts'
import { arrayType, mapType, schemaStringOf, structType, typeName } from '../../../src/formats/delta/schema.ts'
import type { DeltaField, DeltaSchema, DeltaType } from '../../../src/formats/delta/schema.ts'

/** `name:type`, with a question mark when it may be null. */
function schema(...columns: string[]): DeltaSchema {
  return {
    fields: columns.map((column) => {
      const [name = '', type = ''] = column.replace('?', '').split(':')
      return { name, type, nullable: column.endsWith('?'), metadata: {} }
    }),
  }
}

const RULES = { table: 't', canWiden: false }

const told = ({ fields }: DeltaSchema): string[] =>
  fields.map((field) => `${field.name}:${typeName(field)}${field.nullable ? '?' : ''}`)

describe('new rows meet a table', () => {
  test.each([
    [['a:long'], ['a:long'], 'as they are'],
    [['a:long', 'b:string?'], ['a:long'], 'without a column that may be null'],
    [['a:long'], ['a:integer'], 'with a narrower integer'],
    [['a:double?'], ['a:float'], 'with a narrower float, never null'],
    [['a:decimal(18,2)'], ['a:decimal(38,2)'], 'with a decimal of the same scale'],
    [['b:string?', 'a:long'], ['a:long', 'b:string?'], 'in another order'],
  ])('table %j takes rows %j: %s', (table, rows) => {
    const before = schema(...table)
    expect(mergeSchemas(before, schema(...rows), RULES)).toBe(before)
  })

  test('new columns come last and may be null, for the rows so far have none', () => {
    expect(told(mergeSchemas(schema('a:long'), schema('b:string', 'a:long', 'c:date?'), RULES))).toEqual([
      'a:long',
      'b:string?',
      'c:date?',
    ])
  })

  test('a column learns to be null', () => {
    expect(told(mergeSchemas(schema('a:long', 'b:string'), schema('a:long?', 'b:string'), RULES))).toEqual([
      'a:long?',
      'b:string',
    ])
  })

  test.each([
    [['a:integer'], ['a:long'], 'in column a: the rows hold long and the table integer'],
    [['a:long'], ['a:string'], 'in column a: the rows hold string and the table long'],
    [['a:decimal(18,2)'], ['a:decimal(18,3)'], 'in column a'],
    [['a:long', 'b:string'], ['a:long'], 'in column b: the rows have no such field'],
    [['a:long'], ['A:long', 'a:long'], 'in column A: the table has a column a'],
  ])('table %j refuses rows %j: %s', (table, rows, reason) => {
    const refused = (): unknown => mergeSchemas(schema(...table), schema(...rows), RULES)
    expect(refused).toThrow(reason)
    expect(refused).toThrow('Rows do not fit the table t')
  })

  test('a struct that is none fits no row', () => {
    const broken = { fields: [{ name: 'a', type: { type: 'struct' }, nullable: true, metadata: {} }] }
    expect(() => mergeSchemas(broken, schema('a:struct?'), RULES)).toThrow('in column a')
  })

  test('a wall clock column takes instants as UTC has them; instants take no wall clock', () => {
    const table = schema('a:timestamp_ntz')
    expect(mergeSchemas(table, schema('a:timestamp'), RULES)).toBe(table)
    expect(() => mergeSchemas(schema('a:timestamp'), schema('a:timestamp_ntz'), RULES)).toThrow('in column a')
  })
})

describe('inside of structs, lists and maps', () => {
  const field = (name: string, type: DeltaType, nullable = true): DeltaField => ({ name, type, nullable, metadata: {} })
  const table = (type: DeltaType): DeltaSchema => ({ fields: [field('c', type)] })
  const merged = (before: DeltaType, rows: DeltaType, canWiden = false): unknown =>
    mergeSchemas(table(before), table(rows), { table: 't', canWiden }).fields[0]

  const inner = structType([field('x', 'long', false), field('y', 'string')])

  test('what fits is the very same', () => {
    for (const type of [inner, arrayType(inner, true), mapType('string', arrayType(inner, false), false)]) {
      const before = table(type)
      expect(mergeSchemas(before, table(structuredClone(type)), RULES)).toBe(before)
    }
    const narrow = structType([field('x', 'integer', false)])
    const before = table(arrayType(inner, true))
    expect(mergeSchemas(before, table(arrayType(narrow, false)), RULES)).toBe(before)
  })

  test('fields are added, and learn to be null', () => {
    const rows = structType([field('x', 'long'), field('z', 'date', false)])
    const both = structType([field('x', 'long'), field('y', 'string'), field('z', 'date')])
    expect(merged(inner, rows)).toEqual(field('c', both))
    expect(merged(arrayType(inner, false), arrayType(rows, true))).toEqual(field('c', arrayType(both, true)))
    expect(merged(mapType('string', inner, false), mapType('string', rows, true))).toEqual(
      field('c', mapType('string', both, true)),
    )
  })

  test.each([
    [inner, structType([field('x', 'string', false)]), 'in column c.x: the rows hold string and the table long'],
    [inner, structType([field('y', 'string')]), 'in column c.x: the rows have no such field'],
    [inner, structType([field('x', 'long'), field('Y', 'string')]), 'in column c.Y: the table has a column y'],
    [arrayType('long', true), arrayType('string', true), 'in column c[]: the rows hold string'],
    [mapType('string', 'long', true), mapType('long', 'long', true), 'in column c{key}: the rows hold long'],
    [arrayType('long', true), 'long', 'in column c: the rows hold long and the table array'],
  ])('what contradicts is refused by its place: %j and %j', (before, rows, reason) => {
    expect(() => merged(before, rows)).toThrow(reason)
  })

  test('files go stale by what is inside, too', () => {
    const wider = structType([field('x', 'long'), field('y', 'string'), field('z', 'date')])
    expect(staleness(table(inner), table(wider))).toBeUndefined()
    expect(staleness(table(wider), table(inner))).toBe('column c.x may no longer be null')
    expect(staleness(table(arrayType('long', true)), table(arrayType('string', true)))).toBe('column c[] became string')
    expect(staleness(table(mapType('string', 'long', true)), table(mapType('string', 'long', false)))).toBe(
      'column c{} may no longer be null',
    )
    expect(staleness(table(inner), table('string'))).toBe('column c became string')
  })
})

describe('columns that get wider, where the table allows it', () => {
  const widen = { table: 't', canWiden: true }

  test.each([
    ['byte', 'short'],
    ['short', 'long'],
    ['integer', 'long'],
    ['integer', 'double'],
    ['float', 'double'],
    ['date', 'timestamp_ntz'],
    ['integer', 'decimal(12,2)'],
    ['long', 'decimal(20,0)'],
    ['decimal(10,2)', 'decimal(12,4)'],
  ])('%s to %s, with a note for readers', (from, to) => {
    const [field] = mergeSchemas(schema(`a:${from}`), schema(`a:${to}`), widen).fields
    expect(field).toEqual({
      name: 'a',
      type: to,
      nullable: false,
      metadata: { 'delta.typeChanges': [{ fromType: from, toType: to }] },
    })
    expect(() => mergeSchemas(schema(`a:${from}`), schema(`a:${to}`), RULES)).toThrow('in column a')
  })

  test.each([
    ['long', 'double'],
    ['long', 'decimal(19,0)'],
    ['integer', 'decimal(11,2)'],
    ['decimal(10,2)', 'decimal(11,4)'],
    ['decimal(10,2)', 'decimal(12,1)'],
    ['integer', 'string'],
    ['timestamp', 'timestamp_ntz'],
  ])('never %s to %s', (from, to) => {
    expect(() => mergeSchemas(schema(`a:${from}`), schema(`a:${to}`), widen)).toThrow('in column a')
  })

  test('one change after another is noted, inside of lists and maps with the way there', () => {
    const one = mergeSchemas(schema('a:byte'), schema('a:short'), widen)
    expect(mergeSchemas(one, schema('a:long'), widen).fields[0]!.metadata).toEqual({
      'delta.typeChanges': [
        { fromType: 'byte', toType: 'short' },
        { fromType: 'short', toType: 'long' },
      ],
    })
    const nested = (type: DeltaType): DeltaSchema => ({
      fields: [{ name: 'm', type: mapType('integer', arrayType(type, true), true), nullable: true, metadata: {} }],
    })
    expect(mergeSchemas(nested('float'), nested('double'), widen).fields[0]!.metadata).toEqual({
      'delta.typeChanges': [{ fromType: 'float', toType: 'double', fieldPath: 'value.element' }],
    })
  })

  test('files of the narrower type stay good', () => {
    const wider = mergeSchemas(schema('a:integer'), schema('a:long'), widen)
    expect(staleness(schema('a:integer'), wider)).toBeUndefined()
    expect(staleness(schema('a:integer'), schema('a:long'))).toBe('column a became long')
  })
})

test('files go stale only when a reader would read them wrong', () => {
  const written = schema('a:long', 'b:string?')
  expect(staleness(written, schema('a:long', 'b:string?', 'c:date?'))).toBeUndefined()
  expect(staleness(written, schema('a:long?', 'b:string?'))).toBeUndefined()
  expect(staleness(written, schema('a:long'))).toBe('column b is gone')
  expect(staleness(written, schema('a:double', 'b:string?'))).toBe('column a became double')
  expect(staleness(written, schema('a:long', 'b:string'))).toBe('column b may no longer be null')
  expect(staleness(written, schema('a:long', 'b:string?', 'c:date'))).toBe('column c must have a value')
})

describe('nested columns', () => {
  const orders = (fields: Record<string, Schema>, options: SchemaOptions = {}): DeltaSchema =>
    deltaSchemaOf(struct({ id: primitive('int64'), lines: array(struct(fields, options), { optional: true }) }))
  const sku = primitive('string')
  const table = orders({ sku, count: primitive('int32') })

  test('take rows that fit without change', () => {
    expect(mergeSchemas(table, orders({ sku, count: primitive('int8') }), RULES)).toBe(table)
  })

  test('learn fields of structs and to be null, at any depth, and older files may still join', () => {
    const rows = orders({ sku, count: primitive('int32', { optional: true }), price: decimal(2) }, { optional: true })
    const merged = mergeSchemas(table, rows, RULES)
    expect(schemaStringOf(merged)).toBe(
      schemaStringOf(
        orders(
          { sku, count: primitive('int32', { optional: true }), price: decimal(2, { optional: true }) },
          { optional: true },
        ),
      ),
    )
    expect(staleness(table, merged)).toBeUndefined()
    expect(staleness(merged, table)).toBe('column lines[] may no longer be null')
  })

  test('refuse what changes a type inside of them, with its place', () => {
    expect(() => mergeSchemas(table, orders({ sku: primitive('int32'), count: primitive('int32') }), RULES)).toThrow(
      'in column lines[].sku: the rows hold integer and the table string',
    )
    expect(() => mergeSchemas(table, orders({ sku }), RULES)).toThrow(
      'in column lines[].count: the rows have no such field',
    )
    expect(() => mergeSchemas(table, deltaSchemaOf(struct({ id: primitive('int64'), lines: sku })), RULES)).toThrow(
      'in column lines: the rows hold string and the table array',
    )
  })

  test('a map learns as a list does', () => {
    const of = (value: Schema): DeltaSchema => deltaSchemaOf(struct({ m: map(sku, value) }))
    const merged = mergeSchemas(of(primitive('int32')), of(primitive('int16', { optional: true })), RULES)
    expect(schemaStringOf(merged)).toBe(schemaStringOf(of(primitive('int32', { optional: true }))))
    expect(staleness(of(primitive('int32')), merged)).toBeUndefined()
    expect(staleness(merged, of(primitive('int32')))).toBe('column m{} may no longer be null')
  })
})

test('files do not join a table whose column of that name is stored under another one, or was dropped and came again', () => {
  const stored = (name?: string): DeltaSchema => {
    const metadata = name === undefined ? {} : { 'delta.columnMapping.id': 1, 'delta.columnMapping.physicalName': name }
    const inner = structType([{ name: 'x', type: 'long', nullable: true, metadata }])
    return { fields: [{ name: 's', type: arrayType(inner, true), nullable: true, metadata: {} }] }
  }
  expect(staleness(stored('col-1'), stored('col-2'))).toBe('column s[].x became another one of that name')
  expect(staleness(stored(), stored('col-1'))).toBe('column s[].x became another one of that name')
  // A table whose columns are mapped from now on: files go by the names that they had.
  expect(staleness(stored(), stored('x'))).toBeUndefined()
})
