/** Debezium's ExtractNewRecordState: a change event becomes the row as it is now, with metadata of one's choice. */
import { defineSettings, oneOf, primitive, structOf } from '@sluice/sdk'
import type { ConnectRecord, Header, Schema, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import { changeEvent, debeziumNames, plain, schemaAt, valueOf } from '../change-event.ts'
import type { ChangeEvent } from '../change-event.ts'
import { copyOf, isFields, put } from '../fields.ts'
import { metadataFields } from '../metadata-fields.ts'
import type { MetadataField } from '../metadata-fields.ts'
import { basicsOf, fillDefaults, perSchema } from '../struct-plan.ts'

const settings = defineSettings({
  'delete.tombstone.handling.mode': {
    type: 'string',
    default: 'tombstone',
    validator: oneOf('drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'),
    importance: 'medium',
    documentation:
      'What becomes of a deleted row: drop leaves nothing of it; tombstone the tombstone that follows the delete; rewrite the row ' +
      'before, with a field __deleted that is "true"; rewrite-with-tombstone both; delete-to-tombstone makes a tombstone of the delete.',
  },
  'add.fields': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation:
      'Metadata to add as fields: op, ts_ms, fields of the source such as lsn or source.ts_ms; each perhaps as field:name.',
  },
  'add.fields.prefix': {
    type: 'string',
    default: '__',
    importance: 'low',
    documentation: 'What the names of added fields begin with.',
  },
  'add.headers': {
    type: 'list',
    default: [],
    importance: 'low',
    documentation: 'Metadata to add as headers, likewise.',
  },
  'add.headers.prefix': {
    type: 'string',
    default: '__',
    importance: 'low',
    documentation: 'What the names of added headers begin with.',
  },
  'route.by.field': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'A field of the row whose value is the topic to send to. Empty: the topic stays.',
  },
  'drop.fields.header.name': {
    type: 'string',
    default: '',
    importance: 'low',
    documentation: 'A header that lists fields to leave out of the row, as ExtractChangedRecordState writes it.',
  },
  'drop.fields.from.key': {
    type: 'boolean',
    default: false,
    importance: 'low',
    documentation: 'Whether they are left out of the key, too.',
  },
  'drop.fields.keep.schema.compatible': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation: 'Whether only optional fields are left out.',
  },
  'replace.null.with.default': {
    type: 'boolean',
    default: true,
    importance: 'low',
    documentation: 'Whether a column that is null is taken for its default.',
  },
})

const DELETED = '__deleted'
const TEXT: Schema = primitive('string', { optional: true })

export const extractNewRecordState: TransformPlugin = {
  name: 'extract-new-record-state',
  aliases: debeziumNames('ExtractNewRecordState'),
  documentation: 'A change event becomes the row as it is now, with metadata of one’s choice.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const mode = parsed['delete.tombstone.handling.mode']
    const isRewrite = mode === 'rewrite' || mode === 'rewrite-with-tombstone'
    const keepsTombstones = mode === 'tombstone' || mode === 'rewrite-with-tombstone'
    const fields = metadataFields(parsed['add.fields'], parsed['add.fields.prefix'], 'add.fields')
    const headers = metadataFields(parsed['add.headers'], parsed['add.headers.prefix'], 'add.headers')
    const routeBy = parsed['route.by.field']
    const row = rowMaker(fields, isRewrite, parsed['replace.null.with.default'])
    const drop = fieldDropper(parsed)

    const transform: Transform = (record) => {
      if (record.value === null) return keepsTombstones ? record : null
      const event = changeEvent(record)
      if (event === undefined || event.op === 'm') return record
      if (event.op === 't') return null
      const isDelete = !isFields(valueOf(event.value, 'after'))
      if (isDelete && mode === 'delete-to-tombstone')
        return moved({ ...record, valueSchema: null, value: null }, event, 'before')
      if (isDelete && !isRewrite) return null
      const side = isDelete ? 'before' : 'after'
      return moved({ ...record, ...row(event, side) }, event, side)
    }
    return transform

    /** With its headers, to its topic, without what is to be left out. */
    function moved<R extends ConnectRecord>(record: R, event: ChangeEvent, side: 'before' | 'after'): R {
      const topic = routeBy === '' ? null : valueOf(valueOf(event.value, side), routeBy)
      const added = headers.map(({ name, schema, value }): Header => ({
        key: name,
        schema: schema(event),
        value: value(event),
      }))
      const result: R = {
        ...record,
        ...(topic !== null && { topic: valueText(null, topic) }),
        ...(added.length > 0 && { headers: [...(record.headers ?? []), ...added] }),
      }
      return drop === undefined ? result : drop(result)
    }
  },
}

