/** Masks of one's own: some text fields of a key or value become other texts, wherever in the object they are. */
import { DataError } from '@sluice/sdk'
import type { Schema, SettingsDeclaration, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { fieldPath } from './field-path.ts'
import { copyOf, fieldValue, isFields, put } from './fields.ts'
import type { Fields } from './fields.ts'
import { javaClassOf } from './java-class.ts'
import { keyAndValue } from './record-side.ts'
import type { RecordSide } from './record-side.ts'
import { schemaAt } from './change-event.ts'
import { nonEmptyList } from './shared-settings.ts'

/** What becomes of a text. */
export type TextMask = (text: string) => string

/** The setting `fields` of a mask. */
export function textFields(verb: string) {
  return {
    type: 'list',
    validator: nonEmptyList,
    importance: 'high',
    documentation: `The text fields to ${verb}; dots lead into nested ones. Where a field is missing or null nothing changes.`,
  } as const
}

/** The two plugins of a mask, which have names of ours alone. */
export function textMask(
  name: string,
  documentation: string,
  settings: SettingsDeclaration,
  create: (raw: Readonly<Record<string, string>>) => { readonly fields: readonly string[]; readonly mask: TextMask },
): readonly TransformPlugin[] {
  return keyAndValue({ name, documentation }, settings, (side, raw) => {
    const { fields, mask } = create(raw)
    return masking(
      side,
      fields.map((field) => fieldPath(field, 'V2')),
      mask,
    )
  })
}

function masking(side: RecordSide, paths: readonly (readonly string[])[], mask: TextMask): Transform {
  return (record) => {
    const schema = side.schema(record)
    let value = side.value(record)
    for (const path of paths) if (isFields(value)) value = masked(schema, value, path, 0, mask)
    return side.replace(record, schema, value)
  }
}

/** The object itself where the field is not there, or null. */
function masked(schema: Schema | null, fields: Fields, path: readonly string[], at: number, mask: TextMask): Fields {
  const name = path[at]!
  const was = fieldValue(fields, name)
  if (was === null) return fields
  const of = schemaAt(schema, name)
  const is = at < path.length - 1 ? inner(of, was, path, at + 1, mask) : text(of, was, path, mask)
  if (is === was) return fields
  const copy = copyOf(fields)
  put(copy, name, is)
  return copy
}

function inner(schema: Schema | null, value: Value, path: readonly string[], at: number, mask: TextMask): Value {
  return isFields(value) ? masked(schema, value, path, at, mask) : value
}

function text(schema: Schema | null, value: Value, path: readonly string[], mask: TextMask): Value {
  if (typeof value === 'string' && (schema === null || schema.type === 'string')) return mask(value)
  throw new DataError(`Only texts can be masked so, found: class ${javaClassOf(schema, value)}`, {
    place: { field: path.join('.') },
    remedy: 'Use MaskField for other types, or Cast the field to string first.',
  })
}
