import { DataError, SluiceError, primitive, structOf, timestamp } from '@sluice/sdk'
import type { Schema, SinkRecord, StructSchema, StructValue, Value } from '@sluice/sdk'
import { fieldReader, layoutOfSchema, plainName } from '@sluice/lake'
import type { JsonLayout, LocatedRow } from '@sluice/lake'
import { EXTRACTOR_CLASSES } from './files/class-names.ts'
import type { FolderTime } from './files/late-records.ts'
import { KAFKA_COLUMNS } from './kafka-columns.ts'
import type { LocatedRows } from './located-rows.ts'
import { fieldOfEntry, partitionColumnsOf } from './partition-columns.ts'
import type { MadeColumn, PartitionColumn } from './partition-columns.ts'
import type { LakeSettings } from './settings.ts'

type Row = Readonly<Record<string, Value>>

/** How records of one schema become rows: made once per schema, asked once per record. */
export interface RowShape {
  /** The row's columns. */
  readonly schema: StructSchema
  /** Those of them that part the table. */
  readonly partitionColumns: readonly string[]
  /** How rows are read from the bytes of JSON; undefined: records are decoded first. */
  readonly located: LocatedRows | undefined
  rowOf(record: SinkRecord): Row
}

/** `kafka.coordinates` */
export const COORDINATES: readonly {
  readonly column: string
  readonly schema: Schema
  readonly of: (record: SinkRecord) => Value
}[] = [
  { column: '_kafka_partition', schema: primitive('int32'), of: (record) => record.originalPartition },
  { column: '_kafka_offset', schema: primitive('int64'), of: (record) => record.originalOffset },
  { column: '_kafka_timestamp', schema: timestamp({ optional: true }), of: (record) => record.timestamp },
]

/**
 * @throws DataError when records of this schema cannot be rows: no schema, no struct, two fields that become one column
 */
export function rowShapeOf(schema: Schema | null, settings: LakeSettings, timeOf: FolderTime): RowShape {
  if (schema === null)
    throw new DataError('The value has no schema, and a table needs one', {
      remedy:
        'Give the records a schema: value.converter.schemas.enable=true for JSON with an envelope, value.converter.schema.content for JSON without one, or a converter with a registry.',
    })
  if (schema.type !== 'struct')
    throw new DataError(`The value is of type ${schema.type}; a row of a table needs a struct`, {
      remedy: 'Wrap it with the transform HoistField, or use a converter that gives structs.',
    })
  const renamed = settings['column.names'] === 'underscore' ? renamedFields(schema) : undefined
  const fields = schema.fields.map((field): readonly [string, Schema] => [
    renamed?.get(field.name) ?? field.name,
    field.schema,
  ])
  const layout = layoutOfSchema(schema, (field) => renamed?.get(field) ?? field)
  return withAdditions(fields, renamed === undefined ? plainRow : renamingRow(renamed), settings, timeOf, layout)
}

/**
 * Rows of these fields, and what the settings add: Kafka's coordinates, and columns that part the table.
 * @param layout of the fields in JSON, where that is known
 */
export function withAdditions(
  fields: readonly (readonly [string, Schema])[],
  valuesOf: (record: SinkRecord) => Row,
  settings: LakeSettings,
  timeOf: FolderTime,
  layout?: JsonLayout,
): RowShape {
  const extras = [
    ...(settings['kafka.coordinates'] ? COORDINATES : []),
    ...settings['kafka.columns'].map((name) => KAFKA_COLUMNS[name]),
  ]
  const own = [...fields, ...extras.map(({ column, schema }): readonly [string, Schema] => [column, schema])]
  checkDistinct(own.map(([name]) => name))
  const parts = partitionColumnsOf(structOf(own), settings)
  const made = parts.flatMap(({ name, made: how }) => (how === null ? [] : [{ name, ...how }]))
  const isByTime = made.some(({ isOfRecord }) => isOfRecord)
  const columns = [...own, ...made.map(({ name, schema }): readonly [string, Schema] => [name, schema])]
  checkDistinct(columns.map(([name]) => name))
  return {
    schema: structOf(columns),
    partitionColumns: parts.map(({ name }) => name),
    located: layout && locatedRows(layout, extras, made, settings, isByTime ? timeOf : undefined),
    rowOf:
      extras.length + made.length === 0
        ? valuesOf
        : (record) => {
            const row: Record<string, Value> = { ...valuesOf(record) }
            for (const { column, of } of extras) row[column] = of(record)
            const time = isByTime ? timeOf(record) : null
            for (const { name, of } of made) row[name] = of(row, time)
            return row
          },
  }
}

type Extra = Pick<(typeof COORDINATES)[number], 'column' | 'of'>
type Made = Pick<MadeColumn, 'of'> & Pick<PartitionColumn, 'name'>

/** Undefined where a row cannot be parted without the record's value. */
function locatedRows(
  layout: JsonLayout,
  extras: readonly Extra[],
  made: readonly Made[],
  settings: LakeSettings,
  timeOf: FolderTime | undefined,
): LocatedRows | undefined {
  const isTimeInValue = EXTRACTOR_CLASSES.get(settings['timestamp.extractor']) === 'RecordField'
  if (timeOf !== undefined && isTimeInValue) return undefined
  const readers: (readonly [string, (row: LocatedRow) => unknown])[] = []
  for (const entry of settings['partition.by']) {
    const field = fieldOfEntry(entry)
    if (field === undefined || extras.some(({ column }) => column === field)) continue
    const read = fieldReader(layout, field)
    if (read === undefined) return undefined
    readers.push([field, read])
  }
  if (extras.length + readers.length + made.length === 0) return { layout, givenOf: null }
  return {
    layout,
    givenOf: (record, located) => {
      const row: Record<string, Value> = {}
      for (const { column, of } of extras) row[column] = of(record)
      for (const [column, read] of readers) row[column] = read(located) as Value
      const time = timeOf === undefined ? null : timeOf(record)
      for (const { name, of } of made) row[name] = of(row, time)
      return row
    },
  }
}

/** The row of a record whose value is null: what Kafka says of it, and nothing else. */
export function nullShapeOf(settings: LakeSettings, timeOf: FolderTime): RowShape {
  return withAdditions([], () => ({}), settings, timeOf)
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

function checkDistinct(columns: readonly string[]): void {
  const twin = columns.find((name, index) => columns.indexOf(name) !== index)
  if (twin === undefined) return
  throw new SluiceError('TABLE_SCHEMA', `Two fields of the value become the column ${JSON.stringify(twin)}`, {
    remedy: 'Rename one of them with the transform ReplaceField.',
  })
}
