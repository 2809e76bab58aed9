/**
 * What a gate is made of, as plain data: it can be written in TypeScript, or read from JSON or YAML and given to
 * `readGateDefinition`. `compileGate` turns it into a judge.
 */
import type { CheckName, CheckParameters } from './checks/index.ts'

/**
 * How far a gate may go. `observe` counts and lets everything pass (where a new rule set begins), `mark` annotates but never
 * diverts, `enforce` does what the rules say.
 */
export type GateMode = 'observe' | 'mark' | 'enforce'

/** How bad a failing check is; the gate's `actions` say what follows from it. */
export type Severity = 'info' | 'warn' | 'error' | 'fatal'

/**
 * What becomes of a record, from weakest to strongest. The strongest action among the failing checks wins. Quarantine beats drop,
 * because nothing is lost by it; halt beats everything, because nothing behind the record is committed.
 */
export type GateAction = 'pass' | 'mark' | 'drop' | 'quarantine' | 'halt'

/** A gate: where it stands (`id`), what it asks (`ruleset`), and how strict it is (`mode`, `actions`). */
export interface GateDefinition {
  /** Names the gate in metrics, headers and errors: letters, digits, `.`, `_` and `-`. */
  readonly id: string
  readonly ruleset: RuleSet
  readonly mode: GateMode
  /** Severity → action. Default: info pass, warn mark, error quarantine, fatal halt. */
  readonly actions?: Readonly<Partial<Record<Severity, GateAction>>>
  /** What becomes of a record on which an expression could not be evaluated. Default: quarantine. `pass` is refused. */
  readonly onEvaluationError?: Exclude<GateAction, 'pass'>
  /** Whether records with a null value are judged (default) or passed unseen, as deletes of a changelog should be. */
  readonly tombstones?: 'judge' | 'pass'
  /** Paths whose values never appear in reasons: letters are shown as `x`, digits as `9`. */
  readonly maskedFields?: readonly string[]
}

/** Rules that belong together, versioned by their author. The gate's own version is a hash of what they say. */
export interface RuleSet {
  readonly id: string
  readonly version: number | string
  readonly doc?: string
  readonly checks: readonly CheckDefinition[]
}

/** A value of a rule that is neither list nor object. */
export type Scalar = string | number | boolean

/**
 * When a check applies, or what `when_then` asks first: a CEL expression (`value.state == "open"`), or another check that must hold
 * (with `not`: that must fail). A check that skips a null field does not hold, with `not` or without.
 */
export type Condition = string | (NestedCheck & { readonly not?: boolean })

/** What every check has, whatever its kind. */
interface CheckFacts {
  /** Unique in the rule set; names the check in counters and reasons. */
  readonly id: string
  /** A title for people. */
  readonly name?: string
  /** Default: error. */
  readonly severity?: Severity
  /** Overrides what the gate's `actions` say for this severity. A check that drops must say why in `doc`. */
  readonly action?: GateAction
  /** Overrides the gate's `onEvaluationError`. */
  readonly onEvaluationError?: Exclude<GateAction, 'pass'>
  /** Why the rule exists. */
  readonly doc?: string
  readonly owner?: string
  readonly tags?: readonly string[]
}

/** `params` may be left out where none of them is required. */
type Params<P> = object extends P
  ? { readonly params?: P }
  : P extends Readonly<Record<string, never>>
    ? { readonly params?: P }
    : { readonly params: P }

/** What a check asks: its kind, where it looks, and its parameters. */
type CheckQuestion = {
  readonly [K in CheckName]: {
    readonly check: K
    /**
     * Where to look: names joined by dots, inside the record's value (`address.city`, `items.0.sku`); a backslash takes the next
     * character literally (`a\.b`). `@value`, `@key`, `@key.id`, `@topic`, `@partition`, `@offset` and `@timestamp` look elsewhere.
     */
    readonly field?: string
    /** Several places, each asked the same (for `unique_within`: taken together). */
    readonly fields?: readonly string[]
    /** The check applies only where this holds; elsewhere it is counted as skipped. */
    readonly where?: Condition
  } & Params<CheckParameters[K]>
}[CheckName]

/** A check inside of another: in `when_then`, or as a condition. It has no id, counters or action of its own. */
export type NestedCheck = CheckQuestion

/** One rule. Its kinds and their parameters: `checkReferencePage()`. */
export type CheckDefinition = CheckFacts & CheckQuestion
