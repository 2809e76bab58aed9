import { LOGICAL } from '@sluice/sdk'
import { FAIL, PASS, SKIP, type CheckKind, type Outcome } from '../check-kind.ts'
import type { Scalar } from '../definition.ts'
import type { Field } from '../field-path.ts'
import { compareNumeric, isNumeric } from '../numeric-order.ts'
import type { Finding } from '../verdict.ts'

const OPERATORS = ['<', '<=', '>', '>=', '==', '!='] as const
type Operator = (typeof OPERATORS)[number]

export interface CompareParameters {
  readonly op: Operator
  readonly value?: Scalar
  readonly other?: string
  readonly as?: 'auto' | 'number'
}

export const compare: CheckKind<CompareParameters> = {
  documentation:
    'The field stands in a relation to a constant or to another field. Numbers compare exactly with numbers and with decimal text; text ' +
    'compares with text, character by character, unless `as` says that both are numbers or the schema says that one is a Decimal; booleans are equal or not. ' +
    'Values of different kinds are never equal, and have no order: `<` and its kin fail.',
  fields: 'required',
  nulls: 'skipped, whichever side is null',
  parameters: [
    {
      name: 'op',
      type: 'choice',
      choices: OPERATORS,
      required: true,
      doc: 'The relation of the field (left) to the other side (right).',
    },
    { name: 'value', type: 'scalar', doc: 'The other side, as a constant.' },
    { name: 'other', type: 'path', doc: 'The other side, as the path of a field.' },
    {
      name: 'as',
      type: 'choice',
      choices: ['auto', 'number'],
      default: 'auto',
      doc: '`number`: read decimal text on both sides as numbers.',
    },
  ],
  codes: { 'compare.unmet': 'the relation does not hold', 'compare.type': 'the two sides have no order' },
  example: { op: '<=', other: 'arrived_at' },
  compile(params, scope) {
    const { op, value, as } = params
    if ((value === undefined) === (params.other === undefined))
      scope.problem('params', params, 'one of value and other')
    const other = params.other === undefined ? null : scope.field(params.other, 'params.other')
    const holds = RELATIONS[op]
    const isOrder = op !== '==' && op !== '!='
    const pairs = scope.fields.map((field) => {
      const numeric = as === 'number' || isDecimal(field) || (other !== null && isDecimal(other))
      return { field, order: numeric ? numericOrder : naturalOrder }
    })
    return {
      evaluate(record) {
        const right = other === null ? value : other.read(record)
        if (right === null || right === undefined) return SKIP
        let outcome: Outcome = SKIP
        for (const { field, order } of pairs) {
          const left = field.read(record)
          if (left === null || left === undefined) continue
          if (!holds(order(left, right))) return FAIL
          outcome = PASS
        }
        return outcome
      },
      findings(record) {
        const right = other === null ? value : other.read(record)
        return pairs.flatMap(({ field, order }): Finding[] => {
          const left = field.read(record)
          if (left === null || left === undefined || holds(order(left, right))) return []
          const code = isOrder && Number.isNaN(order(left, right)) ? 'compare.type' : 'compare.unmet'
          if (other === null) return [{ field: field.path, code, expected: `${op} ${String(value)}`, actual: left }]
          const expected = `${op} ${other.path}`
          return [{ field: field.path, code, expected, actual: left, other: { field: other.path, value: right } }]
        })
      },
    }
  },
}

/** Whether a relation holds, given the order; NaN stands for different, without order. */
const RELATIONS: Readonly<Record<Operator, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '==': (order) => order === 0,
  '!=': (order) => order !== 0,
}

function naturalOrder(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number')
    return left < right ? -1 : left > right ? 1 : left === right ? 0 : NaN
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  if (typeof left === 'boolean' || typeof right === 'boolean') return left === right ? 0 : NaN
  return numericOrder(left, right)
}

function numericOrder(left: unknown, right: unknown): number {
  return isNumeric(left) && isNumeric(right) ? compareNumeric(left, right) : NaN
}

function isDecimal(field: Field): boolean {
  return field.schema?.name === LOGICAL.decimal
}
