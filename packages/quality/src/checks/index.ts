/** The checks. A new one is a file beside this one, a line in each of the two lists, and a test. */
import type { CheckKind } from '../check-kind.ts'
import { compare, type CompareParameters } from './compare.ts'
import { expr, type ExprParameters } from './expr.ts'
import { format, type FormatParameters } from './format.ts'
import { inSet, type SetParameters } from './in-set.ts'
import { length, type LengthParameters } from './length.ts'
import { notEmpty, type NotEmptyParameters } from './not-empty.ts'
import { notFuture, type NotFutureParameters } from './not-future.ts'
import { range, type RangeParameters } from './range.ts'
import { notInSet } from './not-in-set.ts'
import { notRegex } from './not-regex.ts'
import { regex, type RegexParameters } from './regex.ts'
import { required, type RequiredParameters } from './required.ts'
import { type, type TypeParameters } from './type.ts'
import { uniqueWithin, type UniqueWithinParameters } from './unique-within.ts'
import { whenThen, type WhenThenParameters } from './when-then.ts'

/** The parameters of each check, by its name in rules. */
export interface CheckParameters {
  required: RequiredParameters
  not_empty: NotEmptyParameters
  type: TypeParameters
  in_set: SetParameters
  not_in_set: SetParameters
  range: RangeParameters
  regex: RegexParameters
  not_regex: RegexParameters
  format: FormatParameters
  length: LengthParameters
  compare: CompareParameters
  when_then: WhenThenParameters
  not_future: NotFutureParameters
  expr: ExprParameters
  unique_within: UniqueWithinParameters
}

export type CheckName = keyof CheckParameters

export const CHECKS: { readonly [K in CheckName]: CheckKind<CheckParameters[K]> } = {
  required,
  not_empty: notEmpty,
  type,
  in_set: inSet,
  not_in_set: notInSet,
  range,
  regex,
  not_regex: notRegex,
  format,
  length,
  compare,
  when_then: whenThen,
  not_future: notFuture,
  expr,
  unique_within: uniqueWithin,
}
