import { ERROR, FAIL, PASS, SKIP, type CheckKind } from '../check-kind.ts'
import { EXPRESSION_LIMITS, faultOf } from '../expression.ts'

export interface ExprParameters {
  readonly expression: string
}

export const expr: CheckKind<ExprParameters> = {
  documentation:
    'A CEL expression is true. It sees `value`, `key`, `timestamp` (milliseconds) and `topic`; a name that is no identifier is written ' +
    '`value["Cost Total $"]`. Whole numbers of a schema are CEL ints; without a schema every number is a double, as in JSON, so that ' +
    '`value.a + 1` must be written `value.a + 1.0` (comparisons mix freely). Decimals are text: `double(value.price)`.\n\n' +
    '`matches` is refused, because its patterns can run away; `re2(text, "pattern")` and `text.re2("pattern")` search in RE2 syntax, with ' +
    `a literal pattern. An expression has at most ${EXPRESSION_LIMITS.charsMax} characters and ${EXPRESSION_LIMITS.nodesMax} parts, and loops (\`all\`, ` +
    `\`exists\`, \`map\`…) nest at most ${EXPRESSION_LIMITS.loopsMax} deep; what they read may hold ${EXPRESSION_LIMITS.sizeMax} list entries and characters together, ` +
    `${EXPRESSION_LIMITS.nestedSizeMax} when loops nest.\n\n` +
    'An expression that cannot be evaluated on a record (a missing field, a text in place of a number, an answer that is neither true ' +
    'nor false) gives the outcome `error`, never a pass. `has(value.a)` asks whether a field is there.',
  fields: 'optional',
  nulls: 'skipped when one of `fields` is null or absent; without `fields` the expression decides',
  parameters: [
    { name: 'expression', type: 'text', required: true, doc: 'The expression; its answer must be a boolean.' },
  ],
  codes: { 'expr.false': 'the expression is false', 'expression.error': 'it could not be evaluated' },
  example: { expression: 'value.total >= value.net && value.items.all(i, i.quantity > 0)' },
  compile({ expression: text }, scope) {
    const expression = scope.expression(text, 'params.expression')
    const { fields } = scope
    const reads = fields.map((field) => field.read)
    const path = fields.length === 0 ? null : fields.map((field) => field.path).join(', ')
    return {
      evaluate(record) {
        for (const read of reads) {
          const value = read(record)
          if (value === null || value === undefined) return SKIP
        }
        try {
          return expression.holds(record) ? PASS : FAIL
        } catch {
          return ERROR
        }
      },
      findings(record) {
        const fault = faultOf(expression, record)
        const actual = fields.length === 1 ? fields[0]!.read(record) : fault === null ? false : undefined
        if (fault === null) return [{ field: path, code: 'expr.false', expected: text, actual }]
        return [
          {
            field: path,
            code: 'expression.error',
            expected: text,
            actual,
            message: `the expression could not be evaluated: ${fault}`,
          },
        ]
      },
    }
  },
}
