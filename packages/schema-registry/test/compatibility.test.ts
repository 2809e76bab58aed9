/** Confluent's levels: which way round, and how far back. */
import { describe, expect, test } from '@jest/globals'
import { COMPATIBILITY_LEVELS, type CompatibilityLevel, type ComparedSchema, incompatibilities } from '../src/index.ts'

const record = (...fields: readonly string[]): ComparedSchema => {
  const list = fields.map((name) => ({ name, type: 'int', ...(name.endsWith('_') ? { default: 0 } : {}) }))
  return { type: 'AVRO', text: JSON.stringify({ type: 'record', name: 'R', fields: list }) }
}

const allows = (next: ComparedSchema, ...previous: readonly ComparedSchema[]): readonly CompatibilityLevel[] =>
  COMPATIBILITY_LEVELS.filter((level) => incompatibilities(level, next, previous).length === 0)

describe('a schema may follow', () => {
  test('when it only has a field more with a default, at every level', () => {
    expect(allows(record('a', 'b_'), record('a'))).toEqual(COMPATIBILITY_LEVELS)
  })

  test('when a field has gone, backwards only', () => {
    expect(allows(record(), record('a'))).toEqual(['NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE'])
  })

  test('when there is a field more without a default, forwards only', () => {
    expect(allows(record('a'), record())).toEqual(['NONE', 'FORWARD', 'FORWARD_TRANSITIVE'])
  })

  test('the last version, which is not all of them where the level is transitive', () => {
    expect(allows(record('a'), record(), record('a'))).toEqual([
      'NONE',
      'BACKWARD',
      'FORWARD',
      'FORWARD_TRANSITIVE',
      'FULL',
    ])
  })

  test('nothing at all, at every level', () => {
    expect(allows(record('a'))).toEqual(COMPATIBILITY_LEVELS)
  })
})

test('a reason says which schema is the new one, and beside which version', () => {
  const [backward] = incompatibilities('BACKWARD', record('a'), [record()])
  expect(backward).toEqual({
    kind: 'READER_FIELD_MISSING_DEFAULT_VALUE',
    path: '/fields/0',
    description:
      "The field 'a' at path '/fields/0' in the new schema has no default value and is missing in the old schema",
    detail: 'a',
    index: 0,
  })
  const [forward] = incompatibilities('FORWARD_TRANSITIVE', record(), [record(), record('a')])
  expect(forward).toMatchObject({ index: 1, description: expect.stringContaining('in the old schema has no default') })
})

test('a schema of another format never fits', () => {
  expect(incompatibilities('FULL', { type: 'JSON', text: '{}' }, [record()])).toHaveLength(2)
})
