import type { CheckKind } from '../check-kind.ts'
import type { Scalar } from '../definition.ts'
import { fieldRule } from '../field-rule.ts'
import { cut } from '../verdict.ts'

export interface SetParameters {
  readonly values: readonly Scalar[]
  readonly ignoreCase?: boolean
}

export const inSet: CheckKind<SetParameters> = {
  documentation: 'The value is one of a list. Type and value must both fit: `"1"` is not `1`.',
  fields: 'required',
  nulls: 'skipped',
  parameters: [
    {
      name: 'values',
      type: 'scalars',
      required: true,
      doc: 'What is allowed: texts, numbers or booleans; at least one.',
    },
    { name: 'ignoreCase', type: 'flag', default: false, doc: 'Whether texts that differ in case only are the same.' },
  ],
  codes: { 'in_set.other': 'the value is not in the list' },
  example: { values: ['open', 'closed'] },
  compile({ values, ignoreCase = false }, scope) {
    const has = memberTest(values, ignoreCase)
    return fieldRule(scope, {
      expected: `one of ${listed(values)}`,
      fault: (value) => (has(value) ? null : 'in_set.other'),
    })
  },
}

/** Whether a value is one of the list. */
export function memberTest(values: readonly Scalar[], ignoreCase: boolean): (value: unknown) => boolean {
  if (!ignoreCase) {
    const set: ReadonlySet<unknown> = new Set(values)
    return (value) => set.has(value)
  }
  const fold = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value)
  const folded = new Set(values.map(fold))
  return (value) => folded.has(fold(value))
}

/** The list, for reasons. */
export function listed(values: readonly Scalar[]): string {
  return cut(values.map(String).join(', '), 150)
}
