/** PatternFilter of kafka-connect-transform-common: drops records by the text of a field. */
import { defineSettings } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { fieldValue, isFields } from '../fields.ts'
import { javaRegex, validRegex } from '../java-regex.ts'
import { CUSTENBORDER, keyAndValue } from '../record-side.ts'

const settings = defineSettings({
  pattern: {
    type: 'string',
    validator: validRegex,
    importance: 'high',
    documentation: 'A Java regular expression for the whole text.',
  },
  fields: { type: 'list', default: [], importance: 'high', documentation: 'The fields to look at.' },
})

export const patternFilter: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'pattern-filter',
    className: 'PatternFilter',
    packages: [CUSTENBORDER],
    documentation: 'Drops records in which one of some fields is a text that a pattern fits.',
  },
  settings,
  (side, raw) => {
    const { pattern, fields } = settings.parse(raw)
    const { whole } = javaRegex(pattern)
    const transform: Transform = (record) => {
      const value = side.value(record)
      if (!isFields(value)) return record
      const isFound = fields.some((name) => {
        const text = fieldValue(value, name)
        return typeof text === 'string' && whole.test(text)
      })
      return isFound ? null : record
    }
    return transform
  },
)
