/** Debezium's EnforceRecordSize: large columns of change events that are too large lose their end. */
import { atLeast, defineSettings, LOGICAL, oneOf, validatedBy } from '@sluice/sdk'
import type { ConnectRecord, Schema, SourceRecord, StructValue, Transform, TransformPlugin, Value } from '@sluice/sdk'
import { debeziumNames, schemaAt, valueOf } from '../change-event.ts'
import { fieldValue, isFields, setField } from '../fields.ts'
import { approximateSize } from '../record-size.ts'

const settings = defineSettings({
  'max.bytes': {
    type: 'int',
    validator: atLeast(1),
    importance: 'high',
    documentation: 'How large a record may be, roughly: it is estimated from its schema, not written.',
  },
  'compression.ratio': {
    type: 'double',
    default: 1,
    validator: validatedBy('a positive number', (ratio) =>
      Number(ratio) > 0 ? undefined : 'Must be a positive number',
    ),
    importance: 'medium',
    documentation:
      'What the estimate is multiplied by before it is compared: 0.5 if records take half their size where they go.',
  },
  'min.field.size': {
    type: 'int',
    default: 25_000,
    validator: atLeast(0),
    importance: 'medium',
    documentation:
      'Texts and bytes of at most this length are left whole. The others are cut in proportion to their length.',
  },
  strategy: {
    type: 'string',
    default: 'truncate',
    validator: oneOf('truncate'),
    importance: 'high',
    documentation: 'truncate. Debezium’s claim_check needs a store that is a Java class.',
  },
})

const ROWS = ['before', 'after'] as const

/** A column that may be cut. */
interface Column {
  readonly row: (typeof ROWS)[number]
  readonly name: string
  readonly value: string | Uint8Array
}

export const enforceRecordSize: TransformPlugin = {
  name: 'enforce-record-size',
  aliases: debeziumNames('EnforceRecordSize'),
  documentation: 'Large columns of change events of a source that are too large lose their end.',
  settings,
  create(raw) {
    const parsed = settings.parse(raw)
    const { 'max.bytes': bytesMax, 'compression.ratio': ratio, 'min.field.size': bytesKept } = parsed
    const transform: Transform = (record) => {
      if (!isFields(record.value) || record.valueSchema === null || !isOfSource(record)) return record
      const excess = Math.ceil(approximateSize(record) * ratio) - bytesMax
      if (excess <= 0) return record
      const columns = ROWS.flatMap((row) => columnsOf(record, row)).filter(({ value }) => value.length > bytesKept)
      const total = columns.reduce((sum, { value }) => sum + value.length, 0)
      if (total === 0) return record
      const value: Record<string, Value> = { ...(record.value as StructValue) }
      for (const row of ROWS) {
        const ofRow = columns.filter((column) => column.row === row)
        if (ofRow.length > 0) value[row] = cut(valueOf(record.value, row) as StructValue, ofRow, excess, total)
      }
      return { ...record, value }
    }
    return transform
  },
}

function isOfSource(record: ConnectRecord): record is SourceRecord {
  return 'sourcePosition' in record
}

function columnsOf({ valueSchema, value }: ConnectRecord, row: Column['row']): readonly Column[] {
  const schema = schemaAt(valueSchema, row)
  const columns = valueOf(value, row)
  if (schema?.type !== 'struct' || !isFields(columns)) return []
  return schema.fields.flatMap(({ name, schema: of }): readonly Column[] => {
    const held = fieldValue(columns, name)
    return isCuttable(of) && (typeof held === 'string' || held instanceof Uint8Array)
      ? [{ row, name, value: held }]
      : []
  })
}

function isCuttable({ type, name }: Schema): boolean {
  return type === 'string' || (type === 'bytes' && name !== LOGICAL.decimal)
}

function cut(row: StructValue, columns: readonly Column[], excess: number, total: number): StructValue {
  const copy: Record<string, Value> = { ...row }
  const length = columns.reduce((sum, { value }) => sum + value.length, 0)
  const excessOfRow = Math.ceil((length / total) * excess)
  for (const { name, value } of columns) {
    const left = Math.max(0, value.length - Math.ceil((value.length / length) * excessOfRow))
    setField(copy, name, typeof value === 'string' ? value.slice(0, whole(value, left)) : value.slice(0, left))
  }
  return copy
}

/** A character of two code units is not cut in two. */
function whole(text: string, length: number): number {
  return text.codePointAt(length - 1)! > 0xffff ? length - 1 : length
}
