import { expect, test } from '@jest/globals'
import { date, struct } from '@sluice/sdk'
import { compileGate, type CheckParameters } from '@sluice/quality'
import { clockAt } from '../fixed-clock.ts'
import { ask } from './outcome-of.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
type Params = CheckParameters['not_future']
const say = (params: Params, x: unknown): string =>
  ask({ check: 'not_future', field: 'x', params }, { value: { x } }, { now: NOW }).said

test.each<[Params, unknown, string]>([
  [{}, NOW, 'pass'],
  [{}, NOW + 1, 'not_future.future'],
  [{}, BigInt(NOW), 'pass'],
  [{ toleranceMs: 1000 }, NOW + 1000, 'pass'],
  [{ toleranceMs: 1000 }, NOW + 1001, 'not_future.future'],
  [{ unit: 'seconds' }, NOW / 1000 + 1, 'not_future.future'],
  [{ unit: 'microseconds' }, NOW * 1000, 'pass'],
  [{ unit: 'days' }, Math.floor(NOW / 86_400_000), 'pass'],
  [{ unit: 'days' }, Math.floor(NOW / 86_400_000) + 1, 'not_future.future'],
  [{}, '2026-06-01', 'pass'],
  [{}, '2026-06-02', 'not_future.future'],
  [{}, '2026-06-01T12:00:00Z', 'pass'],
  [{}, '2026-06-01T12:00:01+00:00', 'not_future.future'],
  [{}, '2026-06-01T13:59:59+02:00', 'pass'],
  [{}, 'tomorrow', 'not_future.type'],
  [{}, NaN, 'not_future.type'],
  [{}, true, 'not_future.type'],
  [{}, null, 'skip'],
  [{}, undefined, 'skip'],
])('not_future %j: %p is %s', (params, value, expected) => {
  expect(say(params, value)).toBe(expected)
})

test('takes the unit of a Date from the schema', () => {
  const question = { check: 'not_future', field: 'x' } as const
  const tomorrow = { value: { x: Math.floor(NOW / 86_400_000) + 1 } }
  expect(ask(question, tomorrow, { now: NOW }).said).toBe('pass')
  expect(ask(question, tomorrow, { now: NOW, valueSchema: struct({ x: date() }) }).said).toBe('not_future.future')
})

test('sees time go on, and asks the clock only for times beyond its last answer', () => {
  const clock = clockAt(NOW)
  const check = { id: 'it', check: 'not_future', field: '@timestamp' } as const
  const gate = compileGate({ id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1, checks: [check] } }, { clock })
  const act = (timestamp: number): string => gate.judge({ key: null, value: {}, timestamp }).action
  expect(act(NOW + 5)).toBe('quarantine')
  clock.set(NOW + 10)
  expect(act(NOW + 5)).toBe('pass')
  const asked = clock.asked
  for (let i = 0; i < 100; i++) expect(act(NOW + 10 - i)).toBe('pass')
  expect(clock.asked).toBe(asked)
})
