import type { CheckKind } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'

export interface NotEmptyParameters {
  readonly trim?: boolean
}

export const notEmpty: CheckKind<NotEmptyParameters> = {
  documentation:
    'The field has content: text, bytes, a list, a map or an object with something in it. Numbers and booleans always have.',
  fields: 'required',
  nulls: 'fails',
  parameters: [{ name: 'trim', type: 'flag', default: true, doc: 'Whether text of nothing but white space is empty.' }],
  codes: { 'not_empty.null': 'the field is null or absent', 'not_empty.empty': 'nothing is in it' },
  example: { trim: true },
  compile({ trim = true }, scope) {
    return fieldRule(scope, {
      expected: 'content',
      fault(value) {
        if (value === null || value === undefined) return 'not_empty.null'
        return isEmpty(value, trim) ? 'not_empty.empty' : null
      },
      seesNull: true,
    })
  },
}

function isEmpty(value: unknown, trim: boolean): boolean {
  if (typeof value === 'string') return value === '' || (trim && value.trim() === '')
  if (typeof value !== 'object' || value === null) return false
  if (value instanceof Map) return value.size === 0
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  for (const name in value) if (Object.hasOwn(value, name)) return false
  return true
}
