/** Kafka Connect's ReplaceField: leaves fields out and renames fields. */
import { defineSettings, validatedBy } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { fieldMover, requireMap, requireStruct } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { replaceNullWithDefault } from '../shared-settings.ts'
import { fillDefaults, perSchema, sameOr, structLike } from '../struct-plan.ts'

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
  { name: 'replace-field', className: 'ReplaceField', documentation: 'Leaves fields out and renames fields.' },
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
    const target = (name: string): string | undefined => (isKept(name) ? (renames.get(name) ?? name) : undefined)
    const planOf = perSchema((schema: StructSchema) => plan(schema, target, replaceNull))
    const moveObject = fieldMover(target)
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
        fields instanceof Map ? movedMap(fields, target) : moveObject(fields as StructValue),
      )
    }
    return transform
  },
)

/** Names that are no text can be neither listed nor renamed, but are left out where only some are to be kept. */
function movedMap(fields: ReadonlyMap<Value, Value>, target: (name: string) => string | undefined): Value {
  const moved = new Map<Value, Value>()
  let isTouched = false
  for (const [name, item] of fields) {
    const to = target(name as string)
    if (to !== name) isTouched = true
    if (to !== undefined) moved.set(to, item)
  }
  return isTouched ? moved : fields
}

function plan(
  schema: StructSchema,
  target: (name: string) => string | undefined,
  replaceNull: boolean,
): { schema: Schema; move: (struct: StructValue) => Value } {
  const fields = schema.fields.flatMap((field): (readonly [string, Schema])[] => {
    const to = target(field.name)
    return to === undefined ? [] : [[to, field.schema]]
  })
  const replaced = sameOr(schema, structLike(schema, fields))
  const fill = fillDefaults(schema, replaceNull)
  if (replaced === schema) return { schema, move: fill }
  const move = fieldMover(target)
  return { schema: replaced, move: (struct) => move(fill(struct)) }
}
