/** The gate: a definition compiled once into a pure judge of records. */
import { SluiceError, systemClock, type Clock, type Schema } from '@sluice/sdk'
import { fingerprint } from './canonical.ts'
import { ERROR, FAIL, PASS, SKIP, type MemoryEntry, type Outcome, type Rule, type RuleMemory } from './check-kind.ts'
import { compileRule } from './compile-rule.ts'
import { findContradictions } from './contradictions.ts'
import { newCounters, type GateCounters } from './counters.ts'
import { checkGateShape, gateName } from './definition-shape.ts'
import type { CheckDefinition, GateAction, GateDefinition, GateMode, Severity } from './definition.ts'
import { maskOf } from './masked-fields.ts'
import { Problems } from './problems.ts'
import type { JudgedRecord } from './record.ts'
import {
  ACTIONS,
  CLEAN,
  REASONS_MAX,
  SEVERITIES,
  reasonMaker,
  type Finding,
  type Reason,
  type Verdict,
} from './verdict.ts'

/** Changes whenever the same rules would judge differently; part of every gate's version. */
export const ENGINE_VERSION = '1'

export interface GateOptions {
  /** Schemas of the records, where they have one: paths and expressions are checked against them, and numbers get their types. */
  readonly valueSchema?: Schema | null
  readonly keySchema?: Schema | null
  /** For `not_future`. Default: the system's clock. */
  readonly clock?: Clock
}

/** A check of a compiled gate, as reports show it. */
export interface GateCheck {
  readonly id: string
  readonly definition: CheckDefinition
  readonly severity: Severity
  /** What enforcing does with a record that fails it. */
  readonly action: GateAction
  readonly fingerprint: string
}

/** What keyed checks remember, by check id: JSON can carry it. */
export type GateSnapshot = Readonly<Record<string, readonly MemoryEntry[]>>

/**
 * A compiled gate. Nothing in it does I/O or waits. Not shared between threads: it counts, and keyed checks remember.
 *
 * After a restart: `restore` or `remember` the records before the committed position, then `judge` from there on.
 */
export interface Gate {
  readonly id: string
  readonly mode: GateMode
  /** SHA-256 over the rules, what follows from them, and the engine's version, in hex: equal for gates that judge alike. */
  readonly version: string
  readonly ruleset: { readonly id: string; readonly version: string; readonly fingerprint: string }
  readonly checks: readonly GateCheck[]
  /**
   * Judges a record and counts it. A record that fails nothing gets the one shared verdict `CLEAN`; in mode `observe` every record
   * does. In mode `mark` the action is `pass` or `mark`. The record is not kept.
   */
  judge(record: JudgedRecord): Verdict
  /** The verdict that mode `enforce` would give, without counting or remembering. */
  explain(record: JudgedRecord): Verdict
  /** How many records, at the least, have to be remembered before judging goes on after a restart; 0 when no check has a memory. */
  readonly memoryEntriesMax: number
  /** Takes note of a record that was judged before, without counting it. It is remembered if it passes, as when it was judged. */
  remember(record: JudgedRecord): void
  /** Forgets everything remembered. */
  forget(): void
  snapshot(): GateSnapshot
  /** Takes over a snapshot in place of what is remembered. Checks that it does not know start empty. */
  restore(snapshot: GateSnapshot): void
  /** Live counters: the same object every time. */
  counters(): GateCounters
}

const DEFAULT_ACTIONS: Readonly<Record<Severity, GateAction>> = {
  info: 'pass',
  warn: 'mark',
  error: 'quarantine',
  fatal: 'halt',
}

/**
 * Compiles a gate.
 * @throws GateRulesError GATE_RULES_INVALID, with all problems of the definition at once
 */
