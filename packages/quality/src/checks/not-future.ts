import { LOGICAL } from '@sluice/sdk'
import type { CheckKind } from '../check-kind.ts'
import type { Field } from '../field-path.ts'
import { fieldRule } from '../field-rule.ts'
import { parseDate, parseDateTime } from '../instants.ts'

/** Milliseconds of one unit. */
const UNITS = { days: 86_400_000, seconds: 1000, milliseconds: 1, microseconds: 1e-3, nanoseconds: 1e-6 } as const

export interface NotFutureParameters {
  readonly unit?: keyof typeof UNITS
  readonly toleranceMs?: number
}

export const notFuture: CheckKind<NotFutureParameters> = {
  documentation:
    'The time is not later than now, by the clock of the machine that judges. Numbers count from 1970-01-01 UTC; text is an ISO date ' +
    "(its midnight, UTC) or an RFC 3339 date-time. Anything else fails. The record's own time is `@timestamp`.",
  fields: 'required',
  nulls: 'skipped',
  parameters: [
    {
      name: 'unit',
      type: 'choice',
      choices: Object.keys(UNITS),
      default: 'days for a Date of the schema, else milliseconds',
      doc: 'The unit of numbers.',
    },
    { name: 'toleranceMs', type: 'count', default: 0, doc: 'How far ahead other clocks may be.' },
  ],
  codes: { 'not_future.future': 'the time lies ahead', 'not_future.type': 'the value is no time' },
  example: { toleranceMs: 60_000 },
  compile({ unit, toleranceMs = 0 }, scope) {
    const { clock } = scope
    const millis = UNITS[unit ?? unitOf(scope.fields[0])]
    // Time goes forward: what was not future once is never again, so the clock is asked only for times beyond the last answer.
    let latest = -Infinity
    const isFuture = (time: number): boolean => {
      if (time <= latest) return false
      latest = clock.now() + toleranceMs
      return time > latest
    }
    return fieldRule(scope, {
      expected: toleranceMs === 0 ? 'a time that is not in the future' : `a time at most ${toleranceMs} ms ahead`,
      fault(value) {
        const time = instantOf(value, millis)
        return Number.isNaN(time) ? 'not_future.type' : isFuture(time) ? 'not_future.future' : null
      },
    })
  },
}

function instantOf(value: unknown, millis: number): number {
  if (typeof value === 'number') return value * millis
  if (typeof value === 'bigint') return Number(value) * millis
  if (typeof value !== 'string') return NaN
  return value.length === 10 ? parseDate(value) : parseDateTime(value)
}

function unitOf(field: Field | undefined): keyof typeof UNITS {
  return field?.schema?.name === LOGICAL.date ? 'days' : 'milliseconds'
}
