/** BytesToString of kafka-connect-transform-common: bytes become the text that they are. */
import { DataError, defineSettings, oneOfIgnoringCase, primitive, structOf } from '@sluice/sdk'
import type { Schema, StructSchema, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { schemaAt } from '../change-event.ts'
import { copyOf, fieldValue, isFields, put } from '../fields.ts'
import type { MutableFields } from '../fields.ts'
import { javaClassOf } from '../java-class.ts'
import { CUSTENBORDER, keyAndValue } from '../record-side.ts'
import { basicsOf, perSchema, sameOr } from '../struct-plan.ts'

const CHARSETS: ReadonlyMap<string, BufferEncoding> = new Map([
  ['UTF-8', 'utf8'],
  ['ISO-8859-1', 'latin1'],
  ['UTF-16LE', 'utf16le'],
])

const settings = defineSettings({
  charset: {
    type: 'string',
    default: 'UTF-8',
    validator: oneOfIgnoringCase(...CHARSETS.keys()),
    importance: 'high',
    documentation: 'How characters are written as bytes. What is none is read as U+FFFD.',
  },
  fields: {
    type: 'list',
    default: [],
    importance: 'high',
    documentation: 'The fields, of a key or value that is an object; one that is bytes is converted as a whole.',
  },
})

export const bytesToString: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'bytes-to-string',
    className: 'BytesToString',
    packages: [CUSTENBORDER],
    documentation: 'Bytes become the text that they are.',
  },
  settings,
  (side, raw) => {
    const { charset, fields: names } = settings.parse(raw)
    const encoding = CHARSETS.get(charset.toUpperCase())!
    const schemaOf = perSchema((schema: Schema) =>
      schema.type === 'struct' ? withTexts(schema, names) : textLike(schema),
    )
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      if (!isFields(value))
        return side.replace(record, schema === null ? null : schemaOf(schema), textOf(schema, value, encoding))
      let copy: MutableFields | undefined
      for (const name of names) {
        const bytes = fieldValue(value, name)
        if (bytes !== null) put((copy ??= copyOf(value)), name, textOf(schemaAt(schema, name), bytes, encoding))
      }
      return side.replace(record, schema === null ? null : schemaOf(schema), copy ?? value)
    }
    return transform
  },
)

function textOf(schema: Schema | null, value: Value, encoding: BufferEncoding): string {
  if (value instanceof Uint8Array && (schema === null || schema.type === 'bytes'))
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString(encoding)
  throw new DataError(`Only bytes can be read as text, found: ${javaClassOf(schema, value)}`)
}

function withTexts(schema: StructSchema, names: readonly string[]): Schema {
  const fields = schema.fields.map(
    (field) => [field.name, names.includes(field.name) ? textLike(field.schema) : field.schema] as const,
  )
  return sameOr(schema, structOf(fields, { ...basicsOf(schema), optional: schema.optional }))
}

function textLike({ optional }: Schema): Schema {
  return primitive('string', { optional })
}
