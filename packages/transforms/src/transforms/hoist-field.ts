/** Kafka Connect's HoistField: the whole key or value becomes the one field of a new object. */
import { DataError, defineSettings, structOf } from '@sluice/sdk'
import type { Schema, Transform, TransformPlugin } from '@sluice/sdk'
import { keyAndValue } from '../record-side.ts'
import { perSchema } from '../struct-plan.ts'

const settings = defineSettings({
  field: { type: 'string', importance: 'medium', documentation: 'The name of the one field.' },
})

export const hoistField: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'hoist-field',
    className: 'HoistField',
    documentation: 'The whole key or value becomes the one field of a new object.',
  },
  settings,
  (side, raw) => {
    const { field } = settings.parse(raw)
    const schemaOf = perSchema((schema: Schema) => structOf([[field, schema]]))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null && schema?.optional === false)
        throw new DataError(
          `Invalid value: null used for required field: "${field}", schema type: ${schema.type.toUpperCase()}`,
        )
      const hoisted = Object.fromEntries([[field, value]])
      return side.replace(record, schema === null ? null : schemaOf(schema), hoisted)
    }
    return transform
  },
)
