/** Kafka Connect's ValueToKey: the key becomes an object of some of the value's fields. */
import { DataError, defineSettings, structOf } from '@sluice/sdk'
import type { Schema, StructSchema, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { fieldValue, requireMap, requireStruct, setField } from '../fields.ts'
import { javaNames } from '../record-side.ts'
import { nonEmptyList, replaceNullWithDefault } from '../shared-settings.ts'
import { perSchema, readField } from '../struct-plan.ts'

const settings = defineSettings({
  fields: {
    type: 'list',
    validator: nonEmptyList,
    importance: 'high',
    documentation: 'The fields of the value that make the key.',
  },
  'replace.null.with.default': replaceNullWithDefault,
})

const PURPOSE = 'copying fields from value to key'

export const valueToKey: TransformPlugin = {
  name: 'value-to-key',
  aliases: javaNames('ValueToKey'),
  documentation: 'The key becomes an object of some of the value’s fields.',
  settings,
  create(raw) {
    const { fields: names, 'replace.null.with.default': replaceNull } = settings.parse(raw)
    const planOf = perSchema((schema: StructSchema) => plan(schema, names))
    const transform: Transform = (record) => {
      const { valueSchema, value } = record
      if (valueSchema === null) return { ...record, keySchema: null, key: keyOf(value, names) }
      const [schema, struct] = requireStruct(valueSchema, value, PURPOSE)
      const { keySchema, fields } = planOf(schema)
      const key: Record<string, Value> = {}
      for (const field of fields) setField(key, field.name, readField(struct, field, replaceNull))
      return { ...record, keySchema, key }
    }
    return transform
  },
}

function keyOf(value: Value, names: readonly string[]): Value {
  const fields = requireMap(value, PURPOSE)
  const key: Record<string, Value> = {}
  for (const name of names) setField(key, name, fieldValue(fields, name))
  return key
}

function plan(schema: StructSchema, names: readonly string[]): { keySchema: Schema; fields: StructSchema['fields'] } {
  const fields = names.map((name) => {
    const field = schema.fields.find((each) => each.name === name)
    if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
    return field
  })
  return { keySchema: structOf(fields.map((field) => [field.name, field.schema] as const)), fields }
}
