/** CEL expressions over a record: checked and guarded once, then evaluated as a plain function. */
import { createRequire } from 'node:module'
import type { Environment, ObjectSchema, ParseResult } from '@marcbachmann/cel-js'
import { LOGICAL, type Schema, type SchemaType } from '@sluice/sdk'
import { inspectExpression, type ExpressionFacts } from './expression-guards.ts'
import { inputOf, type Variable } from './expression-input.ts'
import type { JudgedRecord } from './record.ts'
import { compileRegex, type SafeRegex } from './safe-regex.ts'

/** What bounds the work of one evaluation. */
export const EXPRESSION_LIMITS = {
  /** Characters of an expression. */
  charsMax: 4096,
  /** Nodes of its syntax tree. */
  nodesMax: 500,
  depthMax: 40,
  listLiteralMax: 500,
  /** How deep loops may nest. */
  loopsMax: 2,
  /** List entries and characters together that an expression with a loop may read. */
  sizeMax: 20_000,
  /** The same, when loops nest: the work is its square. */
  nestedSizeMax: 2_000,
} as const

export interface Expression {
  /** @throws an error whenever the answer is not a boolean: a missing field, a type that does not fit, too much to read */
  holds(record: JudgedRecord): boolean
}

export interface ExpressionSchemas {
  readonly value: Schema | null
  readonly key: Schema | null
}

/** Compiles an expression. The answer is a list of texts when it is refused: what would be right. */
export function compileExpression(text: string, schemas: ExpressionSchemas): Expression | readonly string[] {
  if (text.length > EXPRESSION_LIMITS.charsMax)
    return [`an expression of at most ${EXPRESSION_LIMITS.charsMax} characters`]
  const regexes = new Map<string, SafeRegex>()
  let parsed: ParseResult
  let facts: ExpressionFacts
  try {
    parsed = environment(regexes, { value: null, key: null }).parse(text)
    facts = inspectExpression(parsed.ast, VARIABLES)
  } catch (error) {
    return [`a CEL expression (${celMessage(error)})`]
  }
  const refusals = [...facts.refusals]
  for (const pattern of facts.patterns) {
    const regex = compileRegex(pattern)
    if (typeof regex === 'string') refusals.push(`re2() needs ${regex}`)
    else regexes.set(pattern, regex)
  }
  if (facts.loopDepth > EXPRESSION_LIMITS.loopsMax)
    refusals.push(`loops that nest at most ${EXPRESSION_LIMITS.loopsMax} deep`)
  if (refusals.length > 0) return refusals

  const checked = environment(regexes, schemas).check(text)
  if (!checked.valid) return [`an expression that fits the types of the record (${celMessage(checked.error)})`]
  if (!/^(?:bool|dyn)/.test(checked.type ?? 'dyn'))
    return [`an expression that is true or false; this one is ${checked.type}`]

  const sizeMax = !facts.grows
    ? Infinity
    : facts.loopDepth > 1
      ? EXPRESSION_LIMITS.nestedSizeMax
      : EXPRESSION_LIMITS.sizeMax
  const readInput = inputOf(facts.needs, schemas, sizeMax)
  return {
    holds(record) {
      const answer: unknown = parsed(readInput(record))
      if (typeof answer !== 'boolean') throw new TypeError('the answer is neither true nor false')
      return answer
    },
  }
}

/** Why an expression cannot be evaluated on a record, in one line, or null when it can. */
export function faultOf(expression: Expression, record: JudgedRecord): string | null {
  try {
    expression.holds(record)
    return null
  } catch (error) {
    return celMessage(error)
  }
}

type Cel = { readonly Environment: typeof Environment }

const require = createRequire(import.meta.url)

const VARIABLES: readonly Variable[] = ['value', 'key', 'timestamp', 'topic']

function environment(regexes: ReadonlyMap<string, SafeRegex>, schemas: ExpressionSchemas): Environment {
  const search = (subject: string, pattern: string): boolean => regexes.get(pattern)!.test(subject)
  const { nodesMax, depthMax, listLiteralMax } = EXPRESSION_LIMITS
  // Loaded when the first expression is compiled: most programs have none.
  const { Environment: CelEnvironment } = require('@marcbachmann/cel-js') as Cel
  const cel = new CelEnvironment({
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: nodesMax,
      maxDepth: depthMax,
      maxListElements: listLiteralMax,
      maxMapEntries: listLiteralMax,
    },
  })
    .registerFunction('re2(string, string): bool', search, { async: false })
    .registerFunction('string.re2(string): bool', search, { async: false })
    .registerVariable('timestamp', 'dyn')
    .registerVariable('topic', 'dyn')
  declare(cel, 'value', schemas.value)
  declare(cel, 'key', schemas.key)
  return cel
}

/** Declares a variable with the types of its schema, so that an expression that cannot fit is refused before any record is seen. */
function declare(cel: Environment, name: string, schema: Schema | null): void {
  const type = schema === null ? 'dyn' : celType(schema)
  if (typeof type === 'string') cel.registerVariable(name, type)
  else cel.registerVariable(name, { schema: type })
}

const CEL_TYPES: Readonly<Record<Exclude<SchemaType, 'struct'>, string>> = {
  int8: 'int',
  int16: 'int',
  int32: 'int',
  int64: 'int',
  float32: 'double',
  float64: 'double',
  boolean: 'bool',
  string: 'string',
  bytes: 'bytes',
  array: 'list',
  map: 'map',
}

/** What may be null is dynamic: CEL has no nullable int, and `value.a == null` must stay possible. */
function celType(schema: Schema): string | ObjectSchema {
  if (schema.optional) return 'dyn'
  if (schema.name === LOGICAL.decimal) return 'string'
  if (schema.type !== 'struct') return CEL_TYPES[schema.type]
  return Object.fromEntries(schema.fields.map((field) => [field.name, celType(field.schema)]))
}

/** Errors whose sentence quotes a value of the record, which has no place in a message. */
const QUOTING: ReadonlySet<unknown> = new Set([
  'bool_conversion_error',
  'numeric_overflow',
  'invalid_regular_expression',
])

/** The first line of what CEL says, with the place in the expression. */
function celMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && QUOTING.has(error.code)) return String(error.code).replaceAll('_', ' ')
  const summary = 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message
  const range = 'range' in error ? (error.range as { readonly start?: unknown } | undefined) : undefined
  const line = summary.split('\n', 1)[0]!
  return typeof range?.start === 'number' ? `${line} at character ${range.start + 1}` : line
}
