/** Kafka Connect's Filter: drops every record; which ones it is asked about says its predicate. */
import type { TransformPlugin } from '@sluice/sdk'
import { javaNames } from '../record-side.ts'

export const filter: TransformPlugin = {
  name: 'filter',
  aliases: javaNames('Filter'),
  documentation: 'Drops every record; which ones it is asked about says its predicate.',
  create: () => () => null,
}
