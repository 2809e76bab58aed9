import { expect, test } from '@jest/globals'
import { GateRulesError, compileGate, type NestedCheck } from '@sluice/quality'

function problemsOf(...questions: NestedCheck[]): string[] {
  const checks = questions.map((question, i) => ({ id: `c${i}`, ...question }))
  try {
    compileGate({ id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1, checks } })
  } catch (error) {
    return (error as GateRulesError).problems.map(({ check, right }) => `${check}: ${right}`)
  }
  return []
}

const range = (params: object): NestedCheck => ({ check: 'range', field: 'x', params })
const inSet = (...values: string[]): NestedCheck => ({ check: 'in_set', field: 'x', params: { values } })
const notInSet = (...values: string[]): NestedCheck => ({ check: 'not_in_set', field: 'x', params: { values } })

test('the same question twice, however it is written', () => {
  const a: NestedCheck = { check: 'range', field: 'x', params: { min: 1, max: 2 } }
  expect(problemsOf(a, { check: 'range', fields: ['x'], params: { max: 2, min: 1 } })).toEqual([
    'c1: a question of its own: c0 asks the same',
  ])
  expect(problemsOf({ check: 'required', field: 'x' }, { check: 'required', field: 'x', params: {} })).toHaveLength(1)
  expect(problemsOf(a, { ...a, where: 'value.y == 1' })).toEqual([])
  expect(problemsOf(a, { ...a, field: 'y' })).toEqual([])
})

test.each([
  [range({ max: 5 }), range({ min: 6 }), 'the two ranges do not meet'],
  [range({ max: 5 }), range({ above: 5 }), 'the two ranges do not meet'],
  [range({ min: '2020-01-01' }), range({ below: '2020-01-01' }), 'the two ranges do not meet'],
  [range({ min: 5 }), range({ max: '4.99' }), 'the two ranges do not meet'],
  [inSet('a', 'b'), inSet('c'), 'the two lists share no value'],
  [inSet('a', 'b'), notInSet('a', 'b', 'c'), 'every allowed value is refused'],
  [notInSet('a', 'b', 'c'), inSet('a', 'b'), 'every allowed value is refused'],
  [
    { check: 'length', field: 'x', params: { max: 3 } },
    { check: 'length', field: 'x', params: { min: 4 } },
    'the two lengths do not meet',
  ],
] as const)('%j contradicts %j', (a, b, why) => {
  expect(problemsOf(a, b)).toEqual([`c1: what c0 allows as well: ${why}`])
})

test.each([
  [range({ max: 5 }), range({ min: 5 })],
  [range({ min: 1 }), range({ max: 5 })],
  [inSet('a', 'b'), inSet('b', 'c')],
  [inSet('a', 'b'), notInSet('a')],
  [inSet('a'), { ...inSet('b'), field: 'y' }],
  [inSet('a'), { ...inSet('b'), where: 'value.z == 1' }],
  [inSet('a'), { check: 'in_set', field: 'x', params: { values: ['A'], ignoreCase: true } }],
] as const)('%j and %j can both be met', (a, b) => {
  expect(problemsOf(a, b as NestedCheck)).toEqual([])
})
