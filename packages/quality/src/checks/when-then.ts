import { ERROR, FAIL, PASS, SKIP, type CheckKind, type Outcome } from '../check-kind.ts'
import type { Condition, NestedCheck } from '../definition.ts'

export interface WhenThenParameters {
  readonly when: Condition
  readonly checks: readonly NestedCheck[]
}

export const whenThen: CheckKind<WhenThenParameters> = {
  documentation:
    'Where a condition holds, further checks must. A condition is a CEL expression or a check that holds (with `not`: that fails). ' +
    'The rule fails when one of its checks does, and is skipped where the condition does not hold or all of its checks are skipped.',
  fields: 'none',
  nulls: 'as its checks say',
  parameters: [
    { name: 'when', type: 'condition', required: true, doc: 'The condition.' },
    {
      name: 'checks',
      type: 'checks',
      required: true,
      doc: 'The checks, without id or severity of their own; at least one.',
    },
  ],
  codes: {
    '(those of its checks)': 'what the failing check found',
    'expression.error': 'the condition, or a check, could not be evaluated',
  },
  example: {
    when: 'value.status == "shipped"',
    checks: [{ check: 'required', field: 'shipped_at' }],
  },
  compile({ when, checks }, scope) {
    const condition = scope.condition(when, 'params.when')
    const rules = scope.nested(checks, 'params.checks')
    return {
      evaluate(record) {
        const applies = condition(record)
        if (applies !== PASS) return applies === ERROR ? ERROR : SKIP
        let outcome: Outcome = SKIP
        for (const rule of rules) {
          const said = rule.evaluate(record)
          if (said === FAIL) return FAIL
          if (said === ERROR || outcome === SKIP) outcome = said
        }
        return outcome
      },
      findings(record) {
        if (condition(record) === ERROR) {
          const message = 'the condition "when" could not be evaluated'
          return [
            {
              field: null,
              code: 'expression.error',
              expected: 'a condition that can be evaluated',
              actual: undefined,
              message,
            },
          ]
        }
        return rules.flatMap((rule) => {
          const said = rule.evaluate(record)
          return said === FAIL || said === ERROR ? rule.findings(record) : []
        })
      },
    }
  },
}
