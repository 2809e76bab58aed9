/** What is called compatible is: whatever fits the writer's JSON Schema fits the reader's. Judged by a validator of a few lines. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { incompatibilities } from '../../../src/index.ts'

type Schema = Readonly<Record<string, unknown>>

const bound = (type: string, keyword: string): fc.Arbitrary<Schema> => fc.nat(4).map((n) => ({ type, [keyword]: n }))
const names = fc.constantFrom('a', 'b', 'c')

const schemas: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Schema>({}, { type: 'string' }, { type: 'number' }, { type: 'integer' }, { type: 'null' }),
    fc.constantFrom('maxLength', 'minLength').chain((keyword) => bound('string', keyword)),
    fc.constantFrom('minimum', 'maximum', 'exclusiveMinimum').chain((keyword) => bound('number', keyword)),
    fc.uniqueArray(fc.nat(3), { minLength: 1 }).map((values) => ({ enum: values })),
    fc.uniqueArray(fc.constantFrom('string', 'null', 'integer'), { minLength: 1 }).map((type) => ({ type })),
    fc.record({ type: fc.constant('array'), items: tie('schema') }, { requiredKeys: ['type'] }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(names, tie('schema')),
        required: fc.uniqueArray(names, { maxLength: 2 }),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
        maxProperties: fc.nat(3),
      },
      { requiredKeys: ['type'] },
    ),
  ),
})).schema

const values: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, '', 'x', 'xyz', 'xyzxy', 0, 1, 2, 3, 4.5, -1, true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value')),
  ),
})).value

function fits(value: unknown, schema: unknown): boolean {
  if (typeof schema === 'boolean') return schema
  const { type, maxLength, minLength, minimum, maximum, exclusiveMinimum, items, anyOf, allOf, ...rest } =
    schema as Record<string, never>
  if (type !== undefined && ![type].flat().some((name) => isOf(value, name))) return false
  if (rest['enum'] !== undefined && !(rest['enum'] as unknown[]).includes(value)) return false
  if (typeof value === 'string' && (value.length > (maxLength ?? Infinity) || value.length < (minLength ?? 0)))
    return false
  if (typeof value === 'number') {
    if (value < (minimum ?? -Infinity) || value > (maximum ?? Infinity) || value <= (exclusiveMinimum ?? -Infinity))
      return false
  }
  if (Array.isArray(value) && items !== undefined && !value.every((item) => fits(item, items))) return false
  if (anyOf !== undefined && !(anyOf as unknown[]).some((part) => fits(value, part))) return false
  if (allOf !== undefined && !(allOf as unknown[]).every((part) => fits(value, part))) return false
  return typeof value !== 'object' || value === null || Array.isArray(value) || objectFits(value, rest)
}

function objectFits(value: object, schema: Schema): boolean {
  const {
    properties = {},
    required = [],
    additionalProperties = true,
    maxProperties = Infinity,
  } = schema as {
    properties?: Record<string, unknown>
    required?: string[]
    additionalProperties?: unknown
    maxProperties?: number
  }
  const entries = Object.entries(value)
  if (entries.length > maxProperties || required.some((name) => !Object.hasOwn(value, name))) return false
  return entries.every(([name, item]) =>
    fits(item, Object.hasOwn(properties, name) ? properties[name] : additionalProperties),
  )
}

function isOf(value: unknown, type: string): boolean {
  if (value === null) return type === 'null'
  if (Array.isArray(value)) return type === 'array'
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

/** The same schema with one of its keywords left out or another one's schema put in: near enough to be compatible now and then. */
function changed(schema: unknown, other: Schema, at: number): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map((part) => changed(part, other, at))
  const entries = Object.entries(schema)
  const hit = entries.length === 0 ? -1 : at % (entries.length + 1)
  return Object.fromEntries(
    entries.flatMap(([key, value], i) => {
      if (i === hit && key !== 'type') return []
      if (typeof value === 'number' && i === hit) return [[key, value + 1]]
      return [[key, key === 'enum' || key === 'required' ? value : changed(value, other, at >> 1)]]
    }),
  )
}

test('whatever fits the writer’s schema fits the reader’s, if nothing is said against it', () => {
  const judged = { compatible: 0, values: 0 }
  fc.assert(
    fc.property(
      schemas,
      schemas,
      fc.nat(),
      fc.boolean(),
      fc.array(values, { minLength: 20, maxLength: 20 }),
      (a, b, at, isTurned, list) => {
        const pair = at % 5 === 0 ? [a, b] : [a, changed(a, b, at)]
        const [writer, reader] = isTurned ? pair.toReversed() : pair
        const text = (schema: unknown): { type: 'JSON'; text: string } => ({
          type: 'JSON',
          text: JSON.stringify(schema),
        })
        if (incompatibilities('BACKWARD', text(reader), [text(writer)]).length > 0) return
        judged.compatible += 1
        for (const value of list) {
          if (!fits(value, writer)) continue
          judged.values += 1
          expect({ reader, writer, value, isRead: fits(value, reader) }).toEqual({
            reader,
            writer,
            value,
            isRead: true,
          })
        }
      },
    ),
    { numRuns: 4000, seed: 11 },
  )
  expect(judged.compatible).toBeGreaterThan(500)
  expect(judged.values).toBeGreaterThan(1000)
})
