import { describe, expect, test } from '@jest/globals'
import {
  ACTIONS,
  CLEAN,
  compileGate,
  haltError,
  scorecard,
  type CheckDefinition,
  type Gate,
  type GateAction,
  type GateDefinition,
  type GateMode,
  type JudgedRecord,
  type Severity,
} from '@sluice/quality'

const recordOf = (value: unknown): JudgedRecord => ({
  key: null,
  value,
  timestamp: null,
  topic: 't',
  partition: 2,
  offset: 41,
})

function gateOf(checks: readonly CheckDefinition[], more: Partial<GateDefinition> = {}): Gate {
  return compileGate({ id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 3, checks }, ...more })
}

/** A check that fails for the records in which its own id is true, with an action. */
const failing = (id: string, action: GateAction): CheckDefinition => ({
  id,
  check: 'in_set',
  field: id,
  params: { values: [false] },
  action,
  doc: 'a test',
})

describe('actions', () => {
  test.each<[Severity, GateAction]>([
    ['info', 'pass'],
    ['warn', 'mark'],
    ['error', 'quarantine'],
    ['fatal', 'halt'],
  ])('%s means %s', (severity, action) => {
    const gate = gateOf([{ id: 'a', check: 'required', field: 'a', severity }])
    expect(gate.judge(recordOf({}))).toMatchObject({ action, severity, reasonsOmitted: 0 })
  })

  test('error is the default severity, and a gate may map severities differently', () => {
    expect(gateOf([{ id: 'a', check: 'required', field: 'a' }]).judge(recordOf({})).severity).toBe('error')
    const gate = gateOf([{ id: 'a', check: 'required', field: 'a' }], { actions: { error: 'mark' } })
    expect(gate.judge(recordOf({})).action).toBe('mark')
  })

  test("a check's own action overrides the gate's", () => {
    const gate = gateOf([{ id: 'a', check: 'required', field: 'a', action: 'mark' }], { actions: { error: 'halt' } })
    expect(gate.judge(recordOf({})).action).toBe('mark')
  })

  test('the strongest of the failing checks wins, quarantine before drop', () => {
    const gate = gateOf(ACTIONS.map((action) => failing(action, action)))
    for (const [i, strongest] of ACTIONS.entries()) {
      const value = Object.fromEntries(ACTIONS.map((action, j) => [action, j <= i]))
      expect(gate.judge(recordOf(value)).action).toBe(strongest)
    }
    expect(ACTIONS).toEqual(['pass', 'mark', 'drop', 'quarantine', 'halt'])
  })

  test('the heaviest severity is reported, whichever action won', () => {
    const gate = gateOf([
      { id: 'a', check: 'required', field: 'a', severity: 'fatal', action: 'mark' },
      { id: 'b', check: 'required', field: 'b', severity: 'warn', action: 'quarantine' },
    ])
    expect(gate.judge(recordOf({}))).toMatchObject({ action: 'quarantine', severity: 'fatal' })
  })
})

describe('modes', () => {
  const checks = ACTIONS.map((action) => failing(action, action))
  const judge = (mode: GateMode, action: GateAction): [GateAction, number] => {
    const verdict = gateOf(checks, { mode }).judge(
      recordOf({ ...Object.fromEntries(ACTIONS.map((a) => [a, false])), [action]: true }),
    )
    return [verdict.action, verdict.reasons.length]
  }

  test.each<[GateMode, [GateAction, number][]]>([
    [
      'observe',
      [
        ['pass', 0],
        ['pass', 0],
        ['pass', 0],
        ['pass', 0],
        ['pass', 0],
      ],
    ],
    [
      'mark',
      [
        ['pass', 1],
        ['mark', 1],
        ['mark', 1],
        ['mark', 1],
        ['mark', 1],
      ],
    ],
    [
      'enforce',
      [
        ['pass', 1],
        ['mark', 1],
        ['drop', 1],
        ['quarantine', 1],
        ['halt', 1],
      ],
    ],
  ])('%s', (mode, expected) => {
    expect(ACTIONS.map((action) => judge(mode, action))).toEqual(expected)
  })

  test('observe counts what enforce would have done, and hands out the shared verdict', () => {
    const gate = gateOf(checks, { mode: 'observe' })
    const bad = recordOf({ pass: false, mark: false, drop: false, quarantine: true, halt: false })
    expect(gate.judge(bad)).toBe(CLEAN)
    expect(gate.counters()).toMatchObject({ records: [1, 0, 0, 0, 0], intended: [0, 0, 0, 1, 0] })
    expect(gate.explain(bad)).toMatchObject({ action: 'quarantine', reasons: [{ check: 'quarantine' }] })
  })
})

