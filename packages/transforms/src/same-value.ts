import type { Value } from '@sluice/sdk'
import { fieldValue, isFields } from './fields.ts'

/** Whether two values are equal in what they hold; a field that is missing is one that is null. */
export function sameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  if (Array.isArray(a) || Array.isArray(b)) {
    const [left, right] = [a as readonly Value[], b as readonly Value[]]
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      left.length === right.length &&
      left.every((x, i) => sameValue(x, right[i]))
    )
  }
  if (!isFields(a) || !isFields(b)) return false
  const [left, right] = [a, b]
  const names = new Set([left, right].flatMap((each) => (each instanceof Map ? [...each.keys()] : Object.keys(each))))
  return [...names].every((name) => sameValue(fieldValue(left, name as string), fieldValue(right, name as string)))
}
