import { expect, test } from '@jest/globals'
import { SluiceError, primitive, struct } from '@sluice/sdk'
import { GateRulesError, compileGate, readGateDefinition, type GateDefinition, type GateOptions } from '@sluice/quality'

/** The problems of data that was taken for a definition, as `check, parameter: what would be right`. */
function problemsOf(data: unknown, options: GateOptions = {}): string[] {
  try {
    compileGate(data as GateDefinition, options)
  } catch (error) {
    if (!(error instanceof GateRulesError)) throw error
    return error.problems.map(({ check, parameter, right }) => `${check}, ${parameter}: ${right}`)
  }
  return []
}

const problemsOfChecks = (checks: unknown, options: GateOptions = {}): string[] =>
  problemsOf({ id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1, checks } }, options)

const first = (check: object, options: GateOptions = {}): string | undefined =>
  problemsOfChecks([{ id: 'c', ...check }], options)[0]

test.each([
  [null, 'gate, definition: an object'],
  [[], 'gate, definition: an object'],
  ['x', 'gate, definition: an object'],
  [{}, 'gate, id: a name'],
  [{ id: 'a b' }, 'gate, id: a name'],
  [{ id: 'g', mode: 'enfroce' }, 'gate, mode: one of observe, mark, enforce; did you mean enforce?'],
  [{ id: 'g', mode: 'enforce', rulset: {} }, 'did you mean ruleset?'],
  [{ id: 'g', mode: 'enforce', ruleset: 5 }, 'ruleset, ruleset: an object'],
  [{ id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1 } }, 'ruleset, checks: a list of checks'],
  [{ id: 'g', mode: 'enforce', ruleset: { id: 'r', checks: [] } }, 'ruleset, version: a number'],
  [{ id: 'g', mode: 'enforce', actions: { warn: 'explode' } }, 'gate, actions.warn: one of pass'],
  [{ id: 'g', mode: 'enforce', actions: { wran: 'mark' } }, 'did you mean warn?'],
  [{ id: 'g', mode: 'enforce', onEvaluationError: 'pass' }, 'gate, onEvaluationError: one of mark, drop'],
  [{ id: 'g', mode: 'enforce', maskedFields: 'a' }, 'gate, maskedFields: a list of paths'],
  [
    { id: 'g', mode: 'enforce', maskedFields: ['a..b'], ruleset: { id: 'r', version: 1, checks: [] } },
    'gate, maskedFields: a path without empty',
  ],
])('refuses the definition %j', (data, expected) => {
  expect(problemsOf(data).join('\n')).toContain(expected)
})

