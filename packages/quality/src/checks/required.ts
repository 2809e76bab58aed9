import type { CheckKind } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'

export type RequiredParameters = Readonly<Record<string, never>>

export const required: CheckKind<RequiredParameters> = {
  documentation:
    'The field is there and is not null. Empty text passes: see `not_empty`. `@key` asks for a key, `@value` refuses tombstones.',
  fields: 'required',
  nulls: 'fails',
  parameters: [],
  codes: { 'required.null': 'the field is null', 'required.absent': 'the field is not there' },
  example: {},
  compile: (_params, scope) =>
    fieldRule(scope, {
      expected: 'a value',
      fault: (value) => (value === null ? 'required.null' : value === undefined ? 'required.absent' : null),
      seesNull: true,
    }),
}
