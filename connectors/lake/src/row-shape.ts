import { DataError, SluiceError, primitive, structOf, timestamp } from '@sluice/sdk'
import type { Schema, SinkRecord, StructSchema, StructValue, Value } from '@sluice/sdk'
import { plainName } from '@sluice/lake'
import type { LakeSettings } from './settings.ts'

type Row = Readonly<Record<string, Value>>

/** How records of one schema become rows: made once per schema, asked once per record. */
export interface RowShape {
  /** The row's columns. */
  readonly schema: StructSchema
  rowOf(record: SinkRecord): Row
}

const COORDINATES: readonly (readonly [string, Schema])[] = [
  ['_kafka_partition', primitive('int32')],
  ['_kafka_offset', primitive('int64')],
  ['_kafka_timestamp', timestamp({ optional: true })],
]

/**
 * @throws DataError when records of this schema cannot be rows: no schema, no struct, two fields that become one column
 */
export function rowShapeOf(schema: Schema | null, settings: LakeSettings): RowShape {
  if (schema === null)
    throw new DataError('The value has no schema, and a table needs one', {
      remedy:
        'Give the records a schema: value.converter.schemas.enable=true for JSON with an envelope, value.converter.schema.content for JSON without one, or a converter with a registry.',
    })
  if (schema.type !== 'struct')
    throw new DataError(`The value is of type ${schema.type}; a row of a table needs a struct`, {
      remedy: 'Wrap it with the transform HoistField, or use a converter that gives structs.',
    })
  const withCoordinates = settings['kafka.coordinates']
  const renamed = settings['column.names'] === 'underscore' ? renamedFields(schema) : undefined
  const fields = schema.fields.map((field): readonly [string, Schema] => [
    renamed?.get(field.name) ?? field.name,
    field.schema,
  ])
  const columns = withCoordinates ? [...fields, ...COORDINATES] : fields
  checkDistinct(columns.map(([name]) => name))
  const valuesOf = renamed === undefined ? plainRow : renamingRow(renamed)
  return {
    schema: structOf(columns),
    rowOf: withCoordinates ? (record) => located(valuesOf(record), record) : valuesOf,
  }
}

function plainRow(record: SinkRecord): Row {
  return record.value as StructValue
}

/** Field by field under its column's name; undefined when no field needs another name. */
function renamedFields(schema: StructSchema): ReadonlyMap<string, string> | undefined {
  const names = new Map(schema.fields.map(({ name }) => [name, plainName(name)]))
  return schema.fields.some(({ name }) => names.get(name) !== name) ? names : undefined
}

function renamingRow(names: ReadonlyMap<string, string>): (record: SinkRecord) => Row {
  const pairs = [...names]
  return (record) => {
    const value = record.value as StructValue
    const row: Record<string, Value> = {}
    for (const [field, column] of pairs) row[column] = value[field] ?? null
    return row
  }
}

function located(row: Row, record: SinkRecord): Row {
  return {
    ...row,
    _kafka_partition: record.originalPartition,
    _kafka_offset: record.originalOffset,
    _kafka_timestamp: record.timestamp,
  }
}

function checkDistinct(columns: readonly string[]): void {
  const twin = columns.find((name, index) => columns.indexOf(name) !== index)
  if (twin === undefined) return
  throw new SluiceError('TABLE_SCHEMA', `Two fields of the value become the column ${JSON.stringify(twin)}`, {
    remedy: 'Rename one of them with the transform ReplaceField.',
  })
}
