/** Kafka Connect's InsertHeader: one more header of a fixed value. */
import { defineSettings } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { parseValue } from '@sluice/sdk/values'
import { javaNames } from '../record-side.ts'

const settings = defineSettings({
  header: { type: 'string', importance: 'high', documentation: 'The name of the header.' },
  'value.literal': {
    type: 'string',
    importance: 'high',
    documentation: 'The value: null, true, a number, an ISO date or time, a [list], a {map}, or else a text.',
  },
})

export const insertHeader: TransformPlugin = {
  name: 'insert-header',
  aliases: javaNames('InsertHeader'),
  documentation: 'One more header of a fixed value.',
  settings,
  create(raw) {
    const { header: key, 'value.literal': literal } = settings.parse(raw)
    const header = Object.freeze({ key, ...parseValue(literal) })
    const transform: Transform = (record) => ({
      ...record,
      headers: record.headers === null ? [header] : [...record.headers, header],
    })
    return transform
  },
}
