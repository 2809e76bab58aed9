/** Confluent's Drop: the key or value becomes null. */
import { DataError, defineSettings, oneOf, withOptional } from '@sluice/sdk'
import type { Schema, Transform, TransformPlugin } from '@sluice/sdk'
import { CONFLUENT, keyAndValue } from '../record-side.ts'
import { perSchema } from '../struct-plan.ts'

const settings = defineSettings({
  'schema.behavior': {
    type: 'string',
    default: 'nullify',
    validator: oneOf('nullify', 'retain', 'validate', 'force_optional'),
    importance: 'medium',
    documentation:
      'What becomes of its schema: it goes as well (nullify), stays (retain), stays and must be optional (validate), or becomes optional (force_optional).',
  },
})

export const drop: readonly TransformPlugin[] = keyAndValue(
  { name: 'drop', className: 'Drop', packages: [CONFLUENT], documentation: 'The key or value becomes null.' },
  settings,
  (side, raw) => {
    const behavior = settings.parse(raw)['schema.behavior']
    const optional = perSchema((schema: Schema) => withOptional(schema, true))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      if (schema === null || behavior === 'nullify') return side.replace(record, null, null)
      if (behavior === 'force_optional') return side.replace(record, optional(schema), null)
      if (behavior === 'validate' && !schema.optional)
        throw new DataError('A value whose schema is not optional cannot be dropped', {
          remedy: 'Set schema.behavior to nullify or force_optional.',
        })
      return side.replace(record, schema, null)
    }
    return transform
  },
)
