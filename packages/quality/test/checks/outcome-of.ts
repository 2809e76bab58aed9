import type { Schema } from '@sluice/sdk'
import { CLEAN, OUTCOMES, compileGate, type CheckDefinition, type JudgedRecord, type Reason } from '@sluice/quality'
import { clockAt } from '../fixed-clock.ts'

/** A check without the id, which the tests do not care for. */
export type Question = CheckDefinition extends infer C ? (C extends CheckDefinition ? Omit<C, 'id'> : never) : never

export interface Asked {
  /** `pass`, `skip`, or the codes of what was found, joined by `+`; errors begin with `error:`. */
  readonly said: string
  readonly reasons: readonly Reason[]
}

/** Asks one check of one record. */
export function ask(
  question: Question,
  record: Partial<JudgedRecord>,
  options: { readonly valueSchema?: Schema; readonly now?: number } = {},
): Asked {
  const { now = Date.UTC(2026, 5, 1), valueSchema = null } = options
  const check = { ...question, id: 'it' } as CheckDefinition
  const gate = compileGate(
    { id: 'gate', mode: 'enforce', ruleset: { id: 'rules', version: 1, checks: [check] } },
    { clock: clockAt(now), valueSchema },
  )
  const verdict = gate.judge({ key: null, value: null, timestamp: null, ...record })
  const outcome = OUTCOMES[gate.counters().evaluations.indexOf(1)]
  if (outcome === 'pass' || outcome === 'skip') {
    if (verdict !== CLEAN) throw new Error('a clean record must get the shared verdict')
    return { said: outcome, reasons: [] }
  }
  const codes = verdict.reasons.map((reason) => reason.code).join('+')
  return { said: outcome === 'error' ? `error:${codes}` : codes, reasons: verdict.reasons }
}

/** Asks one check of a value `{ x }`. */
export function sayOf(question: Question, x: unknown): string {
  return ask(question, { value: x === undefined ? {} : { x } }).said
}
