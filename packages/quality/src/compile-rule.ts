/** Turns one check's definition into a function from record to outcome. */
import type { Clock, Schema } from '@sluice/sdk'
import { ERROR, FAIL, PASS, SKIP, type CheckKind, type CheckScope, type Outcome, type Rule } from './check-kind.ts'
import { CHECKS } from './checks/index.ts'
import { isNestedCheck } from './definition-shape.ts'
import type { Condition, NestedCheck } from './definition.ts'
import { compileExpression, faultOf, type Expression } from './expression.ts'
import { compilePath, parsePath, schemaAt, type Field } from './field-path.ts'
import { didYouMean } from './problems.ts'
import type { Report } from './parameters.ts'
import type { JudgedRecord } from './record.ts'
import { compileRegex, type SafeRegex } from './safe-regex.ts'
import type { Finding } from './verdict.ts'

/** What is known where rules are compiled. */
export interface RuleContext {
  readonly valueSchema: Schema | null
  readonly keySchema: Schema | null
  readonly clock: Clock
}

/** How deep checks may stand inside of checks. */
const NESTING_MAX = 5

/**
 * Compiles a check whose shape is right. What is wrong beyond its shape is reported; the rule must not be run then.
 * `at` is where the check stands inside of another: '' for a check of a rule set, else `params.checks[0].`.
 */
export function compileRule(
  check: NestedCheck,
  context: RuleContext,
  report: Report,
  at: string = '',
  depth: number = 0,
): Rule {
  const problem: Report = (parameter, value, right) => report(at + parameter, value, right)
  const paths = check.field === undefined ? (check.fields ?? []) : [check.field]
  const scope: CheckScope = {
    fields: paths.map((path) => fieldAt(path, context, check.field === undefined ? 'fields' : 'field', problem)),
    clock: context.clock,
    field: (path, parameter) => fieldAt(path, context, parameter, problem),
    condition: (condition, parameter) => compileCondition(condition, context, report, at + parameter, depth).evaluate,
    expression: (text, parameter) => expressionOf(text, context, parameter, problem),
    regex: (pattern, ignoreCase, parameter) => regexOf(pattern, ignoreCase, parameter, problem),
    nested: (checks, parameter) =>
      checks.map((nested, i) => compileNested(nested, context, report, `${at}${parameter}[${i}].`, [], depth)),
    problem,
  }
  // The parameters were checked against this kind's declaration, which is what its own parameter type says.
  const rule = (CHECKS[check.check] as CheckKind<object>).compile(check.params ?? {}, scope)
  return check.where === undefined
    ? rule
    : guarded(rule, compileCondition(check.where, context, report, `${at}where`, depth))
}

/** A rule that applies only where a condition holds. */
function guarded(rule: Rule, where: CompiledCondition): Rule {
  const { evaluate: holds } = where
  const { evaluate, memory } = rule
  const memoryWhere = memory && {
    ...memory,
    get size() {
      return memory.size
    },
    settle(record: JudgedRecord, passed: boolean): void {
      if (holds(record) === PASS) memory.settle(record, passed)
    },
  }
  return {
    evaluate(record) {
      const applies = holds(record)
      if (applies === PASS) return evaluate(record)
      return applies === ERROR ? ERROR : SKIP
    },
    findings: (record) => (holds(record) === ERROR ? [where.fault(record)] : rule.findings(record)),
    ...(memoryWhere && { memory: memoryWhere }),
  }
}

interface CompiledCondition {
  readonly evaluate: (record: JudgedRecord) => Outcome
  readonly fault: (record: JudgedRecord) => Finding
}

function compileCondition(
  condition: Condition,
  context: RuleContext,
  report: Report,
  at: string,
  depth: number,
): CompiledCondition {
  const expected = 'a condition that can be evaluated'
  if (typeof condition === 'string') {
    const expression = expressionOf(condition, context, at, report)
    return {
      evaluate(record) {
        try {
          return expression.holds(record) ? PASS : FAIL
        } catch {
          return ERROR
        }
      },
      fault(record) {
        const message = `the condition ${condition} could not be evaluated: ${faultOf(expression, record) ?? 'no reason'}`
        return { field: null, code: 'expression.error', expected, actual: undefined, message }
      },
    }
  }
  const { evaluate, findings } = compileNested(condition, context, report, `${at}.`, ['not'], depth)
  if (condition.not !== undefined && typeof condition.not !== 'boolean')
    report(`${at}.not`, condition.not, 'true or false')
  const wanted = condition.not === true ? FAIL : PASS
  return {
    evaluate(record) {
      const outcome = evaluate(record)
      return outcome === wanted ? PASS : outcome === ERROR ? ERROR : FAIL
    },
    fault: (record) => findings(record)[0] ?? { field: null, code: 'expression.error', expected, actual: undefined },
  }
}

/** A check inside of another: validated here, because only now is it known to be one. */
function compileNested(
  check: NestedCheck,
  context: RuleContext,
  report: Report,
  at: string,
  extraKeys: readonly string[],
  depth: number,
): Rule {
  const problem: Report = (parameter, value, right) => report(at + parameter, value, right)
  if (depth >= NESTING_MAX) {
    problem('check', check.check, `checks that stand at most ${NESTING_MAX} deep inside of each other`)
    return NEVER
  }
  if (!isNestedCheck(check, extraKeys, problem)) return NEVER
  const rule = compileRule(check, context, report, at, depth + 1)
  if (rule.memory !== undefined) problem('check', check.check, 'a check without memory: this one must stand by itself')
  return rule
}

/** Stands for a rule that could not be compiled; a gate with one is never made. */
const NEVER: Rule = { evaluate: () => ERROR, findings: () => [] }

function fieldAt(path: string, context: RuleContext, parameter: string, report: Report): Field {
  const parsed = parsePath(path)
  if (typeof parsed === 'string') {
    report(parameter, path, parsed)
    return { path, read: () => undefined, schema: null }
  }
  const root = parsed.root === 'value' ? context.valueSchema : parsed.root === 'key' ? context.keySchema : null
  const schema = schemaAt(root, parsed.names)
  if (schema !== null && 'missing' in schema) {
    const known =
      schema.known.length === 0 ? '' : `; it has ${schema.known.join(', ')}${didYouMean(schema.missing, schema.known)}`
    report(parameter, path, `a field of the record's schema: ${schema.missing} is none${known}`)
    return { path, read: () => undefined, schema: null }
  }
  return { path, read: compilePath(parsed), schema }
}

function expressionOf(text: string, context: RuleContext, parameter: string, report: Report): Expression {
  const compiled = compileExpression(text, { value: context.valueSchema, key: context.keySchema })
  if (!Array.isArray(compiled)) return compiled as Expression
  for (const right of compiled as readonly string[]) report(parameter, text, right)
  return { holds: () => false }
}

function regexOf(pattern: string, ignoreCase: boolean, parameter: string, report: Report): SafeRegex {
  const compiled = compileRegex(pattern, ignoreCase)
  if (typeof compiled !== 'string') return compiled
  report(parameter, pattern, compiled)
  return { test: () => false }
}
