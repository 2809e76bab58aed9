import type { CheckKind, Parameter } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'

export interface RegexParameters {
  readonly pattern: string
  readonly ignoreCase?: boolean
}

export const regexParameters: readonly Parameter[] = [
  { name: 'pattern', type: 'text', required: true, doc: 'The pattern, in RE2 syntax, of at most 1000 characters.' },
  { name: 'ignoreCase', type: 'flag', default: false, doc: 'Whether case does not matter.' },
]
export const regexSyntax: string =
  'The pattern is searched for anywhere in the text; `^` and `$` tie it to the ends. It is RE2 syntax: no back-references and no ' +
  'look-around, so that no text can make it run away.'

export const regex: CheckKind<RegexParameters> = {
  documentation: `The text matches a pattern. ${regexSyntax} A value that is no text fails.`,
  fields: 'required',
  nulls: 'skipped',
  parameters: regexParameters,
  codes: { 'regex.unmatched': 'the pattern is not found', 'regex.type': 'the value is no text' },
  example: { pattern: '^[A-Z]{2}-[0-9]{4}$' },
  compile({ pattern, ignoreCase = false }, scope) {
    const compiled = scope.regex(pattern, ignoreCase, 'params.pattern')
    return fieldRule(scope, {
      expected: `text like ${pattern}`,
      fault: (value) => (typeof value !== 'string' ? 'regex.type' : compiled.test(value) ? null : 'regex.unmatched'),
    })
  },
}
