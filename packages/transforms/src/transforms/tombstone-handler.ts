/** Confluent's and Aiven's TombstoneHandler: records whose value is null are dropped, or refused. */
import { DataError, defineSettings, oneOf } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { AIVEN, CONFLUENT, javaNamesIn } from '../record-side.ts'

const settings = defineSettings({
  behavior: {
    type: 'string',
    default: 'warn',
    validator: oneOf('ignore', 'warn', 'fail', 'drop_silent', 'drop_warn'),
    importance: 'medium',
    documentation:
      'What becomes of them: they are dropped (ignore, warn; Aiven’s words are drop_silent and drop_warn), or are bad (fail)..',
  },
})

export const tombstoneHandler: TransformPlugin = {
  name: 'tombstone-handler',
  aliases: javaNamesIn([CONFLUENT, AIVEN], 'TombstoneHandler'),
  documentation: 'Records whose value is null are dropped, or refused.',
  settings,
  create(raw) {
    const { behavior } = settings.parse(raw)
    const transform: Transform = (record) => {
      if (record.value !== null) return record
      if (behavior !== 'fail') return null
      throw new DataError("Tombstone record encountered, failing due to configured 'fail' behavior", {
        remedy: 'Set behavior to ignore if tombstones are meant to be.',
      })
    }
    return transform
  },
}
