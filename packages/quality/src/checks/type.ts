import type { CheckKind } from '../check-kind.ts'
import { fieldRule } from '../field-rule.ts'
import { isDecimalText } from '../numeric-order.ts'

export type ValueType =
  | 'string'
  | 'number'
  | 'integer'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'decimal'
  | 'boolean'
  | 'bytes'
  | 'array'
  | 'map'
  | 'object'
  | 'null'

/** The types a value can be asked to have. */
const TESTS: Readonly<Record<ValueType, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' || typeof value === 'bigint',
  integer: (value) => Number.isInteger(value) || typeof value === 'bigint',
  int8: (value) => isWithin(value, -128, 127),
  int16: (value) => isWithin(value, -32_768, 32_767),
  int32: (value) => isWithin(value, -2_147_483_648, 2_147_483_647),
  int64: (value) => isWithin(value, -(2n ** 63n), 2n ** 63n - 1n),
  decimal: (value) =>
    Number.isFinite(value) || typeof value === 'bigint' || (typeof value === 'string' && isDecimalText(value)),
  boolean: (value) => typeof value === 'boolean',
  bytes: (value) => value instanceof Uint8Array,
  array: (value) => Array.isArray(value),
  map: (value) => value instanceof Map,
  object: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !ArrayBuffer.isView(value),
  null: (value) => value === null || value === undefined,
}

export interface TypeParameters {
  readonly is: ValueType | readonly ValueType[]
}

export const type: CheckKind<TypeParameters> = {
  documentation:
    'The value has one of the types. `integer` and `int8` to `int64` take whole numbers however they are carried, `decimal` also takes ' +
    'plain decimal text (`-12.50`), `object` is a struct or a JSON object, `map` a Map. Nothing is converted: the text `"5"` is no number.',
  fields: 'required',
  nulls: 'fails, unless `null` is among the types; an absent field counts as null',
  parameters: [
    {
      name: 'is',
      type: 'choices',
      choices: Object.keys(TESTS),
      required: true,
      doc: 'The type, or a list of types of which one must fit.',
    },
  ],
  codes: { 'type.other': 'the value has another type' },
  example: { is: ['integer', 'null'] },
  compile(params, scope) {
    const types = typeof params.is === 'string' ? [params.is] : params.is
    const [test, ...more] = types.map((name): ((value: unknown) => boolean) => TESTS[name])
    const holds =
      more.length === 0 ? test! : (value: unknown): boolean => test!(value) || more.some((other) => other(value))
    return fieldRule(scope, {
      expected: types.join(' or '),
      fault: (value) => (holds(value) ? null : 'type.other'),
      seesNull: true,
    })
  },
}

function isWithin(value: unknown, min: number | bigint, max: number | bigint): boolean {
  return (Number.isInteger(value) || typeof value === 'bigint') && (value as number) >= min && (value as number) <= max
}
