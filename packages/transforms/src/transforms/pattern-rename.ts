/** PatternRename of kafka-connect-transform-common: fields get other names by pattern. */
import { defineSettings, listOf, structOf } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { entriesOf, fieldMover, likewise, requireMap, requireStruct } from '../fields.ts'
import { javaRegex, javaReplacementOfAll, validRegex } from '../java-regex.ts'
import { CUSTENBORDER, keyAndValue } from '../record-side.ts'
import { basicsOf, fillDefaults, perSchema, sameOr } from '../struct-plan.ts'

/** The letters of Java's flags within a pattern. */
const FLAGS = { CASE_INSENSITIVE: 'i', DOTALL: 's', MULTILINE: 'm', UNICODE_CASE: 'u', UNIX_LINES: 'd' } as const

const settings = defineSettings({
  'field.pattern': {
    type: 'string',
    validator: validRegex,
    importance: 'high',
    documentation: 'A Java regular expression; what fits in a name is replaced, wherever it is.',
  },
  'field.pattern.flags': {
    type: 'list',
    default: ['CASE_INSENSITIVE'],
    validator: listOf(Object.keys(FLAGS) as (keyof typeof FLAGS)[]),
    importance: 'low',
    documentation: 'Java’s flags of the pattern.',
  },
  'field.replacement': {
    type: 'string',
    importance: 'high',
    documentation: 'What takes its place, with $1 or ${name} for groups.',
  },
})

const PURPOSE = 'renaming fields'

export const patternRename: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'pattern-rename',
    className: 'PatternRename',
    packages: [CUSTENBORDER],
    documentation: 'Fields get other names by pattern.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const letters = parsed['field.pattern.flags'].map((flag) => FLAGS[flag]).join('')
    const rename = javaReplacementOfAll(flagged(parsed['field.pattern'], letters), parsed['field.replacement'])
    const move = fieldMover(rename)
    const planOf = perSchema((schema: StructSchema) => ({
      schema: renamed(schema, rename),
      fill: fillDefaults(schema, true),
    }))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      if (schema === null) {
        const fields = requireMap(value, PURPOSE)
        if (!(fields instanceof Map)) return side.replace(record, null, move(fields as StructValue))
        const entries = [...entriesOf(fields)].map(([name, item]): [Value, Value] => [
          typeof name === 'string' ? rename(name) : name,
          item,
        ])
        const isTouched = entries.some(([name]) => !(fields as ReadonlyMap<Value, Value>).has(name))
        return isTouched ? side.replace(record, null, likewise(fields, entries)) : record
      }
      const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
      const plan = planOf(structSchema)
      return side.replace(record, plan.schema, move(plan.fill(struct)))
    }
    return transform
  },
)

function flagged(pattern: string, letters: string): ReturnType<typeof javaRegex> {
  if (letters === '') return javaRegex(pattern)
  const own = /^\(\?[a-z]+\)/.exec(pattern)
  return javaRegex(own === null ? `(?${letters})${pattern}` : `(?${letters}${pattern.slice(2)}`)
}

/** @throws SchemaError when two fields get one name */
function renamed(schema: StructSchema, rename: (name: string) => string): Schema {
  const fields = schema.fields.map((field) => [rename(field.name), field.schema] as const)
  return sameOr(schema, structOf(fields, { ...basicsOf(schema), optional: schema.optional }))
}
