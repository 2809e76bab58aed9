import { expect, test } from '@jest/globals'
import type { InstanceStatus } from '../../src/catalogue/catalogue-records.ts'
import { stateOf } from '../../src/processors/processor-status.ts'

const of = (...states: readonly InstanceStatus['state'][]): readonly InstanceStatus[] =>
  states.map((state, id) => ({ id, state, streamsState: null, trace: null, version: null, tasks: [] }))

test.each([
  ['RUNNING', [], 'UNASSIGNED'],
  ['RUNNING', ['UNASSIGNED'], 'UNASSIGNED'],
  ['RUNNING', ['RUNNING', 'UNASSIGNED'], 'RUNNING'],
  ['RUNNING', ['RUNNING', 'FAILED'], 'DEGRADED'],
  ['RUNNING', ['FAILED', 'UNASSIGNED'], 'FAILED'],
  ['RUNNING', ['RESTARTING', 'UNASSIGNED'], 'RESTARTING'],
  ['PAUSED', [], 'PAUSED'],
  ['PAUSED', ['PAUSED', 'PAUSED'], 'PAUSED'],
  ['PAUSED', ['PAUSED', 'RUNNING'], 'RUNNING'],
  ['PAUSED', ['PAUSED', 'FAILED'], 'FAILED'],
] as const)('to be %s, with instances %j, it is %s', (target, states, state) => {
  expect(stateOf(target, of(...states))).toBe(state)
})
