/** InsertUuid of kafka-connect-insert-uuid: a random identifier as a field. */
import { randomUUID } from 'node:crypto'
import { defineSettings, primitive } from '@sluice/sdk'
import type { Schema, StructSchema, Transform, TransformPlugin } from '@sluice/sdk'
import { copyOf, put, requireMap, requireStruct } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { fillDefaults, perSchema, structLike } from '../struct-plan.ts'

const settings = defineSettings({
  'uuid.field.name': { type: 'string', default: 'uuid', importance: 'high', documentation: 'The name of the field.' },
})

const PURPOSE = 'adding UUID to record'
const TEXT: Schema = primitive('string')

export const insertUuid: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'insert-uuid',
    className: 'InsertUuid',
    packages: ['com.github.cjmatta.kafka.connect.smt'],
    documentation: 'A random identifier as a field. It is another one if the record is read again.',
  },
  settings,
  (side, raw) => {
    const name = settings.parse(raw)['uuid.field.name']
    const planOf = perSchema((schema: StructSchema) => ({
      schema: structLike(schema, [...schema.fields.map((field) => [field.name, field.schema] as const), [name, TEXT]]),
      fill: fillDefaults(schema, true),
    }))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (schema === null) {
        const copy = copyOf(requireMap(value, PURPOSE))
        put(copy, name, randomUUID())
        return side.replace(record, null, copy)
      }
      const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
      const plan = planOf(structSchema)
      const copy = copyOf(plan.fill(struct))
      put(copy, name, randomUUID())
      return side.replace(record, plan.schema, copy)
    }
    return transform
  },
)
