import { expect, test } from '@jest/globals'
import { MemoryMetrics } from '@sluice/sdk'
import { GateMetrics, compileGate } from '@sluice/quality'

test('publishes counters per batch, zeros included', () => {
  const gate = compileGate({
    id: 'g',
    mode: 'mark',
    ruleset: { id: 'r', version: 3, checks: [{ id: 'a', check: 'required', field: 'a' }] },
  })
  const metrics = new MemoryMetrics()
  const published = new GateMetrics(gate, metrics, { flow: 'orders' })
  const labels = { flow: 'orders', gate: 'g', version: gate.version.slice(0, 12) }
  const evaluations = (): (number | undefined)[] =>
    ['pass', 'fail', 'skip', 'error'].map((result) =>
      metrics.value('sluice_gate_check_evaluations_total', { ...labels, check: 'a', result }),
    )
  const records = (name: string): (number | undefined)[] =>
    ['pass', 'mark', 'drop', 'quarantine', 'halt'].map((outcome) => metrics.value(name, { ...labels, outcome }))

  expect(evaluations()).toEqual([0, 0, 0, 0])
  expect(records('sluice_gate_records_total')).toEqual([0, 0, 0, 0, 0])
  for (const value of [{ a: 1 }, {}, { a: 2 }]) gate.judge({ key: null, value, timestamp: null })
  published.publish()
  published.publish()
  gate.judge({ key: null, value: {}, timestamp: null })
  published.publish()
  expect(evaluations()).toEqual([2, 2, 0, 0])
  expect(records('sluice_gate_records_total')).toEqual([2, 2, 0, 0, 0])
  expect(records('sluice_gate_intended_records_total')).toEqual([2, 0, 0, 2, 0])
  expect(
    metrics.value('sluice_gate_rule_version_info', { ...labels, ruleset: 'r', ruleset_version: '3', mode: 'mark' }),
  ).toBe(1)
})
