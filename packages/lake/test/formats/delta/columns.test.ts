import { describe, expect, test } from '@jest/globals'
import { array, date, decimal, map, primitive, struct, time, timestamp } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import { deltaSchemaOf, parquetColumnsOf, recordSchemaOf } from '../../../src/formats/delta/columns.ts'
import {
  nameProblem,
  nestedOf,
  parseSchemaString,
  plainName,
  schemaStringOf,
  typeName,
} from '../../../src/formats/delta/schema.ts'
import type { DeltaType } from '../../../src/formats/delta/schema.ts'

const everything = struct({
  i8: primitive('int8'),
  i16: primitive('int16', { optional: true }),
  i32: primitive('int32'),
  i64: primitive('int64', { doc: 'the order' }),
  f32: primitive('float32'),
  f64: primitive('float64'),
  yes: primitive('boolean'),
  text: primitive('string'),
  raw: primitive('bytes'),
  day: date(),
  at: timestamp({ optional: true }),
  price: decimal(2, { parameters: { 'connect.decimal.precision': '12' } }),
  big: decimal(0),
})

describe('columns', () => {
  test('every flat type has its Delta type', () => {
    expect(deltaSchemaOf(everything).fields.map((field) => `${field.name} ${typeName(field)}`)).toEqual([
      'i8 byte',
      'i16 short',
      'i32 integer',
      'i64 long',
      'f32 float',
      'f64 double',
      'yes boolean',
      'text string',
      'raw binary',
      'day date',
      'at timestamp',
      'price decimal(12,2)',
      'big decimal(38,0)',
    ])
    expect(deltaSchemaOf(struct({ t: time() })).fields).toEqual([
      { name: 't', type: 'integer', nullable: false, metadata: { comment: 'milliseconds since midnight' } },
    ])
  })

  test('the schemaString is the one of the protocol, and reads back the same', () => {
    const schema = deltaSchemaOf(struct({ id: primitive('int64', { doc: 'key' }), at: timestamp({ optional: true }) }))
    const text = schemaStringOf(schema)
    expect(text).toBe(
      '{"type":"struct","fields":[{"name":"id","type":"long","nullable":false,"metadata":{"comment":"key"}},{"name":"at","type":"timestamp","nullable":true,"metadata":{}}]}',
    )
    expect(parseSchemaString(text, 't')).toEqual(schema)
  })

  test('records read from a table have the schema they were written with', () => {
    const back = recordSchemaOf(parseSchemaString(schemaStringOf(deltaSchemaOf(everything)), 't'))
    expect(deltaSchemaOf(back)).toEqual(deltaSchemaOf(everything))
    expect(back.fields.map(({ name, schema }) => [name, schema.type, schema.name, schema.optional])).toEqual(
      everything.fields.map(({ name, schema }) => [name, schema.type, schema.name, schema.optional]),
    )
  })

  test('Parquet columns: milliseconds become UTC microseconds, decimals keep their digits', () => {
    const columns = new Map(parquetColumnsOf(deltaSchemaOf(everything), 't').map((column) => [column.name, column]))
    expect(columns.get('at')).toEqual({
      name: 'at',
      type: { kind: 'timestamp', unit: 'ms', utc: true },
      optional: true,
    })
    expect(columns.get('price')?.type).toEqual({ kind: 'decimal', precision: 12, scale: 2 })
    expect(columns.size).toBe(everything.fields.length)
  })

  test('what others wrote is kept: nested types, unknown metadata, big numbers', () => {
    const text =
      '{"type":"struct","fields":[{"name":"n","type":{"type":"array","elementType":"string","containsNull":true},"nullable":true,"metadata":{"x":9223372036854775807}},{"name":"v","type":"variant","nullable":true,"metadata":{}}]}'
    const schema = parseSchemaString(text, 't')
    expect(schemaStringOf(schema)).toBe(text)
    expect(parquetColumnsOf(schema, 't').map(({ name, type }) => [name, type.kind])).toEqual([['n', 'list']])
    const required = { fields: schema.fields.map((field) => ({ ...field, nullable: false })) }
    expect(() => parquetColumnsOf(required, 't')).toThrow(
      'Column v of table t must have a value, but is of type variant',
    )
  })

  const nested = struct({
    address: struct({ city: primitive('string'), at: timestamp({ optional: true }) }, { optional: true }),
    lines: array(struct({ sku: primitive('string'), price: decimal(2) }, { optional: true })),
    labels: map(primitive('string'), array(primitive('int8'), { optional: true })),
  })

  test('nested fields are arrays, maps and structs, and read back the same', () => {
    const schema = deltaSchemaOf(nested)
    expect(schemaStringOf(schema)).toBe(
      '{"type":"struct","fields":[{"name":"address","type":{"type":"struct","fields":[{"name":"city","type":"string","nullable":true,"metadata":{}},{"name":"at","type":"timestamp","nullable":true,"metadata":{}}]},"nullable":true,"metadata":{}},{"name":"lines","type":{"type":"array","elementType":{"type":"struct","fields":[{"name":"sku","type":"string","nullable":true,"metadata":{}},{"name":"price","type":"decimal(38,2)","nullable":true,"metadata":{}}]},"containsNull":true},"nullable":false,"metadata":{}},{"name":"labels","type":{"type":"map","keyType":"string","valueType":{"type":"array","elementType":"byte","containsNull":false},"valueContainsNull":true},"nullable":false,"metadata":{}}]}',
    )
    expect(parseSchemaString(schemaStringOf(schema), 't')).toEqual(schema)
    expect(deltaSchemaOf(recordSchemaOf(schema))).toEqual(schema)
  })

  test('what must have a value within a struct must where the struct must, too', () => {
    const firm = struct({ x: primitive('int64') })
    const loose = struct({ firm, list: array(firm), map: map(primitive('string'), firm) }, { optional: true })
    const schema = deltaSchemaOf(struct({ firm, loose }))
    const within = (type: DeltaType): boolean[] => {
      const nested = nestedOf(type)
      if (nested?.kind === 'struct') return nested.fields.flatMap((field) => [field.nullable, ...within(field.type)])
      if (nested?.kind === 'array') return within(nested.element)
      return nested?.kind === 'map' ? within(nested.value) : []
    }
    expect(schema.fields.map(({ nullable, type }) => [nullable, ...within(type)])).toEqual([
      [false, false],
      // Of the struct that is there as a whole; an item of a list is no null, so its field is none either.
      [true, true, true, true, false, true, false],
    ])
  })

  test('of a struct, fields that are not written are left out while they may be null', () => {
    const text = (nullable: boolean): string =>
      `{"type":"struct","fields":[{"name":"s","type":{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}},{"name":"v","type":"variant","nullable":${nullable},"metadata":{}}]},"nullable":true,"metadata":{}}]}`
    expect(parquetColumnsOf(parseSchemaString(text(true), 't'), 't')).toEqual([
      {
        name: 's',
        optional: true,
        type: { kind: 'struct', fields: [{ name: 'a', type: { kind: 'int64' }, optional: true }] },
      },
    ])
    expect(parquetColumnsOf(parseSchemaString(text(false), 't'), 't')).toEqual([])
  })

  test('a nested field that cannot be written is named with its place', () => {
    const at =
      (schema: Schema): (() => unknown) =>
      () =>
        deltaSchemaOf(struct({ fine: primitive('string'), odd: schema }))
    expect(at(array(struct({ 'a b': primitive('string') })))).toThrow('Column "odd[].a b" cannot be written')
    expect(at(map(primitive('string'), decimal(39)))).toThrow('Column "odd{}" cannot be written')
    expect(at(struct({ a: primitive('string'), A: primitive('string') }))).toThrow(
      'differs from column odd.a only in case',
    )
    expect(at(struct({}))).toThrow('it is a struct without fields')
  })

  test.each<[string, Schema]>([
    ['Delta has no decimal(38,39)', decimal(39)],
    ['Delta has no decimal(38,-2)', decimal(-2)],
    ['Delta has no decimal(40,2)', decimal(2, { parameters: { 'connect.decimal.precision': '40' } })],
  ])('a column that cannot be written is named: %s', (reason, schema) => {
    expect(() => deltaSchemaOf(struct({ fine: primitive('string'), odd: schema }))).toThrow(
      `Column "odd" cannot be written to a Delta table: ${reason}`,
    )
  })

  test('names that Delta readers refuse are refused, with a remedy', () => {
    for (const name of ['a b', 'a,b', 'a;b', 'a{b', 'a}b', 'a(b', 'a)b', 'a\nb', 'a\tb', 'a=b']) {
      expect(() => deltaSchemaOf(struct({ [name]: primitive('string') }))).toThrow('its name holds')
      expect(nameProblem(plainName(name))).toBeUndefined()
    }
    expect(plainName('Speed (IAS) in knots')).toBe('Speed__IAS__in_knots')
    expect(nameProblem('größe.$-')).toBeUndefined()
    expect(() => deltaSchemaOf(struct({ id: primitive('string'), ID: primitive('string') }))).toThrow('only in case')
  })

  test('a schemaString that is none is an error that names the table', () => {
    for (const text of [
      '',
      '{',
      '[]',
      '{"type":"struct"}',
      '{"fields":[{"type":"long"}]}',
      '{"fields":[{"name":"a"}]}',
    ])
      expect(() => parseSchemaString(text, 'orders')).toThrow('The schema in the log of table orders cannot be read')
  })
})