describe('reasons', () => {
  test('all failures, with everything there is to know', () => {
    const gate = gateOf([
      { id: 'a', check: 'required', field: 'a' },
      { id: 'b', check: 'range', field: 'b', params: { max: 5 }, severity: 'warn' },
      { id: 'c', check: 'required', field: 'c' },
    ])
    const { reasons } = gate.judge(recordOf({ b: 7, c: 1 }))
    expect(reasons).toEqual([
      {
        check: 'a',
        field: 'a',
        code: 'required.absent',
        expected: 'a value',
        actual: 'nothing',
        message: 'a: expected a value, found nothing',
        severity: 'error',
        ruleFingerprint: gate.checks[0]!.fingerprint,
      },
      {
        check: 'b',
        field: 'b',
        code: 'range.high',
        expected: 'at most 5',
        actual: '7',
        message: 'b: expected at most 5, found 7',
        severity: 'warn',
        ruleFingerprint: gate.checks[1]!.fingerprint,
      },
    ])
  })

  test('more than 20 are counted, not listed', () => {
    const names = Array.from({ length: 26 }, (_, i) => `f${i}`)
    const gate = gateOf([
      { id: 'one', check: 'required', fields: names.slice(0, 13) },
      { id: 'two', check: 'required', fields: names.slice(13) },
    ])
    const verdict = gate.judge(recordOf({}))
    expect(verdict.reasons).toHaveLength(20)
    expect(verdict.reasonsOmitted).toBe(6)
  })

  test('masked fields show their shape only, also inside and around of the path and as the other side', () => {
    const gate = gateOf(
      [
        { id: 'a', check: 'in_set', field: 'person.iban', params: { values: ['x'] } },
        { id: 'b', check: 'compare', field: 'limit', params: { op: '==', other: 'person.iban' } },
        { id: 'c', check: 'unique_within', field: 'person.iban' },
        { id: 'd', check: 'regex', field: 'public', params: { pattern: '^x' } },
      ],
      { maskedFields: ['person'], mode: 'mark' },
    )
    const record = recordOf({ person: { iban: 'CZ65-0800 Ýx' }, limit: 'lim', public: 'shown' })
    gate.judge(record)
    const { reasons } = gate.judge({ ...record, offset: 42 })
    expect(reasons.map(({ actual }) => actual)).toEqual(['xx99-9999 xx', 'lim', 'xx99-9999 xx', 'shown'])
    expect(JSON.stringify(reasons)).not.toContain('CZ65')
    expect(reasons[1]!.expected).toBe('== person.iban (xx99-9999 xx)')
  })

  test('containers and bytes are shown by size', () => {
    const gate = gateOf([{ id: 'a', check: 'type', fields: ['a', 'b', 'c', 'd'], params: { is: 'boolean' } }])
    const value = { a: { x: 1, y: 2 }, b: [1], c: Uint8Array.of(1, 2, 3), d: new Map([[1, 2]]) }
    expect(gate.judge(recordOf(value)).reasons.map(({ actual }) => actual)).toEqual([
      'an object of 2 fields',
      'a list of 1',
      '3 bytes',
      'a map of 1',
    ])
  })
})

