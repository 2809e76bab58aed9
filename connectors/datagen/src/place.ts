import { SluiceError } from '@sluice/sdk'
import type { SourcePosition } from '@sluice/sdk'

/** What a task makes next. */
export interface Place {
  readonly number: number
  /** The delete of this number is out, and its tombstone comes. */
  readonly isTombstoneNext: boolean
  /** Of which table the changes are; null: of none. */
  readonly table: string | null
}

/**
 * Reads `{"next": number}`, with `"tombstone": true` and the table's mark for change events, or what Confluent's connector has stored,
 * which counts too.
 * @throws SluiceError POSITION_UNREADABLE
 */
export function placeIn(position: SourcePosition): Place {
  const number = position['next'] ?? position['current.iteration']
  const { tombstone = false, table = null } = position
  const isSound =
    typeof number === 'number' &&
    Number.isSafeInteger(number) &&
    number >= 0 &&
    typeof tombstone === 'boolean' &&
    (table === null || typeof table === 'string')
  if (isSound) return { number, isTombstoneNext: tombstone, table }
  throw new SluiceError('POSITION_UNREADABLE', 'The stored position has no number of a record', {
    place: { position: JSON.stringify(position) },
    remedy: 'Stop the connector, delete its offsets, and resume it: it begins with the first record.',
  })
}
