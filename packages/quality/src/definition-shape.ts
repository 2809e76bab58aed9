/** Whether data is a gate's definition at all: keys, types and names, before any rule is compiled. */
import { CHECKS } from './checks/index.ts'
import type { GateDefinition } from './definition.ts'
import { checkParameters, isObject, type Report } from './parameters.ts'
import { Problems, didYouMean } from './problems.ts'
import { ACTIONS, SEVERITIES } from './verdict.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const A_NAME = 'a name of at most 128 letters, digits, dots, underscores and hyphens that begins with a letter or digit'
const MODES = ['observe', 'mark', 'enforce']
const ERROR_ACTIONS = ACTIONS.filter((action) => action !== 'pass')

const GATE_KEYS = ['id', 'ruleset', 'mode', 'actions', 'onEvaluationError', 'tombstones', 'maskedFields']
const RULESET_KEYS = ['id', 'version', 'doc', 'checks']
const QUESTION_KEYS = ['check', 'field', 'fields', 'where', 'params']
const CHECK_KEYS = [...QUESTION_KEYS, 'id', 'name', 'severity', 'action', 'onEvaluationError', 'doc', 'owner', 'tags']

/**
 * Takes data, as read from JSON or YAML, for a gate's definition.
 * @throws GateRulesError GATE_RULES_INVALID with everything that is wrong with its shape
 */
export function readGateDefinition(data: unknown): GateDefinition {
  const problems = new Problems()
  checkGateShape(data, problems)
  problems.throwIfAny(gateName(data))
  return data as GateDefinition
}

/** The gate's id, as far as the data has one. */
export function gateName(data: unknown): string {
  return isObject(data) && typeof data['id'] === 'string' && data['id'] !== '' ? data['id'] : '(without id)'
}

/** Reports what is wrong with the shape, and answers which of its checks (by index) can be compiled. */
export function checkGateShape(data: unknown, problems: Problems): ReadonlySet<number> {
  const sound = new Set<number>()
  const report: Report = (parameter, value, right) => problems.add('gate', parameter, value, right)
  if (!isObject(data)) {
    report('definition', data, 'an object with id, ruleset and mode')
    return sound
  }
  unknownKeys(data, GATE_KEYS, report)
  if (!isName(data['id'])) report('id', data['id'], A_NAME)
  oneOf(data, 'mode', MODES, report, true)
  oneOf(data, 'onEvaluationError', ERROR_ACTIONS, report)
  oneOf(data, 'tombstones', ['judge', 'pass'], report)
  const actions = data['actions'] ?? {}
  if (!isObject(actions)) report('actions', actions, 'an object from severity to action')
  else {
    unknownKeys(actions, SEVERITIES, (parameter, value, right) => report(`actions.${parameter}`, value, right))
    for (const severity of SEVERITIES)
      oneOf(actions, severity, ACTIONS, (_, value, right) => report(`actions.${severity}`, value, right))
  }
  if (data['maskedFields'] !== undefined && !isTexts(data['maskedFields']))
    report('maskedFields', data['maskedFields'], 'a list of paths')
  checkRuleSet(data['ruleset'], problems, sound)
  return sound
}

function checkRuleSet(ruleset: unknown, problems: Problems, sound: Set<number>): void {
  const report: Report = (parameter, value, right) => problems.add('ruleset', parameter, value, right)
  if (!isObject(ruleset)) return report('ruleset', ruleset, 'an object with id, version and checks')
  unknownKeys(ruleset, RULESET_KEYS, report)
  if (!isName(ruleset['id'])) report('id', ruleset['id'], A_NAME)
  const version = ruleset['version']
  if (!isName(typeof version === 'number' ? String(version) : version))
    report('version', version, `a number, or ${A_NAME}`)
  optionalText(ruleset, 'doc', report)
  const checks = ruleset['checks']
  if (!Array.isArray(checks)) return report('checks', checks, 'a list of checks')
  const ids = new Map<unknown, number>()
  for (const [i, check] of checks.entries()) {
    const id = checkName(check, i)
    if (checkCheck(check, (parameter, value, right) => problems.add(id, parameter, value, right))) sound.add(i)
    if (!isObject(check)) continue
    const earlier = ids.get(check['id'])
    if (earlier !== undefined && check['id'] !== undefined)
      problems.add(id, 'id', id, `an id of its own: check #${earlier + 1} has it too`)
    ids.set(check['id'], i)
  }
}

