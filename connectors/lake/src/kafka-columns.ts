import { primitive, timestamp } from '@sluice/sdk'
import type { Schema, SinkRecord, Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'

const TEXT = primitive('string', { optional: true })

/** `kafka.columns`: what of a record besides its value becomes a column, under which name and as what. */
export const KAFKA_COLUMNS = {
  topic: { column: '__topic', schema: primitive('string'), of: (record) => record.originalTopic },
  partition: { column: '__partition', schema: primitive('int32'), of: (record) => record.originalPartition },
  offset: { column: '__offset', schema: primitive('int64'), of: (record) => record.originalOffset },
  timestamp: { column: '__timestamp', schema: timestamp({ optional: true }), of: (record) => record.timestamp },
  'timestamp-type': { column: '__timestamp_type', schema: primitive('string'), of: (record) => record.timestampType },
  key: {
    column: '__key',
    schema: TEXT,
    of: (record) => (record.key === null ? null : valueText(record.keySchema, record.key)),
  },
  headers: { column: '__headers', schema: TEXT, of: headersText },
} as const satisfies Readonly<
  Record<string, { readonly column: string; readonly schema: Schema; readonly of: (record: SinkRecord) => Value }>
>

export type KafkaColumn = keyof typeof KAFKA_COLUMNS

/** JSON: a list of name and text each, in the order of the record. */
function headersText({ headers }: SinkRecord): string | null {
  if (headers === null) return null
  const pairs = headers.map(({ key, schema, value }) => [key, value === null ? null : valueText(schema, value)])
  return JSON.stringify(pairs)
}
