/** Change events as Debezium makes them, with schemas and without. */
import { primitive, struct } from '@sluice/sdk'
import type { ConnectRecord, Header, Schema, SinkRecord, StructSchema, Value } from '@sluice/sdk'

const ORIGIN = {
  topic: 'p.shop.orders',
  partition: 0,
  offset: 1,
  timestamp: 1,
  timestampType: 'create',
  originalTopic: 'p.shop.orders',
  originalPartition: 0,
  originalOffset: 1,
} as const

/** A record as it was recorded in JSON, without schemas. */
export function rowRecord(recorded: {
  readonly topic: string
  readonly key: unknown
  readonly value: unknown
  readonly headers: Readonly<Record<string, string>>
}): SinkRecord {
  const { topic, key, value, headers } = recorded
  return {
    ...ORIGIN,
    topic,
    keySchema: null,
    key: key as Value,
    valueSchema: null,
    value: value as Value,
    headers: Object.entries(headers).map(([name, text]) => ({ key: name, schema: null, value: text })),
  }
}

const text = (optional = true): Schema => primitive('string', { optional })
const number = (optional = true): Schema => primitive('int64', { optional })

export const SOURCE: StructSchema = struct(
  { ts_ms: number(false), db: text(false), table: text(false), lsn: number() },
  { name: 'io.debezium.connector.postgresql.Source' },
)
export const KEY: StructSchema = struct({ id: primitive('int32') }, { name: 'p.shop.orders.Key' })

/** The envelope of a table with these columns. */
export function envelopeOf(columns: Readonly<Record<string, Schema>>): StructSchema {
  const row = struct(columns, { optional: true, name: 'p.shop.orders.Value' })
  const transaction = struct({ id: text(false) }, { optional: true })
  return struct(
    { before: row, after: row, source: SOURCE, transaction, op: text(false), ts_ms: number() },
    { name: 'p.shop.orders.Envelope' },
  )
}

const ORDERS = envelopeOf({
  id: primitive('int32'),
  note: text(),
  state: primitive('string', { default: 'new' }),
})

export interface Change {
  readonly op: string
  readonly before?: Value
  readonly after?: Value
  readonly headers?: readonly Header[]
}

/** A change of a table of orders, or of another whose envelope is given. */
export function change(
  { op, before = null, after = null, headers }: Change,
  schema: StructSchema = ORDERS,
): SinkRecord {
  const source = { ts_ms: 1000, db: 'shop', table: 'orders', lsn: 77 }
  return {
    ...ORIGIN,
    keySchema: KEY,
    key: { id: 1 },
    valueSchema: schema,
    value: { before, after, source, transaction: null, op, ts_ms: 2000 },
    headers: headers ?? null,
  }
}

export function tombstone(): SinkRecord {
  return { ...change({ op: 'd' }), valueSchema: null, value: null }
}

/** The record as if it had come from JSON without schemas. */
export function schemaless<R extends ConnectRecord>(record: R): R {
  return { ...record, keySchema: null, valueSchema: null }
}
