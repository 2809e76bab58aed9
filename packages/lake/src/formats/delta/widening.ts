/**
 * Which types hold all values of another one, and which of those changes a table may make without rewriting its files
 * (PROTOCOL.md, "Type Widening").
 */
import type { JsonObject } from './exact-json.ts'
import { decimalOf } from './schema.ts'
import type { DeltaField } from './schema.ts'

/** Rows of these narrower types go into a column as it is. */
const HOLDS: Readonly<Record<string, readonly string[]>> = {
  short: ['byte'],
  integer: ['byte', 'short'],
  long: ['byte', 'short', 'integer'],
  double: ['float'],
  // Both are microseconds; a column without a zone takes the wall clock of UTC.
  timestamp_ntz: ['timestamp'],
}

/** A column may become these, where the table allows it. */
const WIDENS: Readonly<Record<string, readonly string[]>> = {
  byte: ['short', 'integer', 'long', 'double'],
  short: ['integer', 'long', 'double'],
  integer: ['long', 'double'],
  float: ['double'],
  date: ['timestamp_ntz'],
}

/** Digits of the whole numbers, for decimals that hold them. */
const DIGITS: Readonly<Record<string, number>> = { byte: 10, short: 10, integer: 10, long: 20 }

/** Whether rows of type `from` can be written to a column of type `to`. Words only: nested types are looked into. */
export function holds(to: string, from: string): boolean {
  if (from === to) return true
  // Records declare a decimal's scale and seldom its precision: whether the digits fit is seen value by value.
  const [digits, room] = [decimalOf(from), decimalOf(to)]
  if (digits !== undefined && room !== undefined) return digits[1] === room[1]
  return HOLDS[to]?.includes(from) ?? false
}

/** Whether files that were written with a column of type `from` stay readable when it becomes `to`. */
export function widens(from: string, to: string): boolean {
  const [digits, room] = [decimalOf(from), decimalOf(to)]
  if (room === undefined) return WIDENS[from]?.includes(to) ?? false
  const [precision, scale] = room
  if (digits !== undefined) return scale >= digits[1] && precision - scale >= digits[0] - digits[1]
  const whole = DIGITS[from]
  return whole !== undefined && precision - scale >= whole
}

/**
 * The field with a note of the change, which readers need to read older files.
 * @param below where in the field's type: `element`, `key`, `value`, with points between; empty for the field itself
 */
export function withTypeChange(field: DeltaField, from: string, to: string, below: string): DeltaField {
  const changes = field.metadata[TYPE_CHANGES]
  const change: JsonObject = { fromType: from, toType: to, ...(below === '' ? {} : { fieldPath: below }) }
  return {
    ...field,
    metadata: { ...field.metadata, [TYPE_CHANGES]: [...(Array.isArray(changes) ? changes : []), change] },
  }
}

export const TYPE_CHANGES = 'delta.typeChanges'
