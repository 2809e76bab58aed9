/** ExtractNestedField of kafka-connect-transform-common: a field of a nested object is copied to the top. */
import { DataError, defineSettings, fieldOf, structOf } from '@sluice/sdk'
import type { StructSchema, Transform, TransformPlugin } from '@sluice/sdk'
import { copyOf, put, requireMap, requireStruct } from '../fields.ts'
import { fieldReader } from '../nested-field.ts'
import { CUSTENBORDER, keyAndValue } from '../record-side.ts'
import { basicsOf, fillDefaults, perSchema } from '../struct-plan.ts'

const settings = defineSettings({
  'input.outer.field.name': {
    type: 'string',
    importance: 'high',
    documentation: 'The field that holds the nested object.',
  },
  'input.inner.field.name': { type: 'string', importance: 'high', documentation: 'The field within it.' },
  'output.field.name': { type: 'string', importance: 'high', documentation: 'What it is called at the top.' },
})

const PURPOSE = 'extracting a nested field'

export const extractNestedField: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'extract-nested-field',
    className: 'ExtractNestedField',
    packages: [CUSTENBORDER],
    documentation: 'A field of a nested object is copied to the top. It is null where the nested object is.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const [outer, inner] = [parsed['input.outer.field.name'], parsed['input.inner.field.name']]
    const name = parsed['output.field.name']
    const read = fieldReader([outer, inner])
    const planOf = perSchema((schema: StructSchema) => ({
      schema: withField(schema, outer, inner, name),
      fill: fillDefaults(schema, true),
    }))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      const plan = schema === null ? null : planOf(requireStruct(schema, value, PURPOSE)[0])
      const fields = requireMap(value, PURPOSE)
      const copy = copyOf(plan === null ? fields : plan.fill(fields as Parameters<typeof plan.fill>[0]))
      put(copy, name, read(schema, value).value)
      return side.replace(record, plan === null ? null : plan.schema, copy)
    }
    return transform
  },
)

function withField(schema: StructSchema, outer: string, inner: string, name: string): StructSchema {
  const nested = fieldOf(schema, outer)?.schema
  const found = nested === undefined ? undefined : fieldOf(nested, inner)?.schema
  if (nested === undefined || found === undefined) throw new DataError(`Field does not exist: ${outer}.${inner}`)
  // What is within an object that may be null may be null.
  const of = nested.optional && !found.optional ? Object.freeze({ ...found, optional: true }) : found
  const fields = schema.fields.map((field) => [field.name, field.schema] as const)
  return structOf([...fields, [name, of] as const], { ...basicsOf(schema), optional: schema.optional })
}
