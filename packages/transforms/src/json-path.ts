/** JSONPath as far as it leads to one place: `$.a.b`, `$["a"]["b"]`, `$['a'].b[0]`. */
import { SluiceError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { fieldValue, isFields } from './fields.ts'

/** A field's name, or an index into a list. */
export type Step = string | number

/** The source of a pattern for the steps behind `$` or `@`. */
export const STEPS = String.raw`(?:\.[\w$-]+|\[\s*(?:"[^"\\]*"|'[^'\\]*'|\d+)\s*\])*`

const STEP = /\.([\w$-]+)|\[\s*(?:"([^"\\]*)"|'([^'\\]*)'|(\d+))\s*\]/g
const PATH = new RegExp(`^\\$?${STEPS}$`)

/** The steps of a text that fits `STEPS`. */
export function stepsOf(text: string): readonly Step[] {
  return Array.from(
    text.matchAll(STEP),
    ([, plain, double, single, index]) => plain ?? double ?? single ?? Number(index),
  )
}

/** The names along a path to a field. @throws SluiceError SETTINGS_INVALID for what is no such path */
export function jsonPath(text: string, setting: string): readonly string[] {
  const steps = PATH.test(text) ? stepsOf(text) : [0]
  const names = steps.filter((step) => typeof step === 'string')
  if (names.length === steps.length) return names
  throw new SluiceError(
    'SETTINGS_INVALID',
    `Invalid value ${text} for configuration ${setting}: not a path to a field`,
    {
      remedy: 'Write the path as $["outer"]["inner"] or $.outer.inner, without lists, filters and wildcards.',
    },
  )
}

/** What is at the end of some steps; null where one of them leads nowhere. */
export function along(value: Value, steps: readonly Step[]): Value {
  let at = value
  for (const step of steps) {
    if (typeof step === 'string') at = isFields(at) ? fieldValue(at, step) : null
    else at = Array.isArray(at) ? ((at as readonly Value[])[step] ?? null) : null
  }
  return at
}
