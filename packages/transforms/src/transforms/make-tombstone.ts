/** Aiven's MakeTombstone: the value and its schema become null. */
import { defineSettings } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { AIVEN, javaNamesIn } from '../record-side.ts'

export const makeTombstone: TransformPlugin = {
  name: 'make-tombstone',
  aliases: javaNamesIn([AIVEN], 'MakeTombstone'),
  documentation: 'The value and its schema become null. A predicate says of which records.',
  settings: defineSettings({}),
  create() {
    const transform: Transform = (record) =>
      record.value === null && record.valueSchema === null ? record : { ...record, value: null, valueSchema: null }
    return transform
  },
}