describe('an expression that cannot be evaluated', () => {
  const check: CheckDefinition = { id: 'a', check: 'expr', params: { expression: 'value.a > 1' }, severity: 'info' }

  test('is its own outcome with its own action, never a pass', () => {
    const gate = gateOf([check])
    expect(gate.judge(recordOf({}))).toMatchObject({ action: 'quarantine', reasons: [{ code: 'expression.error' }] })
    expect(gate.counters().evaluations).toEqual([0, 0, 0, 1])
  })

  test("follows the gate's action for errors, and the check's before that", () => {
    expect(gateOf([check], { onEvaluationError: 'halt' }).judge(recordOf({})).action).toBe('halt')
    const own = { ...check, onEvaluationError: 'mark' } as const
    expect(gateOf([own], { onEvaluationError: 'halt' }).judge(recordOf({})).action).toBe('mark')
  })

  test('in a condition is the error of the check', () => {
    const gate = gateOf([{ id: 'a', check: 'required', field: 'b', where: 'value.a > 1' }])
    const [reason] = gate.judge(recordOf({})).reasons
    expect(reason).toMatchObject({ code: 'expression.error', field: null })
    expect(reason!.message).toContain('the condition value.a > 1 could not be evaluated: No such key: a')
    expect(gate.counters().evaluations).toEqual([0, 0, 0, 1])
  })
})

test('a check applies only where its condition holds', () => {
  const gate = gateOf([
    { id: 'a', check: 'required', field: 'b', where: { check: 'in_set', field: 'k', params: { values: ['x'] } } },
  ])
  expect(gate.judge(recordOf({ k: 'y' }))).toBe(CLEAN)
  expect(gate.judge(recordOf({}))).toBe(CLEAN)
  expect(gate.judge(recordOf({ k: 'x' })).action).toBe('quarantine')
  expect(gate.counters().evaluations).toEqual([0, 1, 2, 0])
})

test('a tombstone is judged as a record without fields, or passed unseen', () => {
  const checks: CheckDefinition[] = [{ id: 'a', check: 'required', field: 'a' }]
  expect(gateOf(checks).judge(recordOf(null)).action).toBe('quarantine')
  const gate = gateOf(checks, { tombstones: 'pass' })
  expect(gate.judge(recordOf(null))).toBe(CLEAN)
  expect(gate.counters()).toMatchObject({ records: [1, 0, 0, 0, 0], evaluations: [0, 0, 1, 0] })
})

test('a tombstone that passes unseen is not remembered either', () => {
  const gate = gateOf([{ id: 'a', check: 'unique_within', field: '@key' }], { tombstones: 'pass' })
  // One object for all records, as a runtime may have it.
  const record = { key: 'k' as unknown, value: null as unknown, timestamp: null }
  expect(gate.judge(record)).toBe(CLEAN)
  expect(gate.snapshot()).toEqual({ a: [] })
  record.value = {}
  expect(gate.judge(record)).toBe(CLEAN)
  gate.explain(record)
  record.key = 'other'
  record.value = null
  gate.judge(record)
  expect(gate.snapshot()['a']!.map(([key]) => key)).toEqual(['[1"k'])
})

test('Maps and structs are judged alike', () => {
  const gate = gateOf([
    { id: 'a', check: 'range', field: 'a.b', params: { max: 5 } },
    { id: 'c', check: 'required', field: 'c' },
  ])
  const asMap = new Map<string, unknown>([
    ['a', new Map([['b', 7]])],
    ['c', 1],
  ])
  expect(gate.judge(recordOf(asMap)).reasons).toEqual(gate.judge(recordOf({ a: { b: 7 }, c: 1 })).reasons)
})

test('a clean record gets the one shared verdict', () => {
  const gate = gateOf([{ id: 'a', check: 'required', field: 'a' }])
  expect(gate.judge(recordOf({ a: 1 }))).toBe(CLEAN)
  expect(Object.isFrozen(CLEAN)).toBe(true)
})

