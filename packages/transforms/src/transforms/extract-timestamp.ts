/** Aiven's ExtractTimestamp: the record's timestamp is what a field says. */
import { DataError, defineSettings, LOGICAL, nonEmptyString, validatedBy } from '@sluice/sdk'
import type { SchemaAndValue, Transform, TransformPlugin } from '@sluice/sdk'
import { fieldPath } from '../field-path.ts'
import { isFields } from '../fields.ts'
import { fieldReader } from '../nested-field.ts'
import { AIVEN, keyAndValue } from '../record-side.ts'

const RESOLUTIONS = ['milliseconds', 'seconds']

const settings = defineSettings({
  'field.name': {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'The field that holds the time; dots lead into nested ones.',
  },
  'timestamp.resolution': {
    type: 'string',
    default: 'milliseconds',
    validator: validatedBy(RESOLUTIONS.join(', '), (unit) =>
      RESOLUTIONS.includes(String(unit))
        ? undefined
        : `Unsupported resolution type '${String(unit)}'. Supported are: ${RESOLUTIONS.join(', ')}`,
    ),
    importance: 'low',
    documentation: 'The unit of a whole number, milliseconds or seconds; Timestamp, Date and Time have their own.',
  },
})

const DAY_MS = 86_400_000

export const extractTimestamp: readonly TransformPlugin[] = keyAndValue(
  {
    name: 'extract-timestamp',
    className: 'ExtractTimestamp',
    packages: [AIVEN],
    documentation: 'The record’s timestamp is what a field says.',
  },
  settings,
  (side, raw) => {
    const { 'field.name': field, 'timestamp.resolution': resolution } = settings.parse(raw)
    const read = fieldReader(fieldPath(field, 'V2'))
    const unitMs = resolution === 'seconds' ? 1000 : 1
    const transform: Transform = (record) => {
      const value = side.value(record)
      if (value === null) throw new DataError(`${side.name} can't be null`)
      if (!isFields(value)) throw new DataError(`${side.name} type must be STRUCT or MAP`)
      const found = read(side.schema(record), value)
      if (found.value === null) throw new DataError(`${field} field must be present and its value can't be null`)
      const timestamp = millisecondsOf(found, unitMs)
      if (timestamp === undefined)
        throw new DataError(`${field} field must be INT64 or org.apache.kafka.connect.data.Timestamp`, {
          remedy: 'Convert the field by TimestampConverter or Cast before.',
        })
      return timestamp === record.timestamp ? record : { ...record, timestamp }
    }
    return transform
  },
)

function millisecondsOf({ schema, value }: SchemaAndValue, unitMs: number): number | undefined {
  if (typeof value !== 'bigint' && !Number.isInteger(value)) return undefined
  switch (schema?.name) {
    case LOGICAL.date:
      return Number(value) * DAY_MS
    case LOGICAL.time:
    case LOGICAL.timestamp:
      return Number(value)
    case undefined:
    default:
      return schema === null || schema.type === 'int64' ? Number(value) * unitMs : undefined
  }
}
