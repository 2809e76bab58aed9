import type { CheckKind } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'
import { FORMATS } from '../formats.ts'

export interface FormatParameters {
  readonly is: string
}

export const format: CheckKind<FormatParameters> = {
  documentation: `The text has a well-known form:\n\n${Object.entries(FORMATS)
    .map(([name, { expected }]) => `- \`${name}\`: ${expected}`)
    .join('\n')}\n\nA value that is no text fails.`,
  fields: 'required',
  nulls: 'skipped',
  parameters: [{ name: 'is', type: 'choice', choices: Object.keys(FORMATS), required: true, doc: 'The form.' }],
  codes: { 'format.other': 'the text has another form', 'format.type': 'the value is no text' },
  example: { is: 'email' },
  compile({ is }, scope) {
    const { expected, matches } = FORMATS[is]!
    return fieldRule(scope, {
      expected,
      fault: (value) => (typeof value !== 'string' ? 'format.type' : matches(value) ? null : 'format.other'),
    })
  },
}
