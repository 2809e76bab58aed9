import type { CheckKind } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'
import { listed, memberTest, type SetParameters } from './in-set.ts'

export const notInSet: CheckKind<SetParameters> = {
  documentation: 'The value is none of a list. Type and value must both fit: `"1"` is not `1`.',
  fields: 'required',
  nulls: 'skipped',
  parameters: [
    {
      name: 'values',
      type: 'scalars',
      required: true,
      doc: 'What is refused: texts, numbers or booleans; at least one.',
    },
    { name: 'ignoreCase', type: 'flag', default: false, doc: 'Whether texts that differ in case only are the same.' },
  ],
  codes: { 'not_in_set.refused': 'the value is in the list' },
  example: { values: ['N/A', 'unknown'], ignoreCase: true },
  compile({ values, ignoreCase = false }, scope) {
    const has = memberTest(values, ignoreCase)
    return fieldRule(scope, {
      expected: `none of ${listed(values)}`,
      fault: (value) => (has(value) ? 'not_in_set.refused' : null),
    })
  },
}
