import { describe, expect, test } from '@jest/globals'
import { primitive, sameSchema, struct } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import { fitOf } from '../../src/files/schema-mode.ts'
import type { SchemaMode } from '../../src/files/schema-mode.ts'

const V1 = struct({ id: primitive('int32') }, { name: 'R', version: 1 })
const V2 = struct({ id: primitive('int64'), note: primitive('string', { optional: true }) }, { name: 'R', version: 2 })

describe('which schema the file has when another one comes', () => {
  test.each<[SchemaMode, Schema, Schema, Schema]>([
    ['NONE', V1, V2, V2],
    ['NONE', V2, V1, V1],
    ['BACKWARD', V2, V1, V2],
    ['BACKWARD', V1, V2, V2],
    ['FULL', V2, V1, V2],
    ['FORWARD', V2, V1, V1],
  ])('%s', (mode, held, coming, expected) => {
    expect(fitOf(mode, held, coming).schema).toBe(expected)
  })

  test('FORWARD keeps the older one, and projects the newer to it', () => {
    const narrow = struct({ id: primitive('int64') }, { name: 'R', version: 1 })
    const { schema, project } = fitOf('FORWARD', narrow, V2)
    expect(schema).toBe(narrow)
    expect(project({ id: 7, note: 'x' })).toEqual({ id: 7 })
  })

  test('EVOLVE grows: fields of either, as wide as the wider, optional where one has none; then both fit', () => {
    const other = struct({ shop: primitive('string') }, { name: 'R' })
    const first = fitOf('EVOLVE', V1, V2)
    const both = fitOf('EVOLVE', first.schema, other).schema!
    const expected = struct(
      {
        id: primitive('int64', { optional: true }),
        note: primitive('string', { optional: true }),
        shop: primitive('string', { optional: true }),
      },
      { name: 'R' },
    )
    expect(sameSchema(both, expected)).toBe(true)
    for (const [schema, value, row] of [
      [V1, { id: 1 }, { id: 1, note: null, shop: null }],
      [other, { shop: 's' }, { id: null, note: null, shop: 's' }],
    ] as const) {
      const fit = fitOf('EVOLVE', both, schema)
      expect(fit.schema).toBe(both)
      expect(fit.project(value)).toEqual(row)
    }
  })

  test('EVOLVE begins a new file where no schema takes both', () => {
    const text = struct({ id: primitive('string') }, { name: 'R' })
    expect(fitOf('EVOLVE', V1, text).schema).toBe(text)
  })

  test('records without a schema and with one are never in one file', () => {
    expect(fitOf('EVOLVE', null, V1).schema).toBe(V1)
    expect(fitOf('FULL', V1, null).schema).toBeNull()
  })
})
