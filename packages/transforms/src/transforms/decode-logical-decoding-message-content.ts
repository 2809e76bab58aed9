/** Debezium's DecodeLogicalDecodingMessageContent: the JSON that a PostgreSQL message holds becomes the row of a change event. */
import { canonical, DataError, defineSettings, structOf } from '@sluice/sdk'
import type {
  ConnectRecord,
  Schema,
  SchemaAndValue,
  StructSchema,
  Transform,
  TransformPlugin,
  Value,
} from '@sluice/sdk'
import { fieldValue, requireStruct, setField } from '../fields.ts'
import { expandJson } from '../outbox/json-payload.ts'
import { perSchema } from '../struct-plan.ts'

const settings = defineSettings({
  'fields.null.include': {
    type: 'boolean',
    default: false,
    importance: 'medium',
    documentation:
      'Whether members that are null are kept, as null bytes, because nothing says of which type they are.',
  },
})

const MESSAGE_VALUE = 'io.debezium.connector.postgresql.MessageValue'
const MESSAGE = 'message'
/** How much of a text that is no JSON object is shown. */
const SHOWN_CHARS = 200
/** How many kinds of content are remembered. */
const CONTENTS = 100

export const decodeLogicalDecodingMessageContent: TransformPlugin = {
  name: 'decode-logical-decoding-message-content',
  aliases: [
    'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
    'DecodeLogicalDecodingMessageContent',
  ],
  documentation:
    'The JSON object that a message of PostgreSQL (pg_logical_emit_message) holds becomes the row of a change event, as the outbox’s.',
  settings,
  create(raw) {
    const nulls = settings.parse(raw)['fields.null.include'] ? 'optional_bytes' : 'ignore'
    const envelopeOf = perSchema(envelopes)
    const transform: Transform = (record) => {
      if (record.valueSchema?.name !== MESSAGE_VALUE) return record
      const [schema, value] = requireStruct(record.valueSchema, record.value, 'Retrieve a record value')
      const content = expandJson(contentOf(record, schema), nulls)
      if (content?.schema?.type !== 'struct') throw unparsable(contentOf(record, schema))
      const event: Record<string, Value> = {}
      for (const { name } of schema.fields)
        if (name !== MESSAGE) setField(event, name, name === 'op' ? 'c' : fieldValue(value, name))
      event['after'] = content.value
      return { ...record, keySchema: null, key: null, valueSchema: envelopeOf(schema)(content), value: event }
    }
    return transform
  },
}

function contentOf({ value }: ConnectRecord, schema: StructSchema): string {
  const field = schema.fields.find(({ name }) => name === MESSAGE)
  const [of, message] = requireStruct(
    field?.schema ?? schema,
    field === undefined ? null : fieldValue(value as Record<string, Value>, MESSAGE),
    'Retrieve content of a logical decoding message',
  )
  const content = fieldValue(message, 'content')
  if (of.fields.find(({ name }) => name === 'content')?.schema.type !== 'bytes' || !(content instanceof Uint8Array))
    throw new DataError('The content of a logical decoding message is non-binary', {
      remedy: 'Set binary.handling.mode=bytes at the connector.',
    })
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('utf8')
}

/** The schema of the event: that of the message, without the message, with a row of the content's schema. */
function envelopes(schema: StructSchema): (content: SchemaAndValue) => Schema {
  const made = new Map<string, Schema>()
  return (content) => {
    const key = canonical(content.schema!)
    let found = made.get(key)
    if (found === undefined) {
      const rest = schema.fields.filter(({ name }) => name !== MESSAGE)
      found = structOf(
        [...rest.map((field) => [field.name, field.schema] as const), ['after', content.schema!] as const],
        {
          name: `${MESSAGE_VALUE}.Envelope`,
        },
      )
      if (made.size >= CONTENTS) made.clear()
      made.set(key, found)
    }
    return found
  }
}

function unparsable(text: string): DataError {
  const shown = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text
  return new DataError(`Unable to parse logical decoding message content JSON string '${shown}'`, {
    remedy: 'Emit a JSON object, or keep such messages away by a predicate.',
  })
}
