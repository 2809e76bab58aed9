/**
 * The contract of a check: one file in `checks/` and one line in `checks/index.ts`. A kind declares its parameters once (validation
 * and the reference page are made from that) and compiles a rule into a plain function.
 */
import type { Clock } from '@sluice/sdk'
import type { Condition, NestedCheck } from './definition.ts'
import type { Expression } from './expression.ts'
import type { Field } from './field-path.ts'
import type { JudgedRecord } from './record.ts'
import type { SafeRegex } from './safe-regex.ts'
import type { Finding } from './verdict.ts'

/** What a check says of a record. An expression that could not be evaluated is an error: neither passed nor failed. */
export const PASS = 0
export const FAIL = 1
export const SKIP = 2
export const ERROR = 3
export type Outcome = typeof PASS | typeof FAIL | typeof SKIP | typeof ERROR

/** Outcomes by name, in the order of their numbers. */
export const OUTCOMES = ['pass', 'fail', 'skip', 'error'] as const

/** A compiled check. Both functions are synchronous and change nothing. */
export interface Rule {
  readonly evaluate: (record: JudgedRecord) => Outcome
  /** Why `evaluate` failed or erred on this very record: at least one finding. Called only for those. */
  readonly findings: (record: JudgedRecord) => readonly Finding[]
  /** What a keyed check has seen; absent for all others. */
  readonly memory?: RuleMemory
}

/** The memory of a keyed check. The gate calls it once per record, after the verdict. */
export interface RuleMemory {
  /** Takes note of a record: of one that passed the gate always, of any other only to keep a known one fresh. */
  settle(record: JudgedRecord, passed: boolean): void
  clear(): void
  /** Records to read again, at the least, to fill it. */
  readonly entriesMax: number
  readonly size: number
  entries(): readonly MemoryEntry[]
  restore(entries: readonly MemoryEntry[]): void
}

/** A key that was seen and the first record that had it, as JSON can carry it. */
export type MemoryEntry = readonly [
  key: string,
  topic: string | null,
  partition: number | null,
  offset: number | null,
  timestamp: number | null,
]

/** How a parameter is validated and described. */
export type ParameterType =
  'text' | 'count' | 'flag' | 'choice' | 'choices' | 'bound' | 'scalar' | 'scalars' | 'path' | 'condition' | 'checks'

export interface Parameter {
  readonly name: string
  readonly type: ParameterType
  readonly required?: true
  /** For `choice` and `choices`. */
  readonly choices?: readonly string[]
  /** What holds without it, in words or as a value. */
  readonly default?: string | number | boolean
  readonly doc: string
}

export interface CheckKind<P extends object> {
  /** What it asks and how, in Markdown: the text of the reference page. */
  readonly documentation: string
  /** Whether it needs to be told where to look. */
  readonly fields: 'required' | 'optional' | 'none'
  /** What it says of a field that is null or absent, in words. */
  readonly nulls: string
  readonly parameters: readonly Parameter[]
  /** The codes of its findings and what they mean. */
  readonly codes: Readonly<Record<string, string>>
  /** An example of `params` for the reference page. */
  readonly example: P
  /**
   * Makes the rule. Parameters have been validated one by one before; what is wrong with them together is reported to
   * `scope.problem`, and then the rule that is returned is never run.
   */
  compile(params: P, scope: CheckScope): Rule
}

/** What a kind is given to compile a rule with. */
export interface CheckScope {
  /** The places named by `field` and `fields`, in order. */
  readonly fields: readonly Field[]
  readonly clock: Clock
  /** A further place, named by a parameter. */
  field(path: string, parameter: string): Field
  /** PASS where the condition holds, FAIL where it does not, ERROR where it could not be evaluated. */
  condition(condition: Condition, parameter: string): (record: JudgedRecord) => Outcome
  expression(text: string, parameter: string): Expression
  regex(pattern: string, ignoreCase: boolean, parameter: string): SafeRegex
  /** Checks inside of this one. */
  nested(checks: readonly NestedCheck[], parameter: string): readonly Rule[]
  problem(parameter: string, value: unknown, right: string): void
}
