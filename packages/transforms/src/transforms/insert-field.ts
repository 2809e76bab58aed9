/** Kafka Connect's InsertField: adds the record's coordinates or a fixed text as fields. */
import { DataError, defineSettings, primitive, SluiceError, timestamp } from '@sluice/sdk'
import type { MutableFields } from '../fields.ts'
import type { ConnectRecord, Schema, StructSchema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { copyOf, put, requireMap, requireStruct, setField } from '../fields.ts'
import { keyAndValue } from '../record-side.ts'
import { replaceNullWithDefault } from '../shared-settings.ts'
import { fillDefaults, perSchema, structLike } from '../struct-plan.ts'

const fieldName = (what: string) =>
  ({
    type: 'string',
    default: null,
    importance: 'medium',
    documentation: `The field for ${what}. With ! behind the name it is required, else optional (which ? says, too).`,
  }) as const

const settings = defineSettings({
  'topic.field': fieldName('the topic'),
  'partition.field': fieldName('the partition'),
  'offset.field': fieldName('the offset; only for sinks'),
  'timestamp.field': fieldName('the timestamp: Timestamp with a schema, else milliseconds'),
  'static.field': fieldName('the fixed text'),
  'static.value': { type: 'string', default: null, importance: 'medium', documentation: 'The fixed text.' },
  'replace.null.with.default': replaceNullWithDefault,
})

const PURPOSE = 'field insertion'

/** One field to insert. `value` is null where the record has none. */
interface Insertion {
  readonly name: string
  readonly schema: Schema
  readonly value: (record: ConnectRecord) => Value
}

export const insertField: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'insert-field',
    className: 'InsertField',
    documentation: 'Adds the record’s coordinates or a fixed text as fields.',
  },
  settings,
  (side, raw) => {
    const parsed = settings.parse(raw)
    const { 'static.field': staticField, 'static.value': staticValue } = parsed
    if (staticField !== null && staticValue === null)
      throw invalid('Invalid value null for configuration static.value: No value specified for static field')
    const insertions = [
      insertion(
        parsed['topic.field'],
        (optional) => primitive('string', { optional }),
        (record) => record.topic,
      ),
      insertion(parsed['partition.field'], (optional) => primitive('int32', { optional }), partitionOf),
      insertion(parsed['offset.field'], (optional) => primitive('int64', { optional }), offsetOf),
      insertion(
        parsed['timestamp.field'],
        (optional) => timestamp({ optional }),
        (record) => record.timestamp,
      ),
      insertion(
        staticField,
        (optional) => primitive('string', { optional }),
        () => staticValue,
      ),
    ].filter((each) => each !== undefined)
    if (insertions.length === 0)
      throw invalid('No field insertion configured', 'Set at least one of the settings that end in .field.')
    const planOf = perSchema((schema: StructSchema) => ({
      schema: structLike(schema, [
        ...schema.fields.map((field) => [field.name, field.schema] as const),
        ...insertions.map((each) => [each.name, each.schema] as const),
      ]),
      fill: fillDefaults(schema, parsed['replace.null.with.default']),
    }))
    const transform: Transform = (record) => {
      const schema = side.schema(record)
      const value = side.value(record)
      if (value === null) return record
      if (schema === null) {
        const fields = requireMap(value, PURPOSE)
        let copy: MutableFields | undefined
        for (const each of insertions) {
          const inserted = each.value(record)
          if (inserted !== null) put((copy ??= copyOf(fields)), each.name, inserted)
        }
        return copy === undefined ? record : side.replace(record, null, copy)
      }
      const [structSchema, struct] = requireStruct(schema, value, PURPOSE)
      const plan = planOf(structSchema)
      return side.replace(record, plan.schema, inserted(plan.fill(struct), insertions, record))
    }
    return transform
  },
)

function inserted(struct: StructValue, insertions: readonly Insertion[], record: ConnectRecord): Value {
  const copy: Record<string, Value> = { ...struct }
  for (const each of insertions) setField(copy, each.name, each.value(record))
  return copy
}

function insertion(
  spec: string | null,
  schema: (optional: boolean) => Schema,
  value: Insertion['value'],
): Insertion | undefined {
  if (spec === null) return undefined
  const marked = spec.endsWith('!') || spec.endsWith('?')
  return { name: marked ? spec.slice(0, -1) : spec, schema: schema(!spec.endsWith('!')), value }
}

function partitionOf(record: ConnectRecord): Value {
  return (record as { readonly partition?: number | null }).partition ?? null
}

function offsetOf(record: ConnectRecord): Value {
  const { offset } = record as { readonly offset?: number }
  if (offset === undefined)
    throw new DataError(
      `Only SinkRecord supported for [${PURPOSE}], found: org.apache.kafka.connect.source.SourceRecord`,
      {
        remedy: 'Take offset.field out: a record has an offset only once Kafka has it.',
      },
    )
  return offset
}

function invalid(message: string, remedy = 'Set static.value to the text of static.field.'): SluiceError {
  return new SluiceError('SETTINGS_INVALID', message, { remedy })
}
