import { expect, test } from '@jest/globals'
import { ask, type Question } from './outcome-of.ts'

const shipped: Question = {
  check: 'when_then',
  params: {
    when: 'value.status == "shipped"',
    checks: [
      { check: 'required', field: 'at' },
      { check: 'range', field: 'weight', params: { above: 0 } },
    ],
  },
}

test.each([
  [{ status: 'shipped', at: 1, weight: 2 }, 'pass'],
  [{ status: 'open' }, 'skip'],
  [{ status: 'shipped', at: null, weight: 2 }, 'required.null'],
  [{ status: 'shipped', weight: 0 }, 'required.absent+range.low'],
  [{ status: 'shipped', at: 1, weight: null }, 'pass'],
  [{}, 'error:expression.error'],
])('when_then: %j is %s', (value, expected) => {
  expect(ask(shipped, { value }).said).toBe(expected)
})

test('its reasons name the fields of its checks', () => {
  const { reasons } = ask(shipped, { value: { status: 'shipped', weight: 0 } })
  expect(reasons.map(({ check, field }) => [check, field])).toEqual([
    ['it', 'at'],
    ['it', 'weight'],
  ])
})

test('a condition can be a check, and a check that must fail', () => {
  const inSet = { check: 'in_set', field: 'damage', params: { values: ['None'] } } as const
  const none: Question = {
    check: 'when_then',
    params: { when: inSet, checks: [{ check: 'compare', field: 'cost', params: { op: '==', value: 0 } }] },
  }
  expect(ask(none, { value: { damage: 'None', cost: 5 } }).said).toBe('compare.unmet')
  expect(ask(none, { value: { damage: 'Minor', cost: 5 } }).said).toBe('skip')
  expect(ask(none, { value: { damage: null, cost: 5 } }).said).toBe('skip')
  const some: Question = {
    check: 'when_then',
    params: { when: { ...inSet, not: true }, checks: [{ check: 'required', field: 'cost' }] },
  }
  expect(ask(some, { value: { damage: 'Minor' } }).said).toBe('required.absent')
  expect(ask(some, { value: { damage: 'None' } }).said).toBe('skip')
  expect(ask(some, { value: { damage: null } }).said).toBe('skip')
})

test('an absent field is asked for by a required that must fail', () => {
  const question: Question = {
    check: 'when_then',
    params: { when: { check: 'required', field: 'a', not: true }, checks: [{ check: 'required', field: 'b' }] },
  }
  expect(ask(question, { value: { b: 1 } }).said).toBe('pass')
  expect(ask(question, { value: {} }).said).toBe('required.absent')
  expect(ask(question, { value: { a: 1 } }).said).toBe('skip')
})

test('a check inside that cannot be evaluated is an error, unless another fails', () => {
  const inside = (second: Question): Question => ({
    check: 'when_then',
    params: { when: 'true', checks: [{ check: 'expr', params: { expression: 'value.none > 1' } }, second] },
  })
  expect(ask(inside({ check: 'required', field: 'a' }), { value: { a: 1 } }).said).toBe('error:expression.error')
  expect(ask(inside({ check: 'required', field: 'b' }), { value: { a: 1 } }).said).toBe(
    'expression.error+required.absent',
  )
})

test('checks inside have conditions of their own', () => {
  const question: Question = {
    check: 'when_then',
    params: { when: 'true', checks: [{ check: 'required', field: 'a', where: 'value.kind == 1.0' }] },
  }
  expect(ask(question, { value: { kind: 1 } }).said).toBe('required.absent')
  expect(ask(question, { value: { kind: 2 } }).said).toBe('skip')
})
