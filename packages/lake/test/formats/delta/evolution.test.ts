import { describe, expect, test } from '@jest/globals'
import { array, decimal, map, primitive, struct } from '@sluice/sdk'
import type { Schema, SchemaOptions } from '@sluice/sdk'
import { deltaSchemaOf } from '../../../src/formats/delta/columns.ts'
import { mergeSchemas, staleness } from '../../../src/formats/delta/evolution.ts'
import { schemaStringOf, typeName } from '../../../src/formats/delta/schema.ts'
import type { DeltaSchema } from '../../../src/formats/delta/schema.ts'

/** `name:type`, with a question mark when it may be null. */
function schema(...columns: string[]): DeltaSchema {
  return {
    fields: columns.map((column) => {
      const [name = '', type = ''] = column.replace('?', '').split(':')
      return { name, type, nullable: column.endsWith('?'), metadata: {} }
    }),
  }
}

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
    expect(mergeSchemas(before, schema(...rows), 't')).toBe(before)
  })

  test('new columns come last and may be null, for the rows so far have none', () => {
    expect(told(mergeSchemas(schema('a:long'), schema('b:string', 'a:long', 'c:date?'), 't'))).toEqual([
      'a:long',
      'b:string?',
      'c:date?',
    ])
  })

  test('a column learns to be null', () => {
    expect(told(mergeSchemas(schema('a:long', 'b:string'), schema('a:long?', 'b:string'), 't'))).toEqual([
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
    const refused = (): unknown => mergeSchemas(schema(...table), schema(...rows), 't')
    expect(refused).toThrow(reason)
    expect(refused).toThrow('Rows do not fit the table t')
  })

  test('a nested column fits no row', () => {
    const nested = { fields: [{ name: 'a', type: { type: 'struct', fields: [] }, nullable: true, metadata: {} }] }
    expect(() => mergeSchemas(nested, schema('a:struct?'), 't')).toThrow('in column a')
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
    expect(mergeSchemas(table, orders({ sku, count: primitive('int8') }), 't')).toBe(table)
  })

  test('learn fields of structs and to be null, at any depth, and older files may still join', () => {
    const rows = orders({ sku, count: primitive('int32', { optional: true }), price: decimal(2) }, { optional: true })
    const merged = mergeSchemas(table, rows, 't')
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
    expect(() => mergeSchemas(table, orders({ sku: primitive('int32'), count: primitive('int32') }), 't')).toThrow(
      'in column lines.sku: the rows hold integer and the table string',
    )
    expect(() => mergeSchemas(table, orders({ sku }), 't')).toThrow(
      'in column lines.count: the rows have no such field',
    )
    expect(() => mergeSchemas(table, deltaSchemaOf(struct({ id: primitive('int64'), lines: sku })), 't')).toThrow(
      'in column lines: the rows hold string and the table array',
    )
  })

  test('a map learns as a list does', () => {
    const of = (value: Schema): DeltaSchema => deltaSchemaOf(struct({ m: map(sku, value) }))
    const merged = mergeSchemas(of(primitive('int32')), of(primitive('int16', { optional: true })), 't')
    expect(schemaStringOf(merged)).toBe(schemaStringOf(of(primitive('int32', { optional: true }))))
    expect(staleness(of(primitive('int32')), merged)).toBeUndefined()
    expect(staleness(merged, of(primitive('int32')))).toBe('column m{} may no longer be null')
  })
})
