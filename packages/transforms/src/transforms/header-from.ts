/** Kafka Connect's HeaderFrom: fields become headers, moved or copied. */
import { DataError, defineSettings, oneOf } from '@sluice/sdk'
import type { Field, Header, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { entriesOf, fieldValue, likewise, requireMap, requireStruct, setField } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { nonEmptyList, replaceNullWithDefault } from '../shared-settings.ts'
import { perSchema, readField, sameOr, structLike } from '../struct-plan.ts'

const settings = defineSettings(
  {
    fields: { type: 'list', validator: nonEmptyList, importance: 'high', documentation: 'The fields.' },
    headers: {
      type: 'list',
      validator: nonEmptyList,
      importance: 'high',
      documentation: 'The names of their headers, in the same order.',
    },
    operation: {
      type: 'string',
      validator: oneOf('move', 'copy'),
      importance: 'high',
      documentation: 'Whether the fields go (move) or stay (copy).',
    },
    'replace.null.with.default': replaceNullWithDefault,
  },
  {
    *check({ fields, headers }) {
      if (fields.length !== headers.length)
        yield {
          setting: 'fields',
          message: "'fields' config must have the same number of elements as 'headers' config.",
        }
    },
  },
)

export const headerFrom: readonly TransformPlugin[] = keyAndValue(
  { name: 'header-from', className: 'HeaderFrom', documentation: 'Fields become headers, moved or copied.' },
  settings,
  (side, raw) => {
    const { fields: names, headers: keys, operation, 'replace.null.with.default': replaceNull } = settings.parse(raw)
    const isMove = operation === 'move'
    const moved: ReadonlySet<Value> = new Set(isMove ? names : [])
    const purpose = `header ${operation}`
    const planOf = perSchema((schema: StructSchema) => plan(schema, names, moved, replaceNull))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      const headers: Header[] = record.headers === null ? [] : [...record.headers]
      if (schema === null) {
        const fields = requireMap(value, purpose)
        names.forEach((name, at) => headers.push({ key: keys[at]!, schema: null, value: fieldValue(fields, name) }))
        if (!isMove) return { ...record, headers }
        const rest = [...entriesOf(fields)].filter(([name]) => !moved.has(name))
        return { ...side.replace(record, null, likewise(fields, rest)), headers }
      }
      const [structSchema, struct] = requireStruct(schema, value, purpose)
      const { taken, rest, move } = planOf(structSchema)
      taken.forEach((field, at) =>
        headers.push({ key: keys[at]!, schema: field.schema, value: readField(struct, field, replaceNull) }),
      )
      return isMove ? { ...side.replace(record, rest, move(struct)), headers } : { ...record, headers }
    }
    return transform
  },
)

interface Plan {
  readonly taken: readonly Field[]
  readonly rest: StructSchema
  readonly move: (struct: StructValue) => Value
}

function plan(schema: StructSchema, names: readonly string[], moved: ReadonlySet<Value>, replaceNull: boolean): Plan {
  const taken = names.map((name) => {
    const field = schema.fields.find((each) => each.name === name)
    if (field === undefined) throw new DataError(`Field does not exist: ${name}`)
    return field
  })
  const kept = schema.fields.filter((field) => !moved.has(field.name))
  const derived = structLike(
    schema,
    kept.map((field) => [field.name, field.schema] as const),
  )
  return {
    taken,
    rest: sameOr(schema, derived),
    move(struct) {
      const left: Record<string, Value> = {}
      for (const field of kept) setField(left, field.name, readField(struct, field, replaceNull))
      return left
    },
  }
}