export function compileGate(definition: GateDefinition, options: GateOptions = {}): Gate {
  const { valueSchema = null, keySchema = null, clock = systemClock } = options
  const problems = new Problems()
  const sound = checkGateShape(definition, problems)
  const rules: CompiledCheck[] = []
  const soundChecks = sound.size === 0 ? [] : definition.ruleset.checks.filter((_, i) => sound.has(i))
  for (const check of soundChecks) {
    const rule = compileRule(check, { valueSchema, keySchema, clock }, (...what) => problems.add(check.id, ...what))
    rules.push(compiledCheck(check, rule, definition, problems))
  }
  findContradictions(soundChecks, problems)
  const isMasked = maskOf(definition?.maskedFields, problems)
  problems.throwIfAny(gateName(definition))
  return new CompiledGate(definition, rules, isMasked)
}

interface CompiledCheck extends GateCheck {
  readonly rule: Rule
  /** Indexes in ACTIONS and SEVERITIES. */
  readonly failRank: number
  readonly errorRank: number
  readonly severityRank: number
}

function compiledCheck(check: CheckDefinition, rule: Rule, gate: GateDefinition, problems: Problems): CompiledCheck {
  const severity = check.severity ?? 'error'
  const action = check.action ?? gate.actions?.[severity] ?? DEFAULT_ACTIONS[severity]
  const onError = check.onEvaluationError ?? gate.onEvaluationError ?? 'quarantine'
  if (action === 'drop' && (check.doc ?? '').trim() === '')
    problems.add(check.id, 'doc', check.doc, 'why records are dropped: a check that drops must say so')
  const { id, field, fields, params, where } = check
  return {
    id,
    definition: check,
    severity,
    action,
    fingerprint: fingerprint({
      id,
      check: check.check,
      fields: fields ?? field,
      params,
      where,
      severity,
      action,
      onError,
    }),
    rule,
    failRank: ACTIONS.indexOf(action),
    errorRank: ACTIONS.indexOf(onError),
    severityRank: SEVERITIES.indexOf(severity),
  }
}

class CompiledGate implements Gate {
  readonly id: string
  readonly mode: GateMode
  readonly version: string
  readonly ruleset: Gate['ruleset']
  readonly checks: readonly CompiledCheck[]
  readonly memoryEntriesMax: number
  readonly #counters
  readonly #rules: readonly Rule[]
  readonly #outcomes: Outcome[]
  readonly #memories: readonly (readonly [id: string, memory: RuleMemory])[]
  readonly #reasons: readonly ((finding: Finding) => Reason)[]
  readonly #passTombstones: boolean
  /** The strongest action that the mode allows. */
  readonly #rankMax: number

  constructor(definition: GateDefinition, checks: readonly CompiledCheck[], isMasked: (path: string) => boolean) {
    const { id, mode, ruleset } = definition
    this.id = id
    this.mode = mode
    this.checks = checks
    const rules = checks.map((check) => check.fingerprint)
    this.ruleset = { id: ruleset.id, version: String(ruleset.version), fingerprint: fingerprint([ruleset.id, rules]) }
    this.version = fingerprint([this.ruleset.fingerprint, definition.tombstones ?? 'judge', ENGINE_VERSION])
    this.#rules = checks.map((check) => check.rule)
    this.#outcomes = checks.map(() => SKIP)
    this.#counters = newCounters(checks.map((check) => check.id))
    this.#memories = checks.flatMap(({ id: check, rule: { memory } }) =>
      memory === undefined ? [] : [[check, memory] as const],
    )
    this.memoryEntriesMax = Math.max(0, ...this.#memories.map(([, memory]) => memory.entriesMax))
    this.#reasons = checks.map((check) => reasonMaker(check, isMasked))
    this.#passTombstones = definition.tombstones === 'pass'
    this.#rankMax = mode === 'observe' ? 0 : mode === 'mark' ? ACTIONS.indexOf('mark') : ACTIONS.length - 1
  }

