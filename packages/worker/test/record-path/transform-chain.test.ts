import { expect, test } from '@jest/globals'
import type { ConnectRecord, Transform } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { compileChain, type TransformStep } from '../../src/record-path/transform-chain.ts'

const record: ConnectRecord = {
  topic: 't',
  keySchema: null,
  key: null,
  valueSchema: null,
  value: 'v',
  timestamp: null,
  headers: null,
}
const rename =
  (suffix: string): Transform =>
  (at) => ({ ...at, topic: at.topic + suffix })
const drop: Transform = () => null
const step = (transform: Transform, rest: Partial<TransformStep> = {}): TransformStep => ({
  alias: 'a',
  transform,
  predicate: null,
  negate: false,
  ...rest,
})

test('no steps are no function at all', () => {
  expect(compileChain([])).toBeNull()
})

test('steps are applied in order', () => {
  expect(compileChain([step(rename('1')), step(rename('2'))])!(record)?.topic).toBe('t12')
})

test('a dropped record reaches no further step', () => {
  let reached = false
  const chain = compileChain([
    step(drop),
    step((at) => {
      reached = true
      return at
    }),
  ])!
  expect(chain(record)).toBeNull()
  expect(reached).toBe(false)
})

test('a predicate chooses the records of its step, a negated one the others', () => {
  const isT = (at: ConnectRecord): boolean => at.topic === 't'
  expect(compileChain([step(rename('!'), { predicate: isT })])!(record)?.topic).toBe('t!')
  expect(compileChain([step(rename('!'), { predicate: isT, negate: true })])!(record)).toBe(record)
})

test('a record that no step touches comes out itself, not a copy', () => {
  const of = (name: string, settings: Readonly<Record<string, string>>): TransformStep =>
    step(transforms.find((plugin) => plugin.name === name)!.create(settings))
  const chain = compileChain([
    of('regex-router', { regex: 'other', replacement: 'x' }),
    of('replace-field-value', { exclude: 'b' }),
    of('drop-headers', { headers: 'h' }),
    of('extract-new-record-state', {}),
    of('hash-field-value', { fields: 'b' }),
    of('content-filter', { condition: "topic == 't'" }),
    step(rename('!'), { predicate: () => false }),
  ])!
  const untouched = { ...record, value: { a: 1 } }
  expect(chain(untouched)).toBe(untouched)
  expect(chain({ ...record, value: { a: 1, b: 'x' } })!.value).toEqual({ a: 1 })
})