test.each([
  [{ check: 'requird', field: 'a' }, 'c, check: one of required, not_empty'],
  [{ check: 'requird', field: 'a' }, 'did you mean required?'],
  [{ check: 'constructor', field: 'a' }, 'c, check: one of'],
  [{}, 'c, check: one of'],
  [{ check: 'required' }, 'c, field: required: the path'],
  [{ check: 'required', field: 5 }, 'c, field: a path'],
  [{ check: 'required', field: 'a', fields: ['b'] }, 'c, fields: either field or fields'],
  [{ check: 'required', fields: [] }, 'c, fields: a list of at least one'],
  [{ check: 'required', fields: ['a', 'a'] }, 'c, fields: a list without repeated'],
  [{ check: 'required', field: 'a..b' }, 'c, field: a path without empty names'],
  [{ check: 'required', field: '@nowhere' }, 'c, field: one of @value'],
  [{ check: 'required', field: 'a', params: { x: 1 } }, 'c, params.x: no parameters'],
  [{ check: 'required', field: 'a', params: [] }, 'c, params: an object'],
  [{ check: 'required', field: 'a', severity: 'bad' }, 'c, severity: one of info'],
  [{ check: 'required', field: 'a', severty: 'warn' }, 'did you mean severity?'],
  [{ check: 'required', field: 'a', action: 'drop' }, 'c, doc: why records are dropped'],
  [{ check: 'required', field: 'a', onEvaluationError: 'pass' }, 'c, onEvaluationError: one of mark'],
  [{ check: 'required', field: 'a', tags: 'x' }, 'c, tags: a list of texts'],
  [{ check: 'required', field: 'a', where: 5 }, 'c, where: a CEL expression or a check'],
  [{ check: 'required', field: 'a', where: 'value.a >' }, 'c, where: a CEL expression (Unexpected'],
  [{ check: 'required', field: 'a', where: { check: 'in_set', field: 'b' } }, 'c, where.params.values: required'],
  [
    { check: 'required', field: 'a', where: { check: 'required', field: 'b', not: 'yes' } },
    'c, where.not: true or false',
  ],
  [
    { check: 'required', field: 'a', where: { check: 'required', field: 'b', severity: 'warn' } },
    'c, where.severity: one of check',
  ],
  [{ check: 'not_empty', field: 'a', params: { trim: 'no' } }, 'c, params.trim: true or false'],
  [{ check: 'type', field: 'a', params: { is: 'text' } }, 'c, params.is: one of string'],
  [{ check: 'type', field: 'a', params: { is: [] } }, 'c, params.is: at least one of string'],
  [{ check: 'type', field: 'a', params: { is: ['string', 'strng'] } }, 'did you mean string?'],
  [{ check: 'in_set', field: 'a' }, 'c, params.values: required'],
  [{ check: 'in_set', field: 'a', params: { values: [] } }, 'c, params.values: a list of at least one'],
  [{ check: 'in_set', field: 'a', params: { values: [1, 1] } }, 'c, params.values: a list without repeated'],
  [{ check: 'in_set', field: 'a', params: { values: [null] } }, 'c, params.values: a list of at least one text'],
  [{ check: 'range', field: 'a' }, 'c, params: at least one of min'],
  [{ check: 'range', field: 'a', params: { min: 5, max: 1 } }, 'c, params.min: less than the upper bound 1'],
  [{ check: 'range', field: 'a', params: { above: 5, max: 5 } }, 'c, params.above: less than the upper bound 5'],
  [{ check: 'range', field: 'a', params: { min: 1, above: 1 } }, 'c, params.above: either min or above'],
  [{ check: 'range', field: 'a', params: { max: 1, below: 1 } }, 'c, params.below: either max or below'],
  [{ check: 'range', field: 'a', params: { min: 1, max: 'b' } }, 'c, params: bounds of one kind'],
  [{ check: 'range', field: 'a', params: { min: 'b', max: 'a' } }, 'c, params.min: less than the upper bound a'],
  [{ check: 'range', field: 'a', params: { min: NaN } }, 'c, params.min: a number or a text'],
  [{ check: 'range', field: 'a', params: { minimum: 1 } }, 'c, params.minimum: one of min, max, above, below'],
  [{ check: 'regex', field: 'a', params: { pattern: '(' } }, 'c, params.pattern: a pattern in RE2 syntax'],
  [{ check: 'regex', field: 'a', params: { pattern: '(a)\\1' } }, 'c, params.pattern: a pattern in RE2 syntax'],
  [
    { check: 'regex', field: 'a', params: { pattern: 'x'.repeat(1001) } },
    'c, params.pattern: a pattern of at most 1000',
  ],
  [{ check: 'format', field: 'a', params: { is: 'e-mail' } }, 'did you mean email?'],
  [{ check: 'length', field: 'a', params: { min: 5, max: 1 } }, 'c, params.min: at most max (1)'],
  [{ check: 'length', field: 'a', params: { min: -1 } }, 'c, params.min: a whole number that is not negative'],
  [{ check: 'compare', field: 'a', params: { op: '=', value: 1 } }, 'c, params.op: one of <'],
  [{ check: 'compare', field: 'a', params: { op: '<' } }, 'c, params: one of value and other'],
  [{ check: 'compare', field: 'a', params: { op: '<', value: 1, other: 'b' } }, 'c, params: one of value and other'],
  [{ check: 'compare', field: 'a', params: { op: '<', other: 'b.' } }, 'c, params.other: a path without empty'],
  [
    { check: 'when_then', field: 'a', params: { when: 'true', checks: [{ check: 'required', field: 'a' }] } },
    'c, field: no field',
  ],
  [{ check: 'when_then', params: { when: 'true', checks: [] } }, 'c, params.checks: a list of at least one'],
  [{ check: 'when_then', params: { when: 'true', checks: [5] } }, 'c, params.checks[0].check: a check'],
  [
    {
      check: 'when_then',
      params: { when: 'true', checks: [{ check: 'range', field: 'a', params: { min: 2, max: 1 } }] },
    },
    'c, params.checks[0].params.min: less than',
  ],
  [
    { check: 'when_then', params: { when: 'true', checks: [{ id: 'x', check: 'required', field: 'a' }] } },
    'c, params.checks[0].id: one of check',
  ],
  [
    { check: 'when_then', params: { when: 'true', checks: [{ check: 'unique_within', field: 'a' }] } },
    'c, params.checks[0].check: a check without memory',
  ],
  [
    { check: 'when_then', params: { when: 'value.a +', checks: [{ check: 'required', field: 'a' }] } },
    'c, params.when: a CEL expression',
  ],
  [{ check: 'not_future', field: 'a', params: { unit: 'hours' } }, 'c, params.unit: one of days'],
  [{ check: 'expr', params: { expression: '' } }, 'c, params.expression: a text that is not empty'],
  [{ check: 'expr', params: { expression: 'value.a.matches("x")' } }, 'c, params.expression: matches() can run away'],
  [{ check: 'unique_within', params: { entriesMax: 0 } }, 'c, params.entriesMax: a whole number from 1'],
])('refuses the check %j', (check, expected) => {
  expect(first(check)).toContain(expected)
})