/** How a check is called in a problem. */
export function checkName(check: unknown, index: number): string {
  return isObject(check) && typeof check['id'] === 'string' && check['id'] !== '' ? check['id'] : `#${index + 1}`
}

function checkCheck(check: unknown, report: Report): boolean {
  if (!isObject(check)) {
    report('check', check, 'an object with id and check')
    return false
  }
  unknownKeys(check, CHECK_KEYS, report)
  if (!isName(check['id'])) report('id', check['id'], A_NAME)
  oneOf(check, 'severity', SEVERITIES, report)
  oneOf(check, 'action', ACTIONS, report)
  oneOf(check, 'onEvaluationError', ERROR_ACTIONS, report)
  for (const key of ['name', 'doc', 'owner']) optionalText(check, key, report)
  if (check['tags'] !== undefined && !isTexts(check['tags'])) report('tags', check['tags'], 'a list of texts')
  return isQuestion(check, report)
}

/** Reports what is wrong with a check inside of another. */
export function isNestedCheck(check: unknown, extraKeys: readonly string[], report: Report): boolean {
  if (!isObject(check)) {
    report('check', check, 'a check: an object with check, field and params')
    return false
  }
  unknownKeys(check, [...QUESTION_KEYS, ...extraKeys], report)
  return isQuestion(check, report)
}

/** Kind, fields, parameters and condition. */
function isQuestion(check: Readonly<Record<string, unknown>>, report: Report): boolean {
  const name = check['check']
  const kind = Object.entries(CHECKS).find(([known]) => known === name)?.[1]
  if (kind === undefined) {
    const known = Object.keys(CHECKS)
    report('check', name, `one of ${known.join(', ')}${typeof name === 'string' ? didYouMean(name, known) : ''}`)
    return false
  }
  let right = true
  const wrong: Report = (...what) => {
    right = false
    report(...what)
  }
  const { field, fields, where } = check
  if (field !== undefined && typeof field !== 'string') wrong('field', field, 'a path, such as address.city')
  if (fields !== undefined && (!isTexts(fields) || fields.length === 0))
    wrong('fields', fields, 'a list of at least one path')
  if (isTexts(fields) && new Set(fields).size < fields.length) wrong('fields', fields, 'a list without repeated paths')
  if (field !== undefined && fields !== undefined) wrong('fields', fields, 'either field or fields, not both')
  const count = field === undefined && fields === undefined ? 0 : 1
  if (kind.fields === 'required' && count === 0) wrong('field', field, 'required: the path of the field to check')
  if (kind.fields === 'none' && count === 1)
    wrong('field', field ?? fields, 'no field: this check takes its fields from its parameters')
  if (where !== undefined && !isObject(where) && (typeof where !== 'string' || where === ''))
    wrong('where', where, 'a CEL expression or a check')
  return checkParameters(check['params'] ?? {}, kind.parameters, wrong) && right
}

function unknownKeys(data: Readonly<Record<string, unknown>>, known: readonly string[], report: Report): void {
  for (const key of Object.keys(data)) {
    if (!known.includes(key)) report(key, data[key], `one of ${known.join(', ')}${didYouMean(key, known)}`)
  }
}

function oneOf(
  data: Readonly<Record<string, unknown>>,
  key: string,
  allowed: readonly string[],
  report: Report,
  required = false,
): void {
  const value = data[key]
  if (value === undefined && !required) return
  if (typeof value === 'string' && allowed.includes(value)) return
  report(key, value, `one of ${allowed.join(', ')}${typeof value === 'string' ? didYouMean(value, allowed) : ''}`)
}

function optionalText(data: Readonly<Record<string, unknown>>, key: string, report: Report): void {
  if (data[key] !== undefined && typeof data[key] !== 'string') report(key, data[key], 'a text')
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME.test(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '')
}
