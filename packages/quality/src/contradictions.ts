/** Rules that cannot be meant together: the same question twice, or demands on one field that no value can meet. */
import { canonicalJson } from './canonical.ts'
import type { CheckDefinition, Scalar } from './definition.ts'
import { compareNumeric, isDecimalText } from './numeric-order.ts'
import type { Problems } from './problems.ts'
import type { LengthParameters } from './checks/length.ts'
import type { Bound, RangeParameters } from './checks/range.ts'

/** Reports duplicates and contradictions among checks that are sound by themselves. */
export function findContradictions(checks: readonly CheckDefinition[], problems: Problems): void {
  const asked = new Map<string, CheckDefinition>()
  for (const check of checks) {
    const question = canonicalJson({
      check: check.check,
      fields: check.field === undefined ? check.fields : [check.field],
      params: check.params ?? {},
      where: check.where,
    })
    const earlier = asked.get(question)
    if (earlier !== undefined)
      problems.add(check.id, 'check', check.check, `a question of its own: ${earlier.id} asks the same`)
    else asked.set(question, check)
  }
  // What holds only under conditions can differ from case to case: only unconditional checks are set against each other.
  for (const onField of byField(checks.filter((check) => check.where === undefined)).values()) {
    for (const [i, b] of onField.entries()) {
      for (const a of onField.slice(0, i)) {
        const why = contradiction(a, b)
        if (why !== null) problems.add(b.id, 'params', b.params, `what ${a.id} allows as well: ${why}`)
      }
    }
  }
}

function byField(checks: readonly CheckDefinition[]): Map<string, CheckDefinition[]> {
  const fields = new Map<string, CheckDefinition[]>()
  for (const check of checks) {
    for (const path of check.field === undefined ? (check.fields ?? []) : [check.field]) {
      fields.set(path, [...(fields.get(path) ?? []), check])
    }
  }
  return fields
}

function contradiction(a: CheckDefinition, b: CheckDefinition): string | null {
  if (foldsCase(a) || foldsCase(b)) return null
  if (a.check === 'in_set' && b.check === 'in_set') {
    return allowed(a.params.values, (value) => b.params.values.includes(value)) ? null : 'the two lists share no value'
  }
  if (a.check === 'in_set' && b.check === 'not_in_set') {
    return allowed(a.params.values, (value) => !b.params.values.includes(value))
      ? null
      : 'every allowed value is refused'
  }
  if (a.check === 'not_in_set' && b.check === 'in_set') return contradiction(b, a)
  if (a.check === 'range' && b.check === 'range') {
    return overlap(a.params ?? {}, b.params ?? {}) ? null : 'the two ranges do not meet'
  }
  if (a.check === 'length' && b.check === 'length') {
    return lengthsOverlap(a.params ?? {}, b.params ?? {}) ? null : 'the two lengths do not meet'
  }
  return null
}

/** Lists that ignore case cannot be compared value by value. */
function foldsCase(check: CheckDefinition): boolean {
  return (check.check === 'in_set' || check.check === 'not_in_set') && check.params.ignoreCase === true
}

function allowed(values: readonly Scalar[], test: (value: Scalar) => boolean): boolean {
  return values.some(test)
}

function lengthsOverlap(a: LengthParameters, b: LengthParameters): boolean {
  return Math.max(a.min ?? 0, b.min ?? 0) <= Math.min(a.max ?? Infinity, b.max ?? Infinity)
}

function overlap(a: RangeParameters, b: RangeParameters): boolean {
  return meets(a, b) && meets(b, a)
}

/** Whether the lower bound of one leaves room below the upper bound of the other. */
function meets(lower: RangeParameters, upper: RangeParameters): boolean {
  const low = lower.min ?? lower.above
  const high = upper.max ?? upper.below
  if (low === undefined || high === undefined) return true
  const order = orderOf(low, high)
  return order < 0 || (order === 0 && lower.min !== undefined && upper.max !== undefined)
}

function orderOf(a: Bound, b: Bound): number {
  const isNumber = (bound: Bound): boolean => typeof bound === 'number' || isDecimalText(bound)
  if (isNumber(a) !== isNumber(b)) return 1
  return isNumber(a) ? compareNumeric(a, b) : a < b ? -1 : a === b ? 0 : 1
}