interface Row {
  readonly valueSchema: Schema | null
  readonly value: Value
}

/** Makes rows, from the columns before or after the change. */
function rowMaker(
  fields: readonly MetadataField[],
  isRewrite: boolean,
  replaceNull: boolean,
): (event: ChangeEvent, side: 'before' | 'after') => Row {
  const plans = { before: perSchema(planOf('before')), after: perSchema(planOf('after')) }
  return (event, side) => {
    const columns = valueOf(event.value, side)
    const plan = event.schema === null ? undefined : plans[side](event.schema)
    if (!isFields(columns)) return { valueSchema: plan?.schema ?? null, value: null }
    const filled = plan === undefined ? columns : plan.fill(plain(columns))
    if (fields.length === 0 && !isRewrite) return { valueSchema: plan?.schema ?? null, value: filled }
    const value = copyOf(filled)
    if (isRewrite) put(value, DELETED, side === 'before' ? 'true' : 'false')
    for (const field of fields) put(value, field.name, field.value(event))
    return { valueSchema: plan?.schema ?? null, value }
  }

  function planOf(side: 'before' | 'after') {
    return (
      schema: Schema,
    ): { readonly schema: Schema | null; readonly fill: (struct: StructValue) => StructValue } => {
      const columns = schemaAt(schema, side)
      if (columns?.type !== 'struct') return { schema: columns, fill: (struct) => struct }
      const fill = fillDefaults(columns, replaceNull)
      if (fields.length === 0 && !isRewrite) return { schema: columns, fill }
      const event: ChangeEvent = { schema: schema as ChangeEvent['schema'], value: {}, op: '' }
      const extended = structOf(
        [
          ...columns.fields.map((field) => [field.name, field.schema] as const),
          ...(isRewrite ? [[DELETED, TEXT] as const] : []),
          ...fields.map((field) => [field.name, field.schema(event)!] as const),
        ],
        { ...basicsOf(columns), optional: columns.optional },
      )
      return { schema: extended, fill }
    }
  }
}

type Parsed = ReturnType<typeof settings.parse>

/** Leaves out the fields that a header lists; undefined where no header is named. */
function fieldDropper(parsed: Parsed): (<R extends ConnectRecord>(record: R) => R) | undefined {
  const header = parsed['drop.fields.header.name']
  if (header === '') return undefined
  const without = (
    schema: Schema | null,
    value: Value,
    names: ReadonlySet<string>,
  ): readonly [Schema | null, Value] => {
    if (!isFields(value)) return [schema, value]
    const isKept = (name: string): boolean =>
      !names.has(name) || (parsed['drop.fields.keep.schema.compatible'] && schemaAt(schema, name)?.optional === false)
    const kept = Object.fromEntries(Object.entries(plain(value)).filter(([name]) => isKept(name)))
    if (schema?.type !== 'struct') return [schema, kept]
    const left = schema.fields.filter((field) => isKept(field.name))
    const options = { ...basicsOf(schema), optional: schema.optional }
    return [
      structOf(
        left.map((field) => [field.name, field.schema] as const),
        options,
      ),
      kept,
    ]
  }
  return (record) => {
    const listed = record.headers?.find((each) => each.key === header)?.value
    if (!Array.isArray(listed) || listed.length === 0) return record
    const names = new Set(listed as readonly string[])
    const [valueSchema, value] = without(record.valueSchema, record.value, names)
    if (!parsed['drop.fields.from.key']) return { ...record, valueSchema, value }
    const [keySchema, key] = without(record.keySchema, record.key, names)
    return { ...record, valueSchema, value, keySchema, key }
  }
}
