import { compileGate, haltError, markHeaders, type Gate, type GateDefinition, type Verdict } from '@sluice/quality'
import type { Gated } from '../options.ts'
import { originalOf } from '../record-path/divert.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { NodeScope, Operator, Step } from './operator.ts'

/**
 * Judges records. Each task has a gate of its own: what keyed checks remember is what passed in that task's partitions.
 * @throws GateRulesError GATE_RULES_INVALID, at once, when the definition does not compile
 */
export function gate(definition: GateDefinition, gated: Gated): Operator {
  const { quarantine, valueSchema = null, keySchema = null } = gated
  const { id, version, ruleset, mode, checks, memoryEntriesMax } = compileGate(definition, { valueSchema, keySchema })
  return {
    kind: 'gate',
    prefix: 'KSTREAM-GATE-',
    details: {
      gate: id,
      version,
      ruleset: `${ruleset.id}@${ruleset.version}`,
      mode,
      checks: checks.map((check) => check.id),
    },
    memoryRecords: memoryEntriesMax,
    divertsTo: quarantine === undefined ? [] : [quarantine],
    compile(next, scope) {
      const judge = compileGate(definition, { valueSchema, keySchema, clock: scope.clock })
      scope.gates.push(judge)
      return judgeStep(judge, quarantine ?? null, next, scope)
    },
  }
}

function judgeStep(gate: Gate, topic: string | null, next: Step, { node, quarantine }: NodeScope): Step {
  const decisive = decisiveCheck(gate)
  return (key, value, at) => {
    at.node = node
    at.key = key
    at.value = value
    if (!at.live) return remember(gate, next, at)
    at.stage = 'judge'
    const verdict = gate.judge(at)
    at.stage = 'process'
    switch (verdict.action) {
      case 'pass':
        return next(key, value, at)
      case 'mark': {
        const { headers } = at
        at.marked = true
        at.headers = headers === null ? markHeaders(gate, verdict) : [...headers, ...markHeaders(gate, verdict)]
        next(key, value, at)
        at.headers = headers
        return
      }
      case 'drop':
        return at.drop(decisive(verdict))
      case 'quarantine':
        return at.divert(topic ?? at.quarantine, quarantine.judged(originalOf(at), gate, verdict), decisive(verdict))
      case 'halt':
        at.halt = haltError(gate, verdict, at)
    }
  }
}

/** Lets the gate, and the gates behind it, take note of a record that was judged before. */
function remember(gate: Gate, next: Step, at: RecordContext): void {
  const { key, value } = at
  const { action } = gate.explain(at)
  gate.remember(at)
  if (gate.mode !== 'enforce' || action === 'pass' || action === 'mark') next(key, value, at)
}

/** The check that a record is counted under: the first of those that failed whose action is the verdict's. */
function decisiveCheck(gate: Gate): (verdict: Verdict) => string {
  const actions = new Map<string | null, string>(gate.checks.map((check) => [check.id, check.action]))
  return ({ action, reasons }) => {
    const decisive = reasons.find(({ check }) => actions.get(check) === action) ?? reasons[0]
    return decisive?.check ?? gate.id
  }
}