test.each([
  ['not a list', 'ruleset, checks: a list of checks'],
  [[5], '#1, check: an object with id and check'],
  [[{ check: 'required', field: 'a' }], '#1, id: a name'],
  [
    [
      { id: 'a', check: 'required', field: 'a' },
      { id: 'a', check: 'required', field: 'b' },
    ],
    'a, id: an id of its own: check #1 has it too',
  ],
])('refuses the checks %j', (checks, expected) => {
  expect(problemsOfChecks(checks).join('\n')).toContain(expected)
})

test('checks nest only so deep', () => {
  let check: object = { check: 'required', field: 'a' }
  for (let i = 0; i < 10; i++) check = { check: 'when_then', params: { when: 'true', checks: [check] } }
  expect(first(check)).toContain('checks that stand at most 5 deep')
})

test('paths and expressions are checked against the schema', () => {
  const valueSchema = struct({ speed: primitive('int32'), place: struct({ city: primitive('string') }) })
  const options = { valueSchema }
  expect(first({ check: 'required', field: 'sped' }, options)).toContain(
    "a field of the record's schema: sped is none; it has speed, place; did you mean speed?",
  )
  expect(first({ check: 'required', field: 'place.town' }, options)).toContain('town is none; it has city')
  expect(first({ check: 'expr', params: { expression: 'value.speed > "a"' } }, options)).toContain('fits the types')
  expect(first({ check: 'required', field: 'place.city' }, options)).toBeUndefined()
})

test('reports everything at once, with check, parameter, value and what would be right', () => {
  const data = {
    id: 'orders-g1',
    mode: 'enforce',
    ruleset: {
      id: 'orders',
      version: 7,
      checks: [
        { id: 'speed', check: 'range', field: 'speed', params: { min: 10, max: 5 } },
        { id: 'code', check: 'in_set', field: 'code', params: { values: [] }, severity: 'bad' },
        { id: 'name', check: 'regex', field: 'name', params: { pattern: '(' } },
      ],
    },
  } as unknown as GateDefinition
  expect(() => compileGate(data)).toThrow(SluiceError)
  try {
    compileGate(data)
  } catch (error) {
    expect(error).toMatchObject({ code: 'GATE_RULES_INVALID', retriable: false })
    const { problems, message } = error as GateRulesError
    expect(problems.map(({ check, parameter, value }) => [check, parameter, value])).toEqual([
      ['code', 'severity', '"bad"'],
      ['code', 'params.values', '[]'],
      ['speed', 'params.min', '10'],
      ['name', 'params.pattern', '"("'],
    ])
    expect(message).toContain(
      'Gate orders-g1 has 4 problems:\n  code, severity = "bad": one of info, warn, error, fatal',
    )
  }
})

test('takes a definition from JSON', () => {
  const data: unknown = JSON.parse(
    '{"id":"g","mode":"observe","ruleset":{"id":"r","version":"1.0","checks":[{"id":"a","check":"required","field":"a"}]}}',
  )
  expect(compileGate(readGateDefinition(data)).checks).toHaveLength(1)
  expect(() => readGateDefinition({ id: 'g' })).toThrow(GateRulesError)
})
