/** Aiven's CaseTransform: texts in upper or lower case. */
import { DataError, defineSettings, oneOf } from '@sluice/sdk'
import type { Transform, TransformPlugin } from '@sluice/sdk'
import { schemaAt } from '../change-event.ts'
import { copyOf, fieldValue, isFields, put } from '../fields.ts'
import type { MutableFields } from '../fields.ts'
import { AIVEN, keyAndValue } from '../record-side.ts'
import { nonEmptyList } from '../shared-settings.ts'

const settings = defineSettings({
  'field.names': {
    type: 'list',
    validator: nonEmptyList,
    importance: 'high',
    documentation: 'The fields. One that is missing, null or no text stays as it is.',
  },
  case: {
    type: 'string',
    validator: oneOf('upper', 'lower'),
    importance: 'high',
    documentation: 'upper or lower.',
  },
})

export const caseTransform: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'case-transform',
    className: 'CaseTransform',
    packages: [AIVEN],
    documentation: 'Texts in upper or lower case.',
  },
  settings,
  (side, raw) => {
    const { 'field.names': names, case: to } = settings.parse(raw)
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) throw new DataError(`${side.name} Value can't be null`)
      if (!isFields(value)) throw new DataError('Value type must be STRUCT or MAP')
      let copy: MutableFields | undefined
      for (const name of names) {
        const was = fieldValue(value, name)
        if (typeof was !== 'string' || (schema !== null && schemaAt(schema, name)?.type !== 'string')) continue
        const is = to === 'upper' ? was.toUpperCase() : was.toLowerCase()
        if (is !== was) put((copy ??= copyOf(value)), name, is)
      }
      return copy === undefined ? record : side.replace(record, schema, copy)
    }
    return transform
  },
)
