import { scorecard, type CheckScore, type Gate, type Scorecard } from '@sluice/quality'

/** One scorecard per gate of the topology: the sum over the tasks, each of which has its own. */
export function gateScores(gates: Iterable<Gate>): readonly Scorecard[] {
  const scores = new Map<string, Scorecard>()
  for (const gate of gates) {
    const own = scorecard(gate)
    const others = scores.get(own.gate)
    scores.set(own.gate, others === undefined ? own : sum(others, own))
  }
  return [...scores.values()]
}

function sum(a: Scorecard, b: Scorecard): Scorecard {
  const outcomes = {
    pass: a.outcomes.pass + b.outcomes.pass,
    mark: a.outcomes.mark + b.outcomes.mark,
    drop: a.outcomes.drop + b.outcomes.drop,
    quarantine: a.outcomes.quarantine + b.outcomes.quarantine,
    halt: a.outcomes.halt + b.outcomes.halt,
  }
  const records = a.records + b.records
  const checks = a.checks.map((check, i) => sumOfChecks(check, b.checks[i]!))
  return { ...a, records, outcomes, passShare: share(outcomes.pass + outcomes.mark, records), checks }
}

function sumOfChecks(a: CheckScore, b: CheckScore): CheckScore {
  const passed = a.passed + b.passed
  const failed = a.failed + b.failed
  const errors = a.errors + b.errors
  return {
    ...a,
    passed,
    failed,
    skipped: a.skipped + b.skipped,
    errors,
    passShare: share(passed, passed + failed + errors),
  }
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
