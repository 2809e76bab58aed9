/** Vectors become texts of JSON, as Debezium writes them. */
import { expect, test } from '@jest/globals'
import { array, DataError, map, primitive, struct } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import { change } from '../support/change-events.ts'
import { sinkRecord, transform } from '../support/records.ts'

const doubles = array(primitive('float64'), { name: 'io.debezium.data.DoubleVector', version: 1 })
const floats = array(primitive('float32'), { name: 'io.debezium.data.FloatVector', version: 1, optional: true })
const sparse = struct(
  { dimensions: primitive('int16'), vector: map(primitive('int16'), primitive('float64')) },
  { name: 'io.debezium.data.SparseDoubleVector', version: 1, optional: true },
)
const ROW = struct({ id: primitive('int32'), doubles, floats, sparse }, { name: 'Row', optional: true })
const SCHEMA = struct({ before: ROW, after: ROW, op: primitive('string') }, { name: 't.Envelope' })

const convert = transform('io.debezium.transforms.VectorToJsonConverter')

test('vectors of all kinds are texts, numbers in Java’s form', () => {
  const after = {
    id: 1,
    doubles: [1, 2.5, 1e10],
    floats: [Math.fround(0.1), -1],
    sparse: {
      dimensions: 25,
      vector: new Map([
        [5, 2],
        [1, 0.5],
      ]),
    },
  }
  const result = convert(sinkRecord({ valueSchema: SCHEMA, value: { before: null, after, op: 'c' } }))!
  expect(result.value).toEqual({
    before: null,
    op: 'c',
    after: {
      id: 1,
      doubles: '{ "values": [1.0, 2.5, 1.0E10] }',
      floats: '{ "values": [0.1, -1.0] }',
      sparse: '{ "dimensions": 25, "vector": { "1": 0.5, "5": 2.0 } }',
    },
  })
})

test('schemas say so, once for all records, and keep what is optional', () => {
  const [a, b] = [1, 2].map((id) =>
    convert(sinkRecord({ valueSchema: SCHEMA, value: { before: null, after: { id, doubles: [] }, op: 'c' } })),
  )
  expect(b!.valueSchema).toBe(a!.valueSchema)
  expect(b!.value).toMatchObject({ after: { doubles: '{ "values": [] }', floats: null, sparse: null } })
  const json = (optional: boolean): Schema =>
    primitive('string', { name: 'io.debezium.data.Json', version: 1, optional })
  const row = struct(
    { id: primitive('int32'), doubles: json(false), floats: json(true), sparse: json(true) },
    { name: 'Row', optional: true },
  )
  expect(a!.valueSchema).toEqual(struct({ before: row, after: row, op: primitive('string') }, { name: 't.Envelope' }))
})

test('records without vectors are handed on themselves', () => {
  for (const record of [sinkRecord(), change({ op: 'c' })]) expect(convert(record)).toBe(record)
})

test('without a schema nobody knows a vector', () => {
  expect(() => convert(sinkRecord({ value: { v: [1] } }))).toThrow(DataError)
  expect(() => convert(sinkRecord({ value: 'text' }))).toThrow(
    'Only Struct objects supported for [Value should be a struct], found: java.lang.String',
  )
})