  judge(record: JudgedRecord): Verdict {
    const { records, intended, evaluations } = this.#counters
    const outcomes = this.#outcomes
    const rank = this.#evaluate(record)
    for (let i = 0; i < outcomes.length; i++) evaluations[i * 4 + outcomes[i]!]!++
    const intent = rank < 0 ? 0 : rank
    const allowed = intent < this.#rankMax ? intent : this.#rankMax
    intended[intent]!++
    records[allowed]!++
    const verdict = rank < 0 || this.#rankMax === 0 ? CLEAN : this.#verdict(record, allowed)
    if (this.#memories.length > 0) this.#settle(record, allowed)
    return verdict
  }

  explain(record: JudgedRecord): Verdict {
    const rank = this.#evaluate(record)
    return rank < 0 ? CLEAN : this.#verdict(record, rank)
  }

  remember(record: JudgedRecord): void {
    if (this.#memories.length === 0) return
    this.#settle(record, Math.min(Math.max(0, this.#evaluate(record)), this.#rankMax))
  }

  forget(): void {
    for (const [, memory] of this.#memories) memory.clear()
  }

  snapshot(): GateSnapshot {
    return Object.fromEntries(this.#memories.map(([id, memory]) => [id, memory.entries()]))
  }

  restore(snapshot: GateSnapshot): void {
    for (const [id, memory] of this.#memories) memory.restore(snapshot[id] ?? [])
  }

  counters(): GateCounters {
    return this.#counters
  }

  /** Puts every outcome into `#outcomes` and answers the rank of the strongest action, or -1 when nothing failed. */
  #evaluate(record: JudgedRecord): number {
    const rules = this.#rules
    const outcomes = this.#outcomes
    if (this.#isUnseen(record)) {
      outcomes.fill(SKIP)
      return -1
    }
    let rank = -1
    for (let i = 0; i < rules.length; i++) {
      const outcome = rules[i]!.evaluate(record)
      outcomes[i] = outcome
      if (outcome === PASS || outcome === SKIP) continue
      const check = this.checks[i]!
      const own = outcome === FAIL ? check.failRank : check.errorRank
      if (own > rank) rank = own
    }
    return rank
  }

  /** The verdict on the record that was evaluated last. */
  #verdict(record: JudgedRecord, rank: number): Verdict {
    const reasons: Reason[] = []
    let omitted = 0
    let severity = 0
    for (const [i, outcome] of this.#outcomes.entries()) {
      if (outcome !== FAIL && outcome !== ERROR) continue
      const check = this.checks[i]!
      if (check.severityRank > severity) severity = check.severityRank
      for (const finding of check.rule.findings(record)) {
        if (reasons.length < REASONS_MAX) reasons.push(this.#reasons[i]!(finding))
        else omitted++
      }
    }
    return { action: ACTIONS[rank]!, severity: SEVERITIES[severity]!, reasons, reasonsOmitted: omitted }
  }

  #settle(record: JudgedRecord, rank: number): void {
    if (this.#isUnseen(record)) return
    for (const [, memory] of this.#memories) memory.settle(record, rank <= 1)
  }

  /** Whether a record passes without being asked anything. */
  #isUnseen(record: JudgedRecord): boolean {
    return this.#passTombstones && (record.value === null || record.value === undefined)
  }
}

/** The error with which a runtime stops on a verdict of `halt`: nothing from this record on may be committed. */
export function haltError(gate: Gate, verdict: Verdict, record: JudgedRecord): SluiceError {
  const [first] = verdict.reasons
  const { topic, partition, offset } = record
  return new SluiceError(
    'GATE_HALTED',
    `Gate ${gate.id} stopped the flow: ${first === undefined ? 'no reason' : first.message}`,
    {
      remedy: `Correct the record's origin, or the rule ${first?.check ?? ''} of ${gate.ruleset.id}@${gate.ruleset.version}, and start again.`,
      place: {
        ...(topic === undefined ? {} : { topic }),
        ...(partition === undefined || partition === null ? {} : { partition }),
        ...(offset === undefined ? {} : { offset }),
        ...(first?.check == null ? {} : { check: first.check }),
      },
    },
  )
}
