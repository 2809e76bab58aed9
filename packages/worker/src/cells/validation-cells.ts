/** The cells in which settings are looked at, by their names. */

const VALIDATION = 'validation of '
/** Whoever fills in a form, or creates one connector after the other, is answered at once. */
const VALIDATION_LINGER_MS = 15_000
/** Cells for validations of one class that go on at the same time. */
const VALIDATIONS_MAX = 8

/** Those for one class. */
export function validationsOf(className: string): readonly string[] {
  return Array.from({ length: VALIDATIONS_MAX }, (_, n) => `${VALIDATION}${className}, ${n + 1}`)
}

/** How long the cell of this name is kept without work, where others are for `lingerMs`. */
export function lingerMsOf(name: string, lingerMs: number): number {
  return name.startsWith(VALIDATION) ? Math.max(lingerMs, VALIDATION_LINGER_MS) : lingerMs
}
