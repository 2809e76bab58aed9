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

/** `waiting`: questions that are open in it; null: there is no process yet. */
export interface ValidationCell {
  readonly name: string
  readonly waiting: number | null
}

/** One that has nothing to do; of those that are there the least busy one, when no more may begin. */
export function whichToAsk(cells: readonly ValidationCell[], mayBegin: boolean): string {
  const idle = cells.find(({ waiting }) => (waiting ?? 0) === 0) ?? cells[0]!
  const there = cells.flatMap(({ name, waiting }) => (waiting === null ? [] : [{ name, waiting }]))
  if (mayBegin || idle.waiting !== null || there.length === 0) return idle.name
  return there.toSorted((a, b) => a.waiting - b.waiting)[0]!.name
}

/** How long the cell of this name is kept without work, where others are for `lingerMs`. */
export function lingerMsOf(name: string, lingerMs: number): number {
  return name.startsWith(VALIDATION) ? Math.max(lingerMs, VALIDATION_LINGER_MS) : lingerMs
}
