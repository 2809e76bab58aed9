/** What a gate has counted since it was compiled. Numbers are bumped in place and never reset: whoever reports them keeps the last ones. */
import { OUTCOMES } from './check-kind.ts'
import { ACTIONS } from './verdict.ts'

export interface GateCounters {
  /** The checks' ids, in the order of the rule set. */
  readonly checks: readonly string[]
  /** Evaluations: check `c`, outcome `o` (pass, fail, skip, error) at `c * 4 + o`. Checks that never fired are there with zeros. */
  readonly evaluations: readonly number[]
  /** Records by what became of them, in the order of `ACTIONS`. Their sum is the number of records judged. */
  readonly records: readonly number[]
  /** Records by what mode `enforce` would have made of them, in the order of `ACTIONS`. */
  readonly intended: readonly number[]
}

/** The same, writable: the gate's own. */
export interface LiveCounters extends GateCounters {
  readonly evaluations: number[]
  readonly records: number[]
  readonly intended: number[]
}

/** Counters at zero. */
export function newCounters(checks: readonly string[]): LiveCounters {
  return {
    checks,
    evaluations: Array.from({ length: checks.length * OUTCOMES.length }, () => 0),
    records: ACTIONS.map(() => 0),
    intended: ACTIONS.map(() => 0),
  }
}
