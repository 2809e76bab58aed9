import { describe, expect, test } from '@jest/globals'
import { compileGate, type CheckDefinition, type Gate, type GateMode, type JudgedRecord } from '@sluice/quality'

function gateOf(more: object, mode: GateMode = 'enforce', others: readonly CheckDefinition[] = []): Gate {
  const check = { id: 'unique', check: 'unique_within', ...more } as CheckDefinition
  return compileGate({ id: 'g', mode, ruleset: { id: 'r', version: 1, checks: [check, ...others] } })
}

function at(offset: number, value: unknown, more: Partial<JudgedRecord> = {}): JudgedRecord {
  return { key: null, value, timestamp: offset * 1000, topic: 't', partition: 0, offset, ...more }
}

const actions = (gate: Gate, records: readonly JudgedRecord[]): string[] =>
  records.map((record) => gate.judge(record).action)

test('finds records whose fields were there before, and says where', () => {
  const gate = gateOf({ fields: ['a', 'b'] })
  expect(actions(gate, [at(0, { a: 1, b: 2 }), at(1, { a: 1, b: 3 }), at(2, { a: 1, b: 2, c: 9 })])).toEqual([
    'pass',
    'pass',
    'quarantine',
  ])
  const [reason] = gate.explain(at(3, { a: 1, b: 2 })).reasons
  expect(reason!.message).toBe('a, b repeats an earlier record, first seen at t-0, offset 0')
})

test('without fields the whole value counts, whatever the order of its fields', () => {
  const gate = gateOf({})
  const long = 'x'.repeat(500)
  expect(
    actions(gate, [
      at(0, { a: 1, b: long }),
      at(1, { b: long, a: 1 }),
      at(2, { b: long, a: '1' }),
      at(3, { b: long }),
      at(4, { b: `${long}x` }),
    ]),
  ).toEqual(['pass', 'quarantine', 'pass', 'pass', 'pass'])
})

test('is skipped when all is null; otherwise null is a value', () => {
  const gate = gateOf({ fields: ['a', 'b'] })
  const records = [
    at(0, { a: null }),
    at(1, { a: null }),
    at(2, { a: 1 }),
    at(3, { a: 1, b: null }),
    at(4, null),
    at(5, null),
  ]
  expect(actions(gate, records)).toEqual(['pass', 'pass', 'pass', 'quarantine', 'pass', 'pass'])
  expect(gate.counters().evaluations).toEqual([1, 1, 4, 0])
})

test('forgets what it has not met for longest', () => {
  const gate = gateOf({ field: 'a', params: { entriesMax: 2 } })
  // 1 is met again and stays fresh, so that 3 pushes 2 out.
  expect(
    actions(
      gate,
      [1, 2, 1, 3, 1, 2].map((a, i) => at(i, { a })),
    ),
  ).toEqual(['pass', 'pass', 'quarantine', 'pass', 'quarantine', 'pass'])
  expect(gate.snapshot()['unique']).toHaveLength(2)
})

test('records too far apart in time are no duplicates', () => {
  const gate = gateOf({ field: 'a', params: { withinMs: 1500 } })
  expect(actions(gate, [at(0, { a: 1 }), at(1, { a: 1 }), at(2, { a: 1 }), at(3, { a: 1 })])).toEqual([
    'pass',
    'quarantine',
    'pass',
    'quarantine',
  ])
})

test('a batch that is judged again after a retry gets the same verdicts', () => {
  const gate = gateOf({ field: 'a' })
  const batch = [1, 2, 1, 3, 2].map((a, i) => at(i, { a }))
  const first = actions(gate, batch)
  expect(first).toEqual(['pass', 'pass', 'quarantine', 'pass', 'quarantine'])
  expect(actions(gate, batch)).toEqual(first)
  expect(actions(gate, batch.slice(2))).toEqual(first.slice(2))
})

test('remembers only what passed, so that a corrected record can come back', () => {
  const gate = gateOf({ field: 'a' }, 'enforce', [{ id: 'b', check: 'required', field: 'b' }])
  expect(actions(gate, [at(0, { a: 1 }), at(1, { a: 1, b: 2 }), at(2, { a: 1, b: 2 })])).toEqual([
    'quarantine',
    'pass',
    'quarantine',
  ])
})

test('a gate that diverts nothing remembers everything', () => {
  const gate = gateOf({ field: 'a' }, 'mark', [{ id: 'b', check: 'required', field: 'b' }])
  expect(gate.judge(at(0, { a: 1 })).reasons.map((reason) => reason.code)).toEqual(['required.absent'])
  expect(gate.judge(at(1, { a: 1, b: 1 })).reasons.map((reason) => reason.code)).toEqual(['unique_within.duplicate'])
})

test('applies and remembers only where its condition holds', () => {
  const gate = gateOf({ field: 'a', where: 'value.kind == "order"' })
  const records = [at(0, { a: 1, kind: 'note' }), at(1, { a: 1, kind: 'order' }), at(2, { a: 1, kind: 'order' })]
  expect(actions(gate, records)).toEqual(['pass', 'pass', 'quarantine'])
})

describe('after a restart', () => {
  const before = [1, 2, 3].map((a, i) => at(i, { a }))
  const after = [3, 4].map((a, i) => at(i + 3, { a }))

  test('remembering the records before the position gives the verdicts of a gate that never stopped', () => {
    const running = gateOf({ field: 'a' })
    actions(running, before)
    const restarted = gateOf({ field: 'a' })
    for (const record of before) restarted.remember(record)
    expect(restarted.counters().records).toEqual([0, 0, 0, 0, 0])
    expect(actions(restarted, after)).toEqual(actions(running, after))
  })

  test('so does a snapshot that went through JSON', () => {
    const running = gateOf({ field: 'a' })
    actions(running, before)
    const restarted = gateOf({ field: 'a' })
    restarted.restore(JSON.parse(JSON.stringify(running.snapshot())))
    expect(restarted.snapshot()).toEqual(running.snapshot())
    expect(actions(restarted, after)).toEqual(['quarantine', 'pass'])
    restarted.forget()
    expect(actions(restarted, [at(9, { a: 3 })])).toEqual(['pass'])
  })

  test('says how much there is to remember', () => {
    expect(gateOf({ field: 'a', params: { entriesMax: 500 } }).memoryEntriesMax).toBe(500)
    const stateless = compileGate({ id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1, checks: [] } })
    expect(stateless.memoryEntriesMax).toBe(0)
  })
})
