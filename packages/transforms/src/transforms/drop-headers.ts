/** Kafka Connect's DropHeaders: removes all headers of some names. */
import { defineSettings } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { javaNames } from '../record-side.ts'
import { nonEmptyList } from '../shared-settings.ts'

const settings = defineSettings({
  headers: {
    type: 'list',
    validator: nonEmptyList,
    importance: 'high',
    documentation: 'The names of the headers to remove.',
  },
})

export const dropHeaders: TransformPlugin = {
  name: 'drop-headers',
  aliases: javaNames('DropHeaders'),
  documentation: 'Removes all headers of some names.',
  settings,
  create(raw) {
    const names = new Set(settings.parse(raw).headers)
    const transform: Transform = (record) => {
      const { headers } = record
      if (headers === null || !headers.some(({ key }) => names.has(key))) return record
      const kept = headers.filter(({ key }) => !names.has(key))
      return { ...record, headers: kept.length === 0 ? null : kept }
    }
    return transform
  },
}
