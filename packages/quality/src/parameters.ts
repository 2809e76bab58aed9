/** Checks the parameters of a rule one by one against their declaration. */
import type { Parameter, ParameterType } from './check-kind.ts'
import type { Scalar } from './definition.ts'
import { didYouMean } from './problems.ts'

export type Report = (parameter: string, value: unknown, right: string) => void

/** Whether all parameters are right by themselves; each one that is not is reported. */
export function checkParameters(params: unknown, declared: readonly Parameter[], report: Report): boolean {
  if (!isObject(params)) {
    report('params', params, 'an object')
    return false
  }
  let right = true
  const wrong = (parameter: string, value: unknown, what: string): void => {
    right = false
    report(parameter, value, what)
  }
  for (const name of Object.keys(params)) {
    if (declared.some((parameter) => parameter.name === name)) continue
    const names = declared.map((parameter) => parameter.name)
    const known =
      names.length === 0 ? 'no parameters: this check has none' : `one of ${names.join(', ')}${didYouMean(name, names)}`
    wrong(`params.${name}`, params[name], known)
  }
  for (const parameter of declared) {
    const value = Object.hasOwn(params, parameter.name) ? params[parameter.name] : undefined
    if (value === undefined) {
      if (parameter.required === true) wrong(`params.${parameter.name}`, value, `required: ${parameter.doc}`)
      continue
    }
    const what = expectation(parameter, value)
    if (what !== null) wrong(`params.${parameter.name}`, value, what)
  }
  return right
}

/** What would be right for a parameter, or null when the value is. */
function expectation({ type, choices = [] }: Parameter, value: unknown): string | null {
  if (type === 'choice') return choice(value, choices)
  if (type === 'choices') {
    if (!Array.isArray(value)) return choice(value, choices)
    if (value.length === 0) return `at least one of ${choices.join(', ')}`
    return value.map((one) => choice(one, choices)).find((what) => what !== null) ?? null
  }
  if (type === 'scalars' && isScalars(value))
    return new Set(value).size === value.length ? null : 'a list without repeated values'
  const { holds, right } = TYPES[type]
  return holds(value) ? null : right
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** What each type of parameter takes. */
const TYPES: Readonly<
  Record<
    Exclude<ParameterType, 'choice' | 'choices'>,
    { readonly holds: (value: unknown) => boolean; readonly right: string }
  >
> = {
  text: { holds: isText, right: 'a text that is not empty' },
  path: { holds: isText, right: 'the path of a field' },
  count: {
    holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
    right: 'a whole number that is not negative',
  },
  flag: { holds: (value) => typeof value === 'boolean', right: 'true or false' },
  bound: { holds: (value) => Number.isFinite(value) || isText(value), right: 'a number or a text' },
  scalar: { holds: isScalar, right: 'a text, a number, true or false' },
  scalars: { holds: isScalars, right: 'a list of at least one text, number or boolean' },
  condition: { holds: (value) => isText(value) || isObject(value), right: 'a CEL expression or a check' },
  checks: { holds: (value) => Array.isArray(value) && value.length > 0, right: 'a list of at least one check' },
}

function isScalars(value: unknown): value is readonly Scalar[] {
  return Array.isArray(value) && value.length > 0 && value.every(isScalar)
}

function choice(value: unknown, choices: readonly string[]): string | null {
  if (typeof value === 'string' && choices.includes(value)) return null
  return `one of ${choices.join(', ')}${typeof value === 'string' ? didYouMean(value, choices) : ''}`
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}
