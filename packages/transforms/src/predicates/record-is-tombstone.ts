/** Kafka Connect's RecordIsTombstone: whether a record's value is null. */
import type { PredicatePlugin } from '@sluice/sdk'
import { javaNames } from '../record-side.ts'

export const recordIsTombstone: PredicatePlugin = {
  name: 'record-is-tombstone',
  aliases: javaNames('RecordIsTombstone', 'predicates.'),
  documentation: 'Whether a record’s value is null.',
  create: () => (record) => record.value === null,
}
