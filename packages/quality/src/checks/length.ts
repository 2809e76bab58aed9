import type { CheckKind } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'

export interface LengthParameters {
  readonly min?: number
  readonly max?: number
}

export const length: CheckKind<LengthParameters> = {
  documentation:
    'Text has so many characters (Unicode code points), a list or a map so many entries, bytes so many bytes. Other values fail.',
  fields: 'required',
  nulls: 'skipped',
  parameters: [
    { name: 'min', type: 'count', doc: 'The least length allowed.' },
    { name: 'max', type: 'count', doc: 'The greatest length allowed.' },
  ],
  codes: {
    'length.short': 'shorter than allowed',
    'length.long': 'longer than allowed',
    'length.type': 'the value has no length',
  },
  example: { min: 1, max: 64 },
  compile(params, scope) {
    const { min = 0, max = Infinity } = params
    if (params.min === undefined && params.max === undefined)
      scope.problem('params', params, 'at least one of min and max')
    if (min > max) scope.problem('params.min', min, `at most max (${max}): no length can pass`)
    const expected = `a length of ${params.max === undefined ? `at least ${min}` : params.min === undefined ? `at most ${max}` : `${min} to ${max}`}`
    return fieldRule(scope, {
      expected,
      fault(value) {
        const size = lengthOf(value)
        if (size < 0) return 'length.type'
        return size < min ? 'length.short' : size > max ? 'length.long' : null
      },
    })
  },
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return characters(value)
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length
  return value instanceof Map ? value.size : -1
}

/** Code points: UTF-16 units less one for each surrogate pair. */
function characters(text: string): number {
  let count = text.length
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--
  }
  return count
}
