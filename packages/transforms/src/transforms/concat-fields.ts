/** Aiven's ConcatFields: some fields in a row become a new one. */
import { DataError, defineSettings, nonEmptyString, primitive } from '@sluice/sdk'
import type { Schema, StructSchema, Transform, TransformPlugin } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { fieldPath } from '../field-path.ts'
import { copyOf, isFields, put, requireStruct } from '../fields.ts'
import { fieldReader } from '../nested-field.ts'
import { AIVEN, keyAndValue } from '../record-side.ts'
import { someNames } from '../shared-settings.ts'
import { fillDefaults, perSchema, structLike } from '../struct-plan.ts'

const settings = defineSettings({
  'field.names': {
    type: 'list',
    validator: someNames,
    importance: 'high',
    documentation: 'The fields, in their order; dots lead into nested ones.',
  },
  'output.field.name': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'The new field.',
  },
  'field.replace.missing': {
    type: 'string',
    default: '',
    importance: 'high',
    documentation: 'What stands for a field that is missing or null.',
  },
  delimiter: { type: 'string', default: '', importance: 'high', documentation: 'What stands between them.' },
})

const TEXT: Schema = primitive('string', { optional: true })

export const concatFields: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'concat-fields',
    className: 'ConcatFields',
    packages: [AIVEN],
    documentation: 'Some fields in a row become a new one.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const name = parsed['output.field.name']
    const readers = parsed['field.names'].map((field) => fieldReader(fieldPath(field, 'V2')))
    const planOf = perSchema((schema: StructSchema) => ({
      schema: structLike(schema, [...schema.fields.map((field) => [field.name, field.schema] as const), [name, TEXT]]),
      fill: fillDefaults(schema, true),
    }))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) throw new DataError(`${side.name} Value can't be null`)
      if (!isFields(value)) throw new DataError('Value type must be STRUCT or MAP')
      const text = readers
        .map((read) => {
          const found = read(schema, value)
          return found.value === null ? parsed['field.replace.missing'] : valueText(found.schema, found.value)
        })
        .join(parsed.delimiter)
      const plan = schema === null ? null : planOf(requireStruct(schema, value, 'concatenating fields')[0])
      const copy = copyOf(plan === null ? value : plan.fill(value as Parameters<typeof plan.fill>[0]))
      put(copy, name, text)
      return side.replace(record, plan === null ? null : plan.schema, copy)
    }
    return transform
  },
)
