/** Confluent's Filter: includes or excludes records by a condition on fields of their key or value. */
import { DataError, defineSettings, oneOf } from '@sluice/sdk'
import type { ConnectRecord, Transform, TransformPlugin } from '@sluice/sdk'
import { compileJsonPathFilter } from '../json-path-filter.ts'
import { CONFLUENT, keyAndValue } from '../record-side.ts'

const settings = defineSettings({
  'filter.condition': {
    type: 'string',
    importance: 'high',
    documentation:
      "A JSONPath of one condition, such as $[?(@.state == 'paid' && @.sum > 100)], $.items[?(@.id in [1, 2])] or $[?(@.name =~ /a.*/)], or a path alone, such as $.after.topic, to what there must be. A field of a condition that is missing counts as null.",
  },
  'filter.type': {
    type: 'string',
    validator: oneOf('include', 'exclude'),
    importance: 'high',
    documentation: 'Whether only records pass that fit the condition, or only those that do not.',
  },
  'missing.or.null.behavior': {
    type: 'string',
    default: 'fail',
    validator: oneOf('fail', 'include', 'exclude'),
    importance: 'medium',
    documentation:
      'What becomes of records in which that is missing or null which the path leads to: they are bad, pass, or are dropped.',
  },
})

export const conditionalFilter: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'conditional-filter',
    className: 'Filter',
    packages: [CONFLUENT],
    documentation: 'Includes or excludes records by a condition on fields of their key or value.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const filter = compileJsonPathFilter(parsed['filter.condition'], 'filter.condition')
    const isIncluding = parsed['filter.type'] === 'include'
    const ofMissing = parsed['missing.or.null.behavior']
    const transform: Transform = <R extends ConnectRecord>(record: R): R | null => {
      const root = side.value(record)
      const target = filter.target(root)
      if (target !== null) return filter.matches(target, root) === isIncluding ? record : null
      if (ofMissing !== 'fail') return ofMissing === 'include' ? record : null
      throw new DataError(`What filter.condition looks at is missing or null in the ${side.name}`, {
        remedy: 'Set missing.or.null.behavior to include or exclude if such records are meant to be.',
      })
    }
    return transform
  },
)
