import type { CheckKind, CheckScope } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'
import { compareNumeric, isDecimalText, isNumeric, type Numeric } from '../numeric-order.ts'

/** A number, decimal text (exact), or any other text, which then is compared as text: ISO dates, codes. */
export type Bound = number | string

export interface RangeParameters {
  readonly min?: Bound
  readonly max?: Bound
  readonly above?: Bound
  readonly below?: Bound
}

export const range: CheckKind<RangeParameters> = {
  documentation:
    'The value lies between bounds. Bounds that are numbers or decimal text (`"0.10"`) compare exactly with numbers and with decimal text; ' +
    'bounds that are other text (`"2020-01-01"`) compare with text, character by character. A value of another kind fails.',
  fields: 'required',
  nulls: 'skipped',
  parameters: [
    { name: 'min', type: 'bound', doc: 'The least value allowed.' },
    { name: 'max', type: 'bound', doc: 'The greatest value allowed.' },
    { name: 'above', type: 'bound', doc: 'The value must be greater than this (instead of `min`).' },
    { name: 'below', type: 'bound', doc: 'The value must be less than this (instead of `max`).' },
  ],
  codes: {
    'range.low': 'the value is less than the lower bound',
    'range.high': 'the value is greater than the upper bound',
    'range.type': 'the value cannot be compared with the bounds',
  },
  example: { above: 0, max: 250 },
  compile(params, scope) {
    report(params, scope)
    const low = params.min ?? params.above
    const high = params.max ?? params.below
    const expected = describe(params)
    if ([low, high].some((bound) => typeof bound === 'string' && !isDecimalText(bound)))
      return fieldRule(scope, {
        expected,
        fault: textFault(low, high, params.min === undefined, params.max === undefined),
      })
    return fieldRule(scope, {
      expected,
      fault: numberFault(low, high, params.min === undefined, params.max === undefined),
    })
  },
}

function numberFault(
  low: Numeric | undefined,
  high: Numeric | undefined,
  lowOpen: boolean,
  highOpen: boolean,
): (value: unknown) => string | null {
  const exact = (value: unknown): string | null => {
    if (!isNumeric(value)) return 'range.type'
    if (low !== undefined && compareNumeric(value, low) < (lowOpen ? 1 : 0)) return 'range.low'
    if (high !== undefined && compareNumeric(value, high) > (highOpen ? -1 : 0)) return 'range.high'
    return null
  }
  if (typeof low === 'string' || typeof high === 'string') return exact
  const least = low ?? -Infinity
  const greatest = high ?? Infinity
  return (value) => {
    if (typeof value !== 'number' || value !== value) return exact(value)
    if (value < least || (lowOpen && low !== undefined && value === least)) return 'range.low'
    if (value > greatest || (highOpen && high !== undefined && value === greatest)) return 'range.high'
    return null
  }
}

function textFault(
  low: Bound | undefined,
  high: Bound | undefined,
  lowOpen: boolean,
  highOpen: boolean,
): (value: unknown) => string | null {
  return (value) => {
    if (typeof value !== 'string') return 'range.type'
    if (low !== undefined && (value < low || (lowOpen && value === low))) return 'range.low'
    if (high !== undefined && (value > high || (highOpen && value === high))) return 'range.high'
    return null
  }
}

function report(params: RangeParameters, scope: CheckScope): void {
  const { min, max, above, below } = params
  const bounds = [min, max, above, below].filter((bound) => bound !== undefined)
  if (bounds.length === 0) scope.problem('params', params, 'at least one of min, max, above and below')
  if (min !== undefined && above !== undefined) scope.problem('params.above', above, 'either min or above, not both')
  if (max !== undefined && below !== undefined) scope.problem('params.below', below, 'either max or below, not both')
  const asText = bounds.filter((bound) => typeof bound === 'string' && !isDecimalText(bound))
  if (asText.length > 0 && asText.length < bounds.length)
    return scope.problem('params', params, 'bounds of one kind: all numbers and decimal text, or all other text')
  const low = min ?? above
  const high = max ?? below
  if (low === undefined || high === undefined) return
  const order = asText.length > 0 ? (low < high ? -1 : low === high ? 0 : 1) : compareNumeric(low, high)
  if (order > 0 || (order === 0 && (above !== undefined || below !== undefined)))
    scope.problem(
      min === undefined ? 'params.above' : 'params.min',
      low,
      `less than the upper bound ${high}: no value can pass`,
    )
}

function describe({ min, max, above, below }: RangeParameters): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  const parts = [
    min === undefined ? '' : `at least ${min}`,
    above === undefined ? '' : `above ${above}`,
    max === undefined ? '' : `at most ${max}`,
    below === undefined ? '' : `below ${below}`,
  ]
  return parts.filter((part) => part !== '').join(' and ')
}
