/** Confluent's and Aiven's ExtractTopic: the topic is what a field, the whole key or value, or a header says. */
import { DataError, defineSettings, oneOf } from '@sluice/sdk'
import type { ConnectRecord, Schema, SchemaAndValue, Transform, TransformPlugin } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { fieldPath } from '../field-path.ts'
import { jsonPath } from '../json-path.ts'
import { fieldReader, NOTHING } from '../nested-field.ts'
import { AIVEN, CONFLUENT, javaNamesIn, keyAndValue } from '../record-side.ts'

const skipMissing = {
  type: 'boolean',
  default: false,
  importance: 'medium',
  documentation: 'Whether a record of which nothing names the topic keeps the one that it has; else it is bad.',
} as const

const settings = defineSettings(
  {
    field: {
      type: 'string',
      default: '',
      importance: 'medium',
      documentation: 'The field that holds the topic. Empty: the whole key or value.',
    },
    'field.format': {
      type: 'string',
      default: 'PLAIN',
      validator: oneOf('JSON_PATH', 'PLAIN'),
      importance: 'medium',
      documentation: 'Whether field is a name as it is (PLAIN), or a path such as $["a"]["b"] or $.a.b (JSON_PATH).',
    },
    'field.name': {
      type: 'string',
      default: null,
      importance: 'medium',
      documentation: 'Aiven’s word for field; dots lead into nested ones.',
    },
    'skip.missing.or.null': skipMissing,
    'append.to.topic': {
      type: 'boolean',
      default: false,
      importance: 'low',
      documentation: 'Whether the topic’s own name stays in front (Aiven’s).',
    },
    'append.to.topic.delimiter': {
      type: 'string',
      default: '-',
      importance: 'low',
      documentation: 'What stands between the two.',
    },
  },
  {
    *check({ field, 'field.name': fieldName }) {
      if (field !== '' && fieldName !== null)
        yield { setting: 'field.name', message: 'field and field.name name the same: set one of them' }
    },
  },
)

const headerSettings = defineSettings({
  field: { type: 'string', importance: 'medium', documentation: 'The header that holds the topic.' },
  'skip.missing.or.null': skipMissing,
})

const sides = keyAndValue(
  {
    name: 'extract-topic',
    className: 'ExtractTopic',
    packages: [CONFLUENT, AIVEN],
    documentation: 'The topic is what a field, or the whole key or value, says.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const name = parsed['field.name'] ?? parsed.field
    const isPath = parsed['field.format'] === 'JSON_PATH' && parsed['field.name'] === null
    const path = isPath ? jsonPath(name, 'field') : pathOf(name, parsed['field.name'] !== null)
    const read = fieldReader(path)
    const front = parsed['append.to.topic'] ? parsed['append.to.topic.delimiter'] : undefined
    const place = side.name
    return routing(
      (record) => {
        const schema = side.schema(record)
        const value = side.value(record)
        if (path.length > 0 && value === null) throw new DataError(`${place} can't be null if field name is specified`)
        if (path.length > 0 && schema !== null && schema.type !== 'struct')
          throw new DataError(`${place} schema type must be STRUCT if field name is specified`)
        return read(schema, value)
      },
      path.length === 0 ? place : `${name} in ${place}`,
      parsed['skip.missing.or.null'],
      front,
    )
  },
)

const ofHeader: TransformPlugin = {
  name: 'extract-topic-header',
  aliases: javaNamesIn([CONFLUENT], 'ExtractTopic$Header'),
  documentation: 'The topic is what a header says; of several of one name the last counts.',
  settings: headerSettings,
  create(raw) {
    const { field, 'skip.missing.or.null': isSkipping } = headerSettings.parse(raw)
    const header = ({ headers }: ConnectRecord): SchemaAndValue =>
      headers?.findLast(({ key }) => key === field) ?? NOTHING
    return routing(header, `header ${field}`, isSkipping)
  },
}

export const extractTopic: readonly TransformPlugin[] = [...sides, ofHeader]

function pathOf(name: string, isNested: boolean): readonly string[] {
  if (name === '') return []
  return isNested ? fieldPath(name, 'V2') : [name]
}

/**
 * @param read what names the topic
 * @param place what it is called in messages
 * @param front what stands between the topic's own name and the one read; undefined: the own name goes
 */
function routing(
  read: (record: ConnectRecord) => SchemaAndValue,
  place: string,
  isSkipping: boolean,
  front?: string,
): Transform {
  return (record) => {
    const { schema, value } = read(record)
    const named = value === null ? '' : topicOf(schema, value, place)
    if (named.trim() === '') {
      if (isSkipping) return record
      throw new DataError(`${place} can't be null or empty`, {
        remedy: 'Set skip.missing.or.null=true if such records are to keep their topic.',
      })
    }
    const topic = front === undefined ? named : record.topic + front + named
    return topic === record.topic ? record : { ...record, topic }
  }
}

function topicOf(schema: Schema | null, value: SchemaAndValue['value'], place: string): string {
  if (typeof value !== 'object' && schema?.type !== 'bytes') return valueText(schema, value)
  throw new DataError(`${place} must be a text, a number or a boolean to be a topic`, {
    remedy: 'Name a field that holds the topic.',
  })
}