describe('counters', () => {
  test('every check is there from the beginning, with zeros, and what came in is what went somewhere', () => {
    const gate = gateOf([
      { id: 'a', check: 'required', field: 'a' },
      { id: 'b', check: 'range', field: 'b', params: { max: 5 }, severity: 'warn' },
      { id: 'never', check: 'required', field: 'z', where: 'false' },
      { id: 'c', check: 'in_set', field: 'c', params: { values: [1] }, action: 'drop', doc: 'noise' },
    ])
    const counters = gate.counters()
    expect(counters.evaluations).toEqual(Array.from({ length: 16 }, () => 0))
    for (const value of [{ a: 1 }, { a: 1, b: 9 }, { b: 9 }, { a: 1, c: 2 }, null]) gate.judge(recordOf(value))
    expect(counters.checks).toEqual(['a', 'b', 'never', 'c'])
    expect(counters.evaluations).toEqual([3, 2, 0, 0, 0, 2, 3, 0, 0, 0, 5, 0, 0, 1, 4, 0])
    expect(counters.records).toEqual([1, 1, 1, 2, 0])
    expect(gate.counters()).toBe(counters)
  })

  test('make a scorecard', () => {
    const gate = gateOf([
      { id: 'a', name: 'A is there', check: 'required', field: 'a', doc: 'because' },
      { id: 'never', check: 'required', field: 'z', where: 'false' },
    ])
    for (const value of [{ a: 1 }, { a: 1 }, {}, { a: null }]) gate.judge(recordOf(value))
    const card = scorecard(gate)
    expect(card).toMatchObject({ gate: 'g', ruleset: 'r@3', records: 4, passShare: 0.5 })
    expect(card.outcomes).toEqual({ pass: 2, mark: 0, drop: 0, quarantine: 2, halt: 0 })
    expect(card.checks).toMatchObject([
      {
        id: 'a',
        name: 'A is there',
        check: 'required',
        doc: 'because',
        passed: 2,
        failed: 2,
        skipped: 0,
        errors: 0,
        passShare: 0.5,
      },
      { id: 'never', name: 'never', skipped: 4, passShare: null },
    ])
    expect(scorecard(gateOf([]))).toMatchObject({ records: 0, passShare: null })
  })
})

describe('version', () => {
  const base: CheckDefinition = { id: 'a', check: 'range', field: 'a', params: { min: 1, max: 2 } }

  test('says what is judged, not how it is described', () => {
    const version = gateOf([base]).version
    expect(version).toMatch(/^[0-9a-f]{64}$/)
    expect(
      gateOf([{ ...base, params: { max: 2, min: 1 }, doc: 'why', owner: 'me', name: 'A', tags: ['x'] }]).version,
    ).toBe(version)
    expect(gateOf([base], { mode: 'observe' }).version).toBe(version)
    expect(gateOf([{ ...base, params: { min: 1, max: 3 } }]).version).not.toBe(version)
    expect(gateOf([{ ...base, severity: 'warn' }]).version).not.toBe(version)
    expect(gateOf([{ ...base, where: 'true' }]).version).not.toBe(version)
  })

  test('each rule has a fingerprint of its own', () => {
    const [a, b] = gateOf([base, { ...base, id: 'b', field: 'b' }]).checks
    expect(a!.fingerprint).toMatch(/^[0-9a-f]{64}$/)
    expect(a!.fingerprint).not.toBe(b!.fingerprint)
  })
})

test('halting is an error that says which record and why', () => {
  const gate = gateOf([{ id: 'a', check: 'required', field: 'a', severity: 'fatal' }])
  const record = recordOf({})
  expect(haltError(gate, gate.judge(record), record)).toMatchObject({
    code: 'GATE_HALTED',
    retriable: false,
    message: 'Gate g stopped the flow: a: expected a value, found nothing (topic=t, partition=2, offset=41, check=a)',
  })
})

test('judges without a word when there is nothing to ask', () => {
  const gate = gateOf([])
  expect(gate.judge(recordOf({}))).toBe(CLEAN)
  expect(gate.judge({ key: null, value: undefined, timestamp: null })).toBe(CLEAN)
})
