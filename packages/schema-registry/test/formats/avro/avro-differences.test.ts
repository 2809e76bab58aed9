/** Which Avro schemas read which, and what is said of those that do not. */
import { describe, expect, test } from '@jest/globals'
import avsc from 'avsc'
import fc from 'fast-check'
import { incompatibilities } from '../../../src/index.ts'

type Json = unknown

const record = (fields: readonly Json[], more: object = {}): Json => ({ type: 'record', name: 'R', fields, ...more })
const field = (name: string, type: Json, more: object = {}): Json => ({ name, type, ...more })
const enumOf = (symbols: readonly string[], more: object = {}): Json => ({ type: 'enum', name: 'E', symbols, ...more })
const fixed = (size: number, name = 'F'): Json => ({ type: 'fixed', name, size })

/** What keeps `reader` from reading `writer`: kinds and paths. */
function against(reader: Json, writer: Json): readonly (readonly [string, string])[] {
  const next = { type: 'AVRO', text: JSON.stringify(reader) } as const
  const previous = { type: 'AVRO', text: JSON.stringify(writer) } as const
  return incompatibilities('BACKWARD', next, [previous]).map(({ kind, path }) => [kind, path])
}

describe('a reader reads', () => {
  test.each<[string, Json, Json]>([
    ['an int as a long', 'long', 'int'],
    ['an int as a float', 'float', 'int'],
    ['a long as a double', 'double', 'long'],
    ['bytes as a string', 'string', 'bytes'],
    ['a string as bytes', 'bytes', 'string'],
    ['a type in its union', ['null', 'string'], 'string'],
    ['a promoted type in its union', ['null', 'long'], 'int'],
    ['a union whose branches it all reads', 'double', ['int', 'float']],
    ['a union in another order', ['string', 'null'], ['null', 'string']],
    ['a record with fewer fields', record([]), record([field('a', 'int')])],
    ['a field that was not written, by its default', record([field('a', 'int', { default: 0 })]), record([])],
    ['a null default', record([field('a', ['null', 'int'], { default: null })]), record([])],
    ['a field by its alias', record([field('b', 'int', { aliases: ['a'] })]), record([field('a', 'int')])],
    [
      'fields in another order',
      record([field('a', 'int'), field('b', 'int')]),
      record([field('b', 'int'), field('a', 'int')]),
    ],
    ['a record of another namespace', record([], { namespace: 'x' }), record([], { namespace: 'y' })],
    ['a record by its alias', record([], { name: 'S', aliases: ['x.R'] }), record([], { namespace: 'x' })],
    ['an enum with fewer symbols', enumOf(['A', 'B']), enumOf(['A'])],
    ['symbols it has not, by its default', enumOf(['A'], { default: 'A' }), enumOf(['A', 'B'])],
    ['arrays by their items', { type: 'array', items: 'long' }, { type: 'array', items: 'int' }],
    ['an error as a record', record([]), { ...(record([]) as object), type: 'error' }],
    [
      'a record that contains itself',
      record([field('next', ['null', 'R']), field('x', 'long')]),
      record([field('next', ['null', 'R']), field('x', 'int')]),
    ],
  ])('%s', (_, reader, writer) => {
    expect(against(reader, writer)).toEqual([])
  })
})

describe('a reader does not read', () => {
  test.each<[string, Json, Json, string, string]>([
    ['a long as an int', 'int', 'long', 'TYPE_MISMATCH', '/'],
    [
      'a field that was not written',
      record([field('a', 'int')]),
      record([]),
      'READER_FIELD_MISSING_DEFAULT_VALUE',
      '/fields/0',
    ],
    [
      'a field of another type',
      record([field('a', 'int')]),
      record([field('a', 'string')]),
      'TYPE_MISMATCH',
      '/fields/0/type',
    ],
    [
      'items of another type',
      { type: 'array', items: 'int' },
      { type: 'array', items: 'null' },
      'TYPE_MISMATCH',
      '/items',
    ],
    [
      'values of another type',
      { type: 'map', values: 'int' },
      { type: 'map', values: 'null' },
      'TYPE_MISMATCH',
      '/values',
    ],
    ['a record of another name', record([], { name: 'S' }), record([]), 'NAME_MISMATCH', '/name'],
    ['a fixed of another size', fixed(4), fixed(8), 'FIXED_SIZE_MISMATCH', '/size'],
    ['a fixed of another name', fixed(4, 'G'), fixed(4), 'NAME_MISMATCH', '/name'],
    ['symbols it has not', enumOf(['A']), enumOf(['A', 'B']), 'MISSING_ENUM_SYMBOLS', '/symbols'],
    ['a branch it has not', ['null', 'int'], ['null', 'string'], 'MISSING_UNION_BRANCH', '/1'],
    ['a type that is not in its union', ['null', 'int'], 'string', 'MISSING_UNION_BRANCH', '/'],
    ['one branch of a union', 'int', ['int', 'string'], 'TYPE_MISMATCH', '/'],
    [
      'a field within a record that contains itself',
      record([field('next', ['null', 'R']), field('x', 'int')]),
      record([field('next', ['null', 'R']), field('x', 'long')]),
      'TYPE_MISMATCH',
      '/fields/1/type',
    ],
  ])('%s', (_, reader, writer, kind, path) => {
    expect(against(reader, writer)).toContainEqual([kind, path])
  })

  test('and everything that is wrong is told at once', () => {
    const reader = record([field('a', 'int'), field('b', 'int'), field('c', enumOf(['A']))])
    const writer = record([field('a', 'string'), field('c', enumOf(['B', 'A', 'C']))])
    expect(against(reader, writer)).toEqual([
      ['TYPE_MISMATCH', '/fields/0/type'],
      ['READER_FIELD_MISSING_DEFAULT_VALUE', '/fields/1'],
      ['MISSING_ENUM_SYMBOLS', '/fields/2/type/symbols'],
    ])
  })

  test('and deep unions of records are gone through once', () => {
    const deep = (leaf: string): Json => {
      let type: Json = leaf
      for (let i = 0; i < 40; i++) {
        const name = `L${i}`
        type = {
          type: 'record',
          name,
          fields: [field('a', ['null', type]), field('b', ['null', i === 0 ? leaf : `L${i - 1}`])],
        }
      }
      return type
    }
    expect(against(deep('long'), deep('int'))).toEqual([])
    expect(against(deep('int'), deep('long'))).not.toEqual([])
  })
})

