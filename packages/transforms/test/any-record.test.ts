/** Whatever a record holds, a transform changes it, drops it, or says in a DataError that it cannot. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { array, DataError, primitive, struct } from '@sluice/sdk'
import type { Schema, SchemaAndValue, Value } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { MADE } from './support/all-transforms.ts'
import { sinkRecord } from './support/records.ts'

const bare = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<Value>(null, true, 'a', '', '2018-01-02T11:15:30Z', 'paid', -1, 0.5, Number.NaN, 2n ** 70n),
    fc.uint8Array({ maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name(), tie('value'), { maxKeys: 5 }),
    fc.array(fc.tuple(name(), tie('value')), { maxLength: 4 }).map((entries): Value => new Map(entries)),
  ) as fc.Arbitrary<Value>,
})).value

function name(): fc.Arbitrary<string> {
  return fc.constantFrom('a', 'b', 'after', 'before', 'source', 'op', 'ts_ms', 'id', 'type', '__proto__', 'message')
}

/** As Debezium's, with rows of anything. */
const event: fc.Arbitrary<Value> = fc
  .record({
    before: bare,
    after: fc.oneof(bare, fc.record({ a: bare, id: bare })),
    op: fc.constantFrom('c', 'u', 'd', 't'),
  })
  .map((rows) => ({ ...rows, source: { table: 'a', ts_ms: 1 } }))

const schemas: readonly Schema[] = [
  primitive('string', { optional: true }),
  primitive('bytes', { optional: true }),
  array(primitive('int32'), { optional: true }),
  struct(
    { a: primitive('string', { optional: true }), op: primitive('string', { optional: true }) },
    { optional: true },
  ),
]

/** Values with a schema that they fit, and without one. */
const either: fc.Arbitrary<SchemaAndValue> = fc.oneof(
  fc.oneof(bare, event).map((value) => ({ schema: null, value })),
  fc.constantFrom<SchemaAndValue>(
    ...schemas.map((schema) => ({ schema, value: null })),
    { schema: schemas[0]!, value: 'a' },
    { schema: schemas[1]!, value: Uint8Array.of(1, 2) },
    { schema: schemas[2]!, value: [1, 2] },
    { schema: schemas[3]!, value: { a: 'x', op: 'c' } },
    { schema: schemas[3]!, value: { a: null, op: null } },
  ),
)

test.each(transforms.map((plugin) => [plugin.name, plugin] as const))('%s', (pluginName, plugin) => {
  const transform = plugin.create(MADE[pluginName] ?? {})
  fc.assert(
    fc.property(either, either, fc.boolean(), (key, value, hasHeader) => {
      const record = sinkRecord({
        keySchema: key.schema,
        key: key.value,
        valueSchema: value.schema,
        value: value.value,
        headers: hasHeader ? [{ key: 'a', ...value }] : null,
      })
      try {
        const result = transform(record)
        expect(result === null || typeof result.topic === 'string').toBe(true)
      } catch (error) {
        if (!(error instanceof DataError)) throw error
      }
    }),
    { seed: 14, numRuns: 300 },
  )
})
