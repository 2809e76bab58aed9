/** Debezium's outbox EventRouter: rows that are inserted into an outbox table become the events that they describe. */
import { DataError, defineSettings, oneOf, structOf } from '@sluice/sdk'
import type {
  ConnectRecord,
  Header,
  Schema,
  SchemaAndValue,
  StructValue,
  Transform,
  TransformPlugin,
  Value,
} from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { changeEvent, debeziumNames, plain, schemaAt, valueOf } from '../change-event.ts'
import { isFields } from '../fields.ts'
import { javaRegex, javaReplacement, validRegex } from '../java-regex.ts'
import { expandJson } from '../outbox/json-payload.ts'
import { placedColumns } from '../outbox/outbox-columns.ts'
import { perSchema } from '../struct-plan.ts'

const column = (name: string | null, what: string) =>
  ({ type: 'string', default: name, importance: 'low', documentation: `The column of ${what}.` }) as const

const settings = defineSettings({
  'table.field.event.id': column('id', 'the unique id of the event: the header id'),
  'table.field.event.key': column('aggregateid', 'the key of the event'),
  'table.field.event.type': column('type', 'the type of the event, for placements'),
  'table.field.event.payload': column('payload', 'what the event says'),
  'table.field.event.timestamp': column(null, 'the time of the event, in milliseconds. Default: that of the change'),
  'table.field.event.schema.version': column(null, 'the version of the schema of the payload'),
  'table.fields.additional.placement': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation:
      'Where other columns go to: column:header, column:envelope (beside the payload) or column:partition, each perhaps with :name.',
  },
  'table.fields.additional.error.on.missing': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation: 'Whether such a column that is not there is an error, or just missing.',
  },
  'table.expand.json.payload': {
    type: 'boolean',
    default: false,
    importance: 'low',
    documentation:
      'Whether a payload of JSON text becomes an object, with a schema inferred from it. Other text stays text.',
  },
  'table.json.payload.null.behavior': {
    type: 'string',
    default: 'ignore',
    validator: oneOf('ignore', 'optional_bytes'),
    importance: 'low',
    documentation: 'What becomes of nulls in it, whose type nothing tells: they are left out, or are nulls of bytes.',
  },
  'route.by.field': {
    type: 'string',
    default: 'aggregatetype',
    importance: 'low',
    documentation: 'The column that decides about the topic.',
  },
  'route.topic.regex': {
    type: 'string',
    default: '(?<routedByValue>.*)',
    validator: validRegex,
    importance: 'low',
    documentation: 'A Java regular expression for its value.',
  },
  'route.topic.replacement': {
    type: 'string',
    default: 'outbox.event.${routedByValue}',
    importance: 'high',
    documentation: 'The topic, with $1 or ${name} for groups.',
  },
  'route.tombstone.on.empty.payload': {
    type: 'boolean',
    default: false,
    importance: 'low',
    documentation: 'Whether an event without a payload is a tombstone.',
  },
  'table.op.invalid.behavior': {
    type: 'string',
    default: 'warn',
    validator: oneOf('warn', 'error', 'fatal'),
    importance: 'low',
    documentation:
      'What an update of a row of the outbox means, which is no event: it is left out (warn, error), or fails the record (fatal).',
  },
})

