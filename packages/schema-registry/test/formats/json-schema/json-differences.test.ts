/** Which JSON Schemas accept what others accept, and what is said of those that do not. */
import { describe, expect, test } from '@jest/globals'
import { incompatibilities } from '../../../src/index.ts'

type Json = unknown

/** What keeps `reader` from reading what fits `writer`: kinds and paths. */
function against(reader: Json, writer: Json): readonly (readonly [string, string])[] {
  const next = { type: 'JSON', text: JSON.stringify(reader) } as const
  const previous = { type: 'JSON', text: JSON.stringify(writer) } as const
  return incompatibilities('BACKWARD', next, [previous]).map(({ kind, path }) => [kind, path])
}

const object = (properties: Json, more: object = {}): object => ({ type: 'object', properties, ...more })
const closed = { additionalProperties: false }
const S = { type: 'string' }
const N = { type: 'number' }
const I = { type: 'integer' }

describe('a reader reads', () => {
  test.each<[string, Json, Json]>([
    ['anything as anything', {}, S],
    ['anything as true', true, S],
    ['nothing as a string', S, false],
    ['integers as numbers', N, I],
    ['a title and a description that have changed', { ...S, title: 'a' }, { ...S, description: 'b' }],
    ['shorter strings', { ...S, maxLength: 5 }, { ...S, maxLength: 4 }],
    ['strings of any length', S, { ...S, maxLength: 4, minLength: 1, pattern: 'x' }],
    ['numbers of a narrower range', { ...N, minimum: 1, maximum: 9 }, { ...N, minimum: 2, maximum: 8 }],
    ['multiples of a multiple', { ...N, multipleOf: 2 }, { ...N, multipleOf: 4 }],
    ['a string as one of several types', { type: ['string', 'null'] }, S],
    ['a string as one of several schemas', { anyOf: [N, S] }, S],
    ['an alternative more', { oneOf: [N, S, { type: 'null' }] }, { oneOf: [S, N] }],
    ['an enum with fewer values', { enum: ['a', 'b'] }, { enum: ['b'] }],
    ['a constant as one of an enum', { enum: [1, 2] }, { const: 1 }],
    ['a string enum as any string', S, { ...S, enum: ['a'] }],
    ['an optional property that is new in a closed object', object({ a: S, b: S }, closed), object({ a: S }, closed)],
    [
      'a required property with a default',
      object({ b: { ...S, default: '' } }, { ...closed, required: ['b'] }),
      object({}, closed),
    ],
    ['a new property of any value', object({ a: S, b: {} }), object({ a: S })],
    ['a property that it does not know', object({}), object({ a: S })],
    ['a property that is not required any more', object({ a: S }), object({ a: S }, { required: ['a'] })],
    [
      'a property that others are like',
      object({}, { additionalProperties: S }),
      object({ a: S }, { additionalProperties: S }),
    ],
    [
      'a property that a pattern covers',
      object({}, { patternProperties: { '^a': S }, ...closed }),
      object({ ab: S }, closed),
    ],
    ['fewer properties', object({}, { maxProperties: 3 }), object({}, { maxProperties: 2 })],
    ['items of a wider type', { type: 'array', items: N }, { type: 'array', items: I }],
    ['more items', { type: 'array', maxItems: 5 }, { type: 'array', maxItems: 4 }],
    [
      'an item more in a closed tuple',
      { type: 'array', items: [S, N], additionalItems: false },
      { type: 'array', items: [S], additionalItems: false },
    ],
    ['fewer parts that must hold', { allOf: [object({ a: S })] }, { allOf: [object({ a: S }), object({ b: S })] }],
    ['less that is forbidden', { not: { ...S, maxLength: 2 } }, { not: S }],
    ['the same through a reference', { $ref: '#/$defs/s', $defs: { s: S } }, S],
    [
      'a tree of wider leaves',
      { $id: 'tree', ...object({ leaf: N, next: { $ref: '#' } }) },
      { $id: 'tree', ...object({ leaf: I, next: { $ref: '#' } }) },
    ],
  ])('%s', (_, reader, writer) => {
    expect(against(reader, writer)).toEqual([])
  })
})

