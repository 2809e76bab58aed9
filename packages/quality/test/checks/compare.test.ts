import { expect, test } from '@jest/globals'
import { decimal, primitive, struct } from '@sluice/sdk'
import * as fc from 'fast-check'
import type { CheckParameters } from '@sluice/quality'
import { ask, sayOf } from './outcome-of.ts'

type Compare = CheckParameters['compare']

test.each<[Compare, unknown, string]>([
  [{ op: '<', value: 5 }, 4, 'pass'],
  [{ op: '<', value: 5 }, 5, 'compare.unmet'],
  [{ op: '<=', value: 5 }, 5, 'pass'],
  [{ op: '>', value: 5 }, 5, 'compare.unmet'],
  [{ op: '>=', value: 5 }, 5n, 'pass'],
  [{ op: '==', value: 5 }, '5.0', 'pass'],
  [{ op: '!=', value: 5 }, 5, 'compare.unmet'],
  [{ op: '==', value: 'a' }, 'a', 'pass'],
  [{ op: '==', value: '1.0' }, '1', 'compare.unmet'],
  [{ op: '==', value: '1.0', as: 'number' }, '1', 'pass'],
  [{ op: '<', value: '10' }, '9', 'compare.unmet'],
  [{ op: '<', value: '10', as: 'number' }, '9', 'pass'],
  [{ op: '==', value: true }, true, 'pass'],
  [{ op: '!=', value: true }, false, 'pass'],
  [{ op: '<', value: true }, false, 'compare.type'],
  [{ op: '<', value: 5 }, 'abc', 'compare.type'],
  [{ op: '==', value: 5 }, 'abc', 'compare.unmet'],
  [{ op: '!=', value: 5 }, 'abc', 'pass'],
  [{ op: '<', value: 5 }, NaN, 'compare.type'],
  [{ op: '==', value: 5 }, null, 'skip'],
  [{ op: '!=', value: 5 }, undefined, 'skip'],
])('compare %j: %p is %s', (params, value, expected) => {
  expect(sayOf({ check: 'compare', field: 'x', params }, value)).toBe(expected)
})

test('compares with another field, and is skipped when either side is null', () => {
  const say = (value: unknown): string =>
    ask({ check: 'compare', field: 'from', params: { op: '<=', other: 'to.at' } }, { value }).said
  expect(say({ from: 1, to: { at: 2 } })).toBe('pass')
  expect(say({ from: 3, to: { at: 2 } })).toBe('compare.unmet')
  expect(say({ from: 3, to: { at: null } })).toBe('skip')
  expect(say({ from: null, to: { at: 2 } })).toBe('skip')
  expect(say({ from: 3 })).toBe('skip')
})

test('says both values', () => {
  const question = { check: 'compare', field: 'from', params: { op: '<=', other: 'to' } } as const
  const [reason] = ask(question, { value: { from: 3, to: 2 } }).reasons
  expect(reason).toMatchObject({
    field: 'from',
    expected: '<= to (2)',
    actual: '3',
    message: 'from: expected <= to (2), found 3',
  })
})

test('reads text as numbers where the schema says Decimal', () => {
  const question = { check: 'compare', field: 'net', params: { op: '<=', other: 'gross' } } as const
  const value = { net: '9.00', gross: '10.00' }
  expect(ask(question, { value }).said).toBe('compare.unmet')
  expect(ask(question, { value }, { valueSchema: struct({ net: decimal(2), gross: primitive('string') }) }).said).toBe(
    'pass',
  )
})

test('the six relations agree with JavaScript on numbers and on texts', () => {
  const pair = fc.oneof(fc.tuple(fc.integer(), fc.integer()), fc.tuple(fc.string(), fc.string()))
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const holds = { '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b, '==': a === b, '!=': a !== b }
      for (const [op, expected] of Object.entries(holds)) {
        const params: Compare = { op: op as Compare['op'], value: b }
        expect([op, sayOf({ check: 'compare', field: 'x', params }, a)]).toEqual([
          op,
          expected ? 'pass' : 'compare.unmet',
        ])
      }
    }),
  )
})
