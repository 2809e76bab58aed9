import { SchemaError } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import type { RecordRandom } from './record-random.ts'

/** Makes a value. Iterations stand where the number of the record says, so that each record can be made without those before it. */
export type Make = (random: RecordRandom, number: number) => Value

/** A part of the schema. */
export interface Spot {
  /** What it is, for errors: `the field itemid of orders`. */
  readonly where: string
  /** How many of it a record may have: it may lie within lists of lists. */
  readonly times: number
}

/** Characters, bytes or items that a record may have of one part: more is a mistake, and no broker would take it. */
const HOLDS_MAX = 10_000_000

/** What lies within a part, so many times. @throws SchemaError */
export function within(spot: Spot, what: string, times: number): Spot {
  assertHolds(spot, times)
  return { where: `the ${what} of ${spot.where}`, times: spot.times * Math.max(1, times) }
}

/** @throws SchemaError for a part of which one record may have more than it can */
export function assertHolds({ where, times }: Spot, count: number): void {
  if (times * count <= HOLDS_MAX) return
  throw new SchemaError(`A record may have ${times * count} characters, bytes or items in ${where}`, {
    remedy: `Give lengths that come to at most ${HOLDS_MAX}.`,
  })
}