export const eventRouter: TransformPlugin = {
  name: 'outbox-event-router',
  aliases: debeziumNames('EventRouter', 'outbox.'),
  documentation: 'Rows that are inserted into an outbox table become the events that they describe.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const placed = placedColumns(parsed['table.fields.additional.placement'])
    const inHeaders = placed.filter(({ placement }) => placement === 'header')
    const inEnvelope = placed.filter(({ placement }) => placement === 'envelope')
    const asPartition = placed.find(({ placement }) => placement === 'partition')
    const topicOf = topicBy(parsed['route.topic.regex'], parsed['route.topic.replacement'])
    const envelopes = perSchema((row: Schema) => perVersion((version) => envelopeOf(row, version)))

    const transform: Transform = (record) => {
      if (record.value === null) return null
      const event = changeEvent(record)
      if (event === undefined) return record
      if (event.op !== 'c' && event.op !== 'r') return invalid(event.op)
      const row = valueOf(event.value, 'after')
      const schema = event.schema === null ? null : schemaAt(event.schema, 'after')
      if (!isFields(row)) throw new DataError('An event of an outbox table has no row after the change')
      const partition = asPartition === undefined ? undefined : read(schema, row, asPartition.column)
      const routed = {
        ...record,
        topic: topicOf(required(row, parsed['route.by.field'])),
        ...keyOf(record, schema, row),
        ...valueIn(schema, row),
        timestamp: timestampOf(record, row, event.value),
        headers: [...(record.headers ?? []), ...headersOf(schema, row)],
        ...(partition !== undefined && partition.value !== null && { partition: Number(partition.value) }),
      }
      return routed
    }
    return transform

    function invalid(op: string): null {
      // Events are deleted once they are sent, which means nothing to those who read them.
      if (op === 'd' || parsed['table.op.invalid.behavior'] !== 'fatal') return null
      throw new DataError(`Unexpected update message received in an outbox table: operation ${op}`, {
        remedy: 'Only insert rows into it, or set table.op.invalid.behavior to warn.',
      })
    }

    function read(schema: Schema | null, row: Value, name: string): SchemaAndValue | undefined {
      const isThere = isFields(row) && (row instanceof Map ? row.has(name) : Object.hasOwn(row, name))
      const of = schemaAt(schema, name)
      if (isThere || of !== null) return { schema: of, value: valueOf(row, name) }
      if (!parsed['table.fields.additional.error.on.missing']) return undefined
      throw new DataError(`Unable to find field ${name} in event`, {
        remedy: 'Add the column to the outbox table, or take it out of table.fields.additional.placement.',
      })
    }

    function keyOf(record: ConnectRecord, schema: Schema | null, row: Value): { keySchema: Schema | null; key: Value } {
      const name = parsed['table.field.event.key']
      const key = valueOf(row, name)
      return key === null
        ? { keySchema: record.keySchema, key: record.key }
        : { keySchema: schemaAt(schema, name), key }
    }

    function headersOf(schema: Schema | null, row: Value): Header[] {
      const id = parsed['table.field.event.id']
      const headers: Header[] = [{ key: 'id', schema: schemaAt(schema, id), value: required(row, id) }]
      for (const { column: name, alias } of inHeaders) {
        const found = read(schema, row, name)
        if (found !== undefined) headers.push({ key: alias, ...found })
      }
      return headers
    }

    function timestampOf(record: ConnectRecord, row: Value, envelope: Value): number | null {
      const name = parsed['table.field.event.timestamp']
      const at = name === null ? valueOf(envelope, 'ts_ms') : valueOf(row, name)
      return at === null ? record.timestamp : Number(at)
    }

    function valueIn(schema: Schema | null, row: Value): { valueSchema: Schema | null; value: Value } {
      const name = parsed['table.field.event.payload']
      const bare = { schema: schemaAt(schema, name), value: valueOf(row, name) }
      const isEmpty = bare.value === null || bare.value === ''
      if (isEmpty && parsed['route.tombstone.on.empty.payload']) return { valueSchema: null, value: null }
      const payload = parsed['table.expand.json.payload'] ? expanded(bare) : bare
      if (inEnvelope.length === 0)
        return { valueSchema: versioned(payload.schema, versionOf(row)), value: payload.value }
      const value: Record<string, Value> = { [name]: payload.value }
      for (const { column: from, alias } of inEnvelope) {
        const found = read(schema, row, from)
        if (found !== undefined) value[alias] = found.value
      }
      if (schema === null) return { valueSchema: null, value }
      const valueSchema =
        payload === bare ? envelopes(schema)(versionOf(row)) : envelopeOf(schema, versionOf(row), payload.schema)
      return { valueSchema, value }
    }

    function expanded(bare: SchemaAndValue): SchemaAndValue {
      if (typeof bare.value !== 'string') return bare
      const found = expandJson(bare.value, parsed['table.json.payload.null.behavior'])
      if (found === undefined) return bare
      return bare.schema === null ? { schema: null, value: JSON.parse(bare.value) as Value } : found
    }

    function versionOf(row: Value): number | undefined {
      const name = parsed['table.field.event.schema.version']
      const version = name === null ? null : valueOf(row, name)
      return version === null ? undefined : Number(version)
    }

    /** The payload, and beside it the columns that go there. */
    function envelopeOf(row: Schema, version: number | undefined, payload: Schema | null = null): Schema {
      const own = parsed['table.field.event.payload']
      const fields = [{ column: own, alias: own }, ...inEnvelope].flatMap(
        ({ column: from, alias }): [string, Schema][] => {
          const of = from === own && payload !== null ? payload : schemaAt(row, from)
          return of === null ? [] : [[alias, of]]
        },
      )
      return structOf(fields, { version })
    }
  },
}

function required(row: Value, name: string): string {
  const value = isFields(row) ? (plain(row) satisfies StructValue)[name] : null
  if (value === null || value === undefined) throw new DataError(`Unable to find field ${name} in event`)
  return valueText(null, value)
}

function topicBy(pattern: string, replacement: string): (value: string) => string {
  const regex = javaRegex(pattern)
  const replace = javaReplacement(regex, replacement)
  return (value) => (regex.whole.test(value) ? replace(value) : value)
}

function versioned(schema: Schema | null, version: number | undefined): Schema | null {
  return schema === null || version === undefined ? schema : withVersion(schema)(version)
}

const withVersion = perSchema((schema: Schema) =>
  perVersion((version) => (version === undefined ? schema : Object.freeze({ ...schema, version }))),
)

function perVersion(make: (version: number | undefined) => Schema): (version: number | undefined) => Schema {
  const made = new Map<number | undefined, Schema>()
  return (version) => {
    let found = made.get(version)
    if (found === undefined) made.set(version, (found = make(version)))
    return found
  }
}
