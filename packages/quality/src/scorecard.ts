/** What a gate has found so far, for a table: made from its counters. */
import { ERROR, FAIL, PASS, SKIP, type Outcome } from './check-kind.ts'
import type { GateAction, Severity } from './definition.ts'
import type { Gate } from './gate.ts'
import { ACTIONS } from './verdict.ts'

export interface Scorecard {
  readonly gate: string
  readonly version: string
  readonly ruleset: string
  /** Records judged: the sum of what became of them. */
  readonly records: number
  readonly outcomes: Readonly<Record<GateAction, number>>
  /** The share of records that went on (passed or marked), 0 to 1; null before the first. */
  readonly passShare: number | null
  readonly checks: readonly CheckScore[]
}

export interface CheckScore {
  readonly id: string
  /** The check's name, or its id. */
  readonly name: string
  readonly check: string
  readonly severity: Severity
  readonly action: GateAction
  readonly doc: string | null
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly errors: number
  /** The share of evaluations that passed, skipped ones left out, 0 to 1; null when there was none. */
  readonly passShare: number | null
}

/** The state of a gate's counters, once, as plain data. */
export function scorecard(gate: Gate): Scorecard {
  const { evaluations, records } = gate.counters()
  const count = (action: GateAction): number => records[ACTIONS.indexOf(action)]!
  const outcomes = {
    pass: count('pass'),
    mark: count('mark'),
    drop: count('drop'),
    quarantine: count('quarantine'),
    halt: count('halt'),
  }
  const total = records.reduce((sum, some) => sum + some, 0)
  return {
    gate: gate.id,
    version: gate.version,
    ruleset: `${gate.ruleset.id}@${gate.ruleset.version}`,
    records: total,
    outcomes,
    passShare: share(outcomes.pass + outcomes.mark, total),
    checks: gate.checks.map(({ id, definition, severity, action }, i) => {
      const of = (outcome: Outcome): number => evaluations[i * 4 + outcome]!
      const [passed, failed, skipped, errors] = [of(PASS), of(FAIL), of(SKIP), of(ERROR)]
      return {
        id,
        name: definition.name ?? id,
        check: definition.check,
        severity,
        action,
        doc: definition.doc ?? null,
        passed,
        failed,
        skipped,
        errors,
        passShare: share(passed, passed + failed + errors),
      }
    }),
  }
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
