/** Kafka Connect's ReplaceField: leaves fields out and renames fields. */
import { defineSettings, validatedBy } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { requireMap, requireStruct, setField } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { replaceNullWithDefault } from '../shared-settings.ts'
import { fillDefaults, perSchema, readField, sameOr, structLike } from '../struct-plan.ts'

const settings = defineSettings({
  exclude: {
    type: 'list',
    default: [],
    importance: 'medium',
    documentation: 'Fields to leave out, also if they are among those to include.',
  },
  include: {
    type: 'list',
    default: [],
    importance: 'medium',
    documentation: 'The only fields to keep. Empty: all.',
  },
  renames: {
    type: 'list',
    default: [],
    validator: validatedBy('list of colon-delimited pairs, e.g. foo:bar,abc:xyz', (pairs) => {
      const wrong = (pairs as readonly string[]).find((pair) => pair.replace(/:+$/, '').split(':').length !== 2)
      return wrong === undefined ? undefined : `Invalid rename mapping: ${wrong}`
    }),
    importance: 'medium',
    documentation: 'Old and new names, as old:new. They are renamed after others have been left out.',
  },
  'replace.null.with.default': replaceNullWithDefault,
})

const PURPOSE = 'field replacement'

export const replaceField: readonly TransformPlugin[] = keyAndValue(
  'replace-field',
  'ReplaceField',
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const replaceNull = parsed['replace.null.with.default']
    const excluded = new Set(parsed.exclude)
    const included = new Set(parsed.include)
    const renames = new Map(
      parsed.renames.map((pair): [string, string] => {
        const [from = '', to = ''] = pair.split(':')
        return [from, to]
      }),
    )
    const isKept = (name: string): boolean => !excluded.has(name) && (included.size === 0 || included.has(name))
    const touches = (name: string): boolean => !isKept(name) || renames.has(name)
    const planOf = perSchema((schema: StructSchema) => plan(schema, isKept, renames, replaceNull))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      if (schema !== null) {
        const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
        const { schema: replaced, move } = planOf(structSchema)
        return side.replace(record, replaced, move(struct))
      }
      const fields = requireMap(value, PURPOSE)
      return side.replace(
        record,
        null,
        fields instanceof Map ? replacedMap(fields) : replacedObject(fields as StructValue),
      )
    }
    return transform

    function replacedObject(fields: StructValue): Value {
      let isTouched = false
      for (const name in fields) if (touches(name)) isTouched = true
      if (!isTouched) return fields
      const replaced: Record<string, Value> = {}
      for (const name in fields) if (isKept(name)) setField(replaced, renames.get(name) ?? name, fields[name]!)
      return replaced
    }

    /** Names that are no text can be neither listed nor renamed. */
    function replacedMap(fields: ReadonlyMap<Value, Value>): Value {
      const replaced = new Map<Value, Value>()
      let isTouched = false
      for (const [name, item] of fields) {
        if (touches(name as string)) isTouched = true
        if (isKept(name as string)) replaced.set(renames.get(name as string) ?? name, item)
      }
      return isTouched ? replaced : fields
    }
  },
)

function plan(
  schema: StructSchema,
  isKept: (name: string) => boolean,
  renames: ReadonlyMap<string, string>,
  replaceNull: boolean,
): { schema: Schema; move: (struct: StructValue) => Value } {
  const moves = schema.fields
    .filter((field) => isKept(field.name))
    .map((field) => ({ field, to: renames.get(field.name) ?? field.name }))
  const derived = structLike(
    schema,
    moves.map(({ field, to }) => [to, field.schema] as const),
  )
  const replaced = sameOr(schema, derived)
  if (replaced === schema) return { schema, move: fillDefaults(schema, replaceNull) }
  return {
    schema: replaced,
    move(struct) {
      const moved: Record<string, Value> = {}
      for (const { field, to } of moves) setField(moved, to, readField(struct, field, replaceNull))
      return moved
    },
  }
}