describe('a reader does not read', () => {
  test.each<[string, Json, Json, string, string]>([
    ['a string as a number', N, S, 'TYPE_CHANGED', '#'],
    ['numbers as integers', I, N, 'TYPE_NARROWED', '#'],
    ['anything as a string', S, {}, 'TYPE_CHANGED', '#'],
    ['one type fewer', S, { type: ['string', 'null'] }, 'TYPE_NARROWED', '#'],
    ['longer strings', { ...S, maxLength: 3 }, { ...S, maxLength: 4 }, 'MAX_LENGTH_DECREASED', '#/maxLength'],
    ['strings of any length', { ...S, minLength: 3 }, S, 'MIN_LENGTH_ADDED', '#/minLength'],
    ['another pattern', { ...S, pattern: 'a' }, { ...S, pattern: 'b' }, 'PATTERN_CHANGED', '#/pattern'],
    ['a wider range', { ...N, minimum: 3 }, { ...N, minimum: 2 }, 'MINIMUM_INCREASED', '#/minimum'],
    ['no range', { ...N, exclusiveMaximum: 3 }, N, 'EXCLUSIVE_MAXIMUM_ADDED', '#/exclusiveMaximum'],
    ['smaller multiples', { ...N, multipleOf: 4 }, { ...N, multipleOf: 2 }, 'MULTIPLE_OF_EXPANDED', '#/multipleOf'],
    ['other multiples', { ...N, multipleOf: 3 }, { ...N, multipleOf: 2 }, 'MULTIPLE_OF_CHANGED', '#/multipleOf'],
    ['a value that is not in its enum', { enum: ['a'] }, { enum: ['a', 'b'] }, 'ENUM_ARRAY_NARROWED', '#/enum'],
    ['other values', { enum: ['a', 'c'] }, { enum: ['a', 'b'] }, 'ENUM_ARRAY_CHANGED', '#/enum'],
    [
      'a property that may have had any value',
      object({ a: S, b: S }),
      object({ a: S }),
      'PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL',
      '#/properties/b',
    ],
    ['a property of another type', object({ a: S }), object({ a: N }), 'TYPE_CHANGED', '#/properties/a'],
    [
      'a property that it does not allow',
      object({}, closed),
      object({ a: S }, closed),
      'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL',
      '#/properties/a',
    ],
    [
      'a property unlike others',
      object({}, { additionalProperties: S }),
      object({ a: N }, { additionalProperties: S }),
      'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
      '#/properties/a',
    ],
    [
      'others unlike its property',
      object({ a: N }, { additionalProperties: S }),
      object({}, { additionalProperties: S }),
      'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
      '#/properties/a',
    ],
    [
      'a required property that is new',
      object({ a: S }, { ...closed, required: ['a'] }),
      object({}, closed),
      'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL',
      '#/properties/a',
    ],
    [
      'a property that is required now',
      object({ a: S }, { required: ['a'] }),
      object({ a: S }),
      'REQUIRED_ATTRIBUTE_ADDED',
      '#/required/a',
    ],
    ['other properties', object({}, closed), object({}), 'ADDITIONAL_PROPERTIES_REMOVED', '#/additionalProperties'],
    [
      'others of any type',
      object({}, { additionalProperties: S }),
      object({}),
      'ADDITIONAL_PROPERTIES_NARROWED',
      '#/additionalProperties',
    ],
    [
      'a property without what it needs',
      object({}, { dependentRequired: { a: ['b'] } }),
      object({}),
      'DEPENDENCY_ARRAY_ADDED',
      '#/dependencies/a',
    ],
    ['items of another type', { type: 'array', items: I }, { type: 'array', items: S }, 'TYPE_CHANGED', '#/items'],
    ['items twice', { type: 'array', uniqueItems: true }, { type: 'array' }, 'UNIQUE_ITEMS_ADDED', '#/uniqueItems'],
    [
      'an item that may have had any value',
      { type: 'array', prefixItems: [S] },
      { type: 'array' },
      'ITEM_ADDED_TO_OPEN_CONTENT_MODEL',
      '#/items/0',
    ],
    ['an alternative fewer', { oneOf: [S, N] }, { oneOf: [S, N, { type: 'null' }] }, 'SUM_TYPE_NARROWED', '#/oneOf'],
    [
      'a part more that must hold',
      { allOf: [object({}), object({}), object({})] },
      { allOf: [object({}), object({})] },
      'PRODUCT_TYPE_EXTENDED',
      '#/allOf',
    ],
    [
      'alternatives that are others',
      { oneOf: [S, N] },
      { oneOf: [S, { type: 'null' }] },
      'COMBINED_TYPE_SUBSCHEMAS_CHANGED',
      '#/oneOf',
    ],
    ['any of them as exactly one', { oneOf: [S, N] }, { anyOf: [S, N] }, 'COMBINED_TYPE_CHANGED', '#/oneOf'],
    ['more that is forbidden', { not: S }, { not: { ...S, maxLength: 2 } }, 'NOT_TYPE_EXTENDED', '#/not'],
    [
      'narrower leaves of a tree',
      object({ leaf: I, next: { $ref: '#' } }),
      object({ leaf: N, next: { $ref: '#' } }),
      'TYPE_NARROWED',
      '#/properties/leaf',
    ],
  ])('%s', (_, reader, writer, kind, path) => {
    expect(against(reader, writer)).toContainEqual([kind, path])
  })

  test('another schema that its reference stands for', () => {
    const text = JSON.stringify({ $ref: 'other.json' })
    const dependencies = (json: object): object[] => [
      { name: 'other.json', subject: 'o', version: 1, text: JSON.stringify(json) },
    ]
    const found = incompatibilities('BACKWARD', { type: 'JSON', text, dependencies: dependencies(N) as never }, [
      { type: 'JSON', text, dependencies: dependencies(S) as never },
    ])
    expect(found).toMatchObject([{ kind: 'TYPE_CHANGED', path: '#' }])
  })
})

test('definitions that are used many times are compared once each', () => {
  const chain = (leaf: object): Json => {
    const $defs: Record<string, Json> = { d0: leaf }
    for (let i = 1; i < 40; i++) {
      const before = { $ref: `#/$defs/d${i - 1}` }
      $defs[`d${i}`] = object({ a: before, b: before })
    }
    return { $defs, $ref: '#/$defs/d39' }
  }
  expect(against(chain(N), chain(I))).toEqual([])
})

describe('what is no JSON Schema is refused:', () => {
  test.each<[string, string]>([
    ['no JSON', 'nothing'],
    ['a list', '[]'],
    ['an unknown type', '{"type":"strin"}'],
    ['properties that are a list', '{"properties":[]}'],
    ['a property that is no schema', '{"properties":{"a":1}}'],
    ['a reference to nothing', '{"$ref":"#/definitions/a"}'],
    ['a reference to another document', '{"$ref":"other.json"}'],
    ['a depth of 10,000', `${'{"not":'.repeat(10_000)}{}${'}'.repeat(10_000)}`],
  ])('%s', (_, text) => {
    expect(() => incompatibilities('NONE', { type: 'JSON', text }, [])).toThrow(
      expect.objectContaining({ code: 'SCHEMA_INVALID' }),
    )
  })
})