const primitives = fc.constantFrom('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string')

/** Schemas that avsc resolves, too (it does not read empty records), in which each named type is defined where it is used, under a name of its place. */
const schemas: fc.Arbitrary<Json> = fc.letrec<{ schema: Json; plain: Json }>((tie) => ({
  plain: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    primitives,
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({ type: fc.constant('map'), values: tie('schema') }),
    fc.record({ type: fc.constant('fixed'), name: fc.constant('F'), size: fc.integer({ min: 1, max: 3 }) }),
    fc
      .uniqueArray(fc.constantFrom('A', 'B', 'C'), { minLength: 1 })
      .map((symbols) => ({ type: 'enum', name: 'E', symbols })),
    fc
      .uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c'), type: tie('schema') }), {
        minLength: 1,
        selector: ({ name }) => name,
      })
      .map((fields) => ({ type: 'record', name: 'R', fields })),
  ),
  schema: fc.oneof(
    { weight: 4, arbitrary: tie('plain') },
    { weight: 1, arbitrary: fc.uniqueArray(tie('plain'), { minLength: 1, maxLength: 3, selector: typeName }) },
  ),
})).schema

function typeName(schema: Json): string {
  return typeof schema === 'string' ? schema : ((schema as { type: string }).type ?? 'union')
}

/** Every named type gets a name of its own, by the path at which it stands: both schemas of a pair then name alike what stands alike. */
function named(schema: Json, path = 'T'): Json {
  if (Array.isArray(schema)) return schema.map((branch) => named(branch, `${path}_${typeName(branch)}`))
  if (typeof schema !== 'object' || schema === null) return schema
  const { type, items, values, fields, ...rest } = schema as Record<string, Json>
  return {
    type,
    ...rest,
    ...('name' in rest ? { name: `${path}_${String(rest['name'])}` } : {}),
    ...(items === undefined ? {} : { items: named(items, `${path}_i`) }),
    ...(values === undefined ? {} : { values: named(values, `${path}_v`) }),
    ...(Array.isArray(fields)
      ? {
          fields: fields.map((one: { name: string; type: Json }) => ({
            ...one,
            type: named(one.type, `${path}_${one.name}`),
          })),
        }
      : {}),
  }
}

/** The same schema with some of it narrowed, widened, left out or turned round, as the numbers say. */
function changed(schema: Json, numbers: Iterator<number>): Json {
  const die = (numbers.next().value as number) % 10
  if (Array.isArray(schema)) {
    const branches = schema.map((branch: Json) => changed(branch, numbers))
    const kept = die < 2 && branches.length > 1 ? branches.slice(1) : die < 4 ? branches.toReversed() : branches
    return kept.filter((branch, i) => kept.findIndex((other) => typeName(other) === typeName(branch)) === i)
  }
  if (typeof schema === 'string') {
    const others = ['int', 'long', 'float', 'double', 'string', 'bytes', 'int', 'null']
    return die < 3 ? others[(numbers.next().value as number) % others.length] : schema
  }
  const { items, values, fields, symbols, ...rest } = schema as Record<string, Json>
  const cut = (list: readonly Json[]): readonly Json[] =>
    die < 2 && list.length > 1 ? list.slice(1) : list.toReversed()
  return {
    ...rest,
    ...(items === undefined ? {} : { items: changed(items, numbers) }),
    ...(values === undefined ? {} : { values: changed(values, numbers) }),
    ...(Array.isArray(symbols) ? { symbols: cut(symbols) } : {}),
    ...(Array.isArray(fields)
      ? { fields: cut(fields.map((one: { type: Json }) => ({ ...one, type: changed(one.type, numbers) }))) }
      : {}),
  }
}

function* repeated(numbers: readonly number[]): Generator<number> {
  for (;;) yield* numbers
}

describe('of all schemas', () => {
  test('each reads itself', () => {
    fc.assert(fc.property(schemas, (schema) => against(named(schema), named(schema)).length === 0))
  })

  test('what is said agrees with avsc, which resolves them in earnest', () => {
    const outcomes = { readable: 0, unreadable: 0 }
    const numbers = fc.array(fc.nat(1000), { minLength: 30, maxLength: 30 })
    fc.assert(
      fc.property(schemas, numbers, fc.boolean(), (schema, list, isTurned) => {
        const pair = [named(schema), named(changed(schema, repeated(list)))]
        const [reader, writer] = isTurned ? pair.toReversed() : pair
        const isReadable = against(reader, writer).length === 0
        outcomes[isReadable ? 'readable' : 'unreadable'] += 1
        expect({ reader, writer, isReadable }).toEqual({ reader, writer, isReadable: resolves(reader, writer) })
      }),
      { numRuns: 3000, seed: 7 },
    )
    expect(Math.min(outcomes.readable, outcomes.unreadable)).toBeGreaterThan(500)
  })
})

function resolves(reader: Json, writer: Json): boolean {
  // avsc keeps names in the options that it is given.
  const [type, other] = [reader, writer].map((schema) =>
    avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true }),
  )
  try {
    type!.createResolver(other!)
    return true
  } catch {
    return false
  }
}
