/** Kafka Connect's HasHeaderKey: whether a record has at least one header of a name. */
import { defineSettings, nonEmptyString } from '@sluice/sdk'
import type { PredicatePlugin } from '@sluice/sdk'
import { javaNames } from '../record-side.ts'

const settings = defineSettings({
  name: { type: 'string', validator: nonEmptyString, importance: 'medium', documentation: 'The name of the header.' },
})

export const hasHeaderKey: PredicatePlugin = {
  name: 'has-header-key',
  aliases: javaNames('HasHeaderKey', 'predicates.'),
  documentation: 'Whether a record has at least one header of a name.',
  settings,
  create(raw) {
    const { name } = settings.parse(raw)
    return (record) => record.headers !== null && record.headers.some(({ key }) => key === name)
  },
}
