import { describe, expect, test } from '@jest/globals'
import {
  array,
  date,
  decimal,
  describeError,
  map,
  primitive,
  project,
  ProjectionError,
  projectorFor,
  struct,
} from '@sluice/sdk'
import type { PrimitiveType, Schema } from '@sluice/sdk'

const INT32 = primitive('int32')
const STRING = primitive('string')
const OPTIONAL = { optional: true }
const WIDENING: readonly PrimitiveType[] = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64']

function refusal(source: Schema, target: Schema): string {
  try {
    projectorFor(source, target)
  } catch (error) {
    expect(error).toBeInstanceOf(ProjectionError)
    return describeError(error)
  }
  throw new Error('nothing was thrown')
}

describe('numbers', () => {
  test('widen, and never narrow', () => {
    for (const [i, from] of WIDENING.entries())
      for (const [j, to] of WIDENING.entries()) {
        const widen = () => project(primitive(from), 7, primitive(to))
        if (i <= j) expect(widen()).toBe(7)
        else
          expect(widen).toThrow(
            `Schema type mismatch. source type: ${from.toUpperCase()} and target type: ${to.toUpperCase()}`,
          )
      }
  })

  test('a 64-bit integer becomes the nearest float', () => {
    expect(project(primitive('int64'), 2n ** 62n, primitive('float64'))).toBe(2 ** 62)
    expect(project(primitive('int32'), 16_777_217, primitive('float32'))).toBe(16_777_216)
  })
})

describe('structs', () => {
  test('keep shared fields, fill missing ones, leave out unknown ones', () => {
    const source = struct({ a: primitive('int8'), gone: STRING })
    const target = struct({
      a: primitive('int64'),
      maybe: primitive('string', OPTIONAL),
      filled: primitive('string', { default: 'x' }),
    })
    expect(project(source, { a: 1, gone: 'g' }, target)).toEqual({ a: 1, maybe: null, filled: 'x' })
  })

  test('read a missing value as the writer’s default', () => {
    const source = struct({ a: primitive('int32', { default: 9 }) })
    expect(project(source, {}, struct({ a: primitive('int64') }))).toEqual({ a: 9 })
  })

  test('name the field whose schemas disagree', () => {
    const nested = (schema: Schema) => struct({ outer: struct({ inner: schema }) })
    const text = refusal(nested(STRING), nested(INT32))
    expect(text).toContain('Error projecting outer; because: Error projecting inner')
    expect(text).toContain('Schema type mismatch. source type: STRING and target type: INT32')
  })

  test('refuse a required field that the writer does not have', () => {
    expect(refusal(struct({}, { name: 'S' }), struct({ need: INT32 }, { name: 'S' }))).toContain(
      'Required field `need` is missing from source schema: Schema{S:STRUCT}',
    )
  })
})

describe('nothing for something', () => {
  test('an optional writer needs a default at the reader', () => {
    const optional = primitive('int32', OPTIONAL)
    expect(refusal(optional, INT32)).toContain(
      'Writer schema is optional, however, target schema does not provide a default value.',
    )
    const target = primitive('int64', { default: 3 })
    expect(project(optional, null, target)).toBe(3)
    expect(project(optional, 4, target)).toBe(4)
  })
})

describe('lists and maps', () => {
  test('are projected element by element', () => {
    expect(project(array(primitive('int8')), [1, 2], array(primitive('int16')))).toEqual([1, 2])
    const source = map(STRING, array(struct({ a: INT32, b: INT32 })))
    const target = map(STRING, array(struct({ b: INT32 })))
    expect(project(source, new Map([['k', [{ a: 1, b: 2 }]]]), target)).toEqual(new Map([['k', [{ b: 2 }]]]))
  })
})

describe('names and parameters', () => {
  test('must be the same', () => {
    expect(refusal(date(), INT32)).toContain(
      'Schema name mismatch. source name: org.apache.kafka.connect.data.Date and target name: null',
    )
    expect(refusal(decimal(1), decimal(2))).toContain(
      'Schema parameters not equal. source parameters: {scale=1} and target parameters: {scale=2}',
    )
  })
})

test('equal schemas hand on the very value', () => {
  const value = { a: 1 }
  expect(project(struct({ a: INT32 }), value, struct({ a: INT32 }))).toBe(value)
})
