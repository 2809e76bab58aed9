/** Confluent's MessageTimestampRouter: another topic by a time that a field of the value holds. */
import { DataError, defineSettings } from '@sluice/sdk'
import type { SchemaAndValue, Transform, TransformPlugin } from '@sluice/sdk'
import { dateFormat } from '../date-format/format-date.ts'
import { dateParser } from '../date-format/parse-date.ts'
import { isFields } from '../fields.ts'
import { javaClassOf } from '../java-class.ts'
import { fieldReader } from '../nested-field.ts'
import { CONFLUENT, javaNamesIn } from '../record-side.ts'
import { nonEmptyList } from '../shared-settings.ts'

const settings = defineSettings({
  'topic.format': {
    type: 'string',
    default: '${topic}-${timestamp}',
    importance: 'high',
    documentation: 'The new name, with ${topic} for the old one and ${timestamp} for the time.',
  },
  'message.timestamp.keys': {
    type: 'list',
    validator: nonEmptyList,
    importance: 'high',
    documentation: 'The fields that may hold the time; the first one that is there counts.',
  },
  'message.timestamp.format': {
    type: 'string',
    default: '',
    importance: 'high',
    documentation:
      "How a text holds it: a pattern of Java's SimpleDateFormat, in UTC. Numbers are milliseconds since the epoch.",
  },
  'topic.timestamp.format': {
    type: 'string',
    importance: 'high',
    documentation: "How the time is written into the name: a pattern of Java's SimpleDateFormat, in UTC.",
  },
})

export const messageTimestampRouter: TransformPlugin = {
  name: 'message-timestamp-router',
  aliases: javaNamesIn([CONFLUENT], 'MessageTimestampRouter'),
  documentation: 'Another topic by a time that a field of the value holds.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const keys = parsed['message.timestamp.keys']
    const readers = keys.map((key) => fieldReader([key]))
    const parse = parsed['message.timestamp.format'] === '' ? undefined : dateParser(parsed['message.timestamp.format'])
    const format = dateFormat(parsed['topic.timestamp.format'])
    const transform: Transform = (record) => {
      const { valueSchema, value } = record
      if (!isFields(value))
        throw new DataError(`Only objects have fields that hold a time, found: ${javaClassOf(valueSchema, value)}`)
      const time = readers.map((read) => read(valueSchema, value)).find((each) => each.value !== null)
      if (time === undefined)
        throw new DataError(`None of the fields ${keys.join(', ')} is there to hold a time`, {
          remedy: 'Name such a field in message.timestamp.keys, or leave such records out by a predicate.',
        })
      const written = format(instantOf(time, parse))
      const topic = parsed['topic.format']
        .replaceAll('${topic}', () => record.topic)
        .replaceAll('${timestamp}', () => written)
      return topic === record.topic ? record : { ...record, topic }
    }
    return transform
  },
}

function instantOf({ schema, value }: SchemaAndValue, parse: ReturnType<typeof dateParser> | undefined): number {
  if (typeof value === 'bigint' || Number.isInteger(value)) return Number(value)
  if (typeof value !== 'string') throw new DataError(`Not a time: ${javaClassOf(schema, value)}`)
  const instant = parse?.(value)
  if (instant === undefined)
    throw new DataError(`Could not parse timestamp: ${value} is not of the format of message.timestamp.format`, {
      remedy: 'Set message.timestamp.format to the pattern of the texts.',
    })
  return instant
}
