/** Debezium's SchemaChangeEventFilter: only some kinds of schema changes go on; records of any other kind all do. */
import { defineSettings, listOf } from '@sluice/sdk'
import type { ConnectRecord, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { debeziumNames, valueOf } from '../change-event.ts'
import { isFields } from '../fields.ts'

const settings = defineSettings({
  'schema.change.event.include.list': {
    type: 'list',
    validator: listOf(['CREATE', 'ALTER', 'DROP', 'TRUNCATE', 'DATABASE'], false),
    importance: 'low',
    documentation:
      'The kinds that go on: of the table that changes, or DATABASE for what changes no table, such as CREATE DATABASE.',
  },
})

export const schemaChangeEventFilter: TransformPlugin = {
  name: 'schema-change-event-filter',
  aliases: debeziumNames('SchemaChangeEventFilter'),
  documentation: 'Only some kinds of schema changes go on; records of any other kind all do.',
  settings,
  create(raw) {
    const included: ReadonlySet<Value> = new Set(settings.parse(raw)['schema.change.event.include.list'])
    const transform: Transform = (record) =>
      !isSchemaChange(record) || included.has(kindOf(valueOf(record.value, 'tableChanges'))) ? record : null
    return transform
  },
}

/** By the name of its schema, or without one by what it has. */
function isSchemaChange({ valueSchema, value }: ConnectRecord): boolean {
  if (!isFields(value)) return false
  if (valueSchema !== null) return valueSchema.name?.endsWith('SchemaChangeValue') === true
  return isFields(valueOf(value, 'source')) && Array.isArray(valueOf(value, 'tableChanges'))
}

/** The first table tells; null, which is no kind, where the list itself is missing. */
function kindOf(tables: Value): Value {
  if (!Array.isArray(tables)) return null
  const [first] = tables as readonly Value[]
  return first === undefined ? 'DATABASE' : valueOf(first, 'type')
}
