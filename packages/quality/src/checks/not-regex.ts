import type { CheckKind } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'
import { regexParameters, regexSyntax, type RegexParameters } from './regex.ts'

export const notRegex: CheckKind<RegexParameters> = {
  documentation: `The text does not match a pattern. ${regexSyntax} A value that is no text passes.`,
  fields: 'required',
  nulls: 'skipped',
  parameters: regexParameters,
  codes: { 'not_regex.matched': 'the pattern is found' },
  example: { pattern: '(?i)^(n/a|null|none)$' },
  compile({ pattern, ignoreCase = false }, scope) {
    const compiled = scope.regex(pattern, ignoreCase, 'params.pattern')
    return fieldRule(scope, {
      expected: `no text like ${pattern}`,
      fault: (value) => (typeof value === 'string' && compiled.test(value) ? 'not_regex.matched' : null),
    })
  },
}
