/** Kafka Connect's ExtractField: one field takes the place of the whole key or value. */
import { DataError, defineSettings } from '@sluice/sdk'
import type { Field, Schema, Transform, TransformPlugin } from '@sluice/sdk'
import { fieldPath, fieldsAlong, fieldSyntaxVersion, structValueAt, valueAt } from '../field-path.ts'
import { requireStruct } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { replaceNullWithDefault } from '../shared-settings.ts'
import { perSchema } from '../struct-plan.ts'

const settings = defineSettings({
  field: { type: 'string', importance: 'medium', documentation: 'The field to extract.' },
  'field.syntax.version': fieldSyntaxVersion,
  'replace.null.with.default': replaceNullWithDefault,
})

export const extractField: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'extract-field',
    className: 'ExtractField',
    documentation: 'One field takes the place of the whole key or value.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const path = fieldPath(parsed.field, parsed['field.syntax.version'])
    const alongOf = perSchema((schema: Schema): readonly Field[] => {
      const along = fieldsAlong(schema, path)
      if (along === undefined) throw new DataError(`Unknown field: ${parsed.field}`)
      return along
    })
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (schema === null) return side.replace(record, null, valueAt(value, path))
      const struct = value === null ? null : requireStruct(schema, value, 'field extraction')[1]
      const along = alongOf(schema)
      const extracted = struct === null ? null : structValueAt(struct, along, parsed['replace.null.with.default'])
      return side.replace(record, along.at(-1)!.schema, extracted)
    }
    return transform
  },
)
