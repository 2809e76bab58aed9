/** Debezium's ByLogicalTableRouter: the tables of one kind share a topic, and their keys say which table it was. */
import { defineSettings, primitive, structOf } from '@sluice/sdk'
import type { Schema, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { debeziumNames, isEnvelopeSchema } from '../change-event.ts'
import { copyOf, isFields, put } from '../fields.ts'
import { javaRegex, javaReplacement, validRegex } from '../java-regex.ts'
import { basicsOf, perSchema } from '../struct-plan.ts'

const settings = defineSettings({
  'topic.regex': {
    type: 'string',
    validator: validRegex,
    importance: 'low',
    documentation:
      'A Java regular expression for the whole name of the topic; records of other topics stay as they are.',
  },
  'topic.replacement': {
    type: 'string',
    importance: 'low',
    documentation: 'The topic they share, with $1 or ${name} for groups.',
  },
  'key.enforce.uniqueness': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation: 'Whether keys get a field that says which table it was: equal keys of two tables would be one.',
  },
  'key.field.name': {
    type: 'string',
    default: '__dbz__physicalTableIdentifier',
    importance: 'low',
    documentation: 'The name of that field.',
  },
  'key.field.regex': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'A regular expression for the topic, to take the table from. Empty: the topic itself.',
  },
  'key.field.replacement': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'What is taken, with $1 or ${name} for groups.',
  },
})

const TEXT: Schema = primitive('string')

export const byLogicalTableRouter: TransformPlugin = {
  name: 'by-logical-table-router',
  aliases: debeziumNames('ByLogicalTableRouter'),
  documentation: 'The tables of one kind share a topic, and their keys say which table it was.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const routed = byPattern(parsed['topic.regex'], parsed['topic.replacement'])
    const isUnique = parsed['key.enforce.uniqueness']
    const name = parsed['key.field.name']
    const table =
      parsed['key.field.regex'] === '' || parsed['key.field.replacement'] === ''
        ? (topic: string): string => topic
        : byPattern(parsed['key.field.regex'], parsed['key.field.replacement'])
    const keySchemas = perTopicAndSchema((schema, topic) => keySchemaOf(schema, topic, isUnique ? name : undefined))
    const valueSchemas = perTopicAndSchema(valueSchemaOf)
    const transform: Transform = (record) => {
      const topic = routed(record.topic)
      if (topic === '' || topic === record.topic) return record
      const { key, keySchema, valueSchema } = record
      return {
        ...record,
        topic,
        key: isUnique ? withTable(key, name, table(record.topic)) : key,
        keySchema: keySchema === null ? null : keySchemas(keySchema, topic),
        valueSchema: valueSchema === null ? null : valueSchemas(valueSchema, topic),
      }
    }
    return transform
  },
}

/** The replacement of a text that fits as a whole; the text itself where it does not. */
function byPattern(pattern: string, replacement: string): (text: string) => string {
  const regex = javaRegex(pattern)
  const replace = javaReplacement(regex, replacement)
  let [last, lastReplaced] = ['', '']
  return (text) => {
    if (text !== last) [last, lastReplaced] = [text, regex.whole.test(text) ? replace(text) : text]
    return lastReplaced
  }
}

function withTable(key: Value, name: string, table: string): Value {
  if (!isFields(key)) return key
  const copy = copyOf(key)
  put(copy, name, table)
  return copy
}

function keySchemaOf(schema: Schema, topic: string, name: string | undefined): Schema {
  if (schema.type !== 'struct') return schema
  const fields = schema.fields.map((field) => [field.name, field.schema] as const)
  const all = name === undefined ? fields : [...fields, [name, TEXT] as const]
  return structOf(all, { ...basicsOf(schema), optional: schema.optional, name: `${topic}.Key` })
}

/** An envelope is called after its topic, and so are the rows in it. */
function valueSchemaOf(schema: Schema, topic: string): Schema {
  if (!isEnvelopeSchema(schema)) return schema
  const fields = schema.fields.map((field): readonly [string, Schema] => {
    const isRow = (field.name === 'before' || field.name === 'after') && field.schema.type === 'struct'
    return [field.name, isRow ? Object.freeze({ ...field.schema, name: `${topic}.Value` }) : field.schema]
  })
  return structOf(fields, { ...basicsOf(schema), optional: schema.optional, name: `${topic}.Envelope` })
}

/** Remembers a schema for each topic that a schema went to; mostly that is one. */
function perTopicAndSchema(make: (schema: Schema, topic: string) => Schema): (schema: Schema, topic: string) => Schema {
  const made = perSchema((schema: Schema) => {
    const byTopic = new Map<string, Schema>()
    return (topic: string): Schema => {
      let found = byTopic.get(topic)
      if (found === undefined) byTopic.set(topic, (found = make(schema, topic)))
      return found
    }
  })
  return (schema, topic) => made(schema)(topic)
}
