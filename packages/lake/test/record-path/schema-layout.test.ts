import { expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import { layoutOfSchema } from '@sluice/lake'

test('a struct without fields, wherever it is, has no layout: there is nothing to find in it', () => {
  const id = primitive('int64')
  expect(layoutOfSchema(struct({ id }))).toBeDefined()
  expect(layoutOfSchema(struct({}))).toBeUndefined()
  expect(layoutOfSchema(struct({ id, inner: struct({}, { optional: true }) }))).toBeUndefined()
})
